package scoring_test

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/rag/minilm"
	"github.com/rubrica/rubrica/scoring"
)

// benchAnswer has 300 words.
const benchAnswer = `If we forbid retries the customer presses the button again, or leaves without knowing whether the order was paid. The real trouble is that no answer can mean anything: the request was lost, the server died halfway, or everything worked and only the reply got lost in a tunnel. The app cannot see which one it was. A POST is not safe to repeat, so it is our job to make it safe.

My design: the app makes a random identifier when the checkout screen is confirmed, and every attempt for that checkout carries the same one. I would not guess duplicates from the amount and the minute, because two identical purchases are allowed to exist, for example two coffees in a row.

On the server there is a table of payment requests with a unique index on that identifier. The first thing we do is insert the identifier and the payment row, with the status pending, and commit them together. When two copies come in at once, one insert wins and the other gets a violation. I would avoid asking first whether there is a row and inserting if there is none, since both threads could pass that question before either of them inserts. And because the two rows are in the same commit, a power cut cannot leave us one without the other.

Then we call the card provider. That cannot be rolled back, so we give them a key too, which is our payment's number. If we die in the middle, a job looks for old pending payments and asks the provider what became of them.

When it is done we save the response. Whoever comes later with the same identifier gets that saved response, the same status and the same body, and nothing is charged. If the first attempt is still running, we answer that it is in progress.`

func benchQuestion() scoring.Question {
	q := scoring.Question{
		ID: "bench", Title: "Charging once", MinWords: 100, MaxWords: 450,
		Prompt: "A mobile app sends a payment again when it receives no response, and some customers have been charged twice. " +
			"Design the endpoint so that one purchase is charged once. Say what you store and when, and what a repeat receives.",
	}
	q.Rubric.ModelAnswers = []string{benchAnswer}
	for _, trait := range []scoring.Trait{scoring.TraitContent, scoring.TraitReasoning, scoring.TraitOrganization, scoring.TraitClarity} {
		q.Rubric.Criteria = append(q.Rubric.Criteria, scoring.Criterion{
			ID: string(trait), Key: string(trait), Trait: trait, Weight: 0.25, Scale: scoring.Scale{Min: 0, Max: 5, Step: 0.5},
		})
	}
	for _, text := range []string{
		"When no response arrives the client cannot tell whether the payment failed or only the answer was lost.",
		"The client creates one unique key per purchase before the first attempt and sends it with every retry.",
		"A unique constraint lets the database accept exactly one of two simultaneous inserts, whereas a check before leaves a gap.",
		"The key and the payment are written in one transaction, because a crash between two writes would separate them.",
		"For a key that is finished the server returns the stored response and charges nothing.",
		"The charge at the provider cannot be rolled back, so the provider gets a stable key of its own.",
	} {
		q.Rubric.KeyPoints = append(q.Rubric.KeyPoints, scoring.KeyPoint{ID: text[:12], Key: text[:12], Label: text[:20], Text: text, Weight: 1})
	}
	return q
}

// processor is the time that this process has had of processors: unlike the time of a clock, it stays
// about the same on a machine that is busy with other things.
func processor(b *testing.B) time.Duration {
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// timed runs step and reports its processor time.
func timed(b *testing.B, name string, step func() error) {
	b.Run(name, func(b *testing.B) {
		from := processor(b)
		for b.Loop() {
			if err := step(); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64((processor(b)-from).Microseconds())/1000/float64(b.N), "cpu-ms/op")
	})
}

func BenchmarkAnswerOf300Words(b *testing.B) {
	ctx := context.Background()
	model, err := minilm.Shared(ctx)
	require.NoError(b, err)
	prepared, err := scoring.Prepare(ctx, model, benchQuestion())
	require.NoError(b, err)
	text, err := scoring.Analyze(ctx, model, benchAnswer)
	require.NoError(b, err)
	engine := scoring.NewLocal(model.Model())
	req := scoring.Request{Question: prepared, Answer: text}
	res, err := engine.Score(ctx, req)
	require.NoError(b, err)

	timed(b, "Read", func() error { scoring.Read(benchAnswer); return nil })
	timed(b, "Analyze", func() error { // reads and embeds
		_, err := scoring.Analyze(ctx, model, benchAnswer)
		return err
	})
	timed(b, "Score", func() error {
		_, err := engine.Score(ctx, req)
		return err
	})
	only := req
	only.ScoresOnly = true
	timed(b, "ScoresOnly", func() error {
		_, err := engine.Score(ctx, only)
		return err
	})
	timed(b, "Improve", func() error { // tries up to six changed texts, of which it embeds what is new
		_, err := scoring.Improve(ctx, engine, model, req, res)
		return err
	})
	timed(b, "Explain", func() error { scoring.Explain(req, res); return nil })
}
