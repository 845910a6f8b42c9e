package values

import (
	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent/enums"
)

// KeyPointOverride is what a person set a key point to, and what it was before.
type KeyPointOverride struct {
	KeyPointID uuid.UUID            `json:"keyPoint"`
	Label      string               `json:"label"` // learner-safe
	From       enums.KeyPointStatus `json:"from"`
	To         enums.KeyPointStatus `json:"to"`
}

// CriterionOverride is the score that a person gave for a criterion, and what it was before, in points of
// the criterion's scale.
type CriterionOverride struct {
	CriterionID uuid.UUID `json:"criterion"`
	From        float64   `json:"from"`
	To          float64   `json:"to"`
}
