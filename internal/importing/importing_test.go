package importing_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"

	"entgo.io/ent/privacy"
	"github.com/google/uuid"
	"github.com/lib/pq"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/auditevent"
	"github.com/rubrica/rubrica/ent/credential"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/passage"
	"github.com/rubrica/rubrica/internal/bypass"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/internal/importing"
	"github.com/rubrica/rubrica/internal/pgtest"
	"github.com/rubrica/rubrica/internal/problem"
	"github.com/rubrica/rubrica/internal/viewer"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// world is a database with some skills and a track, and an admin.
type world struct {
	*importing.Service
	t         *testing.T
	db        *database.DB
	ctx       context.Context // of the admin
	track     uuid.UUID
	refreshed int
	broken    error // of the refresh
}

func setup(t *testing.T) *world {
	t.Helper()
	db, err := database.Open(t.Context(), pgtest.New(t).URL(), database.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	system := bypass.Context(t.Context())
	for _, s := range []struct {
		slug, name string
		synonyms   []string
	}{
		{"kubernetes", "Kubernetes", []string{"k8s", "orchestration"}},
		{"nodejs", "Node.js", []string{"node"}},
		{"sql", "SQL", nil},
		{"data-modelling", "Data modelling", []string{"orchestration"}},
	} {
		require.NoError(t, db.Ent.Skill.Create().SetSlug(s.slug).SetName(s.name).SetOnet("x").SetSynonyms(append(pq.StringArray{}, s.synonyms...)).Exec(system))
	}
	track, err := db.Ent.Track.Create().SetSlug("backend").SetTitle("Backend").SetSummary("x").SetOccupation("x").Save(system)
	require.NoError(t, err)
	admin, err := db.Ent.User.Create().SetName("Admin").SetEmail("admin@example.org").SetRole(enums.RoleAdmin).Save(system)
	require.NoError(t, err)
	w := &world{t: t, db: db, track: track.ID, ctx: viewer.NewContext(t.Context(), viewer.Viewer{ID: admin.ID, Role: enums.RoleAdmin})}
	w.Service = importing.New(db, func(context.Context) error { w.refreshed++; return w.broken }, slog.New(slog.DiscardHandler))
	return w
}

// take imports a file of which the kind follows from the name.
func (w *world) take(name, content string, with ...func(*importing.Request)) (*importing.Report, error) {
	in := importing.Request{Kind: importing.Credentials, Name: name, Content: strings.NewReader(content)}
	for _, f := range with {
		f(&in)
	}
	return w.Import(w.ctx, in)
}

func (w *world) must(name, content string, with ...func(*importing.Request)) *importing.Report {
	w.t.Helper()
	r, err := w.take(name, content, with...)
	require.NoError(w.t, err)
	return r
}

// one is the credential of an external id.
func (w *world) one(id string) *ent.Credential {
	w.t.Helper()
	c, err := w.db.Ent.Credential.Query().Where(credential.ExternalID(id)).Only(w.ctx)
	require.NoError(w.t, err)
	return c
}

func ofTrack(in *importing.Request)    { in.Kind, in.Track = importing.Passages, "backend" }
func atomically(in *importing.Request) { in.Atomic = true }
func dry(in *importing.Request)        { in.DryRun = true }

// counts are taken, changed, unchanged and refused.
func counts(r *importing.Report) [4]int { return [4]int{r.Taken, r.Changed, r.Unchanged, r.Refused} }

const header = "external_id,title,provider,kind,level,hours,duration,price,teaches,requires,description,url,active\n"

func TestCredentialsOfATable(t *testing.T) {
	t.Parallel()
	w := setup(t)
	const file = "\xef\xbb\xbf" + header +
		"a1,Running   Kubernetes,Cloud School,course,Foundation,12.5,,free,k8s; SQL,Node.js,\"Two\r\nlines, one comma\",https://example.org/a,\n" +
		"a2,Running Kubernetes,Cloud School,CERTIFICATE,ADVANCED,,LONG,,sql,,,,no\n" +
		"a3,日本語,Cloud School,CERTIFICATION,INTERMEDIATE,40,MEDIUM,PAID,node,,,,true\n"
	r := w.must("credentials.csv", file)
	require.Equal(t, [4]int{3, 0, 0, 0}, counts(r))
	require.Equal(t, importing.CSV, r.Format)
	require.True(t, r.Written)
	require.Equal(t, 1, w.refreshed)

	a1 := w.one("a1")
	require.Equal(t, "running-kubernetes", a1.Slug)
	require.Equal(t, "Running Kubernetes", a1.Title)
	require.Equal(t, enums.DurationMedium, a1.Duration)
	require.InDelta(t, 12.5, *a1.Hours, 0)
	require.Equal(t, enums.PriceFree, a1.Price)
	require.Equal(t, pq.StringArray{"kubernetes", "sql"}, a1.Teaches)
	require.Equal(t, pq.StringArray{"nodejs"}, a1.Requires)
	require.Equal(t, "Two\nlines, one comma", a1.Description)
	require.Equal(t, "https://example.org/a", *a1.URL)
	require.True(t, a1.Active)
	a2 := w.one("a2")
	require.Regexp(t, `^running-kubernetes-[0-9a-f]{8}$`, a2.Slug, "of two with the same title")
	require.Nil(t, a2.Hours)
	require.Nil(t, a2.URL)
	require.Equal(t, enums.DurationLong, a2.Duration)
	require.Equal(t, enums.PriceUnknown, a2.Price)
	require.False(t, a2.Active)
	require.Regexp(t, `^credential-[0-9a-f]{8}$`, w.one("a3").Slug, "of a title without letters of ASCII")

	events, err := w.db.Ent.AuditEvent.Query().Where(auditevent.ActionEQ(enums.AuditCatalogueImport)).All(w.ctx)
	require.NoError(t, err)
	require.Len(t, events, 1)
	require.Nil(t, events[0].TargetID)
	require.Equal(t, map[string]string{"kind": "CREDENTIALS", "format": "CSV", "file": "credentials.csv", "taken": "3", "changed": "0", "unchanged": "0", "refused": "0"}, events[0].Detail)

	// The same file again changes nothing, in another order of columns and rows neither.
	require.Equal(t, [4]int{0, 0, 3, 0}, counts(w.must("credentials.csv", file)))
	require.Equal(t, 1, w.refreshed)
	require.Equal(t, [4]int{0, 0, 2, 0}, counts(w.must("again.csv", "Level,kind,teaches,title,provider,external_id\nadvanced,certificate,sql,Running Kubernetes,Cloud School,a2\nFOUNDATION,COURSE,kubernetes;sql,Running Kubernetes,Cloud School,a1\n")))
	require.Equal(t, "https://example.org/a", *w.one("a1").URL, "a column that is not there leaves what is there")

	// A row that changed keeps its id and its slug; an empty cell empties.
	require.Equal(t, [4]int{0, 1, 0, 0}, counts(w.must("c.csv", header+"a1,Other,Cloud School,COURSE,FOUNDATION,,,,sql,,,,\n")))
	now := w.one("a1")
	require.Equal(t, a1.ID, now.ID)
	require.Equal(t, a1.Slug, now.Slug)
	require.Equal(t, "Other", now.Title)
	require.Nil(t, now.URL)
	require.Nil(t, now.Hours)
	require.Equal(t, enums.DurationUnknown, now.Duration)
	require.Empty(t, now.Description)
	require.Empty(t, now.Requires)
	require.Equal(t, 2, w.refreshed)
}

func TestCredentialsOfJSONLines(t *testing.T) {
	t.Parallel()
	w := setup(t)
	const good = `{"external_id":"j1","title":"T","provider":"P","kind":"COURSE","level":"ADVANCED","hours":8,"teaches":["k8s","Kubernetes"],"requires":"sql; node","active":false}`
	r := w.must("list", good+"\r\n\n{\"external_id\":\"j2\", broken}\n"+ // detected by its content
		`{"external_id":"j3","title":7,"provider":["P"],"kind":"COURSE","level":"ADVANCED","teaches":[1],"colour":"red"}`+"\n"+
		`[1,2]`+"\n"+good+"{}\n"+`{"external_id":"j4","title":"T\u0000","provider":"P","kind":"COURSE","level":"ADVANCED","teaches":"sql"}`)
	require.Equal(t, importing.JSONL, r.Format)
	require.Equal(t, [4]int{1, 0, 0, 5}, counts(r))
	var found []string
	for _, reason := range r.Reasons {
		require.NotEmpty(t, reason.Message)
		found = append(found, fmt.Sprint(reason.Line, reason.ExternalID, reason.Column, reason.Code))
	}
	require.Equal(t, []string{
		"3BROKEN_ROW", "4j3colourUNKNOWN_COLUMN", "4j3providerINVALID", "4j3teachesINVALID", "5BROKEN_ROW", "6BROKEN_ROW", "7j4titleINVALID",
	}, found)
	c := w.one("j1")
	require.Equal(t, pq.StringArray{"kubernetes"}, c.Teaches)
	require.Equal(t, pq.StringArray{"sql", "nodejs"}, c.Requires)
	require.Equal(t, enums.DurationShort, c.Duration)
	require.False(t, c.Active)
	require.Equal(t, [4]int{0, 1, 0, 0}, counts(w.must("x.jsonl", strings.Replace(good, `"hours":8`, `"hours":null`, 1))))
	require.Nil(t, w.one("j1").Hours)
}

func TestRowsThatAreRefused(t *testing.T) {
	t.Parallel()
	w := setup(t)
	row := func(id, title, kind, hours, duration, teaches, requires, url string) string {
		return strings.Join([]string{id, title, "P", kind, "ADVANCED", hours, duration, "", teaches, requires, "", url, ""}, ",") + "\n"
	}
	lines := []struct {
		row     string
		reasons []string // column, code, and a word of the message
	}{
		{row("r1", "T", "COURSE", "", "", "sql", "", ""), nil},
		{row("", "T", "COURSE", "", "", "sql", "", ""), []string{"external_id MISSING never changes"}},
		{row("r1", "T", "COURSE", "", "", "sql", "", ""), []string{"external_id DUPLICATE Line 2"}},
		{row(strings.Repeat("é", 201), "T", "COURSE", "", "", "sql", "", ""), []string{"external_id TOO_LONG 200"}},
		{row("r2", "", "LECTURE", "", "", "", "", ""), []string{"title MISSING needs", "kind INVALID CERTIFICATION, CERTIFICATE, COURSE"}},
		{row("r3", "T", "COURSE", "-1", "", "sql", "", ""), []string{"hours INVALID above 0"}},
		{row("r4", "T", "COURSE", "NaN", "", "sql", "", ""), []string{"hours INVALID above 0"}},
		{row("r5", "T", "COURSE", "41", "SHORT", "sql", "", ""), []string{"duration INVALID LONG, not SHORT"}},
		{row("r6", "T", "COURSE", "", "", "kuberntes", "", ""), []string{`teaches UNKNOWN_SKILL Is "kubernetes" meant?`}},
		{row("r7", "T", "COURSE", "", "", "zzzzzzzzzz", "", ""), []string{"teaches UNKNOWN_SKILL vocabulary"}},
		{row("r8", "T", "COURSE", "", "", "orchestration", "", ""), []string{"teaches UNKNOWN_SKILL several"}},
		{row("r9", "T", "COURSE", "", "", "sql", "SQL", ""), []string{"requires INVALID at once"}},
		{row("r10", "T", "COURSE", "", "", "sql", "", "javascript:alert(1)"), []string{"url INVALID https://"}},
		{row("r11", strings.Repeat("x", 301), "COURSE", "", "", "sql", "", ""), []string{"title TOO_LONG 300"}},
		{row("r12", "T", "COURSE", "", "", "", "", ""), []string{"teaches MISSING at least one"}},
		{row("r13", "T\x07", "COURSE", "", "", "sql", "", ""), []string{"title INVALID control"}},
		{"r14,too,few\n", []string{" BROKEN_ROW 3 values, the header 13"}},
		{row("r15", "T", "COURSE", "1e3", "", "sql", "node", "http://example.org"), nil},
	}
	file, want := header, []string{}
	for i, l := range lines {
		file += l.row
		for _, r := range l.reasons {
			want = append(want, fmt.Sprintf("%d %s", i+2, r))
		}
	}
	for _, whole := range []bool{true, false} {
		r := w.must("x.csv", file, func(in *importing.Request) { in.Atomic = whole })
		require.Len(t, r.Reasons, len(want))
		for i, reason := range r.Reasons {
			place := fmt.Sprintf("%d %s %s ", reason.Line, reason.Column, reason.Code)
			require.True(t, strings.HasPrefix(want[i], place), "%s: %s", want[i], place)
			require.Contains(t, reason.Message, strings.TrimPrefix(want[i], place))
		}
		require.Equal(t, 16, r.Refused)
		require.Equal(t, len(lines), r.Rows)
		n, err := w.db.Ent.Credential.Query().Count(w.ctx)
		require.NoError(t, err)
		if whole {
			require.False(t, r.Written)
			require.Zero(t, r.Taken)
			require.Zero(t, n, "an atomic import takes all rows or none")
		} else {
			require.Equal(t, 2, r.Taken)
			require.Equal(t, 2, n)
		}
	}
}

// What is wrong with a file is said with the line, and nothing of it is taken, however good its first rows.
func TestFilesThatAreRefused(t *testing.T) {
	t.Parallel()
	w := setup(t)
	good := header + "g1,T,P,COURSE,ADVANCED,,,,sql,,,,\n"
	binary := "# Title\n\n\x00\x01\x02\xfe\xff"
	for name, c := range map[string]struct {
		file, content string
		passages      bool
		code          importing.Code
		says          string
	}{
		"empty":              {"a.csv", "", false, importing.NoRows, "first line"},
		"empty lines":        {"a.jsonl", "\n\n", false, importing.NoRows, "no rows"},
		"empty Markdown":     {"a.md", "# Only a title\n", true, importing.NoRows, "no rows"},
		"empty text":         {"a.txt", "  \n", true, importing.NoRows, "no rows"},
		"header alone":       {"a.csv", header, false, importing.NoRows, "no rows"},
		"wrong header":       {"a.csv", "external_id,name,provider,kind,level,teaches,teaches\n", false, importing.BadHeader, `missing: title; columns that mean nothing here: "name"; columns that are there twice: teaches`},
		"semicolons":         {"a.csv", strings.ReplaceAll(good, ",", ";"), false, importing.BadHeader, "commas"},
		"of another kind":    {"a.csv", good, true, importing.BadHeader, "missing: text"},
		"binary as .md":      {"a.md", binary, true, importing.NotText, "Line 3: There is a NUL"},
		"PDF as .md":         {"a.md", "%PDF-1.7\n", true, importing.NotText, "PDF"},
		"spreadsheet":        {"a.csv", "PK\x03\x04abc", false, importing.NotText, "Export it as CSV"},
		"NUL":                {"a.csv", good + "g2,\x00,P\n", false, importing.NotText, "Line 3"},
		"Latin-1 at the end": {"a.csv", good + "g2,caf\xe9,P,COURSE,ADVANCED,,,,sql,,,,\n", false, importing.BadEncoding, "Line 3: The text is not UTF-8 here (byte 0xe9)"},
		"torn character":     {"a.jsonl", `{"external_id":"` + "\xe2\x82", false, importing.BadEncoding, "Line 1"},
		"UTF-16":             {"a.csv", "\xff\xfee\x00x\x00", false, importing.BadEncoding, "UTF-16. Save it as UTF-8"},
		"UTF-16, no mark":    {"a.csv", "e\x00x\x00t\x00", false, importing.NotText, "UTF-16"},
		"open quotes":        {"a.csv", good + "g2,\"T,P\n\n\n", false, importing.BrokenQuotes, "Line 3"},
		"quotes within":      {"a.csv", good + "g2,a \"b\" c,P,COURSE,ADVANCED,,,,sql,,,,\n", false, importing.BrokenQuotes, "Line 3"},
		"long row":           {"a.csv", good + "g2,\"" + strings.Repeat("x\n", 1<<20), false, importing.RowTooLarge, "open?"},
		"long line":          {"a.jsonl", "{\"title\":\"" + strings.Repeat("x", 2<<20), false, importing.RowTooLarge, "KiB"},
		"array":              {"a.json", "[\n{}]", false, importing.Unsupported, "JSON lines"},
		"credentials in MD":  {"a.md", "# A\n", false, importing.Unsupported, "CSV or JSON lines"},
		"format unknown":     {"a.doc", "Hello.", true, importing.Unsupported, ".csv, .jsonl"},
		"long document":      {"a.txt", strings.Repeat("x ", 2<<20), true, importing.TooLarge, "2 MiB"},
		"front matter":       {"a.md", "---\ntitle: [\n---\n# A\nb\n", true, importing.BrokenStart, "YAML"},
		"its skills":         {"a.md", "---\nskills: {a: b}\n---\n# A\nb\n", true, importing.BrokenStart, "skills"},
	} {
		r, err := w.take(c.file, c.content, func(in *importing.Request) {
			if c.passages {
				ofTrack(in)
			}
		})
		require.Nil(t, r, name)
		var fault *importing.FileError
		require.ErrorAs(t, err, &fault, name)
		require.Equal(t, c.code, fault.Code, name)
		require.Contains(t, fault.Error(), c.says, name)
		var p *problem.Problem
		require.ErrorAs(t, err, &p, name)
		require.Equal(t, "file", p.Field)
		require.Equal(t, fault.Error(), p.Message)
	}
	n, err := w.db.Ent.Credential.Query().Count(w.ctx)
	require.NoError(t, err)
	require.Zero(t, n)
	require.Zero(t, w.refreshed)
}

// sized is a file of a size that nobody reads.
type sized struct {
	io.Reader
	size int64
}

func (s sized) Seek(int64, int) (int64, error) { return s.size, nil }

func TestSizes(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for limit, says := range map[int64]string{0: "64 MiB", importing.MaxUploadBytes: "16 MiB"} {
		_, err := w.Import(w.ctx, importing.Request{
			Kind: importing.Credentials, Name: "a.csv", MaxBytes: limit,
			Content: sized{Reader: nil, size: 200_000_000}, // reading it would panic
		})
		var fault *importing.FileError
		require.ErrorAs(t, err, &fault)
		require.Equal(t, importing.TooLarge, fault.Code)
		require.Contains(t, fault.Message, says)
	}
	// One that grows while it is read.
	grown := header + strings.Repeat("g,T,P,COURSE,ADVANCED,,,,sql,,,,\n", 100)
	_, err := w.Import(w.ctx, importing.Request{Kind: importing.Credentials, Name: "a.csv", MaxBytes: 1000, Content: sized{strings.NewReader(grown), 10}})
	var fault *importing.FileError
	require.ErrorAs(t, err, &fault)
	require.Equal(t, importing.TooLarge, fault.Code)

	var many bytes.Buffer
	many.WriteString("external_id,title,text\n")
	for i := range importing.MaxRows + 1 {
		fmt.Fprintf(&many, "%d,T,x\n", i)
	}
	_, err = w.take("a.csv", many.String(), ofTrack)
	require.ErrorAs(t, err, &fault)
	require.Equal(t, importing.TooManyRows, fault.Code)
	require.Equal(t, importing.MaxRows+2, fault.Line)
}

func TestReasonsAreBounded(t *testing.T) {
	t.Parallel()
	w := setup(t)
	file := header + strings.Repeat(",T,P,COURSE,ADVANCED,,,,sql,,,,\n", importing.MaxReasons+7)
	r := w.must("a.csv", file, atomically)
	require.Equal(t, importing.MaxReasons+7, r.Refused)
	require.Len(t, r.Reasons, importing.MaxReasons)
	require.Equal(t, 7, r.MoreReasons)
}

func TestTenThousandRows(t *testing.T) {
	t.Parallel()
	w := setup(t)
	table := func(change string) string {
		var b strings.Builder
		b.WriteString(header)
		for i := range 10_000 {
			title := fmt.Sprintf("Course %d", i%2500) // each title four times
			if i%1000 == 0 {
				title += change
			}
			fmt.Fprintf(&b, "id-%d,%s,P,COURSE,FOUNDATION,%d,,,sql;k8s,,Text %d.,,\n", i, title, i%90+1, i)
		}
		return b.String()
	}
	require.Equal(t, [4]int{10_000, 0, 0, 0}, counts(w.must("a.csv", table(""), dry)))
	n, err := w.db.Ent.Credential.Query().Count(w.ctx)
	require.NoError(t, err)
	require.Zero(t, n, "a dry run changes nothing")
	require.Equal(t, [4]int{10_000, 0, 0, 0}, counts(w.must("a.csv", table(""), atomically)))
	require.Equal(t, [4]int{0, 0, 10_000, 0}, counts(w.must("a.csv", table(""), atomically)))
	require.Equal(t, [4]int{0, 10, 9_990, 0}, counts(w.must("a.csv", table(" (new)"), atomically)))
	slugs, err := w.db.Ent.Credential.Query().Unique(true).Select(credential.FieldSlug).Strings(w.ctx)
	require.NoError(t, err)
	require.Len(t, slugs, 10_000)
}

// An import that fails in the middle of writing leaves nothing.
func TestNothingOfAnImportThatFails(t *testing.T) {
	t.Parallel()
	w := setup(t)
	var b strings.Builder
	b.WriteString(header)
	for i := range 1200 {
		fmt.Fprintf(&b, "id-%d,T%d,P,COURSE,FOUNDATION,,,,sql,,,,\n", i, i)
	}
	ctx, cancel := context.WithCancel(w.ctx)
	content := &cancelling{Reader: strings.NewReader(b.String()), after: b.Len() + b.Len()/2, cancel: cancel}
	_, err := w.Import(ctx, importing.Request{Kind: importing.Credentials, Name: "a.csv", Content: content})
	require.ErrorIs(t, err, context.Canceled)
	n, err := w.db.Ent.Credential.Query().Count(w.ctx)
	require.NoError(t, err)
	require.Zero(t, n)
	events, err := w.db.Ent.AuditEvent.Query().Count(w.ctx)
	require.NoError(t, err)
	require.Zero(t, events)
}

// cancelling ends a context when so many bytes were read.
type cancelling struct {
	*strings.Reader
	read, after int
	cancel      func()
}

func (c *cancelling) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	if c.read += n; c.read > c.after {
		c.cancel()
	}
	return n, err
}

