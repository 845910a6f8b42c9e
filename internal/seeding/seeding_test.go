package seeding_test

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/question"
	"github.com/rubrica/rubrica/internal/bypass"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/internal/pgtest"
	"github.com/rubrica/rubrica/internal/seeding"
	"github.com/rubrica/rubrica/seeds"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var withPeople = seeding.Options{People: true}

// tables are the tables that seeding writes, with what orders their rows.
var tables = []string{
	"skills", "tracks", "passages", "questions", "rubrics", "criteria", "key_points",
	"reference_answers", "credentials", "users", "cohorts", "memberships",
}

func open(t *testing.T) (*database.DB, context.Context) {
	t.Helper()
	db, err := database.Open(t.Context(), pgtest.New(t).URL(), database.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	return db, bypass.Context(t.Context())
}

// asJSON are the seeds of the binary: reading these files once is enough, and slow under -race.
var asJSON = sync.OnceValues(func() ([]byte, error) {
	c, err := seeds.Default()
	if err != nil {
		return nil, err
	}
	return json.Marshal(c)
})

// catalog is a copy of the seeds of the binary that a test may change.
func catalog(t *testing.T) *seeds.Catalog {
	t.Helper()
	b, err := asJSON()
	require.NoError(t, err)
	var c seeds.Catalog
	require.NoError(t, json.Unmarshal(b, &c))
	return &c
}

// smallCatalog is what a test of many loads can afford: two tracks of one question.
func smallCatalog(t *testing.T) *seeds.Catalog {
	t.Helper()
	c := catalog(t)
	c.Tracks, c.Credentials, c.People.Cohorts = c.Tracks[:2], c.Credentials[:1], c.People.Cohorts[:1]
	for i := range c.Tracks {
		c.Tracks[i].Questions, c.Tracks[i].Passages = c.Tracks[i].Questions[:1], c.Tracks[i].Passages[:1]
	}
	c.People.Cohorts[0].Track = c.Tracks[0].Slug
	return c
}

func load(t *testing.T, db *database.DB, c *seeds.Catalog) seeding.Report {
	t.Helper()
	report, err := seeding.Load(t.Context(), db, c, withPeople)
	require.NoError(t, err)
	return report
}

// dump is everything in the tables, row by row, without the times of creation.
func dump(t *testing.T, db *database.DB) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for _, table := range tables {
		rows, err := db.SQL.QueryContext(t.Context(), fmt.Sprintf("SELECT (to_jsonb(t) - 'created_at')::text FROM %s t ORDER BY id", table))
		require.NoError(t, err)
		for rows.Next() {
			var row string
			require.NoError(t, rows.Scan(&row))
			out[table] = append(out[table], row)
		}
		require.NoError(t, rows.Err())
		require.NoError(t, rows.Close())
	}
	return out
}

func TestLoadTwice(t *testing.T) {
	t.Parallel()
	db, ctx := open(t)
	c := catalog(t)
	first := load(t, db, c)
	for _, count := range first.Counts {
		assert.Positive(t, count.Inserted, count.Kind)
		assert.Zero(t, count.Updated+count.Unchanged+count.Deactivated+count.Deleted, count.Kind)
	}
	assert.Len(t, first.Counts, len(tables))
	assert.Equal(t, len(c.Tracks), first.Of(seeding.Tracks).Inserted)
	assert.Equal(t, len(c.Credentials), first.Of(seeding.Credentials).Inserted)
	assert.Equal(t, 4*first.Of(seeding.Questions).Inserted, first.Of(seeding.ReferenceAnswers).Inserted)
	before := dump(t, db)

	second := load(t, db, c)
	assert.False(t, second.Changed(), second)
	for i, count := range second.Counts {
		assert.Equal(t, first.Counts[i].Inserted, count.Unchanged, count.Kind)
	}
	assert.Equal(t, before, dump(t, db))
	t.Logf("first %s, second %s\n%s", first.Took, second.Took, first)

	events, err := db.Ent.AuditEvent.Query().All(ctx)
	require.NoError(t, err)
	require.Len(t, events, 1, "what changes nothing leaves no trace")
	assert.Equal(t, enums.AuditCatalogueSeed, events[0].Action)
	assert.Nil(t, events[0].ActorID)
	assert.Contains(t, events[0].Detail["tracks"], "inserted")
}

