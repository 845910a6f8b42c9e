package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/question"
	"github.com/rubrica/rubrica/ent/track"
	"github.com/rubrica/rubrica/internal/globalid"
	"github.com/rubrica/rubrica/internal/submission"
	"github.com/rubrica/rubrica/jobs"
)

type rescoreCmd struct {
	databaseFlags
	Question string `placeholder:"SLUG" help:"Score the answers to this question again."`
	Track    string `placeholder:"SLUG" help:"Score the essays of this track again; with --question, only those of its question of that name."`
	Reason   string `default:"At the command line." help:"Why, for the audit trail."`
	DryRun   bool   `help:"Say how many essays there are, and change nothing."`
	Wait     bool   `help:"Wait for the workers of a running server, and print what changed."`
	Report   string `placeholder:"ID" help:"Print how far this re-scoring has come and what it changed."`
}

// rescorePoll is how often --wait looks.
const rescorePoll = time.Second

// Run begins to score again; the workers of the installation do it.
func (c *rescoreCmd) Run(ctx context.Context, a *App) error {
	return a.manage(ctx, &c.databaseFlags, func(ctx context.Context, s *stack) (string, error) {
		if c.Report != "" {
			id, err := globalid.DecodeAs("rescoring", c.Report)
			if err != nil {
				return "", fmt.Errorf("--report takes the id that this command printed: %w", err)
			}
			return rescored(ctx, s, id)
		}
		scope, err := c.scope(ctx, s.db.Ent)
		if err != nil {
			return "", err
		}
		parts, err := s.startCommon(a)
		if err != nil {
			return "", err
		}
		service := submission.New(s.db, parts.queue, parts.notifier)
		if c.DryRun {
			n, err := service.Essays(ctx, scope)
			return plural(n, "essay", "essays") + " would be scored again; those that are being scored, or that a person stands behind, are left", err
		}
		row, err := service.RescoreAll(ctx, scope, c.Reason)
		if err != nil {
			return "", err
		}
		id := globalid.Encode("rescoring", row.ID)
		if !c.Wait {
			return id + "\n" + plural(row.Total, "essay", "essays") + " will be scored again by the workers; `rubrica rescore --report " + id + "` tells what changed", nil
		}
		a.progress(fmt.Sprintf("scoring %s again: %s", plural(row.Total, "essay", "essays"), id))
		for {
			reports, err := jobs.Reports(ctx, s.db, []uuid.UUID{row.ID})
			if err != nil {
				return "", err
			}
			if reports[row.ID].State == jobs.RescoringCompleted {
				return rescored(ctx, s, row.ID)
			}
			select {
			case <-ctx.Done():
				return "", ctx.Err()
			case <-time.After(rescorePoll):
			}
		}
	})
}

// scope finds what is named.
func (c *rescoreCmd) scope(ctx context.Context, db *ent.Client) (submission.Scope, error) {
	switch {
	case c.Question != "":
		q := db.Question.Query().Where(question.Slug(c.Question))
		if c.Track != "" {
			q.Where(question.HasTrackWith(track.Slug(c.Track)))
		}
		list, err := q.IDs(ctx)
		switch {
		case err != nil:
			return submission.Scope{}, fmt.Errorf("look for the question: %w", err)
		case len(list) == 0:
			return submission.Scope{}, fmt.Errorf("there is no question %q", c.Question)
		case len(list) > 1:
			return submission.Scope{}, fmt.Errorf("%d tracks have a question %q: say which with --track", len(list), c.Question)
		}
		return submission.Scope{QuestionID: &list[0]}, nil
	case c.Track != "":
		id, err := db.Track.Query().Where(track.Slug(c.Track)).OnlyID(ctx)
		if ent.IsNotFound(err) {
			return submission.Scope{}, fmt.Errorf("there is no track %q", c.Track)
		}
		if err != nil {
			return submission.Scope{}, fmt.Errorf("look for the track: %w", err)
		}
		return submission.Scope{TrackID: &id}, nil
	}
	return submission.Scope{}, fmt.Errorf("say which essays: --question SLUG or --track SLUG")
}

// rescored is what a re-scoring changed, for people.
func rescored(ctx context.Context, s *stack, id uuid.UUID) (string, error) {
	row, err := s.db.Ent.Rescoring.Get(ctx, id)
	if ent.IsNotFound(err) {
		return "", fmt.Errorf("there is no such re-scoring")
	}
	if err != nil {
		return "", fmt.Errorf("reading the re-scoring: %w", err)
	}
	reports, err := jobs.Reports(ctx, s.db, []uuid.UUID{id})
	if err != nil {
		return "", err
	}
	r := reports[id]
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s, %s added, %d left, %d scored, %d failed", strings.ToLower(string(r.State)),
		plural(row.Total, "essay", "essays"), plural(row.Added, "run", "runs"), row.Skipped, r.Done, r.Failed)
	if r.MeanBefore != nil && r.MeanAfter != nil {
		fmt.Fprintf(&b, "\nmean %.1f %% before, %.1f %% now; %d higher, %d lower", *r.MeanBefore, *r.MeanAfter, r.MovedUp, r.MovedDown)
	}
	for _, bin := range r.Histogram {
		fmt.Fprintf(&b, "\n%+7.1f to %+7.1f  %d", bin.Low, bin.High, bin.Count)
	}
	return b.String(), nil
}
