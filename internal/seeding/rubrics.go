package seeding

import (
	"context"
	"fmt"
	"maps"

	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/criterion"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/keypoint"
	"github.com/rubrica/rubrica/ent/referenceanswer"
	"github.com/rubrica/rubrica/ent/rubric"
	"github.com/rubrica/rubrica/ent/scoringrun"
	"github.com/rubrica/rubrica/ent/values"
	"github.com/rubrica/rubrica/seeds"
)

// A rubric is its criteria, its key points and its model answer: with these a version scores, and
// once it has they stay. The sample answers hang on it too but score nothing, and may change.

var rubricTraits = traits[ent.Rubric]{
	kind:    Rubrics,
	id:      func(r *ent.Rubric) uuid.UUID { return r.ID },
	key:     func(r *ent.Rubric) string { return fmt.Sprintf("%s/%d", r.QuestionID, r.Version) },
	content: func(*ent.Rubric) []any { return nil },
}

var criterionTraits = traits[ent.Criterion]{
	kind: Criteria,
	id:   func(r *ent.Criterion) uuid.UUID { return r.ID },
	key:  func(r *ent.Criterion) string { return r.RubricID.String() + "/" + r.Key },
	content: func(r *ent.Criterion) []any {
		return []any{r.Position, r.Trait, r.Title, r.Description, r.Weight, r.ScaleMin, r.ScaleMax, r.ScaleStep, r.Levels}
	},
}

var keyPointTraits = traits[ent.KeyPoint]{
	kind:    KeyPoints,
	id:      func(r *ent.KeyPoint) uuid.UUID { return r.ID },
	key:     func(r *ent.KeyPoint) string { return r.RubricID.String() + "/" + r.Key },
	content: func(r *ent.KeyPoint) []any { return []any{r.Position, r.Label, r.Text, r.Weight, r.Skills} },
}

var referenceTraits = traits[ent.ReferenceAnswer]{
	kind:    ReferenceAnswers,
	id:      func(r *ent.ReferenceAnswer) uuid.UUID { return r.ID },
	key:     func(r *ent.ReferenceAnswer) string { return r.RubricID.String() + "/" + string(r.Kind) },
	content: func(r *ent.ReferenceAnswer) []any { return []any{r.Text} },
}

// rubricRows are the rubrics of a catalogue with everything that hangs on them.
type rubricRows struct {
	refs       map[uuid.UUID]RubricRef
	rubrics    []*ent.Rubric
	criteria   []*ent.Criterion
	keyPoints  []*ent.KeyPoint
	references []*ent.ReferenceAnswer
}

func wantedRubrics(c *seeds.Catalog) rubricRows {
	w := rubricRows{refs: map[uuid.UUID]RubricRef{}}
	for _, t := range c.Tracks {
		for _, q := range t.Questions {
			w.add(t.Slug, q)
		}
	}
	return w
}

func (w *rubricRows) add(track string, q seeds.Question) {
	version := q.Rubric.Version
	id := RubricID(track, q.Slug, version)
	w.refs[id] = RubricRef{Track: track, Question: q.Slug, Version: version}
	w.rubrics = append(w.rubrics, &ent.Rubric{ID: id, QuestionID: QuestionID(track, q.Slug), Version: version})
	for i, c := range q.Rubric.Criteria {
		levels := make([]values.ScoreLevel, len(c.Levels))
		for j, l := range c.Levels {
			levels[j] = values.ScoreLevel{Score: l.Score, Descriptor: l.Descriptor}
		}
		w.criteria = append(w.criteria, &ent.Criterion{
			ID: CriterionID(track, q.Slug, version, c.Key), RubricID: id, Position: i, Key: c.Key,
			Trait: enums.Trait(c.Trait), Title: c.Title, Description: c.Description, Weight: c.Weight,
			ScaleMin: c.Scale.Min, ScaleMax: c.Scale.Max, ScaleStep: c.Scale.Step, Levels: levels,
		})
	}
	for i, k := range q.Rubric.KeyPoints {
		w.keyPoints = append(w.keyPoints, &ent.KeyPoint{
			ID: KeyPointID(track, q.Slug, version, k.Key), RubricID: id, Position: i, Key: k.Key,
			Label: k.Label, Text: k.Text, Weight: k.Weight, Skills: array(k.Skills),
		})
	}
	for _, r := range []struct {
		kind enums.ReferenceKind
		text string
	}{
		{enums.ReferenceModel, q.Rubric.ModelAnswer},
		{enums.ReferenceStrong, q.Samples.Strong},
		{enums.ReferenceMiddling, q.Samples.Middling},
		{enums.ReferenceWeak, q.Samples.Weak},
	} {
		w.references = append(w.references, &ent.ReferenceAnswer{
			ID: ReferenceAnswerID(track, q.Slug, version, r.kind), RubricID: id, Kind: r.kind, Text: r.text,
		})
	}
}

