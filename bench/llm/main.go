// Command llm scores samples of the seeds with a language model that speaks OpenAI's protocol, and
// says what became of each: make llm-smoke.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math"
	"os"
	"os/signal"
	"sync"
	"time"

	"github.com/rubrica/rubrica/rag/minilm"
	"github.com/rubrica/rubrica/scoring"
	"github.com/rubrica/rubrica/scoring/llm"
	"github.com/rubrica/rubrica/seeds"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var o options
	flag.StringVar(&o.url, "url", "http://127.0.0.1:8080/v1", "base URL of the API")
	flag.StringVar(&o.model, "model", "smollm2", "name of the model")
	flag.StringVar(&o.format, "format", "schema", "schema, object or none")
	flag.IntVar(&o.count, "count", 6, "how many samples")
	flag.DurationVar(&o.timeout, "timeout", 90*time.Second, "time for one essay")
	flag.IntVar(&o.output, "output", 1500, "tokens of an answer")
	flag.Parse()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "llm:", err)
		os.Exit(1) //nolint:gocritic // nothing is left to stop
	}
}

type options struct {
	url, model, format string
	count, output      int
	timeout            time.Duration
}

func run(ctx context.Context, o options) error {
	embedder, err := minilm.Open(ctx, minilm.Options{Concurrency: 1})
	if err != nil {
		return err
	}
	defer embedder.Close()
	b := &books{}
	engine, err := llm.New(llm.Options{
		Provider: llm.OpenAI, BaseURL: o.url, Model: o.model, Format: llm.Format(o.format),
		Local: scoring.NewLocal(embedder.Model()), Ledger: b, Cache: b,
		Timeout: o.timeout, CallTimeout: o.timeout, MaxOutput: o.output, Concurrency: 1,
		Log: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	})
	if err != nil {
		return err
	}
	catalog, err := seeds.Default()
	if err != nil {
		return err
	}
	var judged, fallen int
	for _, track := range catalog.Tracks {
		for _, q := range track.Questions {
			if judged+fallen == o.count {
				break
			}
			request, err := requestOf(ctx, embedder, q)
			if err != nil {
				return err
			}
			from := time.Now()
			result, err := engine.For(llm.Account{}).Score(ctx, request)
			if err != nil {
				return err
			}
			if err := sound(request, result); err != nil {
				return fmt.Errorf("%s: %w", q.Slug, err)
			}
			fmt.Printf("%-32s %5.1f s  %s %5.1f %%  dropped %d  %s\n", q.Slug, time.Since(from).Seconds(),
				result.Engine.Name, result.Overall.Percent, result.Dropped, result.DegradedReason)
			if result.Degraded {
				fallen++
			} else {
				judged++
			}
		}
	}
	h := engine.Health()
	fmt.Printf("%d judged by the model, %d by the local engine and marked; %d calls, %d repairs, breaker %s, last error %q; %d + %d tokens\n",
		judged, fallen, h.Calls, h.Repairs, h.Breaker, h.LastError, b.prompt, b.completion)
	return nil
}

// sound checks what has to hold of every result.
func sound(req scoring.Request, result *scoring.Result) error {
	for i, s := range result.Scores {
		scale, sum := req.Question.Question.Rubric.Criteria[i].Scale, s.Base
		for _, c := range s.Contributions {
			sum += c.Points
		}
		if s.Value < scale.Min || s.Value > scale.Max || math.Abs(scale.Round(s.Value)-s.Value) > 1e-9 {
			return fmt.Errorf("the score %v is not on the scale %v", s.Value, scale)
		}
		if math.Abs(sum-s.Value) > 1e-9 {
			return fmt.Errorf("the parts add up to %v and not to %v", sum, s.Value)
		}
	}
	if result.Degraded != (result.Engine.Name == "local") {
		return errors.New("a fallback is not marked")
	}
	return nil
}

// books count tokens and keep nothing.
type books struct {
	mu                 sync.Mutex
	prompt, completion int64
}

func (b *books) Reserve(context.Context, llm.Account, string, int64) (llm.Hold, error) {
	return "", nil
}

func (b *books) Settle(_ context.Context, _ llm.Hold, s llm.Settlement) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.prompt, b.completion = b.prompt+s.PromptTokens, b.completion+s.CompletionTokens
	return nil
}

func (b *books) Get(context.Context, []byte) ([]byte, error) { return nil, nil }
func (b *books) Put(context.Context, []byte, []byte) error   { return nil }