func TestIDsAreTheSameInEveryDatabase(t *testing.T) {
	t.Parallel()
	one, _ := open(t)
	two, _ := open(t)
	c := catalog(t)
	load(t, one, c)
	load(t, two, c)
	assert.Equal(t, dump(t, one), dump(t, two))

	// Written down, because they stand in other people's databases.
	assert.Equal(t, "50e46d00-7636-52b3-b94d-7f1019d296de", seeding.TrackID("backend-engineer").String())
	assert.Equal(t, "5336049d-5fc9-5aca-b246-ca04616680e0", seeding.UserID("lena").String())
}

func TestPeopleAreOptional(t *testing.T) {
	t.Parallel()
	db, ctx := open(t)
	report, err := seeding.Load(t.Context(), db, catalog(t), seeding.Options{})
	require.NoError(t, err)
	assert.Equal(t, seeding.Count{Kind: seeding.Users}, report.Of(seeding.Users))
	assert.Zero(t, db.Ent.User.Query().CountX(ctx))
	assert.Positive(t, db.Ent.Question.Query().CountX(ctx))
}

func TestProcessesThatLoadAtOnce(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	c := catalog(t)
	reports := make([]seeding.Report, 4)
	var wg sync.WaitGroup
	for i := range reports {
		wg.Go(func() {
			var err error
			reports[i], err = seeding.Load(context.Background(), db, c, withPeople)
			assert.NoError(t, err)
		})
	}
	wg.Wait()
	changed := 0
	for _, r := range reports {
		if r.Changed() {
			changed++
		}
	}
	assert.Equal(t, 1, changed, "one writes, the others wait and find nothing to do")
}

func TestQuestionsAreInTheOrderOfTheirLevels(t *testing.T) {
	t.Parallel()
	db, ctx := open(t)
	load(t, db, catalog(t))
	rank := map[enums.Level]int{enums.LevelFoundation: 0, enums.LevelIntermediate: 1, enums.LevelAdvanced: 2}
	for _, track := range db.Ent.Track.Query().AllX(ctx) {
		questions := db.Ent.Question.Query().Where(question.TrackID(track.ID)).Order(question.ByPosition()).AllX(ctx)
		for i, q := range questions {
			assert.Equal(t, i, q.Position)
			if i > 0 {
				p := questions[i-1]
				assert.True(t, rank[p.Level] < rank[q.Level] || rank[p.Level] == rank[q.Level] && p.Slug < q.Slug)
			}
		}
	}
}

