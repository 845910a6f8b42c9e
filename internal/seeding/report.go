package seeding

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
)

// Kind names a kind of rows in reports and errors.
type Kind string

// The kinds, in the order in which they are loaded.
const (
	Skills           Kind = "skills"
	Tracks           Kind = "tracks"
	Passages         Kind = "passages"
	Questions        Kind = "questions"
	Rubrics          Kind = "rubrics"
	Criteria         Kind = "criteria"
	KeyPoints        Kind = "key points"
	ReferenceAnswers Kind = "reference answers"
	Credentials      Kind = "credentials"
	Users            Kind = "users"
	Cohorts          Kind = "cohorts"
	Memberships      Kind = "memberships"
)

// Count says what became of the rows of one kind.
type Count struct {
	Kind        Kind
	Inserted    int
	Updated     int
	Unchanged   int
	Deactivated int // gone from the seeds
	Deleted     int // gone from the seeds, and nothing leads to it
}

func (c Count) changed() bool { return c.Inserted+c.Updated+c.Deactivated+c.Deleted > 0 }

// String gives what is not zero, such as "3 inserted, 1 updated".
func (c Count) String() string {
	var parts []string
	for _, p := range []struct {
		n    int
		name string
	}{
		{c.Inserted, "inserted"}, {c.Updated, "updated"}, {c.Unchanged, "unchanged"},
		{c.Deactivated, "deactivated"}, {c.Deleted, "deleted"},
	} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.name))
		}
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}

// Report says what Load did.
type Report struct {
	Counts []Count // in the order of loading
	Took   time.Duration
}

// Changed tells whether anything was written.
func (r Report) Changed() bool {
	for _, c := range r.Counts {
		if c.changed() {
			return true
		}
	}
	return false
}

// Of is the count of one kind; zero when it was not loaded.
func (r Report) Of(kind Kind) Count {
	for _, c := range r.Counts {
		if c.Kind == kind {
			return c
		}
	}
	return Count{Kind: kind}
}

// String gives one line a kind, for a terminal.
func (r Report) String() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, c := range r.Counts {
		fmt.Fprintf(w, "%s\t%s\n", c.Kind, c) // a strings.Builder takes everything
	}
	_ = w.Flush()
	return b.String()
}
