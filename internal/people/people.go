// Package people makes accounts and cohorts. Every change leaves an audit event in its transaction.
package people

import (
	"context"
	"fmt"
	"net/mail"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/cohort"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/membership"
	"github.com/rubrica/rubrica/ent/track"
	"github.com/rubrica/rubrica/ent/user"
	"github.com/rubrica/rubrica/internal/audit"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/internal/problem"
)

const (
	maxName  = 128
	maxEmail = 254
)

var slugForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// Service manages people. It acts for the viewer in the context; privacy rules apply. Its errors are
// *problem.Problem where the caller can put them right.
type Service struct{ db *database.DB }

// New makes the service.
func New(db *database.DB) *Service { return &Service{db: db} }

// CreateUser makes an account.
func (s *Service) CreateUser(ctx context.Context, name, email string, role enums.Role) (*ent.User, error) {
	name, email = strings.TrimSpace(name), strings.TrimSpace(email)
	if err := checkName(name); err != nil {
		return nil, err
	}
	if address, err := mail.ParseAddress(email); err != nil || address.Address != email ||
		len(email) > maxEmail || !database.Storable(email) {
		return nil, problem.New("email", problem.Invalid, "This is not an e-mail address of at most 254 characters.")
	}
	var made *ent.User
	err := s.db.InTx(ctx, func(tx *database.Tx) (err error) {
		made, err = tx.Ent.User.Create().SetName(name).SetEmail(strings.ToLower(email)).SetRole(role).Save(ctx)
		if err != nil {
			return fmt.Errorf("storing the account: %w", err)
		}
		return audit.Record(ctx, tx.Ent, enums.AuditUserCreate, enums.TargetUser, made.ID, map[string]string{"role": string(role)})
	})
	if database.IsUnique(err, "users_email_key") {
		return nil, problem.New("email", problem.Conflict, "There is an account with this address already.")
	}
	return made, err
}

// CreateCohort makes a cohort; trackID may be nil.
func (s *Service) CreateCohort(ctx context.Context, slug, name string, trackID *uuid.UUID) (*ent.Cohort, error) {
	name = strings.TrimSpace(name)
	if len(slug) > 64 || !slugForm.MatchString(slug) {
		return nil, problem.New("slug", problem.Invalid, "A slug has 1 to 64 lower-case letters, digits and single hyphens.")
	}
	if err := checkName(name); err != nil {
		return nil, err
	}
	var made *ent.Cohort
	err := s.db.InTx(ctx, func(tx *database.Tx) error {
		if trackID != nil {
			if known, err := tx.Ent.Track.Query().Where(track.ID(*trackID)).Exist(ctx); err != nil {
				return fmt.Errorf("reading the track: %w", err)
			} else if !known {
				return problem.New("trackId", problem.NotFound, "There is no such track.")
			}
		}
		var err error
		made, err = tx.Ent.Cohort.Create().SetSlug(slug).SetName(name).SetNillableTrackID(trackID).Save(ctx)
		if err != nil {
			return fmt.Errorf("storing the cohort: %w", err)
		}
		return audit.Record(ctx, tx.Ent, enums.AuditCohortCreate, enums.TargetCohort, made.ID, map[string]string{"slug": slug})
	})
	if database.IsUnique(err, "cohorts_slug_key") {
		return nil, problem.New("slug", problem.Conflict, "There is a cohort with this slug already.")
	}
	return made, err
}

// SetMember puts a person into a cohort, or changes what they are in it.
func (s *Service) SetMember(ctx context.Context, cohortID, userID uuid.UUID, role enums.MembershipRole) (*ent.Cohort, *ent.Membership, error) {
	var c *ent.Cohort
	var m *ent.Membership
	err := s.db.InTx(ctx, func(tx *database.Tx) (err error) {
		if c, err = find(ctx, tx, cohortID, userID); err != nil {
			return err
		}
		if role == enums.MemberAdvisor {
			u, err := tx.Ent.User.Get(ctx, userID)
			if err != nil {
				return fmt.Errorf("reading the person: %w", err)
			}
			if u.Role == enums.RoleLearner {
				return problem.New("role", problem.WrongState, "A learner's account cannot advise a cohort.")
			}
		}
		err = tx.Ent.Membership.Create().SetCohortID(cohortID).SetUserID(userID).SetRole(role).
			OnConflictColumns(membership.FieldCohortID, membership.FieldUserID).UpdateRole().Exec(ctx)
		if err != nil {
			return fmt.Errorf("storing the membership: %w", err)
		}
		m, err = tx.Ent.Membership.Query().Where(membership.CohortID(cohortID), membership.UserID(userID)).Only(ctx)
		if err != nil {
			return fmt.Errorf("reading the membership: %w", err)
		}
		return audit.Record(ctx, tx.Ent, enums.AuditCohortMemberSet, enums.TargetCohort, cohortID,
			map[string]string{"user": userID.String(), "role": string(role)})
	})
	return c, m, err
}

// RemoveMember takes a person out of a cohort. It returns the membership that was.
func (s *Service) RemoveMember(ctx context.Context, cohortID, userID uuid.UUID) (*ent.Cohort, *ent.Membership, error) {
	var c *ent.Cohort
	var m *ent.Membership
	err := s.db.InTx(ctx, func(tx *database.Tx) (err error) {
		if c, err = find(ctx, tx, cohortID, userID); err != nil {
			return err
		}
		m, err = tx.Ent.Membership.Query().Where(membership.CohortID(cohortID), membership.UserID(userID)).Only(ctx)
		if ent.IsNotFound(err) {
			return problem.New("userId", problem.NotFound, "This person is not in the cohort.")
		}
		if err != nil {
			return fmt.Errorf("reading the membership: %w", err)
		}
		if err := tx.Ent.Membership.DeleteOne(m).Exec(ctx); err != nil {
			return fmt.Errorf("deleting the membership: %w", err)
		}
		return audit.Record(ctx, tx.Ent, enums.AuditCohortMemberRemove, enums.TargetCohort, cohortID,
			map[string]string{"user": userID.String()})
	})
	return c, m, err
}

func find(ctx context.Context, tx *database.Tx, cohortID, userID uuid.UUID) (*ent.Cohort, error) {
	c, err := tx.Ent.Cohort.Query().Where(cohort.ID(cohortID)).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, problem.New("cohortId", problem.NotFound, "There is no such cohort.")
	}
	if err != nil {
		return nil, fmt.Errorf("reading the cohort: %w", err)
	}
	known, err := tx.Ent.User.Query().Where(user.ID(userID)).Exist(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the person: %w", err)
	}
	if !known {
		return nil, problem.New("userId", problem.NotFound, "There is no such person.")
	}
	return c, nil
}

func checkName(name string) error {
	if name == "" || utf8.RuneCountInString(name) > maxName || !database.Storable(name) {
		return problem.New("name", problem.Invalid, "A name has 1 to 128 characters of UTF-8, none of them NUL.")
	}
	return nil
}
