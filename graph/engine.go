package graph

import (
	"context"

	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/graph/load"
	"github.com/rubrica/rubrica/graph/model"
	"github.com/rubrica/rubrica/internal/catalogue"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/internal/spend"
)

// languageModel reads how the language model fares and what it costs; nil where there is nothing to
// tell. Whoever calls it has seen to it that an admin asks.
func languageModel(ctx context.Context, db *database.DB) (*model.LanguageModel, error) {
	workers, err := spend.Workers(ctx, db)
	if err != nil {
		return nil, err
	}
	days, err := spend.Days(ctx, db)
	if err != nil {
		return nil, err
	}
	if len(workers) == 0 && len(days) == 0 {
		return nil, nil //nolint:nilnil // there is none
	}
	essays, err := spend.Essays(ctx, db)
	if err != nil {
		return nil, err
	}
	return &model.LanguageModel{Workers: workers, Spend: days, Essays: essays}, nil
}

type languageModelSpendResolver struct{}

func (languageModelSpendResolver) Track(ctx context.Context, d *spend.Day) (*ent.Track, error) {
	if d.TrackID == nil {
		return nil, nil //nolint:nilnil // all tracks
	}
	return load.For(ctx).Track(ctx, *d.TrackID)
}

type languageModelEssayResolver struct{}

func (languageModelEssayResolver) Essay(ctx context.Context, e *spend.Essay) (*ent.Essay, error) {
	return load.For(ctx).Essay(ctx, e.EssayID)
}

func (r mutationResolver) TrackUpdate(ctx context.Context, in model.TrackUpdateInput) (*model.TrackUpdatePayload, error) {
	if err := allow(ctx, enums.RoleAdmin); err != nil {
		return nil, err
	}
	var track *ent.Track
	var id uuid.UUID
	id, err := input("track", "trackId", in.TrackID, "There is no such track.")
	if err == nil {
		track, err = catalogue.UpdateTrack(ctx, r.db, id, catalogue.Change{LLMConsent: in.LanguageModelConsent})
	}
	errs, err := userErrors(err)
	if err != nil || len(errs) > 0 {
		return &model.TrackUpdatePayload{UserErrors: errs}, err
	}
	load.Renew(ctx)
	load.WalkField(ctx, "track", "Track", track)
	return &model.TrackUpdatePayload{Track: track, UserErrors: errs}, nil
}
