package auth

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/internal/pgtest"
	"github.com/rubrica/rubrica/internal/viewer"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var (
	key  = []byte("Zk3v9Qp1-w8Ge5Xn2-Lr7Tb4Ym6-Hd0Jc")
	lena = uuid.MustParse("018f0000-0000-7000-8000-000000000001")
)

// people is a source of accounts in memory.
type people struct {
	mu       sync.Mutex
	accounts map[uuid.UUID]Account
	err      error
	reads    atomic.Int32
	before   func() // called before each read, without the lock
}

func (p *people) Account(_ context.Context, id uuid.UUID) (Account, error) {
	p.reads.Add(1)
	p.mu.Lock()
	before := p.before
	account, ok := p.accounts[id]
	err := p.err
	p.mu.Unlock()
	if before != nil {
		before()
	}
	if err != nil {
		return Account{}, err
	}
	if !ok {
		return Account{}, ErrUnknownAccount
	}
	return account, nil
}

func (p *people) set(id uuid.UUID, a Account) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.accounts[id] = a
}

// clock is a time that tests move.
type clock struct{ atomic.Int64 }

func (c *clock) now() time.Time          { return time.Unix(0, c.Load()) }
func (c *clock) advance(d time.Duration) { c.Add(int64(d)) }

func authority(t *testing.T) (*Authority, *people, *clock) {
	t.Helper()
	source := &people{accounts: map[uuid.UUID]Account{lena: {enums.RoleLearner, true}}}
	time := &clock{}
	time.Store(1_800_000_000_000_000_000)
	a, err := newAt(key, source, time.now)
	require.NoError(t, err)
	return a, source, time
}

func issue(t *testing.T, a *Authority, id uuid.UUID, lifetime time.Duration) Token {
	t.Helper()
	token, err := a.Issue(id, lifetime)
	require.NoError(t, err)
	return token
}

func TestIssueAndVerify(t *testing.T) {
	a, _, clock := authority(t)
	token := issue(t, a, lena, time.Hour)
	assert.Equal(t, clock.now().Add(time.Hour), token.ExpiresAt)
	p, err := a.Verify(t.Context(), token.Raw)
	require.NoError(t, err)
	assert.Equal(t, viewer.Viewer{ID: lena, Role: enums.RoleLearner}, p.Viewer)
	assert.Equal(t, token.ID, p.TokenID)
	assert.True(t, token.ExpiresAt.Equal(p.ExpiresAt))
	assert.NotEqual(t, token.ID, issue(t, a, lena, time.Hour).ID)

	claims := jwt.MapClaims{}
	_, _, err = jwt.NewParser().ParseUnverified(token.Raw, claims)
	require.NoError(t, err)
	assert.NotContains(t, claims, "role", "the account decides")
	for _, name := range []string{"sub", "iss", "aud", "exp", "iat", "jti"} {
		assert.Contains(t, claims, name)
	}
}

func TestIssueRefusesOddLifetimes(t *testing.T) {
	a, _, _ := authority(t)
	for _, lifetime := range []time.Duration{-time.Hour, 0, time.Millisecond, MaxLifetime + time.Second} {
		_, err := a.Issue(lena, lifetime)
		assert.Error(t, err, lifetime)
	}
	_, err := New(key[:31], nil)
	assert.ErrorContains(t, err, "31 bytes")
}

func TestExpiry(t *testing.T) {
	a, _, clock := authority(t)
	token := issue(t, a, lena, time.Minute)
	clock.advance(time.Minute + Leeway - time.Second)
	_, err := a.Verify(t.Context(), token.Raw)
	require.NoError(t, err, "clocks may differ")
	clock.advance(2 * time.Second)
	_, err = a.Verify(t.Context(), token.Raw)
	require.ErrorIs(t, err, ErrExpired)
	assert.True(t, Refused(err))
}

