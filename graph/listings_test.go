package graph_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/internal/bypass"
	"github.com/rubrica/rubrica/internal/globalid"
	"github.com/rubrica/rubrica/internal/seeding"
)

// listing is a list of the API in one order, and the SQL that says what it has to be.
type listing struct {
	path   string // a field of Query, or Type.field below a node
	parent string // global id of that node
	field  string // of orderBy; empty where the list has one order
	desc   bool
	table  string
	id     string // the rows' id in SQL; id when empty
	where  string // of the rows; $1 is the parent's key
	key    string // the order's column
	filter string // such as filter: {active: true}
}

func (l listing) String() string {
	if l.field == "" {
		return l.path
	}
	return l.path + " " + l.field + " " + l.direction()
}

func (l listing) idColumn() string {
	if l.id == "" {
		return "id"
	}
	return l.id
}

func (l listing) direction() string {
	if l.desc {
		return "DESC"
	}
	return "ASC"
}

// query asks for the list with a selection on the connection, and says where it is in the answer.
func (l listing) query(selection string) (query string, steps []any) {
	args := `first: $first, after: $after, last: $last, before: $before`
	if l.field != "" {
		args += fmt.Sprintf(", orderBy: {field: %s, direction: %s}", l.field, l.direction())
	}
	if l.filter != "" {
		args += ", " + l.filter
	}
	const variables = "$first: Int, $after: String, $last: Int, $before: String"
	if typ, name, below := strings.Cut(l.path, "."); below {
		return fmt.Sprintf(`query($id: ID!, %s) { node(id: $id) { ... on %s { %s(%s) { %s } } } }`, variables, typ, name, args, selection),
			[]any{"node", name}
	}
	return fmt.Sprintf(`query(%s) { %s(%s) { %s } }`, variables, l.path, args, selection), []any{l.path}
}

func (l listing) vars(v vars) vars {
	if l.parent != "" {
		v["id"] = l.parent
	}
	return v
}

// walk reads a whole list in pages and returns its ids in the list's order. It calls between, if any,
// between two pages.
func (w *world) walk(t *testing.T, person string, l listing, size int, backward bool, between func()) []string {
	t.Helper()
	query, steps := l.query(`edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount`)
	var ids []string
	var cursor any
	for page := 0; ; page++ {
		require.Less(t, page, 1000, "%s does not end", l)
		v := vars{"first": size, "after": cursor}
		if backward {
			v = vars{"last": size, "before": cursor}
		}
		a := w.ok(t, person, query, l.vars(v))
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
			more, next = info["hasPreviousPage"], info["startCursor"]
			ids = slices.Concat(got, ids)
		} else {
			ids = slices.Concat(ids, got)
		}
		if more != true {
			if between == nil {
				require.EqualValues(t, len(ids), a.at(append(steps, "totalCount")...), "%s", l)
			}
			return ids
		}
		require.Len(t, got, size, "only the last page is shorter")
		cursor = next
		if between != nil {
			between()
		}
	}
}

// want is the list as Postgres orders it, in one piece.
func (w *world) want(t *testing.T, l listing) (ids []string) {
	t.Helper()
	var args []any
	if l.parent != "" {
		_, key, err := globalid.Decode(l.parent)
		require.NoError(t, err)
		args = append(args, key)
	}
	where := ""
	if l.where != "" {
		where = " WHERE " + l.where
	}
	rows, err := w.db.SQL.QueryContext(t.Context(), fmt.Sprintf(`SELECT %s FROM %s%s ORDER BY %s %s NULLS LAST, id %[5]s`,
		l.idColumn(), l.table, where, l.key, l.direction()), args...)
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	for rows.Next() {
		var id uuid.UUID
		require.NoError(t, rows.Scan(&id))
		ids = append(ids, id.String())
	}
	require.NoError(t, rows.Err())
	return ids
}

// keysOf takes the kinds off global ids.
func keysOf(t *testing.T, ids []string) (keys []string) {
	t.Helper()
	for _, id := range ids {
		_, key, err := globalid.Decode(id)
		require.NoError(t, err)
		keys = append(keys, key.String())
	}
	return keys
}

// lists is a world with awkward rows in every list.
type lists struct {
	*world
	random                      *rand.Rand
	essay, cohort, track, owner uuid.UUID
	question                    uuid.UUID
	runs, versions              int
}

func newLists(t *testing.T, seed uint64) *lists {
	t.Helper()
	w := newWorld(t)
	s := w.essays(t, lena, 1)[0]
	first := w.catalog.Tracks[0]
	f := &lists{
		world: w, random: rand.New(rand.NewPCG(seed, 1)), //nolint:gosec // which rows tie is no secret
		essay: s.ids["essay"], cohort: seeding.CohortID("data-spring"), track: seeding.TrackID(first.Slug),
		owner: seeding.UserID(omar), question: seeding.QuestionID(first.Slug, first.Questions[0].Slug), runs: 1, versions: 1,
	}
	w.rescoring(t)
	w.calibrationIn(t, 1, enums.CalibrationReady)
	w.interaction(t, omar, 0, enums.InteractionSaved)
	require.NoError(t, w.db.Ent.AuditEvent.Create().SetAction(enums.AuditEssayRetry).SetTargetType(enums.TargetEssay).
		SetDetail(map[string]string{}).Exec(bypass.Context(t.Context())))
	return f
}

