package graph_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/internal/bypass"
	"github.com/rubrica/rubrica/internal/globalid"
	"github.com/rubrica/rubrica/internal/seeding"
)

// connectionQuery asks for a connection by its path: "essays", or "node:Cohort.members" below a node.
func connectionQuery(path, args string) (query string, steps []any) {
	const body = `{ edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount }`
	if field, ok := strings.CutPrefix(path, "node:"); ok {
		typ, name, _ := strings.Cut(field, ".")
		return fmt.Sprintf(`query($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {
			node(id: $id) { ... on %s { %s(%s) %s } } }`, typ, name, args, body), []any{"node", name}
	}
	return fmt.Sprintf(`query($first: Int, $after: String, $last: Int, $before: String) { %s(%s) %s }`, path, args, body), []any{path}
}

const cursorArgs = `first: $first, after: $after, last: $last, before: $before`

// walkPages reads a whole list in pages and returns its ids, in the order of the list.
func (w *world) walkPages(t *testing.T, person, path, id string, size int, backward bool) []string {
	t.Helper()
	query, steps := connectionQuery(path, cursorArgs)
	var ids []string
	var cursor any
	for page := 0; ; page++ {
		require.Less(t, page, 300, "%s does not end", path)
		v := vars{"id": id, "first": size, "after": cursor}
		if backward {
			v = vars{"id": id, "last": size, "before": cursor}
		}
		if id == "" {
			delete(v, "id")
		}
		a := w.ok(t, person, query, v)
		edges := list(a.at(append(steps, "edges")...))
		info, _ := a.at(append(steps, "pageInfo")...).(map[string]any)
		var got []string
		for i, e := range edges {
			e, _ := e.(map[string]any)
			node, _ := e["node"].(map[string]any)
			got = append(got, node["id"].(string))
			if i == 0 {
				require.Equal(t, e["cursor"], info["startCursor"])
			}
			if i == len(edges)-1 {
				require.Equal(t, e["cursor"], info["endCursor"])
			}
		}
		more, next := info["hasNextPage"], info["endCursor"]
		if backward {
			slices.Reverse(got)
			more, next = info["hasPreviousPage"], info["startCursor"]
		}
		ids = append(ids, got...)
		if more != true {
			require.EqualValues(t, len(ids), a.at(append(steps, "totalCount")...), path)
			break
		}
		require.Len(t, got, size, "only the last page is shorter")
		cursor = next
	}
	if backward {
		slices.Reverse(ids)
	}
	return ids
}

// manyRows fills the lists with rows many of which have the same order key.
func (w *world) manyRows(t *testing.T) (essay, cohort string) {
	t.Helper()
	ctx := bypass.Context(t.Context())
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // which rows tie is no secret
	question := w.catalog.Tracks[0].Questions[0].Slug
	track := w.catalog.Tracks[0].Slug
	var essays []*ent.EssayCreate
	for range 57 {
		at := epoch.Add(time.Duration(random.IntN(5)) * time.Microsecond)
		essays = append(essays, w.db.Ent.Essay.Create().SetOwnerID(seeding.UserID(omar)).SetText("x").SetWords(1).
			SetBodyHash([]byte{1}).SetQuestionID(seeding.QuestionID(track, question)).SetCreatedAt(at))
	}
	require.NoError(t, w.db.Ent.Essay.CreateBulk(essays...).Exec(ctx))
	s := w.essays(t, lena, 1)[0]
	first, err := w.db.Ent.ScoringRun.Get(ctx, s.ids["scoring_run"])
	require.NoError(t, err)
	var runs []*ent.ScoringRunCreate
	for i := range 9 {
		runs = append(runs, w.db.Ent.ScoringRun.Create().SetEssayID(first.EssayID).SetOwnerID(first.OwnerID).SetRubricID(first.RubricID).
			SetTrackID(first.TrackID).SetNumber(i+2).SetKind(enums.RunRescore).SetSeq(int64(i+8)).SetStage(enums.StageFailed))
	}
	require.NoError(t, w.db.Ent.ScoringRun.CreateBulk(runs...).Exec(ctx))
	cohort = globalid.Encode("cohort", seeding.CohortID("data-spring"))
	for i := range 17 {
		u, err := w.db.Ent.User.Create().SetName(fmt.Sprint("Same ", i%3)).SetEmail(fmt.Sprintf("m%d@example.org", i)).Save(ctx)
		require.NoError(t, err)
		require.NoError(t, w.db.Ent.Membership.Create().SetCohortID(seeding.CohortID("data-spring")).SetUserID(u.ID).
			SetRole(enums.MemberLearner).SetCreatedAt(epoch.Add(time.Duration(i%2)*time.Microsecond)).Exec(ctx))
	}
	for i := range 8 {
		require.NoError(t, w.db.Ent.Cohort.Create().SetSlug(fmt.Sprint("c", i)).SetName("The same name").Exec(ctx))
		require.NoError(t, w.db.Ent.AuditEvent.Create().SetAction(enums.AuditEssayRetry).SetTargetType(enums.TargetEssay).SetDetail(map[string]string{}).SetCreatedAt(epoch).Exec(ctx))
	}
	return s.id("essay"), cohort
}

func TestPagesVisitEachRowOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	essay, cohort := w.manyRows(t)
	track := globalid.Encode("track", seeding.TrackID(w.catalog.Tracks[0].Slug))
	for _, c := range []struct {
		path, id, table, order string
	}{
		{"essays", "", "essays", "created_at DESC, id DESC"},
		{"credentials", "", "credentials WHERE active", "title, id"},
		{"cohorts", "", "cohorts", "name, id"},
		{"users", "", "users", "name, id"},
		{"tracks", "", "tracks WHERE active", "title, id"},
		{"auditEvents", "", "audit_events", "created_at DESC, id DESC"},
		{"node:Essay.runs", essay, "scoring_runs WHERE essay_id = $1", "number DESC, id DESC"},
		{"node:Cohort.members", cohort, "memberships WHERE cohort_id = $1", "created_at, id"},
		{"node:Track.questions", track, "questions WHERE track_id = $1", "position, id"},
	} {
		t.Run(c.path, func(t *testing.T) {
			t.Parallel()
			want := w.idsOf(t, c.table, c.order, c.id)
			for _, size := range []int{1, 2, 7, 100} {
				if size == 1 && len(want) > 60 {
					continue // a hundred requests tell nothing more
				}
				for _, backward := range []bool{false, true} {
					got := w.walkPages(t, ada, c.path, c.id, size, backward)
					for i, id := range got {
						_, key, err := globalid.Decode(id)
						require.NoError(t, err)
						got[i] = key.String()
					}
					require.Equal(t, want, got, "pages of %d, backward: %t", size, backward)
				}
			}
		})
	}
}

func (w *world) idsOf(t *testing.T, table, order, parent string) (ids []string) {
	t.Helper()
	var args []any
	if parent != "" {
		_, key, err := globalid.Decode(parent)
		require.NoError(t, err)
		args = append(args, key)
	}
	rows, err := w.db.SQL.QueryContext(t.Context(), "SELECT id FROM "+table+" ORDER BY "+order, args...)
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	for rows.Next() {
		var id uuid.UUID
		require.NoError(t, rows.Scan(&id))
		ids = append(ids, id.String())
	}
	require.NoError(t, rows.Err())
	require.NotEmpty(t, ids)
	return ids
}

// Pages below an object are full although there are rows between that the viewer may not see, or that
// are no longer active.
func TestPagesHoldOnlyWhatMayBeSeen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cohort := globalid.Encode("cohort", seeding.CohortID("backend-autumn"))
	for _, person := range []string{"lena", "priya", "tomasz"} {
		for _, backward := range []bool{false, true} {
			require.Len(t, w.walkPages(t, person, "node:Cohort.members", cohort, 1, backward), 1, person)
		}
	}
	require.Len(t, w.walkPages(t, arno, "node:Cohort.members", cohort, 2, false), 4)

	track := globalid.Encode("track", seeding.TrackID(w.catalog.Tracks[0].Slug))
	all := w.walkPages(t, lena, "node:Track.questions", track, 100, false)
	_, err := w.db.SQL.ExecContext(t.Context(), `UPDATE questions SET active = false WHERE track_id = $1 AND position <= 1`,
		seeding.TrackID(w.catalog.Tracks[0].Slug))
	require.NoError(t, err)
	require.Equal(t, all[2:], w.walkPages(t, lena, "node:Track.questions", track, 1, false))
	require.Equal(t, all[2:], w.walkPages(t, lena, "node:Track.questions", track, 2, true))
}

func TestPageArguments(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	essay := w.essays(t, lena, 1)[0].id("essay")
	const required, bad = "PAGINATION_REQUIRED", "BAD_CURSOR"
	for args, want := range map[string]string{
		``:                               required,
		`first: 2, last: 2`:              required,
		`first: 0`:                       required,
		`first: 101`:                     required,
		`first: -1`:                      required,
		`last: 0`:                        required,
		`last: 101`:                      required,
		`after: "x"`:                     required,
		`first: 1, after: ""`:            bad,
		`first: 1, after: "x"`:           bad,
		`last: 1, before: "bm9uc2Vuc2U"`: bad,
		`last: 1, before: "e30"`:         bad,
	} {
		for _, path := range []string{"essays", "tracks", "credentials", "cohorts", "users", "auditEvents"} {
			query := fmt.Sprintf(`{ %s(%s) { pageInfo { hasNextPage } } }`, path, args)
			if args == "" {
				query = fmt.Sprintf(`{ %s { pageInfo { hasNextPage } } }`, path)
			}
			a := w.ask(t, ada, query, nil)
			require.Equal(t, []string{want}, a.codes(), query)
			requireStatements(t, 0, a)
		}
		if args != "" {
			args = "(" + args + ")"
		}
		a := w.ask(t, lena, fmt.Sprintf(`query($id: ID!) { essay(id: $id) { runs%s { totalCount edges { node { id } } } } }`, args), vars{"id": essay})
		require.Equal(t, []string{want}, a.codes(), args)
		requireStatements(t, 1, a) // the essay's
	}
}

func TestCursorsBelongToTheirList(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.essays(t, lena, 2)
	cursor, _ := w.ok(t, lena, `{ essays(first: 1) { pageInfo { endCursor } } }`, nil).at("essays", "pageInfo", "endCursor").(string)
	require.NotEmpty(t, cursor)
	for _, field := range []string{
		`credentials(first: 1, after: $c)`, `users(first: 1, after: $c)`, `tracks(last: 1, before: $c)`,
		`essays(first: 1, after: $c, filter: {stage: COMPLETED})`, `essays(first: 1, after: $c, filter: {})`,
	} {
		a := w.ask(t, lena, `query($c: String) { `+field+` { totalCount } }`, vars{"c": cursor})
		require.Equal(t, []string{"BAD_CURSOR"}, a.codes(), field)
		requireStatements(t, 0, a)
	}
	for i := range cursor {
		b := []byte(cursor)
		b[i] ^= 1
		if b[i] == cursor[i] {
			continue
		}
		a := w.ask(t, lena, `query($c: String) { essays(first: 1, after: $c) { totalCount } }`, vars{"c": string(b)})
		require.Equal(t, []string{"BAD_CURSOR"}, a.codes(), "letter %d altered", i)
		requireStatements(t, 0, a)
	}
}