func TestWhoMayImportAndWhat(t *testing.T) {
	t.Parallel()
	w := setup(t)
	good := header + "g1,T,P,COURSE,ADVANCED,,,,sql,,,,\n"
	request := func() importing.Request {
		return importing.Request{Kind: importing.Credentials, Name: "a.csv", Content: strings.NewReader(good)}
	}
	for _, role := range []enums.Role{enums.RoleLearner, enums.RoleAdvisor} {
		in := request()
		in.DryRun = true
		_, err := w.Import(viewer.NewContext(t.Context(), viewer.Viewer{ID: uuid.New(), Role: role}), in)
		require.ErrorIs(t, err, privacy.Deny)
	}
	_, err := w.Import(t.Context(), request())
	require.ErrorIs(t, err, privacy.Deny, "nobody is signed in")
	r, err := w.Import(bypass.Context(t.Context()), request())
	require.NoError(t, err)
	require.Equal(t, 1, r.Taken)

	w.broken = errors.New("no queue")
	require.Equal(t, [4]int{0, 1, 0, 0}, counts(w.must("a.csv", strings.Replace(good, "g1,T", "g1,U", 1))), "what is committed is not undone by an index that is not asked")

	for field, with := range map[string]func(*importing.Request){
		"kind":         func(in *importing.Request) { in.Kind = "SKILLS" },
		"name":         func(in *importing.Request) { in.Name = " " },
		"format":       func(in *importing.Request) { in.Format = "XLS" },
		"headingLevel": func(in *importing.Request) { in.HeadingLevel = 7 },
		"trackId":      func(in *importing.Request) { in.Kind = importing.Passages },
	} {
		_, err := w.take("a.csv", good, with)
		var p *problem.Problem
		require.ErrorAs(t, err, &p, field)
		require.Equal(t, field, p.Field)
	}
	_, err = w.take("a.txt", "A\nb", func(in *importing.Request) { in.Kind, in.Track = importing.Passages, "nothing" })
	var p *problem.Problem
	require.ErrorAs(t, err, &p)
	require.Equal(t, problem.NotFound, p.Code)
}

