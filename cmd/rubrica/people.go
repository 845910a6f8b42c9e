package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/cohort"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/track"
	"github.com/rubrica/rubrica/internal/bypass"
	"github.com/rubrica/rubrica/internal/globalid"
	"github.com/rubrica/rubrica/internal/people"
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
	return a.manage(ctx, &c.databaseFlags, func(ctx context.Context, s *stack) (string, error) {
		u, err := people.New(s.db).CreateUser(ctx, c.Name, c.Email, enums.Role(strings.ToUpper(c.Role)))
		if err != nil {
			return "", err
		}
		return globalid.Encode("user", u.ID), nil
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

// Run makes the cohort.
func (c *cohortAddCmd) Run(ctx context.Context, a *App) error {
	return a.manage(ctx, &c.databaseFlags, func(ctx context.Context, s *stack) (string, error) {
		var follows *uuid.UUID
		if c.Track != "" {
			id, err := s.db.Ent.Track.Query().Where(track.Slug(c.Track)).OnlyID(ctx)
			if ent.IsNotFound(err) {
				return "", fmt.Errorf("there is no track %q", c.Track)
			}
			if err != nil {
				return "", fmt.Errorf("look for the track: %w", err)
			}
			follows = &id
		}
		row, err := people.New(s.db).CreateCohort(ctx, c.Slug, c.Name, follows)
		if err != nil {
			return "", err
		}
		return globalid.Encode("cohort", row.ID), nil
	})
}

type cohortMemberCmd struct {
	databaseFlags
	Cohort string `required:"" placeholder:"SLUG" help:"The cohort."`
	User   string `required:"" placeholder:"PERSON" help:"E-mail address, id, or, of the people of the seeds, short name."`
	Role   string `enum:"learner,advisor" default:"learner" help:"What they are in it: ${enum}."`
	Remove bool   `help:"Take them out."`
}

// Run changes the membership.
func (c *cohortMemberCmd) Run(ctx context.Context, a *App) error {
	return a.manage(ctx, &c.databaseFlags, func(ctx context.Context, s *stack) (string, error) {
		group, err := s.db.Ent.Cohort.Query().Where(cohort.Slug(c.Cohort)).Only(ctx)
		if ent.IsNotFound(err) {
			return "", fmt.Errorf("there is no cohort %q: make it with `rubrica cohort add`", c.Cohort)
		}
		if err != nil {
			return "", fmt.Errorf("look for the cohort: %w", err)
		}
		person, err := findUser(ctx, s.db.Ent, c.User)
		if err != nil {
			return "", err
		}
		if c.Remove {
			if _, _, err := people.New(s.db).RemoveMember(ctx, group.ID, person.ID); err != nil {
				return "", err
			}
			return person.Name + " is no longer in " + group.Name, nil
		}
		if _, _, err := people.New(s.db).SetMember(ctx, group.ID, person.ID, enums.MembershipRole(strings.ToUpper(c.Role))); err != nil {
			return "", err
		}
		return person.Name + " is in " + group.Name + " as " + c.Role, nil
	})
}

// manage runs fn for the system and prints what it returns.
func (a *App) manage(ctx context.Context, flags *databaseFlags, fn func(context.Context, *stack) (string, error)) (err error) {
	cfg, err := flags.config()
	if err != nil {
		return err
	}
	s, err := a.open(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	line, err := fn(bypass.Context(ctx), s)
	if err != nil {
		return err
	}
	return a.printf("%s\n", line)
}
