package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// Options say what to show.
type Options struct {
	Client   Client
	Question string // slug of the question
	Text     string // the essay
	Source   string // where it is from, for people
	Out      io.Writer
	Color    bool
}

// Run submits the essay, shows its stages as they come, and then its result. It fails unless the
// scoring completes.
func Run(ctx context.Context, o Options) error {
	p := &printer{w: o.Out, color: o.Color}
	question, err := find(ctx, &o)
	if err != nil {
		return err
	}
	p.title(question.Title)
	p.paragraph(question.Prompt)
	p.line("")
	p.line("Submitting %s, %d words, as %s.", o.Source, words(o.Text), question.viewer)
	p.line("")

	start := time.Now()
	essay, err := submit(ctx, &o, question.ID)
	if err != nil {
		return err
	}
	submitted := time.Since(start)
	p.stage("SUBMITTED", 0, submitted)
	var last progressEvent
	err = o.Client.Subscribe(ctx, progressQuery, map[string]any{"id": essay}, func(data json.RawMessage) error {
		if err := json.Unmarshal(data, &last); err != nil {
			return fmt.Errorf("decode an event: %w", err)
		}
		p.stage(last.Progress.Stage, last.Progress.Percent, time.Since(start))
		return p.err
	})
	if err != nil {
		return err
	}
	took := time.Since(start)

	var result resultData
	if err := o.Client.Do(ctx, resultQuery, map[string]any{"id": essay}, &result); err != nil {
		return err
	}
	if result.Essay == nil || result.Essay.LatestRun == nil {
		return errors.New("the essay that was submitted cannot be read")
	}
	run := result.Essay.LatestRun
	if run.Stage != "COMPLETED" {
		reason := "without a reason"
		if run.Failure != nil {
			reason = run.Failure.Message
		}
		return fmt.Errorf("the scoring ended as %s: %s", run.Stage, reason)
	}
	p.result(run)
	p.line("")
	p.line("%s in %d ms", p.bold("COMPLETED"), took.Milliseconds())
	return p.err
}

type foundQuestion struct {
	ID     string
	Slug   string
	Title  string
	Prompt string
	viewer string
}

// find looks the question up by its slug, over all tracks.
func find(ctx context.Context, o *Options) (*foundQuestion, error) {
	var data struct {
		Viewer *struct {
			Role string
			User struct{ Name string }
		}
		Tracks struct {
			Edges []struct {
				Node struct {
					Questions struct {
						Edges []struct{ Node foundQuestion }
					}
				}
			}
		}
	}
	if err := o.Client.Do(ctx, questionsQuery, nil, &data); err != nil {
		return nil, err
	}
	if data.Viewer == nil {
		return nil, errors.New("the token is nobody's: give one of a learner with --token")
	}
	for _, t := range data.Tracks.Edges {
		for _, q := range t.Node.Questions.Edges {
			if q.Node.Slug == o.Question {
				q.Node.viewer = data.Viewer.User.Name
				return &q.Node, nil
			}
		}
	}
	return nil, fmt.Errorf("the server has no question %q: `rubrica seed` loads the examples", o.Question)
}

func submit(ctx context.Context, o *Options, question string) (string, error) {
	var data struct {
		EssaySubmit struct {
			Essay      *struct{ ID string }
			UserErrors []struct{ Code, Message string }
		}
	}
	input := map[string]any{"questionId": question, "text": o.Text}
	if err := o.Client.Do(ctx, submitMutation, map[string]any{"input": input}, &data); err != nil {
		return "", err
	}
	if faults := data.EssaySubmit.UserErrors; len(faults) > 0 {
		return "", fmt.Errorf("the essay was not taken: %s (%s)", faults[0].Message, faults[0].Code)
	}
	if data.EssaySubmit.Essay == nil {
		return "", errors.New("the essay was not taken, and the server does not say why")
	}
	return data.EssaySubmit.Essay.ID, nil
}
