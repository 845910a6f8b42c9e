package evaluate

import (
	"context"
	"fmt"
	"strconv"
	"sync"

	"github.com/rubrica/rubrica/evaluate/dataset"
	"github.com/rubrica/rubrica/scoring"
	"github.com/rubrica/rubrica/scoring/calibration"
	"github.com/rubrica/rubrica/scoring/lexicon"
	"github.com/rubrica/rubrica/seeds"
)

// subject is a question with texts that its engine has not seen: faithfulness and attacks are measured on it.
type subject struct {
	scorer
	set     string // "seeds", "ASAP-AES", "ELLIPSE"
	group   string // the question or prompt
	unseen  []string
	foreign []string // texts on other matters, for padding
	model   string   // the model answer; "" without
}

// seededSubjects are the questions of the seeds, scored by the local engine's rules. The unseen texts are the
// seeded samples, which nothing was fitted to.
func seededSubjects(ctx context.Context, o *Options, embedder scoring.Embedder) ([]*subject, error) {
	catalog, err := seeds.Default()
	if err != nil {
		return nil, fmt.Errorf("evaluate: the seeds: %w", err)
	}
	var out []*subject
	var skills [][]string
	for _, track := range catalog.Tracks {
		for _, q := range track.Questions {
			prepared, err := scoring.Prepare(ctx, embedder, seededQuestion(q))
			if err != nil {
				return nil, fmt.Errorf("evaluate: %w", err)
			}
			out = append(out, &subject{
				scorer: scorer{prepared, scoring.NewLocal(embedder.Model()), embedder},
				set:    "seeds", group: q.Slug, model: q.Rubric.ModelAnswer,
				unseen: []string{q.Samples.Strong, q.Samples.Middling, q.Samples.Weak},
			})
			skills = append(skills, q.Skills)
		}
	}
	for i, s := range out {
		for j, other := range out {
			if i != j && !shares(skills[i], skills[j]) {
				s.foreign = append(s.foreign, other.unseen[0])
			}
		}
	}
	if o.Quick {
		out = out[:len(out)/8]
	}
	return out, nil
}

func shares(a, b []string) bool {
	for _, x := range a {
		for _, y := range b {
			if x == y {
				return true
			}
		}
	}
	return false
}

func seededQuestion(q seeds.Question) scoring.Question {
	out := scoring.Question{
		ID: q.Slug, Title: q.Title, Prompt: q.Prompt, MinWords: q.Words.Min, MaxWords: q.Words.Max,
		Rubric: scoring.Rubric{ID: q.Slug, Version: q.Rubric.Version, ModelAnswers: []string{q.Rubric.ModelAnswer}},
	}
	for _, c := range q.Rubric.Criteria {
		out.Rubric.Criteria = append(out.Rubric.Criteria, scoring.Criterion{
			ID: c.Key, Key: c.Key, Title: c.Title, Trait: scoring.Trait(c.Trait), Weight: c.Weight,
			Scale: scoring.Scale{Min: c.Scale.Min, Max: c.Scale.Max, Step: c.Scale.Step},
		})
	}
	for _, k := range q.Rubric.KeyPoints {
		out.Rubric.KeyPoints = append(out.Rubric.KeyPoints, scoring.KeyPoint{
			ID: k.Key, Key: k.Key, Label: k.Label, Text: k.Text, Weight: k.Weight, Skills: k.Skills,
		})
	}
	return out
}

// asapPrompts say in our own words what the eight prompts of ASAP-AES ask for; the set has no texts of them.
var asapPrompts = [...]string{
	"More and more people use computers, and not everyone thinks that this is good for society. Write a letter to your local newspaper in which you state your opinion on the effects that computers have on people, and persuade the readers to agree with you.",
	"Some people find certain books, music, movies and magazines offensive. Write a persuasive essay to a newspaper with your view on censorship in libraries: should such materials be removed from the shelves? Support your position from your own experience or reading.",
	"A cyclist rides through a hot and empty landscape on the advice of some old men. Write a response that explains how the features of the setting affect the cyclist. Use details from the text.",
	"The story ends when the girl decides to take the test again in spring, when the hibiscus is budding and the geese return. Explain why the author concludes the story with this paragraph. Use details and examples from the story.",
	"The author remembers the home and the kitchen of a Cuban family in New Jersey. Describe the mood that the author creates in the memoir. Support your answer with relevant and specific information from the memoir.",
	"Based on the excerpt, describe the obstacles that the builders of the Empire State Building faced in attempting to allow dirigibles to dock there. Support your answer with information from the excerpt.",
	"Write about patience. Being patient means that you are understanding and tolerant and wait without complaining. Tell a story about a time when you, or someone you know, were patient.",
	"We all understand the benefits of laughter: it is the shortest distance between two people. Tell a true story in which laughter was one element or part.",
}

// calibratedRows and unseenRows are how many essays a question is calibrated with and measured on;
// ellipseRows is how many of ELLIPSE it is measured on.
const (
	calibratedRows = 240
	unseenRows     = 60
	ellipseRows    = 120
)