// all is every list of the API in every order that it has.
func (f *lists) all() (out []listing) {
	fixed := []listing{
		{path: "tracks", table: "tracks", where: "active", key: "title"},
		{path: "cohorts", table: "cohorts", key: "name"},
		{path: "jobs", table: "river_job", id: "lpad(to_hex(id), 32, '0')::uuid", key: "id", desc: true},
		{path: "rescorings", table: "rescorings", key: "created_at", desc: true},
		{path: "auditEvents", table: "audit_events", key: "created_at", desc: true},
		{path: "Essay.runs", parent: globalid.Encode("essay", f.essay), table: "scoring_runs", where: "essay_id = $1", key: "number", desc: true},
		{path: "Track.questions", parent: globalid.Encode("track", f.track), table: "questions", where: "track_id = $1 AND active", key: "position"},
		{path: "Question.calibrations", parent: globalid.Encode("question", f.question), table: "calibrations", where: "question_id = $1", key: "version", desc: true},
		{path: "Cohort.members", parent: globalid.Encode("cohort", f.cohort), table: "memberships", where: "cohort_id = $1", key: "created_at"},
		{path: "User.essays", parent: globalid.Encode("user", f.owner), table: "essays", where: "owner_id = $1", key: "created_at", desc: true},
	}
	fixed = append(fixed,
		listing{path: "skills", table: "skills", key: "name"},
		listing{path: "User.interactions", parent: globalid.Encode("user", f.owner), table: "interactions", where: "owner_id = $1", key: "last_at", desc: true},
		listing{path: "User.recommendationLists", parent: globalid.Encode("user", f.owner), table: "recommendation_lists", where: "owner_id = $1", key: "created_at", desc: true})
	out = append(out, fixed...)
	for _, l := range []listing{
		{path: "essays", field: "SUBMITTED_AT", table: "essays", key: "created_at"},
		{path: "essays", field: "OVERALL_PERCENT", table: "essays", key: "overall_percent"},
		{path: "credentials", field: "TITLE", table: "credentials", where: "active", key: "title"},
		{path: "credentials", field: "PROVIDER", table: "credentials", where: "active", key: "provider"},
		{path: "users", field: "NAME", table: "users", key: "name"},
		{path: "users", field: "CREATED_AT", table: "users", key: "created_at"},
	} {
		up, down := l, l
		down.desc = true
		out = append(out, up, down)
	}
	return out
}

// pick is a random element: of few, so that many rows share it.
func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

func (f *lists) text() string {
	return pick(f.random, "", " ", "a", "A", "á", "a\u0301", "ä", "Ä", "b", "Z", "z", "ß", "ss", "日本", "🎓", "%_\\'\"")
}

func (f *lists) moment() time.Time {
	return pick(f.random, epoch, epoch, epoch.Add(time.Microsecond), epoch.Add(-time.Microsecond), time.UnixMicro(0), time.UnixMicro(-1))
}

func (f *lists) percent() *float64 {
	v := pick(f.random, math.NaN(), 0, 0, math.Copysign(0, -1), 0.1, 62.5, 100, math.SmallestNonzeroFloat64, math.MaxFloat64, -math.MaxFloat64)
	if math.IsNaN(v) {
		return nil
	}
	return &v
}

// insert adds a row to a list: a copy of one that is there, with a random order key.
func (f *lists) insert(t *testing.T, table string) (id uuid.UUID) {
	t.Helper()
	if table == "river_job" {
		require.NoError(t, f.db.SQL.QueryRowContext(t.Context(), `INSERT INTO river_job (kind, args, max_attempts, state, finalized_at)
			VALUES ('refresh_index', '{}', 1, 'completed', now()) RETURNING lpad(to_hex(id), 32, '0')::uuid`).Scan(&id))
		return id
	}
	id = uuid.New() // not in the order of time, as our own ids are
	row := map[string]any{"id": id}
	unique := strings.ReplaceAll(id.String(), "-", "")
	switch table {
	case "tracks":
		row["slug"], row["title"], row["active"] = unique, f.text(), f.random.IntN(4) > 0
	case "skills":
		row["slug"], row["name"] = unique, f.text()
	case "cohorts":
		row["slug"], row["name"] = unique, f.text()
	case "users":
		row["name"], row["email"], row["created_at"] = f.text(), unique+"@example.org", f.moment()
	case "credentials":
		row["slug"], row["title"], row["provider"], row["active"] = unique, f.text(), f.text(), f.random.IntN(4) > 0
	case "audit_events", "rescorings":
		row["created_at"] = f.moment()
	case "essays":
		row["owner_id"], row["question_id"], row["created_at"] = f.owner, f.question, f.moment()
	case "questions":
		row["track_id"], row["slug"], row["position"], row["active"] = f.track, unique, pick(f.random, 0, 1, 2), f.random.IntN(4) > 0
	case "interactions":
		row["owner_id"], row["credential_id"], row["last_at"] = f.owner, f.insert(t, "credentials"), f.moment()
	case "recommendation_lists":
		f.runs++
		row["owner_id"], row["number"], row["created_at"] = f.owner, f.runs, f.moment()
	case "memberships":
		row["cohort_id"], row["user_id"], row["created_at"] = f.cohort, f.insert(t, "users"), f.moment()
	case "calibrations":
		f.versions++
		row["question_id"], row["version"] = f.question, f.versions
	case "scoring_runs":
		f.runs++
		row["essay_id"], row["number"] = f.essay, f.runs
	}
	changes, err := json.Marshal(row)
	require.NoError(t, err)
	f.exec(t, `INSERT INTO `+table+` SELECT (jsonb_populate_record(NULL::`+table+`, to_jsonb(r) || $1)).* FROM (SELECT * FROM `+table+` LIMIT 1) r`, string(changes))
	if table == "essays" {
		f.exec(t, `UPDATE essays SET overall_percent = $2 WHERE id = $1`, id, f.percent())
	}
	return id
}

func (w *world) exec(t *testing.T, query string, args ...any) {
	t.Helper()
	_, err := w.db.SQL.ExecContext(t.Context(), query, args...)
	require.NoError(t, err)
}
