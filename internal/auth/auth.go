// Package auth makes and checks access tokens: JSON Web Tokens signed with HMAC-SHA-256 that say who
// somebody is. What they may do is not taken from the token: the account is looked up, so that
// deactivating it or changing its role counts within AccountTTL.
package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"github.com/rubrica/rubrica/internal/viewer"
)

// What tokens carry besides the account, and the bounds of their time.
const (
	Issuer   = "rubrica"
	Audience = "rubrica-api"
	// MaxLifetime is the longest time that Issue makes a token valid for.
	MaxLifetime = 366 * 24 * time.Hour
	// Leeway is how far the clocks of two machines may differ.
	Leeway = 30 * time.Second

	maxTokenBytes = 4096
	minKeyBytes   = 32
)

// The reasons why Verify refuses a token. Any other error means that it could not be checked.
var (
	ErrMalformed      = errors.New("the access token is not one of this installation")
	ErrExpired        = errors.New("the access token has expired")
	ErrUnknownAccount = errors.New("the account of the access token does not exist")
	ErrInactive       = errors.New("the account of the access token is not active")
)

// Refused tells whether the error means that the token is bad, rather than that checking it failed.
func Refused(err error) bool {
	return errors.Is(err, ErrMalformed) || errors.Is(err, ErrExpired) ||
		errors.Is(err, ErrUnknownAccount) || errors.Is(err, ErrInactive)
}

// Token is a token that was issued.
type Token struct {
	Raw       string    // what a client sends after "Bearer "
	ID        string    // the jti claim
	ExpiresAt time.Time // in whole seconds
}

// Principal is who a token speaks for.
type Principal struct {
	Viewer    viewer.Viewer
	TokenID   string
	ExpiresAt time.Time
}

// Authority issues and verifies tokens. It may be used by several goroutines.
type Authority struct {
	key      []byte
	accounts *cache
	parser   *jwt.Parser
	now      func() time.Time
}

// New returns the authority of a signing key of at least 32 bytes.
func New(key []byte, accounts Accounts) (*Authority, error) { return newAt(key, accounts, time.Now) }

func newAt(key []byte, accounts Accounts, now func() time.Time) (*Authority, error) {
	if len(key) < minKeyBytes {
		return nil, fmt.Errorf("the key that signs access tokens has %d bytes and needs %d", len(key), minKeyBytes)
	}
	return &Authority{
		key:      key,
		accounts: newCache(accounts, now),
		parser: jwt.NewParser(
			jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
			jwt.WithIssuer(Issuer), jwt.WithAudience(Audience),
			jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(Leeway),
			jwt.WithStrictDecoding(), jwt.WithTimeFunc(now),
		),
		now: now,
	}, nil
}

// Issue makes a token for an account that is valid for the lifetime, up to MaxLifetime. It does not
// look at the account: the token is refused for as long as there is none.
func (a *Authority) Issue(account uuid.UUID, lifetime time.Duration) (Token, error) {
	if lifetime < time.Second || lifetime > MaxLifetime {
		return Token{}, fmt.Errorf("a token cannot be valid for %s: choose 1s to %s", lifetime, MaxLifetime)
	}
	now := a.now()
	id, err := uuid.NewRandom()
	if err != nil {
		return Token{}, fmt.Errorf("making the id of a token: %w", err)
	}
	claims := jwt.RegisteredClaims{
		Issuer: Issuer, Audience: jwt.ClaimStrings{Audience}, Subject: account.String(), ID: id.String(),
		IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(lifetime)),
	}
	raw, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(a.key)
	if err != nil {
		return Token{}, fmt.Errorf("signing a token: %w", err)
	}
	return Token{Raw: raw, ID: claims.ID, ExpiresAt: claims.ExpiresAt.Time}, nil
}

// Verify returns who a token speaks for. Its errors are ErrMalformed, ErrExpired, ErrUnknownAccount,
// ErrInactive, or, when the account could not be looked up, another one.
func (a *Authority) Verify(ctx context.Context, raw string) (Principal, error) {
	if len(raw) > maxTokenBytes {
		return Principal{}, fmt.Errorf("%w: it has %d bytes", ErrMalformed, len(raw))
	}
	var claims jwt.RegisteredClaims
	_, err := a.parser.ParseWithClaims(raw, &claims, func(*jwt.Token) (any, error) { return a.key, nil })
	switch {
	case onlyExpired(err):
		return Principal{}, ErrExpired
	case err != nil:
		return Principal{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	case claims.IssuedAt == nil || claims.ID == "":
		return Principal{}, fmt.Errorf("%w: it lacks iat or jti", ErrMalformed)
	}
	id, err := uuid.Parse(claims.Subject)
	if err != nil || id.String() != claims.Subject {
		return Principal{}, fmt.Errorf("%w: its subject is not an account", ErrMalformed)
	}
	account, err := a.accounts.get(ctx, id)
	if err != nil {
		return Principal{}, err
	}
	if !account.Active {
		return Principal{}, ErrInactive
	}
	return Principal{
		Viewer:    viewer.Viewer{ID: id, Role: account.Role},
		TokenID:   claims.ID,
		ExpiresAt: claims.ExpiresAt.Time,
	}, nil
}

// onlyExpired tells an old token of ours from one that is wrong in another way as well.
func onlyExpired(err error) bool {
	if !errors.Is(err, jwt.ErrTokenExpired) {
		return false
	}
	for _, other := range []error{
		jwt.ErrTokenInvalidAudience, jwt.ErrTokenInvalidIssuer, jwt.ErrTokenUsedBeforeIssued,
		jwt.ErrTokenNotValidYet, jwt.ErrTokenRequiredClaimMissing, jwt.ErrTokenSignatureInvalid,
	} {
		if errors.Is(err, other) {
			return false
		}
	}
	return true
}

// Forget makes this process look the account up again at its next use, for whoever has just changed
// it. Other processes notice within AccountTTL.
func (a *Authority) Forget(account uuid.UUID) { a.accounts.forget(account) }
