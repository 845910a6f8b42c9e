package llm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"mime"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"sync/atomic"
	"time"
	"unicode/utf8"
)

// MaxResponse is the longest response that is read, in bytes. langchaingo's Ollama client would stop
// at 512 000 without saying so.
const MaxResponse = 500_000

// promptOverhead are tokens that a provider may add to a request: the template around messages.
const promptOverhead = 512

// exchange is one question to the model and what became of it. It travels in the context, since the
// clients between the engine and the transport pass on nothing else.
type exchange struct {
	account Account
	schema  any
	failure *Failure // of the newest call; nil when it went well
	calls   int
}

type exchangeKey struct{}

// transport does what langchaingo's clients leave out: it bounds responses, refuses what is not JSON,
// tries again what may pass, and has every single request paid for.
type transport struct {
	provider  Provider
	model     string
	format    Format
	price     Price
	maxOutput int
	retries   int
	timeout   time.Duration
	base      http.RoundTripper
	ledger    Ledger
	wait      func(context.Context, time.Duration) error
	log       *slog.Logger
}

// RoundTrip implements http.RoundTripper. A response that it returns has the status 200 and holds a
// complete JSON value.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	x, ok := ctx.Value(exchangeKey{}).(*exchange)
	if !ok {
		return nil, errors.New("llm: a request that does not belong to an essay")
	}
	raw, err := io.ReadAll(req.Body)
	if err = errors.Join(err, req.Body.Close()); err != nil {
		return nil, err
	}
	body, err := t.rewrite(raw, x.schema)
	if err != nil {
		return nil, err
	}
	for try := 0; ; try++ {
		x.calls++
		reply, failure := t.paid(ctx, req, body, x.account)
		if failure == nil {
			x.failure = nil
			return &http.Response{
				Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
				Header: http.Header{"Content-Type": {"application/json"}}, ContentLength: int64(len(reply)),
				Body: io.NopCloser(bytes.NewReader(reply)), Request: req,
			}, nil
		}
		t.log.WarnContext(ctx, "the language model failed", "class", failure.Class, "status", failure.Status, "try", try+1)
		x.failure = failure
		if !failure.passes() || try >= t.retries || !t.waited(ctx, failure, try) {
			return nil, failure
		}
	}
}

// waited waits before another try; false when there is no time for it.
func (t *transport) waited(ctx context.Context, f *Failure, try int) bool {
	d := backoff(try)
	if f.retryAfter > 0 { // the provider's word, and a little more, so that not all come back at once
		d = f.retryAfter + time.Duration(rand.Int64N(int64(f.retryAfter/10)+1)) //nolint:gosec // jitter
	}
	if end, ok := ctx.Deadline(); ok && time.Until(end) <= d {
		return false
	}
	return t.wait(ctx, d) == nil
}

// backoff is between half and all of 0.5 s, 1 s, 2 s, …
func backoff(try int) time.Duration {
	most := int64(500*time.Millisecond) << min(try, 6)
	return time.Duration(most/2 + rand.Int64N(most/2+1)) //nolint:gosec // jitter
}

