package main

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"regexp"
	"strings"

	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/cohort"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/membership"
	"github.com/rubrica/rubrica/ent/track"
	"github.com/rubrica/rubrica/internal/bypass"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/internal/globalid"
)

type userCmd struct {
	Add userAddCmd `cmd:"" help:"Make an account; prints its id."`
}

type userAddCmd struct {
	databaseFlags
	Name  string `required:"" help:"Name, up to 128 characters."`
	Email string `required:"" help:"E-mail address, not yet in use."`
	Role  string `enum:"learner,advisor,admin" default:"learner" help:"What the account may do: ${enum}."`
}

// Run makes the account.
func (c *userAddCmd) Run(ctx context.Context, a *App) error {
	address, err := mail.ParseAddress(c.Email)
	if err != nil || address.Address != c.Email || len(c.Email) > 254 {
		return fmt.Errorf("%q is not an e-mail address", c.Email)
	}
	if strings.TrimSpace(c.Name) == "" || len([]rune(c.Name)) > 128 {
		return errors.New("a name has 1 to 128 characters")
	}
	return a.change(ctx, &c.databaseFlags, func(ctx context.Context, db *ent.Client) (string, error) {
		role := enums.Role(strings.ToUpper(c.Role))
		u, err := db.User.Create().SetName(c.Name).SetEmail(c.Email).SetRole(role).Save(ctx)
		if database.IsUnique(err, "") {
			return "", fmt.Errorf("the address %s is taken", c.Email)
		}
		if err != nil {
			return "", fmt.Errorf("make the account: %w", err)
		}
		return globalid.Encode("user", u.ID),
			audit(ctx, db, "user.create", "user", &u.ID, map[string]string{"role": string(role)})
	})
}

type cohortCmd struct {
	Add    cohortAddCmd    `cmd:"" help:"Make a cohort; prints its id."`
	Member cohortMemberCmd `cmd:"" help:"Put a person into a cohort, change what they are in it, or take them out."`
}

type cohortAddCmd struct {
	databaseFlags
	Slug  string `required:"" help:"Stable name: lower-case letters, digits and hyphens."`
	Name  string `required:"" help:"Name for people."`
	Track string `placeholder:"SLUG" help:"The track that it follows, if any."`
}

var slugPattern = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// Run makes the cohort.
func (c *cohortAddCmd) Run(ctx context.Context, a *App) error {
	if !slugPattern.MatchString(c.Slug) || len(c.Slug) > 64 {
		return fmt.Errorf("%q is not a slug: use lower-case letters, digits and hyphens, up to 64", c.Slug)
	}
	if strings.TrimSpace(c.Name) == "" || len([]rune(c.Name)) > 128 {
		return errors.New("a name has 1 to 128 characters")
	}
	return a.change(ctx, &c.databaseFlags, func(ctx context.Context, db *ent.Client) (string, error) {
		create := db.Cohort.Create().SetSlug(c.Slug).SetName(c.Name)
		if c.Track != "" {
			id, err := db.Track.Query().Where(track.Slug(c.Track)).OnlyID(ctx)
			if ent.IsNotFound(err) {
				return "", fmt.Errorf("there is no track %q", c.Track)
			}
			if err != nil {
				return "", fmt.Errorf("look for the track: %w", err)
			}
			create.SetTrackID(id)
		}
		row, err := create.Save(ctx)
		if database.IsUnique(err, "") {
			return "", fmt.Errorf("there is a cohort %q already", c.Slug)
		}
		if err != nil {
			return "", fmt.Errorf("make the cohort: %w", err)
		}
		return globalid.Encode("cohort", row.ID),
			audit(ctx, db, "cohort.create", "cohort", &row.ID, map[string]string{"slug": c.Slug})
	})
}

type cohortMemberCmd struct {
	databaseFlags
	Cohort string `required:"" placeholder:"SLUG" help:"The cohort."`
	User   string `required:"" placeholder:"PERSON" help:"E-mail address or id."`
	Role   string `enum:"learner,advisor" default:"learner" help:"What they are in it: ${enum}."`
	Remove bool   `help:"Take them out."`
}

// Run changes the membership.
func (c *cohortMemberCmd) Run(ctx context.Context, a *App) error {
	return a.change(ctx, &c.databaseFlags, func(ctx context.Context, db *ent.Client) (string, error) {
		group, err := db.Cohort.Query().Where(cohort.Slug(c.Cohort)).Only(ctx)
		if ent.IsNotFound(err) {
			return "", fmt.Errorf("there is no cohort %q: make it with `rubrica cohort add`", c.Cohort)
		}
		if err != nil {
			return "", fmt.Errorf("look for the cohort: %w", err)
		}
		person, err := findUser(ctx, db, c.User)
		if err != nil {
			return "", err
		}
		detail := map[string]string{"user": globalid.Encode("user", person.ID), "role": strings.ToUpper(c.Role)}
		if c.Remove {
			n, err := db.Membership.Delete().Where(membership.CohortID(group.ID), membership.UserID(person.ID)).Exec(ctx)
			if err != nil {
				return "", fmt.Errorf("take %s out: %w", person.Email, err)
			}
			if n == 0 {
				return "", fmt.Errorf("%s is not in the cohort %s", person.Email, c.Cohort)
			}
			delete(detail, "role")
			return person.Name + " is no longer in " + group.Name,
				audit(ctx, db, "cohort.member.remove", "cohort", &group.ID, detail)
		}
		err = db.Membership.Create().SetCohortID(group.ID).SetUserID(person.ID).
			SetRole(enums.MembershipRole(strings.ToUpper(c.Role))).
			OnConflictColumns(membership.FieldCohortID, membership.FieldUserID).
			Update(func(u *ent.MembershipUpsert) { u.UpdateRole() }).Exec(ctx)
		if err != nil {
			return "", fmt.Errorf("put %s into the cohort: %w", person.Email, err)
		}
		return person.Name + " is in " + group.Name + " as " + c.Role,
			audit(ctx, db, "cohort.member.set", "cohort", &group.ID, detail)
	})
}

// change runs fn in a transaction for the system and prints what it returns.
func (a *App) change(ctx context.Context, flags *databaseFlags, fn func(context.Context, *ent.Client) (string, error)) (err error) {
	cfg, err := flags.config()
	if err != nil {
		return err
	}
	s, err := a.open(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	var line string
	err = s.db.InTx(ctx, func(tx *database.Tx) error {
		line, err = fn(bypass.Context(ctx), tx.Ent)
		return err
	})
	if err != nil {
		return err
	}
	return a.printf("%s\n", line)
}

// audit records what the command line did; it has no actor.
func audit(ctx context.Context, db *ent.Client, action, kind string, target *uuid.UUID, detail map[string]string) error {
	err := db.AuditEvent.Create().SetAction(action).SetTargetType(kind).SetNillableTargetID(target).SetDetail(detail).Exec(ctx)
	if err != nil {
		return fmt.Errorf("write the audit trail: %w", err)
	}
	return nil
}
