package progress

import (
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/enums"
)

// Why a subscription is refused or ends early; compare with errors.Is.
var (
	// ErrNotFound: there is no such essay (cohort, track), or the viewer may not see it. Which of
	// the two can't be told, by intent. It also ends a stream whose essay was erased.
	ErrNotFound = errors.New("not found")
	// ErrForbidden: a learner asked for activity, which is for advisors and admins.
	ErrForbidden = errors.New("scoring activity is for advisors and admins")
	// ErrRevoked ends a stream whose viewer may no longer see what it shows.
	ErrRevoked = errors.New("the right to see this was withdrawn")
	// ErrClosed ends all streams when the Hub stops; subscribe again, here or on another process.
	ErrClosed = errors.New("this process is stopping")
)

// RunState is a committed state of a scoring run.
type RunState struct {
	RunID   uuid.UUID
	EssayID uuid.UUID
	OwnerID uuid.UUID // the learner
	Number  int       // 1 for the first run of the essay
	Stage   enums.Stage
	Percent int // 0 to 100
	// Seq grows by one with every change, on through the runs of an essay.
	Seq       int64
	ChangedAt time.Time
	// Row is the whole row as it was in this state, so that an event to thousands of subscribers
	// needs no further read. They share it: do not change it. It knows no ent client: its Query
	// and Update methods can't be used.
	Row *ent.ScoringRun
}

// Terminal tells whether the run has ended; no newer state follows.
func (s RunState) Terminal() bool { return s.Stage.Terminal() }

func stateOf(row *ent.ScoringRun) RunState {
	return RunState{
		RunID:     row.ID,
		EssayID:   row.EssayID,
		OwnerID:   row.OwnerID,
		Number:    row.Number,
		Stage:     row.Stage,
		Percent:   row.Percent,
		Seq:       row.Seq,
		ChangedAt: row.ChangedAt,
		Row:       row,
	}
}

// Scope is what a dashboard watches: everything that its viewer may see, narrowed by the fields that
// are set.
type Scope struct {
	CohortID *uuid.UUID // the learners of one cohort
	TrackID  *uuid.UUID // the questions of one track
}

// Activity is scoring in a scope at one moment. Subscribers share its slices: do not change them.
type Activity struct {
	// Seq is the number of transactions that had ended when this was read (see snapshotSeq): the
	// larger one is the newer, on whichever process it was read.
	Seq int64
	At  time.Time // the database's clock
	// Stages has one entry for each stage, in their order: unfinished runs as they are now, ended
	// ones of the last hour.
	Stages []StageCount
	// RatePerMinute is the number of runs that ended in the last five minutes, per minute.
	RatePerMinute float64
	// Newest are the newest changes, newest first, at most 20.
	Newest []Change
}

// StageCount is the number of runs in a stage.
type StageCount struct {
	Stage enums.Stage
	Count int
}

// Change is a run whose state changed.
type Change struct {
	RunID          uuid.UUID   `json:"run_id"`
	EssayID        uuid.UUID   `json:"essay_id"`
	Learner        string      `json:"learner"`  // name
	Question       string      `json:"question"` // title
	Stage          enums.Stage `json:"stage"`
	Percent        int         `json:"percent"` // 0 to 100
	ChangedAt      time.Time   `json:"changed_at"`
	OverallPercent *float64    `json:"overall_percent"` // nil until there is a score
}