func (w *world) passages() map[string]*ent.Passage {
	w.t.Helper()
	list, err := w.db.Ent.Passage.Query().Where(passage.TrackID(w.track)).All(w.ctx)
	require.NoError(w.t, err)
	out := map[string]*ent.Passage{}
	for _, p := range list {
		out[*p.ExternalID] = p
	}
	return out
}

func TestPassages(t *testing.T) {
	t.Parallel()
	w := setup(t)
	require.Equal(t, [4]int{2, 0, 0, 0}, counts(w.must("p.csv", "external_id,title,text,skills\np1,One,A text.,k8s;sql\np2,Two,Another.,\n", ofTrack)))
	require.Equal(t, [4]int{0, 1, 0, 1}, counts(w.must("p.jsonl", `{"external_id":"p1","title":"One","text":"A new text."}`+"\n"+`{"external_id":"p2","title":"Two","text":" "}`, ofTrack)))
	p := w.passages()["p1"]
	require.Equal(t, "A new text.", p.Text)
	require.Equal(t, pq.StringArray{"kubernetes", "sql"}, p.Skills, "a column that is not there leaves what is there")
	require.Equal(t, "one", p.Slug)

	require.Equal(t, [4]int{1, 0, 0, 0}, counts(w.must("notes/dns.txt", "\nHow names resolve\n\nA resolver asks.\nIt waits.\n", ofTrack)))
	require.Equal(t, "How names resolve", w.passages()["notes/dns.txt"].Title)
	require.Equal(t, "A resolver asks.\nIt waits.", w.passages()["notes/dns.txt"].Text)
	require.Equal(t, [4]int{1, 0, 0, 0}, counts(w.must("notes/short.txt", "One line alone.", ofTrack)))
	require.Equal(t, "short", w.passages()["notes/short.txt"].Title)
}

