package jobs

import (
	"context"
	"fmt"
	"sort"
	"sync"

	"github.com/google/uuid"
	"golang.org/x/sync/singleflight"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/criterion"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/keypoint"
	"github.com/rubrica/rubrica/ent/rubric"
	"github.com/rubrica/rubrica/internal/calibrations"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/scoring"
	"github.com/rubrica/rubrica/scoring/pack"
)

// prepared is one version of a rubric with its question, ready to score and to recommend by.
type prepared struct {
	question  *ent.Question
	track     *ent.Track
	criteria  []*ent.Criterion
	keyPoints []*ent.KeyPoint
	scoring   *scoring.Prepared
	// vectors of the key points' texts, in their order, and of the prompt
	keyPointVectors [][]float32
	promptVector    []float32
	reading         string // digest of the question and the track as they were
}

// questions keeps what was prepared, because to prepare a rubric costs as much as to score three
// essays. A rubric version does not change once it has scored an essay, but the question around it
// may: what was prepared is used as long as the question reads the same.
type questions struct {
	db       *database.DB
	embedder Embedder
	active   *calibrations.Active // may be nil

	mu     sync.Mutex
	ready  map[uuid.UUID]*prepared
	flight singleflight.Group
}

// maxPrepared bounds the memory: about 100 kB a rubric.
const maxPrepared = 512

func newQuestions(db *database.DB, embedder Embedder, active *calibrations.Active) *questions {
	return &questions{db: db, embedder: embedder, active: active, ready: map[uuid.UUID]*prepared{}}
}

func (q *questions) get(ctx context.Context, rubricID uuid.UUID) (*prepared, error) {
	reading, err := q.reading(ctx, rubricID)
	if err != nil {
		return nil, err
	}
	q.mu.Lock()
	p := q.ready[rubricID]
	q.mu.Unlock()
	if p != nil && p.reading == reading {
		return p, nil
	}
	v, err, _ := q.flight.Do(rubricID.String()+reading, func() (any, error) {
		p, err := q.prepare(ctx, rubricID)
		if err != nil {
			return nil, err
		}
		p.reading = reading
		q.mu.Lock()
		defer q.mu.Unlock()
		if len(q.ready) >= maxPrepared {
			clear(q.ready)
		}
		q.ready[rubricID] = p
		return p, nil
	})
	if err != nil {
		return nil, err
	}
	return v.(*prepared), nil
}

// reading is a digest of what scoring and recommending read of the question and its track. On the way
// it tells the engine which calibration is on.
func (q *questions) reading(ctx context.Context, rubricID uuid.UUID) (digest string, err error) {
	var question uuid.UUID
	var on *uuid.UUID
	err = q.db.SQL.QueryRowContext(ctx, `
		SELECT q.id, (SELECT c.id FROM calibrations c WHERE c.question_id = q.id AND c.state = 'ACTIVE'), md5(jsonb_build_array(q.title, q.prompt, q.min_words, q.max_words, q.level, q.skills, t.title, t.skills)::text)
		FROM rubrics r JOIN questions q ON q.id = r.question_id JOIN tracks t ON t.id = q.track_id
		WHERE r.id = $1`, rubricID).Scan(&question, &on, &digest)
	if err != nil {
		return "", fmt.Errorf("reading the question: %w", err)
	}
	if q.active == nil {
		return digest, nil
	}
	return digest, q.active.Use(ctx, question, on)
}

func (q *questions) prepare(ctx context.Context, rubricID uuid.UUID) (*prepared, error) {
	r, err := q.db.Ent.Rubric.Query().Where(rubric.ID(rubricID)).
		WithCriteria(func(c *ent.CriterionQuery) { c.Order(criterion.ByPosition()) }).
		WithKeyPoints(func(k *ent.KeyPointQuery) { k.Order(keypoint.ByPosition()) }).
		WithReferences().
		WithQuestion(func(q *ent.QuestionQuery) { q.WithTrack() }).
		Only(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the rubric: %w", err)
	}
	p := &prepared{
		question: r.Edges.Question, track: r.Edges.Question.Edges.Track,
		criteria: r.Edges.Criteria, keyPoints: r.Edges.KeyPoints,
	}
	if p.scoring, err = scoring.Prepare(ctx, q.embedder, scoringQuestion(r), scoring.WithLikeness(pack.Default().Likeness)); err != nil {
		return nil, err
	}
	if p.promptVector, err = q.embedder.Embed(ctx, p.question.Prompt); err != nil {
		return nil, fmt.Errorf("embedding the prompt: %w", err)
	}
	for _, k := range p.keyPoints {
		v, err := q.embedder.Embed(ctx, k.Text)
		if err != nil {
			return nil, fmt.Errorf("embedding a key point: %w", err)
		}
		p.keyPointVectors = append(p.keyPointVectors, v)
	}
	return p, nil
}

// scoringQuestion is the question as the scoring package knows it.
func scoringQuestion(r *ent.Rubric) scoring.Question {
	question := r.Edges.Question
	out := scoring.Question{
		ID: question.ID.String(), Title: question.Title, Prompt: question.Prompt,
		MinWords: question.MinWords, MaxWords: question.MaxWords,
		Rubric: scoring.Rubric{ID: r.ID.String(), Version: r.Version},
	}
	for _, c := range r.Edges.Criteria {
		sc := scoring.Criterion{
			ID: c.ID.String(), Key: c.Key, Title: c.Title, Trait: scoring.Trait(c.Trait), Weight: c.Weight,
			Scale: scoring.Scale{Min: c.ScaleMin, Max: c.ScaleMax, Step: c.ScaleStep},
		}
		for _, l := range c.Levels {
			sc.Levels = append(sc.Levels, scoring.Level{Score: l.Score, Descriptor: l.Descriptor})
		}
		out.Rubric.Criteria = append(out.Rubric.Criteria, sc)
	}
	for _, k := range r.Edges.KeyPoints {
		out.Rubric.KeyPoints = append(out.Rubric.KeyPoints, scoring.KeyPoint{
			ID: k.ID.String(), Key: k.Key, Label: k.Label, Text: k.Text, Weight: k.Weight, Skills: k.Skills,
		})
	}
	references := r.Edges.References
	sort.Slice(references, func(i, j int) bool { return references[i].ID.String() < references[j].ID.String() })
	for _, ref := range references {
		if ref.Kind == enums.ReferenceModel {
			out.Rubric.ModelAnswers = append(out.Rubric.ModelAnswers, ref.Text)
		}
	}
	return out
}
