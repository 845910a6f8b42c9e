// Package interactions takes in what learners do with credentials and wish of them, and what advisors decide
// about recommendations. Each change commits together with the jobs that make the learner's lists anew and
// learn from it.
package interactions

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/lib/pq"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/credential"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/interaction"
	"github.com/rubrica/rubrica/ent/preference"
	"github.com/rubrica/rubrica/ent/recommendationdecision"
	"github.com/rubrica/rubrica/ent/recommendationitem"
	"github.com/rubrica/rubrica/ent/skill"
	"github.com/rubrica/rubrica/internal/audit"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/internal/problem"
	"github.com/rubrica/rubrica/internal/viewer"
	"github.com/rubrica/rubrica/recommend"
)

// Bounds of what is taken in.
const (
	MaxInterests  = 20
	MaxReason     = 500 // characters
	LowestRating  = 1
	HighestRating = 5
)

// Queue adds jobs, which are seen when tx commits. Package jobs has one.
type Queue interface {
	// Relist adds the job that makes a learner's lists anew.
	Relist(ctx context.Context, tx *sql.Tx, learner uuid.UUID) error
	// Learn adds the job that learns from what is new, unless it is there.
	Learn(ctx context.Context, tx *sql.Tx) error
}

// Service acts for the viewer in the context; privacy rules apply. Errors that the caller can put right are
// *problem.Problem.
type Service struct {
	db    *database.DB
	queue Queue
}

// New makes the service.
func New(db *database.DB, queue Queue) *Service { return &Service{db: db, queue: queue} }

// Deed is what the viewer did with a credential.
type Deed struct {
	CredentialID uuid.UUID
	Kind         enums.InteractionKind
	Rating       *int // of RATED: 1 to 5; else nil
}

var errNoCredential = problem.New("credentialId", problem.NotFound, "There is no such credential, or it is not offered any more.")