func TestForgedAndForeignTokens(t *testing.T) {
	a, source, clock := authority(t)
	now := clock.now()
	good := func() jwt.MapClaims {
		return jwt.MapClaims{
			"sub": lena.String(), "iss": Issuer, "aud": []string{Audience}, "jti": "1",
			"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
		}
	}
	sign := func(method jwt.SigningMethod, key any, change func(jwt.MapClaims)) string {
		claims := good()
		if change != nil {
			change(claims)
		}
		raw, err := jwt.NewWithClaims(method, claims).SignedString(key)
		require.NoError(t, err)
		return raw
	}
	hs256 := func(change func(jwt.MapClaims)) string { return sign(jwt.SigningMethodHS256, key, change) }
	_, err := a.Verify(t.Context(), hs256(nil))
	require.NoError(t, err, "the base of the cases is good")
	source.reads.Store(0)

	without := func(name string) string { return hs256(func(c jwt.MapClaims) { delete(c, name) }) }
	with := func(name string, value any) string { return hs256(func(c jwt.MapClaims) { c[name] = value }) }
	parts := strings.Split(hs256(nil), ".")
	admin := base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"` + uuid.NewString() + `"}`))
	for name, raw := range map[string]string{
		"empty":             "",
		"nonsense":          "abc",
		"three dots":        "...",
		"huge":              strings.Repeat("a", 10_000),
		"no signature":      sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil),
		"HS512":             sign(jwt.SigningMethodHS512, key, nil),
		"HS384":             sign(jwt.SigningMethodHS384, key, nil),
		"another key":       sign(jwt.SigningMethodHS256, []byte(strings.Repeat("x", 32)), nil),
		"another payload":   parts[0] + "." + admin + "." + parts[2],
		"signature cut":     parts[0] + "." + parts[1] + ".",
		"padded":            hs256(nil) + "=",
		"no expiry":         without("exp"),
		"no issue time":     without("iat"),
		"no id":             without("jti"),
		"no subject":        without("sub"),
		"no issuer":         without("iss"),
		"no audience":       without("aud"),
		"another issuer":    with("iss", "other"),
		"another audience":  with("aud", "other-api"),
		"from the future":   with("iat", now.Add(time.Hour).Unix()),
		"not yet":           with("nbf", now.Add(time.Hour).Unix()),
		"odd subject":       with("sub", "lena"),
		"subject in braces": with("sub", "{"+lena.String()+"}"),
		"expired, forged":   sign(jwt.SigningMethodHS256, []byte(strings.Repeat("x", 32)), func(c jwt.MapClaims) { c["exp"] = 1 }),
		"expired, foreign":  hs256(func(c jwt.MapClaims) { c["exp"], c["iss"] = 1, "other" }),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := a.Verify(t.Context(), raw)
			require.ErrorIs(t, err, ErrMalformed)
			assert.NotErrorIs(t, err, ErrExpired)
		})
	}
	assert.Zero(t, source.reads.Load(), "no forged token reaches the database")
}

func TestRoleAndActivityComeFromTheAccount(t *testing.T) {
	a, source, clock := authority(t)
	token := issue(t, a, lena, time.Hour)
	verify := func() (Principal, error) { return a.Verify(t.Context(), token.Raw) }
	_, err := verify()
	require.NoError(t, err)
	_, err = verify()
	require.NoError(t, err)
	assert.EqualValues(t, 1, source.reads.Load(), "remembered")

	source.set(lena, Account{enums.RoleAdvisor, true})
	clock.advance(AccountTTL)
	p, err := verify()
	require.NoError(t, err)
	assert.Equal(t, enums.RoleAdvisor, p.Viewer.Role)

	source.set(lena, Account{enums.RoleAdvisor, false})
	a.Forget(lena)
	_, err = verify()
	require.ErrorIs(t, err, ErrInactive, "at once for whoever made the change")
	assert.LessOrEqual(t, AccountTTL, 30*time.Second)
}

func TestUnknownAccountIsNotRemembered(t *testing.T) {
	a, source, _ := authority(t)
	arno := uuid.New()
	token := issue(t, a, arno, time.Hour)
	_, err := a.Verify(t.Context(), token.Raw)
	require.ErrorIs(t, err, ErrUnknownAccount)
	source.set(arno, Account{enums.RoleAdvisor, true})
	_, err = a.Verify(t.Context(), token.Raw)
	require.NoError(t, err)
}

func TestFailedLookUpIsNotARefusal(t *testing.T) {
	a, source, _ := authority(t)
	token := issue(t, a, lena, time.Hour)
	source.err = errors.New("connection refused")
	_, err := a.Verify(t.Context(), token.Raw)
	require.Error(t, err)
	assert.False(t, Refused(err))
	source.err = nil
	_, err = a.Verify(t.Context(), token.Raw)
	require.NoError(t, err)
}

// What was read before a change must not be remembered after it.
func TestForgetDuringALookUp(t *testing.T) {
	a, source, _ := authority(t)
	token := issue(t, a, lena, time.Hour)
	reading, read := make(chan struct{}), make(chan struct{})
	source.before = func() { close(reading); <-read }
	done := make(chan error)
	go func() {
		_, err := a.Verify(context.Background(), token.Raw)
		done <- err
	}()
	<-reading // it has read that the account is active
	source.mu.Lock()
	source.before = nil
	source.mu.Unlock()
	source.set(lena, Account{enums.RoleLearner, false})
	a.Forget(lena)
	_, err := a.Verify(t.Context(), token.Raw)
	require.ErrorIs(t, err, ErrInactive)
	close(read)
	require.NoError(t, <-done, "it had asked before the change")
	_, err = a.Verify(t.Context(), token.Raw)
	require.ErrorIs(t, err, ErrInactive, "and did not spoil the memory")
}

func TestCallersShareALookUp(t *testing.T) {
	a, source, _ := authority(t)
	token := issue(t, a, lena, time.Hour)
	reading, read := make(chan struct{}), make(chan struct{})
	source.before = func() { close(reading); <-read }
	first, leave := context.WithCancel(t.Context())
	left := make(chan error)
	go func() { _, err := a.Verify(first, token.Raw); left <- err }()
	<-reading
	others := make(chan error)
	for range 8 {
		go func() { _, err := a.Verify(context.Background(), token.Raw); others <- err }()
	}
	leave()
	require.ErrorIs(t, <-left, context.Canceled)
	close(read)
	for range 8 {
		assert.NoError(t, <-others, "whoever leaves does not take the others along")
	}
	assert.EqualValues(t, 1, source.reads.Load())
}

func TestMemoryIsBounded(t *testing.T) {
	source := &people{accounts: map[uuid.UUID]Account{}}
	time := &clock{}
	c := newCache(source, time.now)
	for range maxCached + 10 {
		id := uuid.New()
		source.set(id, Account{enums.RoleLearner, true})
		_, err := c.get(t.Context(), id)
		require.NoError(t, err)
	}
	assert.Len(t, c.entries, maxCached)
	time.advance(AccountTTL)
	id := uuid.New()
	source.set(id, Account{enums.RoleLearner, true})
	_, err := c.get(t.Context(), id)
	require.NoError(t, err)
	assert.Len(t, c.entries, 1, "the old ones make room")
}

func TestSQLAccounts(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t).DB(t)
	_, err := db.ExecContext(t.Context(),
		"INSERT INTO users (id, created_at, name, email, role, active) VALUES ($1, now(), 'Lena', 'lena@example.org', 'ADVISOR', false)", lena)
	require.NoError(t, err)
	accounts := SQLAccounts(db)
	got, err := accounts.Account(t.Context(), lena)
	require.NoError(t, err)
	assert.Equal(t, Account{enums.RoleAdvisor, false}, got)
	_, err = accounts.Account(t.Context(), uuid.New())
	require.ErrorIs(t, err, ErrUnknownAccount)
	require.NoError(t, db.Close())
	_, err = accounts.Account(t.Context(), lena)
	require.Error(t, err)
	assert.False(t, Refused(err))
}
