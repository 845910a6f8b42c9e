package seeding

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/citation"
	"github.com/rubrica/rubrica/ent/credential"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/passage"
	"github.com/rubrica/rubrica/ent/question"
	"github.com/rubrica/rubrica/ent/skill"
	"github.com/rubrica/rubrica/ent/track"
	"github.com/rubrica/rubrica/seeds"
)

// record ends a step: it adds the count to the report and wraps the first error.
func (l *loader) record(c Count, errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return fmt.Errorf("%s: %w", c.Kind, err)
		}
	}
	l.report.Counts = append(l.report.Counts, c)
	return nil
}

var skillTraits = traits[ent.Skill]{
	kind:    Skills,
	id:      func(r *ent.Skill) uuid.UUID { return r.ID },
	key:     func(r *ent.Skill) string { return r.Slug },
	content: func(r *ent.Skill) []any { return []any{r.Name, r.Onet} },
}

func (l *loader) skills(ctx context.Context) error {
	var want []*ent.Skill
	for _, s := range l.catalog.Skills {
		want = append(want, &ent.Skill{ID: SkillID(s.Slug), Slug: s.Slug, Name: s.Name, Onet: s.ONet})
	}
	have, err := l.db.Skill.Query().All(ctx)
	if err != nil {
		return fmt.Errorf("skills: %w", err)
	}
	d, err := compare(skillTraits, have, want)
	if err != nil {
		return err
	}
	return l.record(d.count(Skills), inBatches(d.write(), func(rows []*ent.Skill) error {
		create := make([]*ent.SkillCreate, len(rows))
		for i, r := range rows {
			create[i] = l.db.Skill.Create().SetID(r.ID).SetSlug(r.Slug).SetName(r.Name).SetOnet(r.Onet)
		}
		return l.db.Skill.CreateBulk(create...).OnConflictColumns(skill.FieldID).UpdateNewValues().Exec(ctx)
	}))
}

var trackTraits = traits[ent.Track]{
	kind:    Tracks,
	id:      func(r *ent.Track) uuid.UUID { return r.ID },
	key:     func(r *ent.Track) string { return r.Slug },
	content: func(r *ent.Track) []any { return []any{r.Title, r.Summary, r.Occupation, r.Skills, r.Active} },
}

func (l *loader) tracks(ctx context.Context) error {
	var want []*ent.Track
	for _, t := range l.catalog.Tracks {
		want = append(want, &ent.Track{
			ID: TrackID(t.Slug), Slug: t.Slug, Title: t.Title, Summary: t.Summary,
			Occupation: t.Occupation, Skills: array(t.Skills), Active: true,
		})
	}
	have, err := l.db.Track.Query().All(ctx)
	if err != nil {
		return fmt.Errorf("tracks: %w", err)
	}
	d, err := compare(trackTraits, have, want)
	if err != nil {
		return err
	}
	count := d.count(Tracks)
	err = inBatches(d.write(), func(rows []*ent.Track) error {
		create := make([]*ent.TrackCreate, len(rows))
		for i, r := range rows {
			create[i] = l.db.Track.Create().SetID(r.ID).SetSlug(r.Slug).SetTitle(r.Title).SetSummary(r.Summary).
				SetOccupation(r.Occupation).SetSkills(r.Skills).SetActive(r.Active)
		}
		return l.db.Track.CreateBulk(create...).OnConflictColumns(track.FieldID).UpdateNewValues().
			Update(func(u *ent.TrackUpsert) { u.SetIgnore(track.FieldLlmConsent) }). // an admin's decision
			Exec(ctx)
	})
	if err != nil {
		return l.record(count, err)
	}
	gone := ids(d.gone, trackTraits.id, func(r *ent.Track) bool { return r.Active })
	count.Deactivated, err = l.db.Track.Update().Where(track.IDIn(gone...)).SetActive(false).Save(ctx)
	return l.record(count, err)
}

var passageTraits = traits[ent.Passage]{
	kind:    Passages,
	id:      func(r *ent.Passage) uuid.UUID { return r.ID },
	key:     func(r *ent.Passage) string { return r.TrackID.String() + "/" + r.Slug },
	content: func(r *ent.Passage) []any { return []any{r.Title, r.Text, r.Skills} },
}

func (l *loader) passages(ctx context.Context) error {
	var want []*ent.Passage
	for _, t := range l.catalog.Tracks {
		for _, p := range t.Passages {
			want = append(want, &ent.Passage{
				ID: PassageID(t.Slug, p.Slug), TrackID: TrackID(t.Slug), Slug: p.Slug,
				Title: p.Title, Text: p.Text, Skills: array(p.Skills),
			})
		}
	}
	have, err := l.db.Passage.Query().All(ctx)
	if err != nil {
		return fmt.Errorf("passages: %w", err)
	}
	d, err := compare(passageTraits, have, want)
	if err != nil {
		return err
	}
	count := d.count(Passages)
	err = inBatches(d.write(), func(rows []*ent.Passage) error {
		create := make([]*ent.PassageCreate, len(rows))
		for i, r := range rows {
			create[i] = l.db.Passage.Create().SetID(r.ID).SetTrackID(r.TrackID).SetSlug(r.Slug).
				SetTitle(r.Title).SetText(r.Text).SetSkills(r.Skills)
		}
		return l.db.Passage.CreateBulk(create...).OnConflictColumns(passage.FieldID).UpdateNewValues().Exec(ctx)
	})
	if err != nil {
		return l.record(count, err)
	}
	count.Deleted, err = l.deleteUncited(ctx, ids(d.gone, passageTraits.id, nil))
	return l.record(count, err)
}

// deleteUncited deletes passages that no explanation cites and returns how many these were.
func (l *loader) deleteUncited(ctx context.Context, gone []uuid.UUID) (int, error) {
	if len(gone) == 0 {
		return 0, nil
	}
	cited, err := l.db.Citation.Query().Where(citation.PassageIDIn(gone...)).
		Unique(true).Select(citation.FieldPassageID).All(ctx)
	if err != nil {
		return 0, err
	}
	gone = slices.DeleteFunc(gone, func(id uuid.UUID) bool {
		return slices.ContainsFunc(cited, func(c *ent.Citation) bool { return c.PassageID == id })
	})
	return l.db.Passage.Delete().Where(passage.IDIn(gone...)).Exec(ctx)
}

var questionTraits = traits[ent.Question]{
	kind: Questions,
	id:   func(r *ent.Question) uuid.UUID { return r.ID },
	key:  func(r *ent.Question) string { return r.TrackID.String() + "/" + r.Slug },
	content: func(r *ent.Question) []any {
		return []any{r.Title, r.Prompt, r.Level, r.Skills, r.MinWords, r.MaxWords, r.Position, r.Active}
	},
}

func (l *loader) questions(ctx context.Context) error {
	var want []*ent.Question
	for _, t := range l.catalog.Tracks {
		for position, q := range inOrder(t.Questions) {
			want = append(want, &ent.Question{
				ID: QuestionID(t.Slug, q.Slug), TrackID: TrackID(t.Slug), Slug: q.Slug, Title: q.Title,
				Prompt: q.Prompt, Level: enums.Level(q.Level), Skills: array(q.Skills),
				MinWords: q.Words.Min, MaxWords: q.Words.Max, Position: position, Active: true,
			})
		}
	}
	have, err := l.db.Question.Query().All(ctx)
	if err != nil {
		return fmt.Errorf("questions: %w", err)
	}
	d, err := compare(questionTraits, have, want)
	if err != nil {
		return err
	}
	count := d.count(Questions)
	err = inBatches(d.write(), func(rows []*ent.Question) error {
		create := make([]*ent.QuestionCreate, len(rows))
		for i, r := range rows {
			create[i] = l.db.Question.Create().SetID(r.ID).SetTrackID(r.TrackID).SetSlug(r.Slug).SetTitle(r.Title).
				SetPrompt(r.Prompt).SetLevel(r.Level).SetSkills(r.Skills).SetMinWords(r.MinWords).
				SetMaxWords(r.MaxWords).SetPosition(r.Position).SetActive(r.Active)
		}
		return l.db.Question.CreateBulk(create...).OnConflictColumns(question.FieldID).UpdateNewValues().Exec(ctx)
	})
	if err != nil {
		return l.record(count, err)
	}
	gone := ids(d.gone, questionTraits.id, func(r *ent.Question) bool { return r.Active })
	count.Deactivated, err = l.db.Question.Update().Where(question.IDIn(gone...)).SetActive(false).Save(ctx)
	return l.record(count, err)
}