// A change of any field of the seeds reaches the database: each is changed by itself, and the report
// must count exactly the rows that it stands in.
func TestEveryFieldIsUpdated(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	c := smallCatalog(t)
	load(t, db, c)
	reach := func(c *seeds.Catalog) map[string]struct {
		kind  seeding.Kind
		value any
	} {
		q := &c.Tracks[0].Questions[0]
		return map[string]struct {
			kind  seeding.Kind
			value any
		}{
			"skill":      {seeding.Skills, &c.Skills[0]},
			"track":      {seeding.Tracks, &c.Tracks[0]},
			"passage":    {seeding.Passages, &c.Tracks[0].Passages[0]},
			"question":   {seeding.Questions, q},
			"words":      {seeding.Questions, &q.Words},
			"criterion":  {seeding.Criteria, &q.Rubric.Criteria[0]},
			"scale":      {seeding.Criteria, &q.Rubric.Criteria[0].Scale},
			"level":      {seeding.Criteria, &q.Rubric.Criteria[0].Levels[0]},
			"key point":  {seeding.KeyPoints, &q.Rubric.KeyPoints[0]},
			"samples":    {seeding.ReferenceAnswers, &q.Samples},
			"credential": {seeding.Credentials, &c.Credentials[0]},
			"user":       {seeding.Users, &c.People.Users[0]},
			"cohort":     {seeding.Cohorts, &c.People.Cohorts[0]},
		}
	}
	// What names a row, or is a row of its own.
	skip := []string{
		"Slug", "Key", "Area", "Tracks", "Passages", "Questions", "Rubric", "Words", "Samples", "Scale",
		"Levels", "Advisors", "Learners",
	}
	others := map[string]string{ // another value of the same vocabulary
		"FOUNDATION": "ADVANCED", "INTERMEDIATE": "ADVANCED", "ADVANCED": "FOUNDATION",
		"CONTENT": "CLARITY", "REASONING": "CLARITY", "ORGANIZATION": "CLARITY", "CLARITY": "CONTENT",
		"CERTIFICATION": "COURSE", "CERTIFICATE": "COURSE", "COURSE": "CERTIFICATE",
		"SHORT": "LONG", "MEDIUM": "LONG", "LONG": "SHORT", "FREE": "PAID", "PAID": "FREE", "UNKNOWN": "UNKNOWN",
		"LEARNER": "ADVISOR", "ADVISOR": "ADMIN", "ADMIN": "LEARNER",
	}
	tried := 0
	for name, of := range reach(c) {
		fields := reflect.TypeOf(of.value).Elem()
		for i := range fields.NumField() {
			field := fields.Field(i)
			if slices.Contains(skip, field.Name) {
				continue
			}
			f := reflect.ValueOf(of.value).Elem().Field(i)
			original := reflect.ValueOf(f.Interface())
			switch f.Kind() {
			case reflect.String:
				if other, ok := others[f.String()]; ok {
					if other == "UNKNOWN" {
						other = map[string]string{"Duration": "LONG", "Price": "PAID"}[field.Name]
					}
					f.SetString(other)
				} else if field.Name == "Track" {
					f.SetString(c.Tracks[1].Slug)
				} else {
					f.SetString(f.String() + "x")
				}
			case reflect.Int:
				f.SetInt(f.Int() + 1)
			case reflect.Float64:
				f.SetFloat(f.Float() + 0.25)
			case reflect.Slice:
				f.Set(reflect.ValueOf(append(slices.Clip(f.Interface().([]string)), c.Skills[0].Slug)))
			default:
				t.Fatalf("%s.%s: no change for a %s", name, field.Name, f.Kind())
			}
			tried++
			report := load(t, db, c)
			for _, count := range report.Counts {
				want := 0
				if count.Kind == of.kind {
					want = 1
				}
				assert.Equal(t, want, count.Updated, "%s.%s: %s: %s", name, field.Name, count.Kind, count)
			}
			f.Set(original)
			load(t, db, c)
		}
	}
	assert.Greater(t, tried, 35)
}

func TestChangesReachTheRows(t *testing.T) {
	t.Parallel()
	db, ctx := open(t)
	c := catalog(t)
	load(t, db, c)
	track := &c.Tracks[0]
	created := db.Ent.Track.GetX(ctx, seeding.TrackID(track.Slug)).CreatedAt
	track.Summary = "Another summary."
	track.Skills = nil
	load(t, db, c)
	row := db.Ent.Track.GetX(ctx, seeding.TrackID(track.Slug))
	assert.Equal(t, "Another summary.", row.Summary)
	assert.Empty(t, row.Skills)
	assert.True(t, created.Equal(row.CreatedAt), "the row is the same")
	assert.False(t, load(t, db, c).Changed(), "an empty list stays equal")
}

func TestAddressComesAndGoes(t *testing.T) {
	t.Parallel()
	db, ctx := open(t)
	c := smallCatalog(t)
	id := seeding.CredentialID(c.Credentials[0].Slug)
	address := c.Credentials[0].URL
	require.NotEmpty(t, address)
	for _, url := range []string{address, "", "https://example.org/", ""} {
		c.Credentials[0].URL = url
		load(t, db, c)
		stored := db.Ent.Credential.GetX(ctx, id).URL
		if url == "" {
			assert.Nil(t, stored)
		} else if assert.NotNil(t, stored) {
			assert.Equal(t, url, *stored)
		}
		assert.False(t, load(t, db, c).Changed(), url)
	}
}

