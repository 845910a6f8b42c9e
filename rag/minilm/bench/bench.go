// Package bench measures how fast minilm embeds on one core, next to ONNX Runtime's own Python
// binding with the same model file, the same tokens, the same pooling and one thread.
package bench

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/rubrica/rubrica/internal/provision"
	"github.com/rubrica/rubrica/rag/minilm"
)

//go:embed essay.txt
var essay string

//go:embed peer.py
var peerScript []byte

//go:embed requirements.txt
var requirements []byte

// rounds is how many times each side embeds the whole sample. One takes about a sixth of a second.
const rounds = 15

// Result is what was measured: tokens a second on one core, the medians over all rounds.
type Result struct {
	Tokens       int // in one pass, special tokens of every window included
	Texts        int
	Go           float64 // from text to vector
	Python       float64 // from token ids to vector
	Ratio        float64 // the median of the rounds' ratios, Go to Python
	LowestCosine float64 // between the two sides' vectors
}

// Bench measures and prints the result. It needs python3 with venv and pip, and a network when
// it runs for the first time: the Python binding is installed into the cache folder.
func Bench(ctx context.Context, w io.Writer) error {
	r, err := Measure(ctx, func(line string) { _, _ = fmt.Fprintln(w, line) })
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, `
%d texts, %d tokens a pass, one thread each, medians of %d interleaved passes
  Go, text to vector                 %8.0f tokens/s
  Python binding, tokens to vector   %8.0f tokens/s
  ratio (median of the passes')      %8.3f
  lowest cosine between the two      %8.6f
`, r.Texts, r.Tokens, rounds, r.Go, r.Python, r.Ratio, r.LowestCosine)
	if err != nil {
		return fmt.Errorf("print the result: %w", err)
	}
	return nil
}

// Measure runs the benchmark; progress is told of long steps.
func Measure(ctx context.Context, progress func(line string)) (Result, error) {
	python, err := venv(ctx, progress)
	if err != nil {
		return Result{}, err
	}
	m, err := minilm.Open(ctx, minilm.Options{Concurrency: 1, Progress: progress})
	if err != nil {
		return Result{}, err
	}
	defer func() { _ = m.Close() }() // nothing runs any more
	texts := sample()
	windows, tokens := tokenize(m, texts)
	p, err := startPeer(ctx, python, windows)
	if err != nil {
		return Result{}, err
	}
	defer p.stop()
	return compare(ctx, m, p, texts, tokens, progress)
}

// sample is the essay as scoring sees it: its sentences, its paragraphs, and the whole.
func sample() []string {
	texts := []string{essay}
	for paragraph := range strings.SplitSeq(strings.TrimSpace(essay), "\n\n") {
		texts = append(texts, paragraph)
		texts = append(texts, strings.SplitAfter(paragraph, ". ")...)
	}
	return texts
}

func tokenize(m *minilm.Model, texts []string) (windows [][][]int32, tokens int) {
	for _, text := range texts {
		var of [][]int32
		for ids := range m.Windows(text) {
			of = append(of, slices.Clone(ids))
			tokens += len(ids)
		}
		windows = append(windows, of)
	}
	return windows, tokens
}

// compare takes turns, so that whatever else the machine does falls on both.
func compare(ctx context.Context, m *minilm.Model, p *peer, texts []string, tokens int, progress func(string)) (Result, error) {
	ours, err := pass(ctx, m, texts) // warms up, and its vectors are compared
	if err != nil {
		return Result{}, err
	}
	warm, err := p.pass()
	if err != nil {
		return Result{}, err
	}
	r := Result{Tokens: tokens, Texts: len(texts), LowestCosine: 1}
	if len(warm.Vectors) != len(texts) {
		return Result{}, fmt.Errorf("the Python side gave %d vectors for %d texts", len(warm.Vectors), len(texts))
	}
	for i, v := range ours.vectors {
		r.LowestCosine = min(r.LowestCosine, dot(v, warm.Vectors[i]))
	}
	if r.LowestCosine < 0.9999 {
		return Result{}, fmt.Errorf("the two sides' vectors differ (lowest cosine %.5f): they do not run the same model", r.LowestCosine)
	}
	progress("measuring…")
	var goRates, pythonRates, ratios []float64
	for range rounds {
		a, err := pass(ctx, m, texts)
		if err != nil {
			return Result{}, err
		}
		b, err := p.pass()
		if err != nil {
			return Result{}, err
		}
		goRates = append(goRates, float64(tokens)/a.seconds)
		pythonRates = append(pythonRates, float64(tokens)/b.Seconds)
		ratios = append(ratios, b.Seconds/a.seconds)
	}
	r.Go, r.Python, r.Ratio = median(goRates), median(pythonRates), median(ratios)
	return r, nil
}