// Record keeps what the viewer did, once for each kind: opening again is counted, rating again replaces the
// rating, and what else is said again changes nothing.
func (s *Service) Record(ctx context.Context, d Deed) (out *ent.Interaction, err error) {
	v, err := who(ctx)
	if err != nil {
		return nil, err
	}
	if err := d.check(); err != nil {
		return nil, err
	}
	err = s.db.InTx(ctx, func(tx *database.Tx) error {
		known, err := tx.Ent.Credential.Query().Where(credential.ID(d.CredentialID), credential.Active(true)).Exist(ctx)
		if err != nil {
			return fmt.Errorf("looking for the credential: %w", err)
		}
		if !known {
			return errNoCredential
		}
		now := moment()
		id, err := tx.Ent.Interaction.Create().SetOwnerID(v.ID).SetCredentialID(d.CredentialID).SetKind(d.Kind).
			SetNillableRating(d.Rating).SetCreatedAt(now).SetLastAt(now).
			OnConflictColumns(interaction.FieldOwnerID, interaction.FieldCredentialID, interaction.FieldKind).
			Update(func(u *ent.InteractionUpsert) {
				switch d.Kind {
				case enums.InteractionOpened:
					u.AddTimes(1).UpdateLastAt()
				case enums.InteractionRated:
					u.UpdateRating().UpdateLastAt()
				default:
					u.AddTimes(0) // so that there is a row to return
				}
			}).ID(ctx)
		if err != nil {
			return fmt.Errorf("keeping the interaction: %w", err)
		}
		if out, err = tx.Ent.Interaction.Query().Where(interaction.ID(id)).Only(ctx); err != nil {
			return fmt.Errorf("reading the interaction: %w", err)
		}
		if !out.LastAt.Equal(now) {
			return nil // it was said before
		}
		return s.changed(ctx, tx, v.ID)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (d *Deed) check() error {
	switch {
	case !slices.Contains(d.Kind.Values(), string(d.Kind)):
		return problem.New("kind", problem.Invalid, "The kind is one of "+strings.Join(d.Kind.Values(), ", ")+".")
	case d.Kind == enums.InteractionRated && (d.Rating == nil || *d.Rating < LowestRating || *d.Rating > HighestRating):
		return problem.New("rating", problem.Invalid, fmt.Sprintf("Rate with a whole number from %d to %d.", LowestRating, HighestRating))
	case d.Kind != enums.InteractionRated && d.Rating != nil:
		return problem.New("rating", problem.Invalid, "Only an interaction of kind RATED has a rating. Leave it out.")
	}
	return nil
}

// Withdraw takes back what the viewer did: a dismissed credential may be recommended again. It tells whether
// there was anything to take back.
func (s *Service) Withdraw(ctx context.Context, credentialID uuid.UUID, kind enums.InteractionKind) (removed bool, err error) {
	v, err := who(ctx)
	if err != nil {
		return false, err
	}
	if err := (&Deed{Kind: kind, Rating: ratingOf(kind)}).check(); err != nil {
		return false, err
	}
	err = s.db.InTx(ctx, func(tx *database.Tx) error {
		n, err := tx.Ent.Interaction.Delete().Where(interaction.OwnerID(v.ID), interaction.CredentialID(credentialID), interaction.KindEQ(kind)).Exec(ctx)
		if err != nil {
			return fmt.Errorf("taking the interaction back: %w", err)
		}
		if removed = n > 0; !removed {
			return nil
		}
		return s.changed(ctx, tx, v.ID)
	})
	return removed, err
}

// ratingOf is one that passes.
func ratingOf(kind enums.InteractionKind) *int {
	if kind != enums.InteractionRated {
		return nil
	}
	lowest := LowestRating
	return &lowest
}

// Preferences are what the viewer wants of what is recommended to them.
type Preferences struct {
	Interests []string // slugs of skills
	FreeOnly  bool
	Longest   *enums.Duration // nil: any; not UNKNOWN
	Highest   *enums.Level    // nil: any
}

// SetPreferences takes the place of what the viewer wanted before.
func (s *Service) SetPreferences(ctx context.Context, in Preferences) (out *ent.Preference, err error) {
	v, err := who(ctx)
	if err != nil {
		return nil, err
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	err = s.db.InTx(ctx, func(tx *database.Tx) error {
		if err := knownSkills(ctx, tx.Ent, in.Interests); err != nil {
			return err
		}
		create := tx.Ent.Preference.Create().SetOwnerID(v.ID).SetInterests(append(pq.StringArray{}, in.Interests...)).
			SetFreeOnly(in.FreeOnly).SetNillableLongest(in.Longest).SetNillableHighest(in.Highest).SetChangedAt(moment())
		id, err := create.OnConflictColumns(preference.FieldOwnerID).Update(func(u *ent.PreferenceUpsert) {
			u.UpdateInterests().UpdateFreeOnly().UpdateLongest().UpdateHighest().UpdateChangedAt()
		}).ID(ctx)
		if err != nil {
			return fmt.Errorf("keeping the preferences: %w", err)
		}
		if out, err = tx.Ent.Preference.Query().Where(preference.ID(id)).Only(ctx); err != nil {
			return fmt.Errorf("reading the preferences: %w", err)
		}
		return s.changed(ctx, tx, v.ID)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (in *Preferences) check() error {
	switch {
	case len(in.Interests) > MaxInterests:
		return problem.New("interests", problem.Invalid, fmt.Sprintf("Name at most %d interests.", MaxInterests))
	case in.Longest != nil && (*in.Longest == enums.DurationUnknown || !slices.Contains(in.Longest.Values(), string(*in.Longest))):
		return problem.New("longest", problem.Invalid, "The longest duration is SHORT, MEDIUM or LONG; leave it out when any will do.")
	case in.Highest != nil && !slices.Contains(in.Highest.Values(), string(*in.Highest)):
		return problem.New("highest", problem.Invalid, "The highest level is FOUNDATION, INTERMEDIATE or ADVANCED; leave it out when any will do.")
	}
	seen := map[string]bool{}
	for _, slug := range in.Interests {
		if !database.Storable(slug) {
			return problem.New("interests", problem.InvalidText, "An interest is the slug of a skill, as the query skills lists them; one of these is not even text.")
		}
		if seen[slug] {
			return problem.New("interests", problem.Invalid, fmt.Sprintf("Name each interest once: %q is there twice.", slug))
		}
		seen[slug] = true
	}
	return nil
}

// knownSkills refuses a slug that is no skill's.
func knownSkills(ctx context.Context, client *ent.Client, slugs []string) error {
	if len(slugs) == 0 {
		return nil
	}
	found, err := client.Skill.Query().Where(skill.SlugIn(slugs...)).Select(skill.FieldSlug).Strings(ctx)
	if err != nil {
		return fmt.Errorf("looking for the skills: %w", err)
	}
	for _, slug := range slugs {
		if !slices.Contains(found, slug) {
			return problem.New("interests", problem.NotFound, fmt.Sprintf("There is no skill %q. The query skills lists those that there are.", slug))
		}
	}
	return nil
}

// Decision is what an advisor or an admin thinks of a recommendation.
type Decision struct {
	ItemID  uuid.UUID
	Verdict enums.Verdict
	Reason  string // of REJECTED: 1 to MaxReason characters; of ACCEPTED it may be empty
}

// Decide keeps what the viewer decided about an item of a list, in the place of what anybody decided before. A
// rejected credential is not recommended to the learner any more. It fails with privacy.Deny for who may not
// decide about this learner.
func (s *Service) Decide(ctx context.Context, d Decision) (out *ent.RecommendationDecision, err error) {
	v, err := who(ctx)
	if err != nil {
		return nil, err
	}
	if err := d.check(); err != nil {
		return nil, err
	}
	err = s.db.InTx(ctx, func(tx *database.Tx) error {
		item, err := tx.Ent.RecommendationItem.Query().Where(recommendationitem.ID(d.ItemID)).Only(ctx)
		if ent.IsNotFound(err) {
			return problem.New("itemId", problem.NotFound, "There is no such recommendation.")
		}
		if err != nil {
			return fmt.Errorf("reading the recommendation: %w", err)
		}
		id, err := tx.Ent.RecommendationDecision.Create().SetOwnerID(item.OwnerID).SetItemID(item.ID).
			SetCredentialID(item.CredentialID).SetActorID(v.ID).SetVerdict(d.Verdict).SetReason(d.Reason).SetDecidedAt(moment()).
			OnConflictColumns(recommendationdecision.FieldItemID).Update(func(u *ent.RecommendationDecisionUpsert) {
			u.UpdateActorID().UpdateVerdict().UpdateReason().UpdateDecidedAt()
		}).ID(ctx)
		if err != nil {
			return fmt.Errorf("keeping the decision: %w", err)
		}
		if out, err = tx.Ent.RecommendationDecision.Query().Where(recommendationdecision.ID(id)).Only(ctx); err != nil {
			return fmt.Errorf("reading the decision: %w", err)
		}
		if err := s.changed(ctx, tx, item.OwnerID); err != nil {
			return err
		}
		return audit.Record(ctx, tx.Ent, enums.AuditRecommendationJudge, enums.TargetRecommendation, item.ID,
			map[string]string{"verdict": string(d.Verdict), "credential": item.CredentialID.String(), "reason": d.Reason})
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (d *Decision) check() error {
	switch n := utf8.RuneCountInString(d.Reason); {
	case !slices.Contains(d.Verdict.Values(), string(d.Verdict)):
		return problem.New("verdict", problem.Invalid, "The verdict is "+strings.Join(d.Verdict.Values(), " or ")+".")
	case n > MaxReason || !database.Storable(d.Reason),
		d.Verdict == enums.VerdictRejected && strings.TrimSpace(d.Reason) == "":
		return problem.New("reason", problem.Invalid, fmt.Sprintf(
			"Give a reason of 1 to %d characters of UTF-8, none of them NUL. Only who accepts may leave it empty.", MaxReason))
	}
	return nil
}

// changed has the learner's lists made anew, and learns from the change.
func (s *Service) changed(ctx context.Context, tx *database.Tx, learner uuid.UUID) error {
	add, err := recommend.Changed(ctx, tx.SQL, learner)
	if err != nil {
		return err
	}
	if add { // who does much at once has one job
		if err := s.queue.Relist(ctx, tx.SQL, learner); err != nil {
			return err
		}
	}
	return s.queue.Learn(ctx, tx.SQL)
}

func who(ctx context.Context) (viewer.Viewer, error) {
	v, ok := viewer.FromContext(ctx)
	if !ok {
		return v, errors.New("interactions need a viewer")
	}
	return v, nil
}

// moment is now, as the database keeps it.
func moment() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }
