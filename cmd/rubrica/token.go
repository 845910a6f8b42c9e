package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/user"
	"github.com/rubrica/rubrica/internal/audit"
	"github.com/rubrica/rubrica/internal/auth"
	"github.com/rubrica/rubrica/internal/bypass"
	"github.com/rubrica/rubrica/internal/config"
	"github.com/rubrica/rubrica/internal/globalid"
	"github.com/rubrica/rubrica/internal/seeding"
)

type tokenCmd struct {
	databaseFlags
	keyFlags
	User string        `required:"" placeholder:"PERSON" help:"E-mail address, id, or, of the people of the seeds, short name."`
	TTL  time.Duration `default:"24h" help:"How long the token is valid, up to 8784h."`
}

// keyFlags say where the signing key is; without one, development uses that of its data folder.
type keyFlags struct {
	JWTSecret     config.Secret `name:"jwt-secret" env:"RUBRICA_JWT_SECRET" hidden:"" help:"Key that signs access tokens."`
	JWTSecretFile string        `name:"jwt-secret-file" env:"RUBRICA_JWT_SECRET_FILE" placeholder:"FILE" help:"File with the key that signs access tokens; $RUBRICA_JWT_SECRET gives the key itself."`
}

// Run prints the token alone, so that it can be put into a variable.
func (c *tokenCmd) Run(ctx context.Context, a *App) (err error) {
	if c.TTL < time.Second || c.TTL > auth.MaxLifetime {
		return fmt.Errorf("a token is valid for 1s to %s: choose another --ttl than %s", auth.MaxLifetime, c.TTL)
	}
	cfg, err := c.config()
	if err != nil {
		return err
	}
	cfg.JWTSecret, cfg.JWTSecretFile = c.JWTSecret, c.JWTSecretFile
	if err := cfg.Validate(); err != nil {
		return err
	}
	s, err := a.open(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	person, err := findUser(bypass.Context(ctx), s.db.Ent, c.User)
	if err != nil {
		return err
	}
	if !person.Active {
		return fmt.Errorf("the account of %s is not active: a token for it would be refused", person.Email)
	}
	authority, err := s.authority()
	if err != nil {
		return err
	}
	token, err := authority.Issue(person.ID, c.TTL)
	if err != nil {
		return err
	}
	a.progress(fmt.Sprintf("for %s (%s), valid until %s", person.Name, person.Role, token.ExpiresAt.Format(time.RFC3339)))
	err = audit.Record(bypass.Context(ctx), s.db.Ent, enums.AuditTokenIssue, enums.TargetUser, person.ID, map[string]string{
		"jti": token.ID, "expires": token.ExpiresAt.Format(time.RFC3339),
	})
	if err != nil {
		return err
	}
	return a.printf("%s\n", token.Raw)
}

// authority signs and checks tokens with the configured key.
func (s *stack) authority() (*auth.Authority, error) {
	key, err := s.cfg.SigningKey(s.dataDir)
	if err != nil {
		return nil, err
	}
	return auth.New(key, auth.SQLAccounts(s.db.SQL))
}

// findUser finds a person by address, global id, plain id, or short name of the seeds.
func findUser(ctx context.Context, db *ent.Client, who string) (*ent.User, error) {
	where := user.Email(who)
	if id, err := globalid.DecodeAs("user", who); err == nil {
		where = user.ID(id)
	} else if id, err := uuid.Parse(who); err == nil {
		where = user.ID(id)
	}
	person, err := db.User.Query().Where(user.Or(where, user.ID(seeding.UserID(who)))).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, fmt.Errorf("there is no person %q: make one with `rubrica user add`, or the examples with `rubrica seed`", who)
	}
	if err != nil {
		return nil, fmt.Errorf("look for %q: %w", who, err)
	}
	return person, nil
}
