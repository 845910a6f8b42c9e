package main

import (
	"context"
	"sync"

	"github.com/rubrica/rubrica/scoring/calibration"
	"github.com/rubrica/rubrica/scoring/lexicon"
	"github.com/rubrica/rubrica/scoring/pack"
)

// calibrationSupport is what calibrations are fitted and used with. The tables of words are opened when
// they are first needed, and fetched then if they must be: a process without calibrations has no use for
// them. Where they cannot be had, calibrations are fitted without, and those that had them are passed over.
func (s *stack) calibrationSupport(a *App) calibration.Support {
	return calibration.Support{
		Lexicon: sync.OnceValue(func() *lexicon.Lexicon {
			lex, err := lexicon.Open(context.Background(), a.progress)
			if err != nil {
				s.log.Warn("no tables of words; calibrations are fitted and used without", "error", err)
				return nil
			}
			return lex
		}),
		Pack: sync.OnceValue(func() calibration.Pack { return calibration.Shipped(pack.Default()) }),
		PassedOver: func(ctx context.Context, c *calibration.Calibration, why error) {
			s.log.WarnContext(ctx, "a calibration is passed over; the question is scored uncalibrated",
				"question_id", c.QuestionID, "digest", c.Digest(), "error", why)
		},
	}
}