// asapSubjects are the prompts of ASAP-AES, calibrated on three of the four folds and measured on the fourth.
func asapSubjects(ctx context.Context, o *Options, embedder scoring.Embedder, rows, unseen int) ([]*subject, error) {
	essays, err := dataset.ASAP(o.Data)
	if err != nil {
		return nil, err
	}
	byPrompt := make([][]dataset.Essay, len(asapPrompts))
	for _, e := range essays {
		byPrompt[e.Prompt-1] = append(byPrompt[e.Prompt-1], e)
	}
	var out []*subject
	for p, list := range byPrompt {
		s := &subject{set: "ASAP-AES", group: strconv.Itoa(p + 1)}
		scale := scoring.Scale{Min: list[0].Grid.Min, Max: list[0].Grid.Max, Step: 1}
		var texts []string
		var scores []map[string]float64
		for _, e := range list {
			switch {
			case e.Fold == 0 && len(s.unseen) < unseen:
				s.unseen = append(s.unseen, e.Text)
			case e.Fold != 0 && len(texts) < rows:
				texts = append(texts, e.Text)
				scores = append(scores, map[string]float64{"holistic": e.Score})
			}
		}
		for _, other := range byPrompt[(p+3)%len(byPrompt)] {
			if other.Fold == 0 && len(s.foreign) < unseen {
				s.foreign = append(s.foreign, other.Text)
			}
		}
		q := scoring.Question{
			ID: "asap-" + s.group, Title: "Prompt " + s.group, Prompt: asapPrompts[p],
			Rubric: scoring.Rubric{ID: "asap", Criteria: []scoring.Criterion{{ID: "holistic", Key: "holistic", Trait: "HOLISTIC", Weight: 1, Scale: scale}}},
		}
		if err := s.calibrate(ctx, o, q, embedder, texts, scores); err != nil {
			return nil, err
		}
		o.say("prompt %s: calibrated with %d essays", s.group, len(texts))
		out = append(out, s)
	}
	return out, nil
}

// ellipseSubject is ELLIPSE as one question with six criteria: its essays are of many prompts, which it does
// not tell apart.
func ellipseSubject(ctx context.Context, o *Options, embedder scoring.Embedder, rows, unseen int) (*subject, error) {
	essays, err := dataset.ELLIPSE(o.Data)
	if err != nil {
		return nil, err
	}
	q := scoring.Question{ID: "ellipse", Title: "Essay", Prompt: "Write an essay.", Rubric: scoring.Rubric{ID: "ellipse"}}
	for _, trait := range dataset.Traits {
		q.Rubric.Criteria = append(q.Rubric.Criteria, scoring.Criterion{
			ID: trait, Key: trait, Trait: scoring.Trait(trait), Weight: 1,
			Scale: scoring.Scale{Min: dataset.TraitGrid.Min, Max: dataset.TraitGrid.Max, Step: dataset.TraitGrid.Step},
		})
	}
	s := &subject{set: "ELLIPSE", group: "all"}
	var texts []string
	var scores []map[string]float64
	for i, e := range essays {
		switch {
		case i%5 == 0 && len(s.unseen) < unseen:
			s.unseen = append(s.unseen, e.Text)
		case i%5 != 0 && len(texts) < rows:
			given := map[string]float64{}
			for k, trait := range dataset.Traits {
				given[trait] = e.Scores[k]
			}
			texts, scores = append(texts, e.Text), append(scores, given)
		}
	}
	if err := s.calibrate(ctx, o, q, embedder, texts, scores); err != nil {
		return nil, err
	}
	o.say("ELLIPSE: calibrated with %d essays", len(texts))
	return s, nil
}

// calibrate fits the question's calibration and makes the engine that scores by it.
func (s *subject) calibrate(ctx context.Context, o *Options, q scoring.Question, embedder scoring.Embedder, texts []string, scores []map[string]float64) error {
	prepared, err := scoring.Prepare(ctx, embedder, q)
	if err != nil {
		return fmt.Errorf("evaluate: %w", err)
	}
	var graded []calibration.Graded
	for i, raw := range texts {
		text, err := scoring.Analyze(ctx, embedder, raw)
		if err != nil {
			return fmt.Errorf("evaluate: %w", err)
		}
		graded = append(graded, calibration.Graded{Text: text, Scores: scores[i]})
	}
	graded = withoutFaults(q, graded)
	c, _, err := calibration.Fit(ctx, prepared, graded, calibration.Options{Lexicon: o.Lexicon})
	if err != nil {
		return fmt.Errorf("evaluate: calibrating %s: %w", q.ID, err)
	}
	s.scorer = scorer{prepared, calibration.NewEngine(
		scoring.NewLocal(embedder.Model()),
		func(string) (*calibration.Calibration, bool) { return c, true },
		calibration.Support{Lexicon: func() *lexicon.Lexicon { return o.Lexicon }},
	), embedder}
	return nil
}

// withoutFaults leaves out the rows that a calibration would be refused for, such as two essays alike.
func withoutFaults(q scoring.Question, graded []calibration.Graded) []calibration.Graded {
	for {
		bad := map[int]bool{}
		for _, f := range calibration.Check(q, graded) {
			if f.Row >= 0 {
				bad[f.Row] = true
			}
		}
		if len(bad) == 0 {
			return graded
		}
		var left []calibration.Graded
		for i, g := range graded {
			if !bad[i] {
				left = append(left, g)
			}
		}
		graded = left
	}
}

// remembered keeps the vectors of sentences, which come again in every variant of a text.
type remembered struct {
	scoring.Embedder
	mu      sync.Mutex
	vectors map[string][]float32
}

func remembering(e scoring.Embedder) *remembered {
	return &remembered{Embedder: e, vectors: map[string][]float32{}}
}

// Embed implements scoring.Embedder.
func (r *remembered) Embed(ctx context.Context, text string) ([]float32, error) {
	r.mu.Lock()
	v, ok := r.vectors[text]
	r.mu.Unlock()
	if ok {
		return v, nil
	}
	v, err := r.Embedder.Embed(ctx, text)
	if err == nil {
		r.mu.Lock()
		r.vectors[text] = v
		r.mu.Unlock()
	}
	return v, err
}
