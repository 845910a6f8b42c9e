package auth

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/singleflight"

	"github.com/rubrica/rubrica/ent/enums"
)

// AccountTTL is how long what was read of an account is relied on.
const AccountTTL = 15 * time.Second

const (
	maxCached     = 10_000
	lookupTimeout = 5 * time.Second
)

// Account is what authentication needs to know of a person.
type Account struct {
	Role   enums.Role
	Active bool
}

// Accounts looks an account up. It returns ErrUnknownAccount when there is none.
type Accounts interface {
	Account(ctx context.Context, id uuid.UUID) (Account, error)
}

// SQLAccounts reads the accounts of a database.
//
// This is one plain statement beside ent on purpose: it runs before it is known who asks, so that
// every privacy rule would rightly refuse it, and stepping around the rules (internal/bypass) is for
// the system's own work. What it returns goes to nobody: it decides who the viewer is.
func SQLAccounts(db *sql.DB) Accounts { return sqlAccounts{db} }

type sqlAccounts struct{ db *sql.DB }

// Account is part of Accounts.
func (a sqlAccounts) Account(ctx context.Context, id uuid.UUID) (Account, error) {
	var account Account
	err := a.db.QueryRowContext(ctx, "SELECT role, active FROM users WHERE id = $1", id).
		Scan(&account.Role, &account.Active)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return Account{}, ErrUnknownAccount
	case err != nil:
		return Account{}, fmt.Errorf("looking up an account: %w", err)
	}
	return account, nil
}

// cache remembers accounts for AccountTTL, so that a page of requests reads each once. Errors are not
// remembered: an account that is made a moment later works at once.
type cache struct {
	source Accounts
	now    func() time.Time
	flight singleflight.Group

	mu      sync.Mutex
	entries map[uuid.UUID]entry
	// changes counts calls of forget: what was read before one may be old and is not remembered.
	changes int
}

type entry struct {
	account Account
	until   time.Time
}

func newCache(source Accounts, now func() time.Time) *cache {
	return &cache{source: source, now: now, entries: map[uuid.UUID]entry{}}
}

func (c *cache) get(ctx context.Context, id uuid.UUID) (Account, error) {
	c.mu.Lock()
	e, ok := c.entries[id]
	changes := c.changes
	c.mu.Unlock()
	if ok && c.now().Before(e.until) {
		return e.account, nil
	}
	// The count is part of the key: who asks after forget does not share an older look-up.
	result := c.flight.DoChan(fmt.Sprintf("%s/%d", id, changes), func() (any, error) {
		// Shared by several callers, so that none of them may cancel it.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookupTimeout)
		defer cancel()
		read := c.now()
		account, err := c.source.Account(ctx, id)
		if err == nil {
			c.put(id, entry{account, read.Add(AccountTTL)}, changes)
		}
		return account, err
	})
	select {
	case r := <-result:
		account, _ := r.Val.(Account)
		return account, r.Err
	case <-ctx.Done():
		return Account{}, fmt.Errorf("looking up an account: %w", ctx.Err())
	}
}

func (c *cache) put(id uuid.UUID, e entry, changes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if changes != c.changes {
		return
	}
	if len(c.entries) >= maxCached {
		now := c.now()
		for id, e := range c.entries {
			if !now.Before(e.until) {
				delete(c.entries, id)
			}
		}
		if len(c.entries) >= maxCached {
			return // all are in use: this one is read again next time
		}
	}
	c.entries[id] = e
}

func (c *cache) forget(id uuid.UUID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.entries, id)
	c.changes++
}
