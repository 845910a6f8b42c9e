package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/values"
	"github.com/rubrica/rubrica/internal/calibrations"
	"github.com/rubrica/rubrica/internal/problem"
	"github.com/rubrica/rubrica/scoring/calibration"
	"github.com/rubrica/rubrica/scoring/lexicon"
	"github.com/rubrica/rubrica/scoring/pack"
)

type calibrateCmd struct {
	databaseFlags
	Question string `required:"" placeholder:"SLUG" help:"The question whose answers were graded."`
	Track    string `placeholder:"SLUG" help:"The track of the question, where several have one of that name."`
	File     string `type:"existingfile" placeholder:"CSV" help:"Learn from this table of graded answers (docs/calibration.md); the workers of a running server do it."`
	Activate bool   `help:"Switch on what was learnt from --file, if it was."`
	Rollback bool   `help:"Switch off what is on, and on again what was on before."`
}

// Run uploads graded answers, waits for what is learnt from them, and prints the report.
func (c *calibrateCmd) Run(ctx context.Context, a *App) error {
	if (c.File == "") != c.Rollback {
		return errors.New("say what to do: --file CSV or --rollback")
	}
	return a.manage(ctx, &c.databaseFlags, func(ctx context.Context, s *stack) (string, error) {
		scope, err := (&rescoreCmd{Question: c.Question, Track: c.Track}).scope(ctx, s.db.Ent)
		if err != nil {
			return "", err
		}
		parts, err := s.startCommon(a)
		if err != nil {
			return "", err
		}
		service := calibrations.New(s.db, parts.queue)
		if c.Rollback {
			return rolledBack(ctx, service, *scope.QuestionID)
		}
		table, err := os.ReadFile(c.File)
		if err != nil {
			return "", fmt.Errorf("reading the graded answers: %w", err)
		}
		row, err := service.Upload(ctx, *scope.QuestionID, string(table))
		if err != nil {
			return "", refused(err)
		}
		a.progress(fmt.Sprintf("version %d: %s; waiting for a worker", row.Version, plural(row.Rows, "graded answer", "graded answers")))
		if row, err = fitted(ctx, s, row.ID); err != nil {
			return "", err
		}
		if c.Activate {
			if row, err = service.Activate(ctx, row.ID); err != nil {
				return "", refused(err)
			}
		}
		return reportOf(row), nil
	})
}

// refused is all that is wrong with a table, a line each.
func refused(err error) error {
	var list problem.List
	if !errors.As(err, &list) {
		return err
	}
	lines := make([]string, len(list))
	for i, p := range list {
		lines[i] = p.Message
	}
	return errors.New(strings.Join(lines, "\n"))
}

func rolledBack(ctx context.Context, service *calibrations.Service, question uuid.UUID) (string, error) {
	on, off, err := service.Rollback(ctx, question)
	switch {
	case err != nil:
		return "", err
	case on == nil:
		return fmt.Sprintf("version %d is switched off; the question is scored uncalibrated", off.Version), nil
	}
	return fmt.Sprintf("version %d is switched off, version %d on again", off.Version, on.Version), nil
}

// calibratePoll is how often the command looks whether a calibration was fitted.
const calibratePoll = time.Second

// fitted waits until a worker has fitted a calibration.
func fitted(ctx context.Context, s *stack, id uuid.UUID) (*ent.Calibration, error) {
	for {
		row, err := s.db.Ent.Calibration.Get(ctx, id)
		if err != nil {
			return nil, fmt.Errorf("reading the calibration: %w", err)
		}
		switch row.State {
		case enums.CalibrationFailed:
			return nil, errors.New(row.Failure)
		case enums.CalibrationUploaded, enums.CalibrationFitting:
		default:
			return row, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(calibratePoll):
		}
	}
}

// reportOf is a calibration's report for people.
func reportOf(c *ent.Calibration) string {
	var b strings.Builder
	fmt.Fprintf(&b, "version %d, %s, %s; %s", c.Version, plural(c.Rows, "graded answer", "graded answers"), strings.ToLower(string(c.State)), c.Method)
	line := func(who string, a *values.Agreement) {
		if a != nil {
			fmt.Fprintf(&b, "\n  %-22s QWK %.3f  r %.3f  RMSE %.3f  exact %.0f %%  adjacent %.0f %%  (%d)", who, a.Qwk, a.Pearson, a.Rmse, 100*a.Exact, 100*a.Adjacent, a.Rows)
		}
	}
	for _, r := range c.Criteria {
		fmt.Fprintf(&b, "\n%s: %s. %s", r.Key, r.Level, r.Reason)
		line("engine and person", &r.Engine)
		line("second person", r.Human)
		line("engine, same answers", r.EngineThere)
		fmt.Fprintf(&b, "\n  %-22s hold %.0f %% of scores, %.2f points wide", "intervals", 100*r.Coverage, r.MeanWidth)
		for _, g := range r.Bias {
			fmt.Fprintf(&b, "\n  %-8s %-22s %+.2f  (%d)", strings.ToLower(string(g.By)), g.Group, g.Predicted-g.Human, g.Rows)
		}
	}
	return b.String()
}

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