// inOrder sorts the questions of a track as learners meet them: easiest first, then by slug.
func inOrder(questions []seeds.Question) []seeds.Question {
	rank := map[seeds.Level]int{seeds.Foundation: 0, seeds.Intermediate: 1, seeds.Advanced: 2}
	return slices.SortedFunc(slices.Values(questions), func(a, b seeds.Question) int {
		return cmp.Or(cmp.Compare(rank[a.Level], rank[b.Level]), cmp.Compare(a.Slug, b.Slug))
	})
}

var credentialTraits = traits[ent.Credential]{
	kind: Credentials,
	id:   func(r *ent.Credential) uuid.UUID { return r.ID },
	key:  func(r *ent.Credential) string { return r.Slug },
	content: func(r *ent.Credential) []any {
		return []any{r.Title, r.Provider, r.Kind, r.Level, r.Duration, r.Price, r.Teaches, r.Requires, r.Description, r.URL, r.Active}
	},
}

func (l *loader) credentials(ctx context.Context) error {
	var want []*ent.Credential
	for _, c := range l.catalog.Credentials {
		want = append(want, &ent.Credential{
			ID: CredentialID(c.Slug), Slug: c.Slug, Title: c.Title, Provider: c.Provider,
			Kind: enums.CredentialKind(c.Kind), Level: enums.Level(c.Level), Duration: enums.Duration(c.Duration),
			Price: enums.Price(c.Price), Teaches: array(c.Teaches), Requires: array(c.Requires),
			Description: c.Description, URL: unlessEmpty(c.URL), Active: true,
		})
	}
	have, err := l.db.Credential.Query().All(ctx)
	if err != nil {
		return fmt.Errorf("credentials: %w", err)
	}
	d, err := compare(credentialTraits, have, want)
	if err != nil {
		return err
	}
	count := d.count(Credentials)
	err = inBatches(d.write(), func(rows []*ent.Credential) error {
		create := make([]*ent.CredentialCreate, len(rows))
		for i, r := range rows {
			create[i] = l.db.Credential.Create().SetID(r.ID).SetSlug(r.Slug).SetTitle(r.Title).SetProvider(r.Provider).
				SetKind(r.Kind).SetLevel(r.Level).SetDuration(r.Duration).SetPrice(r.Price).
				SetTeaches(r.Teaches).SetRequires(r.Requires).SetDescription(r.Description).SetNillableURL(r.URL).SetActive(r.Active)
		}
		// The address by name: where no row has one, it is not among the new values, and an old one would stay.
		return l.db.Credential.CreateBulk(create...).OnConflictColumns(credential.FieldID).UpdateNewValues().UpdateURL().Exec(ctx)
	})
	if err != nil {
		return l.record(count, err)
	}
	gone := ids(d.gone, credentialTraits.id, func(r *ent.Credential) bool { return r.Active })
	count.Deactivated, err = l.db.Credential.Update().Where(credential.IDIn(gone...)).SetActive(false).Save(ctx)
	return l.record(count, err)
}

// unlessEmpty is nil for an empty text, which the column does not hold.
func unlessEmpty(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