func TestPassagesOfMarkdown(t *testing.T) {
	t.Parallel()
	w := setup(t)
	const guide = "---\ntitle: The guide\nskills: [k8s, SQL]\nauthor: somebody\n---\nBefore **all**.\n\n" +
		"# Guide\r\n\r\nAn [introduction](https://example.org) of\ntwo lines.\n\n" +
		"## Retries `n` times\n\nText &amp; *more*, snake_case_name stays.\n\n### Deeper\n\n- one\n- two\n  goes on\n\n> quoted\n\n```sh\n# no heading\n## neither\n```\n\n" +
		"Names\n-----\n\n<!-- hidden\n# hidden -->\nText of a heading that is underlined.\n\n" +
		"## Empty\n\n## Retries `n` times\n\nAgain.\n\n# Second\n\n## Retries `n` times\n\nElsewhere.\n"
	r := w.must("guide.md", guide, ofTrack)
	require.Equal(t, [4]int{6, 0, 0, 0}, counts(r), "%v", r.Reasons)
	got := w.passages()
	text := func(id string) string {
		require.Contains(t, got, id)
		require.Equal(t, pq.StringArray{"kubernetes", "sql"}, got[id].Skills)
		return got[id].Title + ": " + got[id].Text
	}
	require.Equal(t, "The guide: Before all.", text("guide.md"))
	require.Equal(t, "Guide: An introduction of two lines.", text("guide.md#guide"))
	require.Equal(t, "Retries n times: Text & more, snake_case_name stays.\n\nDeeper\n\n- one\n- two goes on\n\nquoted\n\n# no heading\n## neither", text("guide.md#guide/retries-n-times"))
	require.Equal(t, "Names: Text of a heading that is underlined.", text("guide.md#guide/names"))
	require.Equal(t, "Retries n times: Again.", text("guide.md#guide/retries-n-times-2"))
	require.Equal(t, "Retries n times: Elsewhere.", text("guide.md#second/retries-n-times"))

	require.Equal(t, [4]int{0, 0, 6, 0}, counts(w.must("guide.md", guide, ofTrack)))
	// Other parts of the document do not move the ids.
	require.Equal(t, [4]int{1, 1, 5, 0}, counts(w.must("guide.md", strings.Replace(guide, "## Retries `n` times\n\nText", "## New\n\nNew.\n\n## Retries `n` times\n\nChanged text", 1), ofTrack)))
	// An id of the front matter outlives the name, and a skill that is unknown refuses its passages.
	require.Equal(t, [4]int{1, 0, 0, 0}, counts(w.must("a.md", "---\nid: handbook\n---\n# A\n\nText.\n", ofTrack)))
	require.Equal(t, [4]int{0, 0, 1, 0}, counts(w.must("b.md", "---\nid: handbook\n---\n# A\n\nText.\n", ofTrack)))
	r = w.must("c.md", "---\nskills: kubernets\n---\n\n# A\n\nText.\n", ofTrack)
	require.Equal(t, [4]int{0, 0, 0, 1}, counts(r))
	require.Equal(t, importing.UnknownSkill, r.Reasons[0].Code)
	require.Equal(t, 5, r.Reasons[0].Line)
	// Another level of headings.
	require.Equal(t, [4]int{1, 0, 0, 0}, counts(w.must("d.md", "# A\n\nText.\n\n## B\n\nMore.\n", ofTrack, func(in *importing.Request) { in.HeadingLevel = 1 })))
	require.Equal(t, "Text.\n\nB\n\nMore.", w.passages()["d.md#a"].Text)
}
