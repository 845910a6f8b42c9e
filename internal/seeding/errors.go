package seeding

import (
	"fmt"
	"strings"

	"github.com/google/uuid"
)

// RubricRef names one version of a rubric of the seeds.
type RubricRef struct {
	Track    string // slug
	Question string // slug
	Version  int    // as the file says
	Newest   int    // version that the database has, when it is newer
}

// RubricError says that rubrics cannot be loaded under the versions that their files give.
type RubricError struct {
	// Changed are rubrics with which essays were scored: they must stay as they were.
	Changed []RubricRef
	// Older are rubrics of which the database has a newer version.
	Older []RubricRef
}

// Error names every rubric and says what to do.
func (e *RubricError) Error() string {
	var lines []string
	for _, r := range e.Changed {
		lines = append(lines, fmt.Sprintf(
			"tracks/%s/questions/%s.yaml: rubric version %d changed, but essays were scored with it: raise rubric.version to %d, so that their scores keep the rubric they were given by",
			r.Track, r.Question, r.Version, r.Version+1))
	}
	for _, r := range e.Older {
		lines = append(lines, fmt.Sprintf(
			"tracks/%s/questions/%s.yaml: rubric version %d is older than version %d in the database: load the seeds of the newer release, or raise rubric.version to %d",
			r.Track, r.Question, r.Version, r.Newest, r.Newest+1))
	}
	return strings.Join(lines, "\n")
}

// ClashError says that somebody else made a row that the seeds would make.
type ClashError struct {
	Kind Kind
	Key  string    // what both have: a slug, an address
	ID   uuid.UUID // of the row that is there
}

// Error says what to do.
func (e *ClashError) Error() string {
	return fmt.Sprintf("%s: %q exists already and does not come from the seeds (id %s): rename or remove one of the two", e.Kind, e.Key, e.ID)
}
