// Package minilm embeds English text with all-MiniLM-L6-v2, quantised to int8, inside the process:
// no network, no other service. The model is part of the binary; ONNX Runtime is brought by
// internal/provision.
//
// A vector has 384 dimensions and length 1. It is the mean of the model's outputs over the tokens
// of the text. Of a text of more than 256 tokens it is the mean over overlapping windows, each
// counting by its tokens. It depends on the text alone, bit for bit: dynamic int8 quantisation
// makes the texts of one batch change each other's vectors, and therefore none are batched.
package minilm

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync"

	ort "github.com/yalue/onnxruntime_go"
)

const (
	// Dimensions is the length of every vector.
	Dimensions = 384
	// Name names the model, its quantisation and the edition of the rules in this package (tokens,
	// windows, pooling). Vectors of different names are not comparable.
	Name = "all-MiniLM-L6-v2-int8@1"
)

// ErrClosed is returned by Embed after Close.
var ErrClosed = errors.New("minilm: the model is closed")

// Options of Open; the zero value is the ordinary choice.
type Options struct {
	// LibraryPath is the shared library of ONNX Runtime. Empty means $RUBRICA_ONNXRUNTIME_LIB,
	// and if that is empty too the pinned one, fetched when it is not in the cache yet. The first
	// Open of a process decides for all later ones.
	LibraryPath string
	// Concurrency is how many texts may run at once, each on one core; 0 means GOMAXPROCS.
	Concurrency int
	// Progress, if set, is told of long steps, a line at a time.
	Progress func(line string)
}

// Model is an open model. All its methods may be called from any number of goroutines.
type Model struct {
	tokenizer *tokenizer
	session   *ort.DynamicAdvancedSession
	workers   chan *worker // those at rest
	closing   chan struct{}
	closed    sync.Once
	closeErr  error
}

// Open loads the model; it takes about a tenth of a second and 60 MB once ONNX Runtime is there.
func Open(ctx context.Context, o Options) (*Model, error) {
	if err := useRuntime(ctx, o.LibraryPath, o.Progress); err != nil {
		return nil, err
	}
	t, err := newTokenizer(tokenizerJSON)
	if err != nil {
		return nil, err
	}
	session, err := newSession(ModelONNX)
	if err != nil {
		return nil, err
	}
	if o.Concurrency <= 0 {
		o.Concurrency = runtime.GOMAXPROCS(0)
	}
	m := &Model{
		tokenizer: t,
		session:   session,
		workers:   make(chan *worker, o.Concurrency),
		closing:   make(chan struct{}),
	}
	for range o.Concurrency {
		m.workers <- newWorker()
	}
	return m, nil
}

// Model is Name.
func (m *Model) Model() string { return Name }

// Dimensions is the length of every vector.
func (m *Model) Dimensions() int { return Dimensions }

// Embed returns the vector of a text: Dimensions numbers, of length 1. Every text has one: bytes
// that are not UTF-8 and control characters are passed over, and a text of which nothing is left,
// the empty one too, gets the vector of no words, as it does from the reference.
//
// Windows of a long text queue anew for a core, so that it does not hold up short ones. The errors
// are ctx's, looked at before every window, ErrClosed, and those of ONNX Runtime.
func (m *Model) Embed(ctx context.Context, text string) ([]float32, error) {
	var sum [Dimensions]float64
	for ids := range m.tokenizer.windows(text) {
		if err := m.run(ctx, ids, &sum); err != nil {
			return nil, err
		}
	}
	return direction(&sum)
}

// direction is a sum of the model's outputs at length 1.
func direction(sum *[Dimensions]float64) ([]float32, error) {
	var squares float64
	for _, v := range sum {
		squares += v * v
	}
	if squares == 0 || math.IsNaN(squares) || math.IsInf(squares, 0) {
		return nil, fmt.Errorf("minilm: the model gave no direction (squared length %v)", squares)
	}
	scale := 1 / math.Sqrt(squares) // also divides by the number of tokens
	vector := make([]float32, Dimensions)
	for d, v := range sum {
		vector[d] = float32(v * scale)
	}
	return vector, nil
}

// run adds one window to sum, once a worker is free.
func (m *Model) run(ctx context.Context, ids []int32, sum *[Dimensions]float64) error {
	return m.runEach(ctx, ids, sum, nil)
}

// runEach is run that shows see the output of each token.
func (m *Model) runEach(ctx context.Context, ids []int32, sum *[Dimensions]float64, see func(token int, hidden []float32)) error {
	if err := ctx.Err(); err != nil { // select would choose at random
		return fmt.Errorf("minilm: %w", err)
	}
	select {
	case <-m.closing:
		return ErrClosed
	default:
	}
	select {
	case w := <-m.workers:
		defer func() { m.workers <- w }()
		return w.addWindow(m.session, ids, sum, see)
	case <-ctx.Done():
		return fmt.Errorf("minilm: %w", ctx.Err())
	case <-m.closing:
		return ErrClosed
	}
}

// Close waits for the windows that are running and frees the model. It may be called again.
func (m *Model) Close() error {
	m.closed.Do(func() {
		close(m.closing)
		for range cap(m.workers) {
			<-m.workers // and never put back: nobody runs any more
		}
		if err := m.session.Destroy(); err != nil {
			m.closeErr = fmt.Errorf("minilm: close the model: %w", err)
		}
	})
	return m.closeErr
}

var shared struct {
	sync.Mutex
	model *Model
}

// Shared opens the model once in a process and gives the same one to everybody; nobody closes it.
// It is meant for tests and short commands. A failure is not remembered.
func Shared(ctx context.Context) (*Model, error) {
	shared.Lock()
	defer shared.Unlock()
	if shared.model == nil {
		m, err := Open(ctx, Options{})
		if err != nil {
			return nil, err
		}
		shared.model = m
	}
	return shared.model, nil
}