func (l *loader) rubrics(ctx context.Context) error {
	want := wantedRubrics(l.catalog)
	d, err := l.compareRubrics(ctx, want)
	if err != nil {
		return err
	}
	if err := l.guardScored(ctx, want, d); err != nil {
		return err
	}
	return l.writeRubrics(ctx, d)
}

// rubricDifference is what has to be done to rubrics and what hangs on them.
type rubricDifference struct {
	rubrics    *difference[ent.Rubric]
	criteria   *difference[ent.Criterion]
	keyPoints  *difference[ent.KeyPoint]
	references *difference[ent.ReferenceAnswer]
}

func (l *loader) compareRubrics(ctx context.Context, want rubricRows) (d rubricDifference, err error) {
	have, err := l.db.Rubric.Query().All(ctx)
	if err != nil {
		return d, fmt.Errorf("rubrics: %w", err)
	}
	if err := refuseOlder(want, have); err != nil {
		return d, err
	}
	if d.rubrics, err = compare(rubricTraits, have, want.rubrics); err != nil {
		return d, err
	}
	// Earlier versions are gone from the seeds, and stay: only what hangs on the wanted ones is read.
	mine := ids(want.rubrics, rubricTraits.id, nil)
	criteria, err := l.db.Criterion.Query().Where(criterion.RubricIDIn(mine...)).All(ctx)
	if err != nil {
		return d, fmt.Errorf("criteria: %w", err)
	}
	if d.criteria, err = compare(criterionTraits, criteria, want.criteria); err != nil {
		return d, err
	}
	keyPoints, err := l.db.KeyPoint.Query().Where(keypoint.RubricIDIn(mine...)).All(ctx)
	if err != nil {
		return d, fmt.Errorf("key points: %w", err)
	}
	if d.keyPoints, err = compare(keyPointTraits, keyPoints, want.keyPoints); err != nil {
		return d, err
	}
	references, err := l.db.ReferenceAnswer.Query().Where(referenceanswer.RubricIDIn(mine...)).All(ctx)
	if err != nil {
		return d, fmt.Errorf("reference answers: %w", err)
	}
	d.references, err = compare(referenceTraits, references, want.references)
	return d, err
}

// refuseOlder keeps seeds of an older release from being taken for the newest rubric of a question.
func refuseOlder(want rubricRows, have []*ent.Rubric) error {
	newest := map[uuid.UUID]int{}
	for _, r := range have {
		newest[r.QuestionID] = max(newest[r.QuestionID], r.Version)
	}
	var older []RubricRef
	for _, r := range want.rubrics {
		if newest[r.QuestionID] > r.Version {
			ref := want.refs[r.ID]
			ref.Newest = newest[r.QuestionID]
			older = append(older, ref)
		}
	}
	if len(older) > 0 {
		return &RubricError{Older: older}
	}
	return nil
}

// guardScored refuses changes to rubrics that essays were, or are about to be, scored with.
func (l *loader) guardScored(ctx context.Context, want rubricRows, d rubricDifference) error {
	changed := map[uuid.UUID]bool{}
	for _, r := range d.criteria.touched() {
		changed[r.RubricID] = true
	}
	for _, r := range d.keyPoints.touched() {
		changed[r.RubricID] = true
	}
	for _, r := range d.references.touched() {
		if r.Kind == enums.ReferenceModel {
			changed[r.RubricID] = true
		}
	}
	for _, r := range d.rubrics.insert { // of these everything is new
		delete(changed, r.ID)
	}
	if len(changed) == 0 {
		return nil
	}
	// No run may begin between the look and the commit.
	if _, err := l.tx.SQL.ExecContext(ctx, "LOCK TABLE scoring_runs IN SHARE MODE"); err != nil {
		return fmt.Errorf("rubrics: holding back new scoring runs: %w", err)
	}
	var used []struct {
		RubricID uuid.UUID `json:"rubric_id"`
	}
	err := l.db.ScoringRun.Query().Where(scoringrun.RubricIDIn(keys(changed)...)).
		GroupBy(scoringrun.FieldRubricID).Scan(ctx, &used)
	if err != nil {
		return fmt.Errorf("rubrics: looking for essays that were scored: %w", err)
	}
	if len(used) == 0 {
		return nil
	}
	scored := map[uuid.UUID]bool{}
	for _, u := range used {
		scored[u.RubricID] = true
	}
	e := &RubricError{}
	for _, r := range want.rubrics { // in the order of the seeds
		if scored[r.ID] {
			e.Changed = append(e.Changed, want.refs[r.ID])
		}
	}
	return e
}

