package jobs

import (
	"context"
	"time"

	"entgo.io/ent/privacy"
	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/internal/bypass"
	"github.com/rubrica/rubrica/internal/globalid"
	"github.com/rubrica/rubrica/internal/viewer"
)

// Kind is what a job does: River's name of it, in capitals.
type Kind string

// The kinds of jobs.
const (
	KindScore     Kind = "SCORE_ESSAY"
	KindRecommend Kind = "RECOMMEND"
	KindIndex     Kind = "REFRESH_INDEX"
	KindRescore   Kind = "RESCORE_ESSAYS"
	KindCalibrate Kind = "FIT_CALIBRATION"
	KindRelist    Kind = "REFRESH_RECOMMENDATIONS"
	KindLearn     Kind = "LEARN_INTERACTIONS"
	KindRefit     Kind = "REFIT_RECOMMENDATIONS"
)

// State is where a job stands: River's states, in capitals.
type State string

// The states of jobs. The last three are ends.
const (
	StateAvailable State = "AVAILABLE"
	StateScheduled State = "SCHEDULED"
	StatePending   State = "PENDING"
	StateRunning   State = "RUNNING"
	StateRetryable State = "RETRYABLE"
	StateCompleted State = "COMPLETED"
	StateDiscarded State = "DISCARDED"
	StateCancelled State = "CANCELLED"
)

// MaxStates is how many states there are, and so how many a filter may name.
const MaxStates = 8

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
	Errors      []TryError // oldest first, at most maxErrors
	RunID       *uuid.UUID // of the scoring run that it works for
}

// TryError is why a try failed.
type TryError struct {
	Attempt int
	At      time.Time
	Message string // at most maxMessage characters
}

// Count is how many jobs of a kind are in a state.
type Count struct {
	Kind  Kind
	State State
	Count int
}

// IsNode makes a job an object with a global id.
func (*Job) IsNode() {}

// UUID is the job's number in the form of the ids of other objects.
func (j *Job) UUID() uuid.UUID { return numbered(j.Number) }

// GlobalID of the job.
func (j *Job) GlobalID() string { return globalid.Encode("job", j.UUID()) }

// numbered writes River's number where other objects have a UUID.
func numbered(n int64) (id uuid.UUID) {
	for i := range 8 {
		id[15-i] = byte(n >> (8 * i))
	}
	return id
}

// numberOf is the number that numbered wrote; false for a UUID that it cannot have written.
func numberOf(id uuid.UUID) (n int64, ok bool) {
	for _, b := range id[8:] {
		n = n<<8 | int64(b)
	}
	return n, n > 0 && numbered(n) == id
}

// TimeTaken is how long the last try took; nil when the job has not ended.
func (j *Job) TimeTaken() *time.Duration {
	if j.AttemptedAt == nil || j.FinalizedAt == nil {
		return nil
	}
	d := j.FinalizedAt.Sub(*j.AttemptedAt)
	return &d
}

// inspect refuses who may not look into the queue. River's tables are no models of ent, whose privacy
// never sees them, so that everything here that reads or changes jobs for people begins with it.
func inspect(ctx context.Context) error {
	if bypass.Active(ctx) {
		return nil
	}
	if v, ok := viewer.FromContext(ctx); ok && v.Is(enums.RoleAdmin) {
		return nil
	}
	return privacy.Denyf("jobs are for admins")
}
