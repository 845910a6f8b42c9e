package model

import (
	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/values"
	"github.com/rubrica/rubrica/recommend"
)

// RecommendationAbsence is why a credential is not recommended, with the keys of what its edges lead to.
type RecommendationAbsence struct {
	CredentialID uuid.UUID
	InFavourID   *uuid.UUID

	Reason       recommend.AbsenceReason
	Message      string
	Place        *int
	Of           int
	Rank         *int
	Score        float64
	Parts        []values.Part
	Traces       []values.Trace
	Violates     []enums.Constraint
	ModelVersion string
}