func TestWhatIsGoneIsDeactivated(t *testing.T) {
	t.Parallel()
	db, ctx := open(t)
	c := catalog(t)
	load(t, db, c)
	gone := c.Tracks[0]
	credential := c.Credentials[0]
	c.Tracks, c.Credentials, c.Skills = c.Tracks[1:], c.Credentials[1:], c.Skills[1:]
	c.People.Cohorts = nil
	handmade := db.Ent.Credential.Create().SetSlug("by-hand").SetTitle("By hand").SetProvider("Us").
		SetKind(enums.CredentialCourse).SetLevel(enums.LevelAdvanced).SetDescription("Made by an admin.").SaveX(ctx)

	report := load(t, db, c)
	assert.Equal(t, 1, report.Of(seeding.Tracks).Deactivated)
	assert.Equal(t, len(gone.Questions), report.Of(seeding.Questions).Deactivated)
	assert.Equal(t, len(gone.Passages), report.Of(seeding.Passages).Deleted, "nothing cites them")
	assert.Equal(t, 1, report.Of(seeding.Credentials).Deactivated)
	assert.False(t, db.Ent.Track.GetX(ctx, seeding.TrackID(gone.Slug)).Active)
	assert.False(t, db.Ent.Question.GetX(ctx, seeding.QuestionID(gone.Slug, gone.Questions[0].Slug)).Active)
	assert.False(t, db.Ent.Credential.GetX(ctx, seeding.CredentialID(credential.Slug)).Active)
	assert.True(t, db.Ent.Credential.GetX(ctx, handmade.ID).Active, "not of the seeds")
	assert.False(t, load(t, db, c).Changed(), "once")

	db.Ent.Track.UpdateOneID(seeding.TrackID(gone.Slug)).SetLlmConsent(true).ExecX(ctx)
	report = load(t, db, catalog(t))
	assert.Equal(t, 1, report.Of(seeding.Tracks).Updated, "and it comes back")
	assert.True(t, db.Ent.Track.GetX(ctx, seeding.TrackID(gone.Slug)).LlmConsent, "with what admins decided")
	assert.True(t, db.Ent.Track.GetX(ctx, seeding.TrackID(gone.Slug)).Active)
}

func TestPeopleKeepWhatAdminsDecide(t *testing.T) {
	t.Parallel()
	db, ctx := open(t)
	c := catalog(t)
	load(t, db, c)
	lena := seeding.UserID("lena")
	noor := seeding.UserID("noor")
	cohort := c.People.Cohorts[0]
	db.Ent.User.UpdateOneID(lena).SetActive(false).ExecX(ctx)
	byHand := db.Ent.Membership.Create().SetCohortID(seeding.CohortID(cohort.Slug)).SetUserID(noor).SetRole(enums.MemberLearner).SaveX(ctx)

	for i := range c.People.Users {
		if c.People.Users[i].Slug == "lena" {
			c.People.Users[i].Name = "Lena H."
		}
	}
	left := cohort.Learners[0]
	c.People.Cohorts[0].Learners = cohort.Learners[1:]
	report := load(t, db, c)
	assert.Equal(t, 1, report.Of(seeding.Users).Updated)
	assert.Equal(t, 1, report.Of(seeding.Memberships).Deleted, left)
	row := db.Ent.User.GetX(ctx, lena)
	assert.Equal(t, "Lena H.", row.Name)
	assert.False(t, row.Active)
	assert.Equal(t, byHand.ID, db.Ent.Membership.GetX(ctx, byHand.ID).ID)

	c.People.Cohorts[0].Learners = append(c.People.Cohorts[0].Learners, "noor")
	assert.False(t, load(t, db, c).Changed(), "who was added by hand is in already")
}

func TestRowsOfOthersAreNotTaken(t *testing.T) {
	t.Parallel()
	db, ctx := open(t)
	c := catalog(t)
	other := db.Ent.User.Create().SetName("Another Lena").SetEmail("lena@example.org").SaveX(ctx)
	_, err := seeding.Load(t.Context(), db, c, withPeople)
	var clash *seeding.ClashError
	require.ErrorAs(t, err, &clash)
	assert.Equal(t, seeding.ClashError{Kind: seeding.Users, Key: "lena@example.org", ID: other.ID}, *clash)
	assert.Zero(t, db.Ent.Track.Query().CountX(ctx), "nothing half-written")
}

func TestLoadEndsWithItsContext(t *testing.T) {
	t.Parallel()
	db, ctx := open(t)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := seeding.Load(ended, db, catalog(t), withPeople)
	require.ErrorIs(t, err, context.Canceled)
	assert.Zero(t, db.Ent.Skill.Query().CountX(ctx))
}

// The second load is part of every start.
func BenchmarkSecondLoad(b *testing.B) {
	db, err := database.Open(b.Context(), pgtest.New(b).URL(), database.Options{})
	require.NoError(b, err)
	defer func() { require.NoError(b, db.Close()) }()
	c, err := seeds.Default()
	require.NoError(b, err)
	_, err = seeding.Load(b.Context(), db, c, withPeople)
	require.NoError(b, err)
	for b.Loop() {
		report, err := seeding.Load(b.Context(), db, c, withPeople)
		require.NoError(b, err)
		require.False(b, report.Changed())
	}
}
