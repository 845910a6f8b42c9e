// Package catalogue changes what admins decide about the catalogue beyond its seeds.
package catalogue

import (
	"context"
	"fmt"
	"strconv"

	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/internal/audit"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/internal/problem"
)

// Change is what to change of a track; nil stays.
type Change struct {
	// LLMConsent is whether essays of the track may be sent to the provider of the language model.
	LLMConsent *bool
}

// UpdateTrack changes a track for the viewer in the context and records it. Loading the seeds does not
// undo it. Errors that the caller can put right are *problem.Problem.
func UpdateTrack(ctx context.Context, db *database.DB, id uuid.UUID, change Change) (*ent.Track, error) {
	var out *ent.Track
	err := db.InTx(ctx, func(tx *database.Tx) (err error) {
		detail := map[string]string{}
		update := tx.Ent.Track.UpdateOneID(id)
		if change.LLMConsent != nil {
			update.SetLlmConsent(*change.LLMConsent)
			detail["languageModelConsent"] = strconv.FormatBool(*change.LLMConsent)
		}
		if len(detail) == 0 {
			return problem.New("", problem.Empty, "Say what to change of the track.")
		}
		out, err = update.Save(ctx)
		if ent.IsNotFound(err) {
			return problem.New("trackId", problem.NotFound, "There is no such track.")
		}
		if err != nil {
			return fmt.Errorf("changing the track: %w", err)
		}
		return audit.Record(ctx, tx.Ent, enums.AuditTrackUpdate, enums.TargetTrack, id, detail)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
