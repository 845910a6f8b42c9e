package recommend

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/credential"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/values"
)

// AbsenceReason says why a credential is not on a list.
type AbsenceReason string

// The reasons, in the order in which they are looked for.
const (
	AbsenceInactive   AbsenceReason = "INACTIVE"    // the catalogue does not offer it any more
	AbsenceDismissed  AbsenceReason = "DISMISSED"   // the learner does not want it
	AbsenceRejected   AbsenceReason = "REJECTED"    // an advisor rejected it for the learner
	AbsenceCompleted  AbsenceReason = "COMPLETED"   // the learner has it
	AbsenceRated      AbsenceReason = "RATED"       // the learner knows it
	AbsenceEnrolled   AbsenceReason = "ENROLLED"    // the learner is at it
	AbsenceListed     AbsenceReason = "LISTED"      // it is on the list
	AbsenceWeak       AbsenceReason = "WEAK"        // nothing about its subject speaks for it
	AbsenceConstraint AbsenceReason = "CONSTRAINT"  // it does not keep the learner's wishes, and enough others do
	AbsenceBehind     AbsenceReason = "BEHIND"      // its score is far behind the best
	AbsenceCrowdedOut AbsenceReason = "CROWDED_OUT" // one that is like it is on the list
	AbsenceOutranked  AbsenceReason = "OUTRANKED"   // the list is full of better ones
	AbsenceNewer      AbsenceReason = "NEWER"       // the list is older than what speaks for it
)

// Absence answers why a credential is not on the list of a run, as the list would be made now.
type Absence struct {
	CredentialID uuid.UUID
	Reason       AbsenceReason
	Text         string // one sentence for people; learner-safe
	// Place is where it stands by score among all active credentials, 1 for the best, of Of; 0 when it is
	// INACTIVE and was not scored.
	Place, Of int
	Rank      int // on the list, when it is LISTED or NEWER; else 0
	Score     float64
	Parts     []values.Part // the heaviest signal first; their contributions add up to Score
	Traces    []Trace
	Violates  []enums.Constraint // the learner's wishes that it does not keep
	InFavour  uuid.UUID          // of CROWDED_OUT: the credential on the list that is most like it; else uuid.Nil
	Words     string             // of REJECTED: the advisor's
	// ModelVersion is as of List.
	ModelVersion string
}

// ErrNoCredential is a credential that does not exist.
var ErrNoCredential = errors.New("there is no such credential")

// WhyNot answers for one credential. Errors are those of Recommend, and ErrNoCredential.
func (r *Recommender) WhyNot(ctx context.Context, l *Learner, id uuid.UUID) (*Absence, error) {
	m, err := r.make(ctx, l)
	if err != nil {
		return nil, fmt.Errorf("recommend: %w", err)
	}
	a := &Absence{CredentialID: id, Of: len(m.scored), ModelVersion: m.version}
	at := m.catalogue.place(id)
	if at < 0 {
		title, err := r.title(ctx, id)
		if err != nil {
			return nil, err
		}
		a.Reason, a.Text = AbsenceInactive, fmt.Sprintf("“%s” is not offered any more.", title)
		return a, nil
	}
	s := m.scored[at]
	a.Place = 1
	for _, other := range m.scored {
		if compare(other, s) < 0 {
			a.Place++
		}
	}
	a.Score, a.Parts, a.Traces = s.score, partsOf(m.signals, s.place), tracesOf(m.signals, s.place)
	a.Violates = m.profile.Wishes.violated(s.Candidate)
	m.explain(a, s)
	return a, nil
}

func (r *Recommender) title(ctx context.Context, id uuid.UUID) (string, error) {
	c, err := r.db.Ent.Credential.Query().Where(credential.ID(id)).Select(credential.FieldTitle).Only(ctx)
	if ent.IsNotFound(err) {
		return "", fmt.Errorf("recommend: %w", ErrNoCredential)
	}
	if err != nil {
		return "", fmt.Errorf("recommend: reading the credential: %w", err)
	}
	return c.Title, nil
}

// explain finds the reason, by the steps that the list is made in.
func (m *made) explain(a *Absence, s scored) {
	title := "“" + s.Title + "”"
	if gone, ok := m.profile.Gone[s.ID]; ok {
		a.Reason, a.Words = gone.Reason, gone.Words
		a.Text = map[AbsenceReason]string{
			AbsenceDismissed: "You dismissed " + title + ". Take that back to have it recommended again.",
			AbsenceRejected:  "An advisor found that " + title + " is not for you: " + gone.Words,
			AbsenceCompleted: "You have completed " + title + ".",
			AbsenceRated:     "You have rated " + title + ", so you know it.",
			AbsenceEnrolled:  "You are enrolled in " + title + " already.",
		}[gone.Reason]
		return
	}
	if i := slices.IndexFunc(m.chosen, func(c scored) bool { return c.ID == s.ID }); i >= 0 {
		a.Reason, a.Rank = AbsenceListed, i+1
		a.Text = fmt.Sprintf("%s is on the list, in place %d.", title, i+1)
		return
	}
	if s.weak {
		a.Reason = AbsenceWeak
		a.Text = fmt.Sprintf("%s has too little to do with what you need: no signal about its subject reaches %s.", title, percent(weakBelow))
		return
	}
	if len(a.Violates) > 0 {
		names := make([]string, len(a.Violates))
		for i, c := range a.Violates {
			names[i] = wish(c)
		}
		a.Reason = AbsenceConstraint
		a.Text = fmt.Sprintf("%s does not keep what you asked of %s, and enough others do.", title, join(names))
		return
	}
	m.behind(a, s, title)
}

// behind is the reason of what could have been picked and was not.
func (m *made) behind(a *Absence, s scored, title string) {
	best, last := m.chosen[0], m.chosen[len(m.chosen)-1]
	switch {
	case s.score < tailShare*m.best():
		a.Reason = AbsenceBehind
		a.Text = fmt.Sprintf("%s scores %s, far behind the %s of “%s”.", title, percent(s.score), percent(best.score), best.Title)
	case s.score > last.score:
		like := slices.MaxFunc(m.chosen, func(x, y scored) int {
			return cmp.Compare(resemblance(s.Candidate, x.Candidate), resemblance(s.Candidate, y.Candidate))
		})
		a.Reason, a.InFavour = AbsenceCrowdedOut, like.ID
		a.Text = fmt.Sprintf("%s is much like “%s”, which is on the list, so another one was taken for the sake of variety.", title, like.Title)
	default:
		a.Reason = AbsenceOutranked
		a.Text = fmt.Sprintf("%s fits, but the %s of the list score higher.", title, plural(len(m.chosen), "credential"))
	}
}

// Newer turns an answer LISTED into NEWER, when the list that is shown was made before and lacks the
// credential.
func (a *Absence) Newer(lacks bool) {
	if lacks && a.Reason == AbsenceListed {
		a.Reason = AbsenceNewer
		a.Text = fmt.Sprintf("The list is older than what speaks for it: made anew, it would have it in place %d.", a.Rank)
	}
}

// best is the score that the tail is measured by.
func (m *made) best() float64 {
	var best float64
	for _, s := range m.scored {
		if _, gone := m.profile.Gone[s.ID]; !gone && !s.weak && len(m.profile.Wishes.violated(s.Candidate)) == 0 {
			best = max(best, s.score)
		}
	}
	return best
}
