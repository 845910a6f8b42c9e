package main

import (
	"context"

	"github.com/rubrica/rubrica/scoring"
	"github.com/rubrica/rubrica/seeds"
)

// requestOf asks for the scores of a question's middling sample.
func requestOf(ctx context.Context, embedder scoring.Embedder, q seeds.Question) (scoring.Request, error) {
	question := scoring.Question{
		ID: q.Slug, Title: q.Title, Prompt: q.Prompt, MinWords: q.Words.Min, MaxWords: q.Words.Max,
		Rubric: scoring.Rubric{ID: q.Slug, Version: q.Rubric.Version, ModelAnswers: []string{q.Rubric.ModelAnswer}},
	}
	for _, c := range q.Rubric.Criteria {
		criterion := scoring.Criterion{
			ID: c.Key, Key: c.Key, Title: c.Title, Trait: scoring.Trait(c.Trait), Weight: c.Weight, Scale: scoring.Scale(c.Scale),
		}
		for _, l := range c.Levels {
			criterion.Levels = append(criterion.Levels, scoring.Level(l))
		}
		question.Rubric.Criteria = append(question.Rubric.Criteria, criterion)
	}
	for _, k := range q.Rubric.KeyPoints {
		question.Rubric.KeyPoints = append(question.Rubric.KeyPoints, scoring.KeyPoint{
			ID: k.Key, Key: k.Key, Label: k.Label, Text: k.Text, Weight: k.Weight, Skills: k.Skills,
		})
	}
	prepared, err := scoring.Prepare(ctx, embedder, question)
	if err != nil {
		return scoring.Request{}, err
	}
	answer, err := scoring.Analyze(ctx, embedder, q.Samples.Middling)
	return scoring.Request{Question: prepared, Answer: answer}, err
}