type goPass struct {
	seconds float64
	vectors [][]float32
}

func pass(ctx context.Context, m *minilm.Model, texts []string) (goPass, error) {
	began := time.Now()
	var p goPass
	for _, text := range texts {
		v, err := m.Embed(ctx, text)
		if err != nil {
			return goPass{}, err
		}
		p.vectors = append(p.vectors, v)
	}
	p.seconds = time.Since(began).Seconds()
	return p, nil
}

func dot(a []float32, b []float64) float64 {
	if len(a) != len(b) {
		return math.Inf(-1)
	}
	var sum float64
	for i := range a {
		sum += float64(a[i]) * b[i]
	}
	return sum
}

func median(xs []float64) float64 {
	xs = slices.Sorted(slices.Values(xs))
	mid := len(xs) / 2
	if len(xs)%2 == 1 {
		return xs[mid]
	}
	return (xs[mid-1] + xs[mid]) / 2
}

// peer is the Python process.
type peer struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	stderr *strings.Builder
	dir    string
}

type peerAnswer struct {
	Seconds float64
	Vectors [][]float64
}

func startPeer(ctx context.Context, python string, windows [][][]int32) (p *peer, err error) {
	dir, err := os.MkdirTemp("", "rubrica-bench-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the Python side: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(dir)
		}
	}()
	model, script := filepath.Join(dir, "model.onnx"), filepath.Join(dir, "peer.py")
	if err := errors.Join(os.WriteFile(model, minilm.ModelONNX, 0o600), os.WriteFile(script, peerScript, 0o600)); err != nil {
		return nil, fmt.Errorf("write the model for the Python side: %w", err)
	}
	args := []string{script, model}
	for key, value := range minilm.SessionConfig() {
		args = append(args, key+"="+value)
	}
	p = &peer{cmd: exec.CommandContext(ctx, python, args...), dir: dir, stderr: &strings.Builder{}}
	p.cmd.Stderr = p.stderr
	p.cmd.WaitDelay = 5 * time.Second
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("start the Python side: %w", err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start the Python side: %w", err)
	}
	p.out = bufio.NewReader(out)
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the Python side: %w", err)
	}
	if err := json.NewEncoder(p.in).Encode(windows); err != nil {
		p.stop()
		return nil, fmt.Errorf("give the Python side its tokens: %w: %s", err, p.stderr)
	}
	return p, nil
}

func (p *peer) pass() (peerAnswer, error) {
	var answer peerAnswer
	if _, err := io.WriteString(p.in, "go\n"); err != nil {
		return answer, p.failed(err)
	}
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		return answer, p.failed(err)
	}
	if err := json.Unmarshal(line, &answer); err != nil {
		return answer, p.failed(err)
	}
	return answer, nil
}

// failed ends the process, after which what it said is complete.
func (p *peer) failed(err error) error {
	p.stop()
	return fmt.Errorf("the Python side of the benchmark failed: %w: %s", err, strings.TrimSpace(p.stderr.String()))
}

// stop ends the process and removes its files; it may be called again.
func (p *peer) stop() {
	_ = p.in.Close() // ends its loop
	_ = p.cmd.Wait() // its failure was told by pass, or does not matter any more
	_ = os.RemoveAll(p.dir)
}

// venv makes the Python environment in the cache folder, once for each requirements.txt.
func venv(ctx context.Context, progress func(string)) (python string, err error) {
	cache, err := provision.Dir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "bench-embed")
	python, done := filepath.Join(dir, "bin", "python"), filepath.Join(dir, "requirements.txt")
	if have, err := os.ReadFile(done); err == nil && string(have) == string(requirements) {
		return python, nil
	}
	progress("installing ONNX Runtime's Python binding into " + dir + "…")
	if err := os.RemoveAll(dir); err != nil {
		return "", fmt.Errorf("remove the old %s: %w", dir, err)
	}
	if err := run(ctx, "install python3 with venv (Debian: apt-get install python3-venv)",
		"python3", "-m", "venv", dir); err != nil {
		return "", err
	}
	half := done + ".part"
	if err := os.WriteFile(half, requirements, 0o644); err != nil {
		return "", fmt.Errorf("write the requirements: %w", err)
	}
	if err := run(ctx, "check the network and pip's index settings, and that python3 is 3.11 or newer",
		python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "-r", half); err != nil {
		return "", err
	}
	if err := os.Rename(half, done); err != nil { // the mark that it is whole
		return "", fmt.Errorf("finish %s: %w", dir, err)
	}
	return python, nil
}

func run(ctx context.Context, remedy, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.WaitDelay = 5 * time.Second
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w: %s: %s", name, strings.Join(args, " "), err, remedy, strings.TrimSpace(string(out)))
	}
	return nil
}