// paid sends the request once, with its worst case set aside before and settled after.
func (t *transport) paid(ctx context.Context, req *http.Request, body []byte, account Account) ([]byte, *Failure) {
	// No tokenizer of bytes makes more tokens than there are bytes.
	most := usage{prompt: int64(len(body)) + promptOverhead, completion: int64(t.maxOutput)}
	reserved := t.price.micros(most.prompt, most.completion)
	hold, err := t.ledger.Reserve(ctx, account, t.model, reserved)
	switch {
	case errors.Is(err, ErrBudget):
		return nil, &Failure{Class: ClassBudget, what: "the budget is used up", cause: err}
	case err != nil && ctx.Err() != nil:
		return nil, &Failure{Class: ClassTimeout, what: "no time was left", cause: ctx.Err()}
	case err != nil:
		return nil, &Failure{Class: ClassLedger, what: "the cost could not be set aside: " + err.Error(), cause: err}
	}
	reply, failure := t.once(ctx, req, body)

	s := Settlement{Outcome: "OK"}
	used := usageOf(t.provider, reply)
	switch {
	case failure != nil && !failure.sent:
		s.Outcome = string(failure.Class)
	case !used.known:
		s.Micros = reserved // nobody says what it cost
	default:
		if used.prompt > most.prompt || used.completion > most.completion {
			t.log.WarnContext(ctx, "the language model reports more tokens than are possible",
				"prompt", used.prompt, "completion", used.completion)
			used.prompt, used.completion = min(used.prompt, most.prompt), min(used.completion, most.completion)
		}
		s.PromptTokens, s.CompletionTokens = used.prompt, used.completion
		s.Micros = t.price.micros(used.prompt, used.completion)
	}
	if failure != nil {
		s.Outcome = string(failure.Class)
	}
	settle, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := t.ledger.Settle(settle, hold, s); err != nil {
		// The reservation stays, and is charged in full when it runs out: never too little.
		t.log.ErrorContext(ctx, "what the language model has cost could not be written down", "error", err)
	}
	if failure != nil {
		return nil, failure
	}
	return reply, nil
}

// once sends the request and reads its response; the bytes are returned with a failure too, as far as
// they are whole, for what they say of the cost.
func (t *transport) once(ctx context.Context, req *http.Request, body []byte) ([]byte, *Failure) {
	call, cancel := context.WithTimeout(ctx, t.timeout)
	defer cancel()
	var sent atomic.Bool
	call = httptrace.WithClientTrace(call, &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }})
	clone := req.Clone(call)
	clone.Body, clone.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	clone.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }

	broken := func() *Failure {
		if call.Err() != nil {
			return &Failure{Class: ClassTimeout, what: "no answer in time", sent: sent.Load(), cause: call.Err()}
		}
		return &Failure{Class: ClassUnreachable, what: "the connection failed", sent: sent.Load()}
	}
	response, err := t.base.RoundTrip(clone)
	if err != nil {
		return nil, broken()
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, refused(response)
	}
	reply, err := io.ReadAll(io.LimitReader(response.Body, MaxResponse+1))
	switch {
	case err != nil:
		return nil, broken()
	case len(reply) > MaxResponse:
		return nil, &Failure{Class: ClassTooLarge, what: "the answer is too large", sent: true}
	case !isJSON(response.Header.Get("Content-Type")):
		return nil, &Failure{Class: ClassNotJSON, what: "the answer is not declared as JSON", sent: true}
	case !utf8.Valid(reply): // Go's decoder would replace it silently
		return nil, &Failure{Class: ClassNotJSON, what: "the answer is not UTF-8", sent: true}
	}
	var compact bytes.Buffer // one line, as langchaingo's Ollama client reads by lines
	if err := json.Compact(&compact, reply); err != nil {
		return nil, &Failure{Class: ClassNotJSON, what: "the answer is not a whole JSON", sent: true}
	}
	return compact.Bytes(), nil
}

func refused(response *http.Response) *Failure {
	f := &Failure{Class: ClassRefused, Status: response.StatusCode, what: "it refused"}
	switch code := response.StatusCode; {
	case code == http.StatusTooManyRequests:
		f.Class, f.what = ClassRateLimited, "too many requests"
	case code == http.StatusRequestTimeout || code >= http.StatusInternalServerError:
		f.Class, f.what = ClassServer, "an error of the server"
	default:
		return f
	}
	f.retryAfter = retryAfter(response.Header.Get("Retry-After"))
	return f
}

// retryAfter reads seconds or a date; 0 where there is none that can be understood.
func retryAfter(header string) time.Duration {
	if seconds, err := strconv.ParseFloat(header, 64); err == nil {
		if seconds > 0 && seconds < 1e6 {
			return time.Duration(seconds * float64(time.Second))
		}
		return 0
	}
	if at, err := http.ParseTime(header); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}

func isJSON(contentType string) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	return err == nil && (kind == "application/json" || kind == "application/x-ndjson")
}
