package people_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"entgo.io/ent/privacy"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/internal/bypass"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/internal/people"
	"github.com/rubrica/rubrica/internal/pgtest"
	"github.com/rubrica/rubrica/internal/problem"
	"github.com/rubrica/rubrica/internal/server"
	"github.com/rubrica/rubrica/internal/viewer"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// setup gives the service, and a context in which an admin acts for the request "req-1".
func setup(t *testing.T) (*people.Service, *database.DB, context.Context, uuid.UUID) {
	t.Helper()
	db, err := database.Open(t.Context(), pgtest.New(t).URL(), database.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	admin, err := db.Ent.User.Create().SetName("Admin").SetEmail("admin@example.org").SetRole(enums.RoleAdmin).Save(bypass.Context(t.Context()))
	require.NoError(t, err)
	ctx := viewer.NewContext(t.Context(), viewer.Viewer{ID: admin.ID, Role: enums.RoleAdmin})
	return people.New(db), db, server.WithRequestID(ctx, "req-1"), admin.ID
}

func requireProblem(t *testing.T, err error, field string, code problem.Code) {
	t.Helper()
	var p *problem.Problem
	require.ErrorAs(t, err, &p)
	require.Equal(t, field, p.Field)
	require.Equal(t, code, p.Code)
}

func trail(ctx context.Context, t *testing.T, db *database.DB) []*ent.AuditEvent {
	t.Helper()
	list, err := db.Ent.AuditEvent.Query().Order(ent.Asc("created_at", "id")).All(ctx)
	require.NoError(t, err)
	return list
}

func TestEveryChangeLeavesATrail(t *testing.T) {
	t.Parallel()
	s, db, ctx, admin := setup(t)
	u, err := s.CreateUser(ctx, "  Lena Łukasz ", " Lena@Example.org ", enums.RoleLearner)
	require.NoError(t, err)
	require.Equal(t, "Lena Łukasz", u.Name)
	require.Equal(t, "lena@example.org", u.Email)
	require.True(t, u.Active)
	c, err := s.CreateCohort(ctx, "autumn-1", "Autumn", nil)
	require.NoError(t, err)
	_, m, err := s.SetMember(ctx, c.ID, u.ID, enums.MemberLearner)
	require.NoError(t, err)
	_, again, err := s.SetMember(ctx, c.ID, u.ID, enums.MemberLearner)
	require.NoError(t, err)
	require.Equal(t, m.ID, again.ID, "set again, and not a second time in")
	_, gone, err := s.RemoveMember(ctx, c.ID, u.ID)
	require.NoError(t, err)
	require.Equal(t, m.ID, gone.ID)
	_, _, err = s.RemoveMember(ctx, c.ID, u.ID)
	requireProblem(t, err, "userId", problem.NotFound)

	var actions []enums.AuditAction
	for _, e := range trail(ctx, t, db) {
		actions = append(actions, e.Action)
		require.Equal(t, admin, *e.ActorID)
		require.Equal(t, "req-1", e.RequestID)
		require.NotNil(t, e.TargetID)
	}
	require.Equal(t, []enums.AuditAction{enums.AuditUserCreate, enums.AuditCohortCreate, enums.AuditCohortMemberSet, enums.AuditCohortMemberSet, enums.AuditCohortMemberRemove}, actions)
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	s, db, ctx, _ := setup(t)
	u, err := s.CreateUser(ctx, strings.Repeat("ł", 128), "taken@example.org", enums.RoleLearner)
	require.NoError(t, err, "128 characters, whatever their bytes")
	c, err := s.CreateCohort(ctx, "taken", strings.Repeat("ł", 128), nil)
	require.NoError(t, err)
	before := len(trail(ctx, t, db))

	for name, c := range map[string]struct{ name, email, field string }{
		"no name":     {"", "a@example.org", "name"},
		"white space": {" \t", "a@example.org", "name"},
		"long name":   {strings.Repeat("x", 129), "a@example.org", "name"},
		"NUL":         {"a\x00", "a@example.org", "name"},
		"no UTF-8":    {"\xff", "a@example.org", "name"},
		"no address":  {"A", "", "email"},
		"no at":       {"A", "example.org", "email"},
		"with a name": {"A", "A <a@example.org>", "email"},
		"two":         {"A", "a@example.org, b@example.org", "email"},
		"long":        {"A", strings.Repeat("a", 250) + "@example.org", "email"},
		"NUL in it":   {"A", "a\x00@example.org", "email"},
		"not UTF-8":   {"A", "a\xff@example.org", "email"},
	} {
		_, err := s.CreateUser(ctx, c.name, c.email, enums.RoleLearner)
		require.Error(t, err, name)
		requireProblem(t, err, c.field, problem.Invalid)
	}
	_, err = s.CreateUser(ctx, "A", "TAKEN@example.org", enums.RoleAdmin)
	requireProblem(t, err, "email", problem.Conflict)
	for _, slug := range []string{"", "A", "a b", "-a", "a-", "a--b", "ä", strings.Repeat("a", 65), "a\n"} {
		_, err := s.CreateCohort(ctx, slug, "Name", nil)
		requireProblem(t, err, "slug", problem.Invalid)
	}
	_, err = s.CreateCohort(ctx, "taken", "Name", nil)
	requireProblem(t, err, "slug", problem.Conflict)
	track := uuid.New()
	_, err = s.CreateCohort(ctx, "free", "Name", &track)
	requireProblem(t, err, "trackId", problem.NotFound)
	_, _, err = s.SetMember(ctx, uuid.New(), u.ID, enums.MemberLearner)
	requireProblem(t, err, "cohortId", problem.NotFound)
	_, _, err = s.SetMember(ctx, c.ID, uuid.New(), enums.MemberLearner)
	requireProblem(t, err, "userId", problem.NotFound)
	_, _, err = s.SetMember(ctx, c.ID, u.ID, enums.MemberAdvisor)
	requireProblem(t, err, "role", problem.WrongState)
	require.Len(t, trail(ctx, t, db), before, "what was not done leaves no trail")
}

func TestOnlyAdminsManage(t *testing.T) {
	t.Parallel()
	s, db, admin, _ := setup(t)
	u, err := s.CreateUser(admin, "Arno", "arno@example.org", enums.RoleAdvisor)
	require.NoError(t, err)
	c, err := s.CreateCohort(admin, "autumn", "Autumn", nil)
	require.NoError(t, err)
	_, _, err = s.SetMember(admin, c.ID, u.ID, enums.MemberAdvisor)
	require.NoError(t, err)
	before := len(trail(admin, t, db))
	for _, role := range []enums.Role{enums.RoleLearner, enums.RoleAdvisor} {
		ctx := viewer.NewContext(t.Context(), viewer.Viewer{ID: u.ID, Role: role})
		_, err := s.CreateUser(ctx, "X", "x@example.org", enums.RoleAdmin)
		require.ErrorIs(t, err, privacy.Deny)
		_, err = s.CreateCohort(ctx, "x", "X", nil)
		require.ErrorIs(t, err, privacy.Deny)
		_, _, err = s.SetMember(ctx, c.ID, u.ID, enums.MemberLearner)
		require.ErrorIs(t, err, privacy.Deny)
		_, _, err = s.RemoveMember(ctx, c.ID, u.ID)
		require.ErrorIs(t, err, privacy.Deny)
	}
	require.Len(t, trail(admin, t, db), before)
}

func TestTheSameAddressAtOnce(t *testing.T) {
	t.Parallel()
	s, db, ctx, _ := setup(t)
	const n = 4
	var errs [n]error
	var g sync.WaitGroup
	for i := range n {
		g.Go(func() { _, errs[i] = s.CreateUser(ctx, "A", "a@example.org", enums.RoleLearner) })
	}
	g.Wait()
	made := 0
	for _, err := range errs {
		if err == nil {
			made++
			continue
		}
		requireProblem(t, err, "email", problem.Conflict)
	}
	require.Equal(t, 1, made)
	require.Len(t, trail(ctx, t, db), 1)
}
