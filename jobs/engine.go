package jobs

import (
	"context"
	"fmt"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/scoring"
	"github.com/rubrica/rubrica/scoring/llm"
)

// engineFor is the engine that scores a run: the language model where one is configured and the track
// agrees that its essays leave the house, otherwise the local one. The agreement is read for each run,
// so that it can be taken back at any moment.
func (s *scoreWorker) engineFor(ctx context.Context, run *ent.ScoringRun) (scoring.Engine, error) {
	deps := s.w.deps
	if deps.LLM == nil {
		return deps.Engine, nil
	}
	var agrees bool
	err := deps.DB.SQL.QueryRowContext(ctx, `SELECT llm_consent FROM tracks WHERE id = $1`, run.TrackID).Scan(&agrees)
	if err != nil {
		return nil, fmt.Errorf("reading whether the track agrees to a language model: %w", err)
	}
	if !agrees {
		return deps.Engine, nil
	}
	return deps.LLM.For(llm.Account{Track: run.TrackID.String(), Essay: run.EssayID.String()}), nil
}

// improve tries what would raise the scores, with the engine that gave them. What a language model
// suggests stands in its summary and was not tried: each trial would be a paid call.
func (s *scoreWorker) improve(ctx context.Context, request scoring.Request, result *scoring.Result) ([][]scoring.Improvement, error) {
	if deps := s.w.deps; deps.LLM == nil || result.Engine != deps.LLM.Info() {
		return scoring.Improve(ctx, deps.Engine, deps.Embedder, request, result)
	}
	return make([][]scoring.Improvement, len(result.Scores)), nil
}
