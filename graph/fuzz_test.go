package graph_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"
	"golang.org/x/sync/errgroup"

	"github.com/rubrica/rubrica/graph"
	"github.com/rubrica/rubrica/graph/cost"
	"github.com/rubrica/rubrica/graph/exec"
	"github.com/rubrica/rubrica/graph/internal/opgen"
	"github.com/rubrica/rubrica/internal/globalid"
	"github.com/rubrica/rubrica/internal/seeding"
)

// leaks are what a message must never tell: of the database, of the program's types, of its files.
var leaks = regexp.MustCompile(`pq:|\bSQLSTATE\b|\b(SELECT|INSERT|UPDATE|DELETE) |\bent:|\bsql:|\brelation "|\.go\b|/(root|home|usr|go)/` +
	`|github\.com|\bgoroutine\b|runtime error|\bnil pointer|\breflect\b|json\.|strconv|interface ?\{|map\[|\*(ent|model|jobs)\.|\b(slice|struct|ptr|int64|float64)\b|%!`)

// fuzzed is how many operations TestNothingBreaks sends: enough to find a code that came back, in the
// time of a test. `make fuzz` sends ten thousand and more.
func fuzzed(t *testing.T) (operations int, seed uint64) {
	t.Helper()
	operations, seed = 10_000, 1
	if s := os.Getenv("FUZZ_OPERATIONS"); s != "" {
		n, err := strconv.Atoi(s)
		require.NoError(t, err)
		operations = n
	}
	if s := os.Getenv("FUZZ_SEED"); s != "" {
		n, err := strconv.ParseUint(s, 10, 64)
		require.NoError(t, err)
		seed = n
	}
	return operations, seed
}

// Whatever is asked, by whomever: the answer is JSON, its codes are on the list, nothing of the inside
// is told, and nothing is INTERNAL.
func TestNothingBreaks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.runHub(t)
	s := w.serveWith(t, func(o *graph.Options) { o.Limits = &cost.Limits{} }) // the callers ask without end
	values := w.fuzzValues(t, s)
	told := errorCodes()
	schema := exec.NewExecutableSchema(exec.Config{}).Schema()
	operations, seed := fuzzed(t)

	const workers = 4
	var mu sync.Mutex
	codes := map[string]int{}
	var g errgroup.Group
	for worker := range workers {
		person := rand.New(rand.NewPCG(seed, uint64(worker)))
		g.Go(func() error {
			of := func(kinds ...ast.Operation) *opgen.Generator {
				return opgen.New(schema, seed*workers+uint64(worker), opgen.Options{Value: values.value, Kinds: kinds})
			}
			answered, streamed := of(ast.Query, ast.Mutation), of(ast.Subscription)
			for i := range operations / workers {
				var op opgen.Operation
				switch {
				case i%3 == 0:
					op = answered.Invalid()
				case i%8 == 1: // valid ones alone: each has a first event
					op = streamed.Valid()
				default:
					op = answered.Valid()
				}
				who := everyone[person.IntN(len(everyone))]
				found, err := w.probe(t.Context(), s, who, op)
				if err != nil {
					return fmt.Errorf("%s: %w: %s %v", who, err, op.Query, op.Variables)
				}
				mu.Lock()
				for _, code := range found {
					codes[code]++
				}
				mu.Unlock()
				for _, code := range found {
					if code != "" && !slices.Contains(told, code) || code == "INTERNAL" {
						variables, _ := json.Marshal(op.Variables)
						return fmt.Errorf("%s got %s for %s %s", who, code, op.Query, variables)
					}
				}
			}
			return nil
		})
	}
	require.NoError(t, g.Wait())
	t.Log(codes)
	// Nothing is proven by operations that come to nothing.
	for _, code := range []string{"", "GRAPHQL_VALIDATION_FAILED", "BAD_INPUT", "BAD_CURSOR", "PAGINATION_REQUIRED", "FORBIDDEN", "UNAUTHENTICATED"} {
		require.Positive(t, codes[code], "no answer had the code %q", code)
	}
}

// probe sends an operation and returns the codes of its errors, or "" where it has none. An error says
// what is wrong with the answer itself.
func (w *world) probe(ctx context.Context, s *httptest.Server, person string, op opgen.Operation) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	body, err := json.Marshal(op)
	if err != nil {
		return nil, fmt.Errorf("writing the request: %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("making the request: %w", err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/graphql-response+json")
	if op.Kind == ast.Subscription {
		r.Header.Set("Accept", "text/event-stream")
	}
	if person != anonymous {
		r.Header.Set("Authorization", "Bearer "+w.tokens[person])
	}
	resp, err := s.Client().Do(r)
	if err != nil {
		return nil, fmt.Errorf("sending: %w", err)
	}
	defer func() { _ = resp.Body.Close() }() // of streams the rest is not wanted
	text, err := firstAnswer(resp)
	if err != nil || text == "" {
		return nil, err
	}
	var a answer
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		return nil, fmt.Errorf("the answer %q is no JSON: %w", text, err)
	}
	if len(a.Errors) == 0 {
		return []string{""}, nil
	}
	for _, e := range a.Errors {
		if found := leaks.FindString(e.Message); found != "" {
			return nil, fmt.Errorf("the message %q tells %q", e.Message, found)
		}
	}
	return a.codes(), nil
}

