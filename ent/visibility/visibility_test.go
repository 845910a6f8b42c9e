package visibility_test

import (
	"fmt"
	"slices"
	"testing"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/visibility"
	"github.com/rubrica/rubrica/internal/pgtest"
	"github.com/rubrica/rubrica/internal/viewer"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

type member struct {
	cohort, user int
	role         enums.MembershipRole
}

// The predicates are held against the sentences of their comments, on random memberships.
func TestPredicatesOnRandomMemberships(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t).DB(t)
	const people, cohorts = 6, 3
	users, groups := make([]uuid.UUID, people), make([]uuid.UUID, cohorts)
	for i := range users {
		users[i] = uuid.New()
		_, err := db.ExecContext(t.Context(), `INSERT INTO users (id, created_at, name, email, role) VALUES ($1, now(), 'x', $2, 'LEARNER')`, users[i], fmt.Sprint(i))
		require.NoError(t, err)
	}
	for i := range groups {
		groups[i] = uuid.New()
		_, err := db.ExecContext(t.Context(), `INSERT INTO cohorts (id, created_at, slug, name) VALUES ($1, now(), $2, 'x')`, groups[i], fmt.Sprint(i))
		require.NoError(t, err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		members := rapid.SliceOfNDistinct(rapid.Custom(func(rt *rapid.T) member {
			return member{
				rapid.IntRange(0, cohorts-1).Draw(rt, "cohort"), rapid.IntRange(0, people-1).Draw(rt, "user"),
				rapid.SampledFrom([]enums.MembershipRole{enums.MemberLearner, enums.MemberAdvisor}).Draw(rt, "role"),
			}
		}), 0, 8, func(m member) string { return fmt.Sprint(m.cohort, "/", m.user) }).Draw(rt, "members")
		_, err := db.ExecContext(t.Context(), `DELETE FROM memberships`)
		require.NoError(rt, err)
		for _, m := range members {
			_, err := db.ExecContext(t.Context(), `INSERT INTO memberships (id, created_at, cohort_id, user_id, role) VALUES (gen_random_uuid(), now(), $1, $2, $3)`,
				groups[m.cohort], users[m.user], string(m.role))
			require.NoError(rt, err)
		}
		me := rapid.IntRange(0, people-1).Draw(rt, "me")
		role := rapid.SampledFrom([]enums.Role{enums.RoleLearner, enums.RoleAdvisor, enums.RoleAdmin, "NONSENSE"}).Draw(rt, "my role")
		v := viewer.Viewer{ID: users[me], Role: role}

		in := func(cohort, user int, as ...enums.MembershipRole) bool {
			return slices.ContainsFunc(members, func(m member) bool {
				return m.cohort == cohort && m.user == user && (len(as) == 0 || slices.Contains(as, m.role))
			})
		}
		advised := func(user int, as ...enums.MembershipRole) bool {
			for c := range cohorts {
				if role == enums.RoleAdvisor && in(c, me, enums.MemberAdvisor) && in(c, user, as...) {
					return true
				}
			}
			return false
		}
		all := role == enums.RoleAdmin
		check := func(table string, of func(s *sql.Selector) *sql.Predicate, may func(i int) bool, ids []uuid.UUID) {
			s := sql.Dialect(dialect.Postgres).Select("id").From(sql.Table(table))
			if p := of(s); p != nil {
				s.Where(p)
			}
			text, args := s.Query()
			rows, err := db.QueryContext(t.Context(), text, args...)
			require.NoError(rt, err)
			defer func() { require.NoError(rt, rows.Close()) }()
			var got, want []uuid.UUID
			require.NoError(rt, sql.ScanSlice(rows, &got))
			for i, id := range ids {
				if may(i) {
					want = append(want, id)
				}
			}
			assert.ElementsMatch(rt, want, got, table)
		}
		check("users", func(s *sql.Selector) *sql.Predicate { return visibility.Owned(v, s.C("id")) },
			func(i int) bool { return all || i == me || advised(i, enums.MemberLearner) }, users)
		check("users", func(s *sql.Selector) *sql.Predicate { return visibility.Users(v, s.C("id")) },
			func(i int) bool { return all || i == me || advised(i) }, users)
		check("cohorts", func(s *sql.Selector) *sql.Predicate { return visibility.Cohorts(v, s.C("id")) },
			func(i int) bool { return all || in(i, me) }, groups)
		var seen int
		for _, m := range members {
			if all || m.user == me || role == enums.RoleAdvisor && in(m.cohort, me, enums.MemberAdvisor) {
				seen++
			}
		}
		s := sql.Dialect(dialect.Postgres).Select(sql.Count("*")).From(sql.Table("memberships"))
		if p := visibility.Memberships(v, s.C("cohort_id"), s.C("user_id")); p != nil {
			s.Where(p)
		}
		text, args := s.Query()
		var got int
		require.NoError(rt, db.QueryRowContext(t.Context(), text, args...).Scan(&got))
		require.Equal(rt, seen, got)
	})
}
