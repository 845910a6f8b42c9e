package jobs

import (
	"time"

	"github.com/google/uuid"

	"github.com/rubrica/rubrica/internal/globalid"
)

// Kind is what a job does.
type Kind string

// The kinds of jobs.
const (
	KindScore     Kind = "SCORE_ESSAY"
	KindRecommend Kind = "RECOMMEND"
	KindIndex     Kind = "REFRESH_INDEX"
)

// State is where a job stands: River's states, in capitals.
type State string

// Job is a job as admins see it.
type Job struct {
	Number      int64 // River's id
	Kind        Kind
	State       State
	Attempt     int
	MaxAttempts int
	CreatedAt   time.Time
	ScheduledAt time.Time
	AttemptedAt *time.Time
	FinalizedAt *time.Time
	Errors      []TryError
	RunID       *uuid.UUID // of the scoring run that it works for
}

// TryError is why a try failed.
type TryError struct {
	Attempt int
	At      time.Time
	Message string
}

// Count is how many jobs of a kind are in a state.
type Count struct {
	Kind  Kind
	State State
	Count int
}

// IsNode makes a job an object with a global id.
func (*Job) IsNode() {}

// GlobalID of the job.
func (j *Job) GlobalID() string { return globalid.Encode("job", numbered(j.Number)) }

// numbered writes River's number where other objects have a UUID.
func numbered(n int64) (id uuid.UUID) {
	for i := range 8 {
		id[15-i] = byte(n >> (8 * i))
	}
	return id
}

// TimeTaken is how long the last try took; nil when the job has not ended.
func (j *Job) TimeTaken() *time.Duration {
	if j.AttemptedAt == nil || j.FinalizedAt == nil {
		return nil
	}
	d := j.FinalizedAt.Sub(*j.AttemptedAt)
	return &d
}
