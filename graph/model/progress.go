// Package model holds the API's types that are no rows: payloads, pages and inputs (generated), and
// live states.
package model

import (
	"time"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/enums"
)

// EssayProgress is the state of an essay's scoring at one moment.
type EssayProgress struct {
	Seq       int64
	Stage     enums.Stage
	Percent   int
	ChangedAt time.Time
	Run       *ent.ScoringRun // as it was at that moment; shared by all subscribers, read only
}