// firstAnswer is the body, or of a stream its first event; "" for a stream that ends without one.
func firstAnswer(resp *http.Response) (string, error) {
	if !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
		raw, err := io.ReadAll(resp.Body)
		if err != nil {
			return "", fmt.Errorf("reading the answer: %w", err)
		}
		return string(raw), nil
	}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			return data, nil
		}
		if lines.Text() == "event: complete" {
			return "", nil
		}
	}
	if err := lines.Err(); err != nil {
		return "", fmt.Errorf("reading the stream: %w", err)
	}
	return "", nil
}

// fuzzValues are values that mean something in the world, and such that almost do.
type fuzzValues struct {
	ids     map[string][]string // global ids by kind
	kinds   []string
	slugs   []string
	cursors []string
}

// kindsByName are the kinds of object that an argument or a field of this name wants.
var kindsByName = map[string]string{
	"essayId": "essay", "questionId": "question", "learnerId": "user", "userId": "user", "actorId": "user",
	"cohortId": "cohort", "trackId": "track", "runId": "scoring_run", "jobId": "job",
}

func (w *world) fuzzValues(t *testing.T, s *httptest.Server) *fuzzValues {
	t.Helper()
	v := &fuzzValues{ids: map[string][]string{}}
	for _, person := range []string{lena, omar} {
		for _, e := range w.essays(t, person, 3) {
			for kind := range e.ids {
				v.ids[kind] = append(v.ids[kind], e.id(kind))
			}
		}
	}
	for _, person := range everyone[1:] {
		w.token(t, person) // for the workers, who must not fail the test
		v.ids["user"] = append(v.ids["user"], globalid.Encode("user", seeding.UserID(person)))
	}
	for _, track := range w.catalog.Tracks {
		v.slugs = append(v.slugs, track.Slug)
		v.ids["track"] = append(v.ids["track"], globalid.Encode("track", seeding.TrackID(track.Slug)))
		v.ids["question"] = append(v.ids["question"], globalid.Encode("question", seeding.QuestionID(track.Slug, track.Questions[0].Slug)))
	}
	v.slugs = append(v.slugs, w.catalog.Credentials[0].Teaches...)
	for list, kind := range map[string]string{"cohorts": "cohort", "credentials": "credential", "essays": "essay", "users": "user", "tracks": "track"} {
		a := w.askAt(t, s, ada, `{ `+list+`(first: 3) { edges { cursor node { id } } } }`, nil)
		for _, e := range edges(a, list) {
			v.cursors = append(v.cursors, at(e, "cursor"))
			v.ids[kind] = append(v.ids[kind], at(e, "node", "id"))
		}
	}
	a := w.askAt(t, s, lena, `mutation($in: EssaySubmitInput!) { essaySubmit(input: $in) { essay { id } run { id } } }`,
		vars{"in": vars{"questionId": w.questionID(0, 0), "text": "An answer."}})
	require.NotNil(t, a.at("essaySubmit", "run"), a.raw)
	a = w.askAt(t, s, ada, `{ jobs(first: 3) { edges { cursor node { id } } } }`, nil)
	v.ids["job"] = []string{a.at("jobs", "edges", 0, "node", "id").(string)}
	v.cursors = append(v.cursors, a.at("jobs", "edges", 0, "cursor").(string))
	for kind := range v.ids {
		v.kinds = append(v.kinds, kind)
	}
	slices.Sort(v.kinds)
	slices.Sort(v.cursors) // they come from a map
	return v
}

func edges(a *answer, field string) []any { return list(a.at(field, "edges")) }

func at(v any, path ...string) string {
	for _, step := range path {
		m, _ := v.(map[string]any)
		v = m[step]
	}
	s, _ := v.(string)
	return s
}

func (v *fuzzValues) value(random *rand.Rand, place opgen.Place) (any, bool) {
	roll := random.IntN(100)
	switch place.Name {
	case "first", "last":
		return json.Number(strconv.Itoa(1 + random.IntN(5))), roll < 85
	case "after", "before":
		cursor := v.cursors[random.IntN(len(v.cursors))]
		if roll > 80 {
			cursor = spoilt(random, cursor)
		}
		return cursor, roll < 95
	case "slug", "teaches":
		return v.slugs[random.IntN(len(v.slugs))], roll < 60
	case "email":
		return fmt.Sprintf("p%d@example.org", random.IntN(500)), roll < 70
	case "idempotencyKey":
		return strconv.Itoa(random.IntN(20)), roll < 70
	}
	if place.Type == "Sequence" {
		return json.Number("0"), true // behind a larger one nothing may come
	}
	if place.Type != "ID" {
		return nil, false
	}
	kind, known := kindsByName[place.Name]
	if !known || roll >= 70 {
		kind = v.kinds[random.IntN(len(v.kinds))]
	}
	switch {
	case roll < 85:
		return v.ids[kind][random.IntN(len(v.ids[kind]))], true
	case roll < 90: // of nothing
		return globalid.Encode(kind, uuid.UUID([]byte(fmt.Sprintf("%016x", random.Uint64())))), true
	case roll < 95:
		return spoilt(random, v.ids[kind][0]), true
	}
	return nil, false
}

// spoilt changes a text in one place.
func spoilt(random *rand.Rand, s string) string {
	b := []byte(s)
	i := random.IntN(len(b))
	switch random.IntN(4) {
	case 0:
		return string(b[:i])
	case 1:
		return s + string(b[i:])
	case 2:
		return strings.ToUpper(s)
	default:
		b[i] ^= byte(1 + random.IntN(30))
		return strings.ToValidUTF8(string(b), "x")
	}
}