// touched are the rows that are not as they were.
func (d *difference[R]) touched() []*R { return append(d.write(), d.gone...) }

func keys(set map[uuid.UUID]bool) []uuid.UUID {
	out := make([]uuid.UUID, 0, len(set))
	for id := range maps.Keys(set) {
		out = append(out, id)
	}
	return out
}

func (l *loader) writeRubrics(ctx context.Context, d rubricDifference) error {
	err := l.record(d.rubrics.count(Rubrics), inBatches(d.rubrics.write(), func(rows []*ent.Rubric) error {
		create := make([]*ent.RubricCreate, len(rows))
		for i, r := range rows {
			create[i] = l.db.Rubric.Create().SetID(r.ID).SetQuestionID(r.QuestionID).SetVersion(r.Version)
		}
		return l.db.Rubric.CreateBulk(create...).OnConflictColumns(rubric.FieldID).UpdateNewValues().Exec(ctx)
	}))
	if err != nil {
		return err
	}
	if err := l.writeCriteria(ctx, d.criteria); err != nil {
		return err
	}
	if err := l.writeKeyPoints(ctx, d.keyPoints); err != nil {
		return err
	}
	return l.record(d.references.count(ReferenceAnswers), inBatches(d.references.write(), func(rows []*ent.ReferenceAnswer) error {
		create := make([]*ent.ReferenceAnswerCreate, len(rows))
		for i, r := range rows {
			create[i] = l.db.ReferenceAnswer.Create().SetID(r.ID).SetRubricID(r.RubricID).SetKind(r.Kind).SetText(r.Text)
		}
		return l.db.ReferenceAnswer.CreateBulk(create...).
			OnConflictColumns(referenceanswer.FieldID).UpdateNewValues().Exec(ctx)
	}))
}

func (l *loader) writeCriteria(ctx context.Context, d *difference[ent.Criterion]) error {
	count := d.count(Criteria)
	err := inBatches(d.write(), func(rows []*ent.Criterion) error {
		create := make([]*ent.CriterionCreate, len(rows))
		for i, r := range rows {
			create[i] = l.db.Criterion.Create().SetID(r.ID).SetRubricID(r.RubricID).SetPosition(r.Position).
				SetKey(r.Key).SetTrait(r.Trait).SetTitle(r.Title).SetDescription(r.Description).SetWeight(r.Weight).
				SetScaleMin(r.ScaleMin).SetScaleMax(r.ScaleMax).SetScaleStep(r.ScaleStep).SetLevels(r.Levels)
		}
		return l.db.Criterion.CreateBulk(create...).OnConflictColumns(criterion.FieldID).UpdateNewValues().Exec(ctx)
	})
	if err != nil || len(d.gone) == 0 {
		return l.record(count, err)
	}
	count.Deleted, err = l.db.Criterion.Delete().
		Where(criterion.IDIn(ids(d.gone, criterionTraits.id, nil)...)).Exec(ctx)
	return l.record(count, err)
}

func (l *loader) writeKeyPoints(ctx context.Context, d *difference[ent.KeyPoint]) error {
	count := d.count(KeyPoints)
	err := inBatches(d.write(), func(rows []*ent.KeyPoint) error {
		create := make([]*ent.KeyPointCreate, len(rows))
		for i, r := range rows {
			create[i] = l.db.KeyPoint.Create().SetID(r.ID).SetRubricID(r.RubricID).SetPosition(r.Position).
				SetKey(r.Key).SetLabel(r.Label).SetText(r.Text).SetWeight(r.Weight).SetSkills(r.Skills)
		}
		return l.db.KeyPoint.CreateBulk(create...).OnConflictColumns(keypoint.FieldID).UpdateNewValues().Exec(ctx)
	})
	if err != nil || len(d.gone) == 0 {
		return l.record(count, err)
	}
	count.Deleted, err = l.db.KeyPoint.Delete().
		Where(keypoint.IDIn(ids(d.gone, keyPointTraits.id, nil)...)).Exec(ctx)
	return l.record(count, err)
}
