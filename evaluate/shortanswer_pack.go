package evaluate

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/rubrica/rubrica/evaluate/dataset"
	"github.com/rubrica/rubrica/internal/provision"
	"github.com/rubrica/rubrica/rag/minilm"
	"github.com/rubrica/rubrica/scoring"
	"github.com/rubrica/rubrica/scoring/pack"
	"github.com/rubrica/rubrica/scoring/pair"
	"github.com/rubrica/rubrica/seeds"
)

// training is the split of SAF that models are fitted on.
const training = "training"

// The shares that the seeds' sample answers stand for. They are set and not graded, and only how they lie
// among each other counts.
const (
	strongShare   = 0.9
	middlingShare = 0.55
	weakShare     = 0.25
)

// FitPack fits the model that ships: on the training split of SAF and on the seeds' sample answers. The
// same data give the same model.
func FitPack(ctx context.Context, data string, progress func(string)) (*pack.Pack, error) {
	o := Options{Data: data, Progress: progress}
	words, err := packWords(ctx, progress)
	if err != nil {
		return nil, err
	}
	model, err := minilm.Shared(ctx)
	if err != nil {
		return nil, err
	}
	answers, err := dataset.SAF(data)
	if err != nil {
		return nil, err
	}
	var chosen []dataset.Answer
	for _, a := range answers {
		if a.Split == training {
			chosen = append(chosen, a)
		}
	}
	o.say("measuring %d answers", len(chosen))
	measured, err := measureShort(ctx, model, &words, chosen)
	if err != nil {
		return nil, err
	}
	rows, err := withSeeds(ctx, model, &words, packRows(measured))
	if err != nil {
		return nil, err
	}
	p, err := pack.Fit(ctx, rows, words)
	if err != nil {
		return nil, err
	}
	p.Model = model.Model()
	return p, nil
}

// withSeeds adds the seeds' sample answers to graded ones.
func withSeeds(ctx context.Context, embedder scoring.Embedder, weights pair.Weights, rows []pack.Row) ([]pack.Row, error) {
	made, err := seedAnswers()
	if err != nil {
		return nil, err
	}
	samples, err := measureShort(ctx, embedder, weights, made)
	if err != nil {
		return nil, err
	}
	for _, r := range packRows(samples) {
		r.Made = true
		rows = append(rows, r)
	}
	return rows, nil
}

// packWords are the weights of words, from the pinned table of their frequencies.
func packWords(ctx context.Context, progress func(string)) (_ pack.Words, err error) {
	dir, err := provision.Ensure(ctx, provision.Lexicon, progress)
	if err != nil {
		return pack.Words{}, fmt.Errorf("evaluate: the table of words: %w", err)
	}
	path, _ := provision.LexiconTables(dir)
	f, err := os.Open(path)
	if err != nil {
		return pack.Words{}, fmt.Errorf("evaluate: the table of words: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return pack.WordsOf(f)
}

// seedAnswers are the seeds' sample answers, each against its question's model answer, and the question
// itself as an answer that is worth nothing.
func seedAnswers() ([]dataset.Answer, error) {
	catalog, err := seeds.Default()
	if err != nil {
		return nil, fmt.Errorf("evaluate: the seeds: %w", err)
	}
	var out []dataset.Answer
	for _, track := range catalog.Tracks {
		for _, q := range track.Questions {
			add := func(kind, text string, share float64) {
				out = append(out, dataset.Answer{
					ID: track.Slug + "/" + q.Slug + " " + kind, QuestionID: track.Slug + "/" + q.Slug,
					Question: q.Prompt, Reference: q.Rubric.ModelAnswer, Text: text, Score: share, MaxScore: 1,
				})
			}
			add("strong", q.Samples.Strong, strongShare)
			add("middling", q.Samples.Middling, middlingShare)
			add("weak", q.Samples.Weak, weakShare)
			add("question", q.Prompt, 0)
		}
	}
	return out, nil
}
