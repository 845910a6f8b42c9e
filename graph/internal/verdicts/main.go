// Command verdicts makes operations up and writes, one JSON object a line, what the API says to each:
// whether it would be executed or is refused. The first line holds the schema. clients/oracle reads
// it and asks graphql-js the same. No resolver runs, and no database is needed.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/graph"
	"github.com/rubrica/rubrica/graph/exec"
	"github.com/rubrica/rubrica/graph/internal/opgen"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/internal/viewer"
)

func main() {
	seed := flag.Uint64("seed", 1, "what the operations follow from")
	count := flag.Int("count", 10_000, "how many operations")
	introspection := flag.Bool("introspect", false, "write the answer to the query on standard input instead")
	queries := flag.Bool("queries", false, "write valid queries alone, with the values on standard input, and no verdicts")
	flag.Parse()
	out := bufio.NewWriter(os.Stdout)
	var err error
	switch {
	case *introspection:
		err = introspect(out, os.Stdin)
	case *queries:
		err = writeQueries(out, os.Stdin, *seed, *count)
	default:
		err = write(out, *seed, *count)
	}
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "verdicts:", err)
		os.Exit(1) //nolint:forbidigo // the end of a program
	}
}

// verdict is a line of the output.
type verdict struct {
	opgen.Operation
	Faults   []string `json:"faults,omitempty"`
	Accepted bool     `json:"accepted"`
	Code     string   `json:"code,omitempty"` // of the first error
	Message  string   `json:"message,omitempty"`
}

// begin writes the schema as the first line.
func begin(w io.Writer) (*ast.Schema, *json.Encoder, error) {
	schema := exec.NewExecutableSchema(exec.Config{}).Schema()
	lines := json.NewEncoder(w)
	lines.SetEscapeHTML(false)
	var sdl strings.Builder
	formatter.NewFormatter(&sdl, formatter.WithIndent("  ")).FormatSchema(schema)
	if err := lines.Encode(map[string]string{"sdl": sdl.String()}); err != nil {
		return nil, nil, fmt.Errorf("writing the schema: %w", err)
	}
	return schema, lines, nil
}

// introspect writes what the API tells of its schema, which takes no database either.
func introspect(w io.Writer, in io.Reader) error {
	_, lines, err := begin(w)
	if err != nil {
		return err
	}
	query, err := io.ReadAll(in)
	if err != nil {
		return fmt.Errorf("reading the query: %w", err)
	}
	api := graph.New(graph.Options{DB: new(database.DB), Log: slog.New(slog.DiscardHandler)})
	text, err := send(api, opgen.Operation{Query: string(query), Kind: ast.Query})
	if err != nil {
		return err
	}
	if err := lines.Encode(json.RawMessage(text)); err != nil {
		return fmt.Errorf("writing the answer: %w", err)
	}
	return nil
}

func write(w io.Writer, seed uint64, count int) error {
	schema, lines, err := begin(w)
	if err != nil {
		return err
	}
	api := graph.New(graph.Options{
		DB:  new(database.DB), // nobody asks it
		Log: slog.New(slog.DiscardHandler),
		Instead: func(context.Context) graphql.ResponseHandler {
			return graphql.OneShot(&graphql.Response{Data: json.RawMessage(`{}`)})
		},
	})
	g := opgen.New(schema, seed, opgen.Options{})
	for i := range count {
		op := g.Valid()
		if i%4 > 0 {
			op = g.Invalid()
		}
		v, err := ask(api, op)
		if err != nil {
			return err
		}
		if err := lines.Encode(v); err != nil {
			return fmt.Errorf("writing a verdict: %w", err)
		}
	}
	return nil
}

// writeQueries writes queries that find something: the input is JSON, lists of texts by the name of the
// argument or else the type that they are for.
func writeQueries(w io.Writer, in io.Reader, seed uint64, count int) error {
	var values map[string][]string
	if err := json.NewDecoder(in).Decode(&values); err != nil {
		return fmt.Errorf("reading the values: %w", err)
	}
	schema, lines, err := begin(w)
	if err != nil {
		return err
	}
	g := opgen.New(schema, seed, opgen.Options{
		Kinds: []ast.Operation{ast.Query},
		Value: func(random *rand.Rand, place opgen.Place) (any, bool) {
			switch place.Name {
			case "first", "last":
				return json.Number(strconv.Itoa(1 + random.IntN(4))), true
			}
			list := values[place.Name]
			if list == nil {
				list = values[place.Type]
			}
			if len(list) == 0 {
				return nil, false
			}
			return list[random.IntN(len(list))], true
		},
	})
	for range count {
		if err := lines.Encode(g.Valid()); err != nil {
			return fmt.Errorf("writing a query: %w", err)
		}
	}
	return nil
}

// send asks as an admin does, who may read the schema; of streams it returns the first event.
func send(api *graph.API, op opgen.Operation) (string, error) {
	body, err := json.Marshal(op)
	if err != nil {
		return "", fmt.Errorf("writing the request: %w", err)
	}
	ctx := viewer.NewContext(context.Background(), viewer.Viewer{ID: uuid.Max, Role: enums.RoleAdmin})
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/graphql", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/graphql-response+json")
	if op.Kind == ast.Subscription || strings.Contains(op.Query, string(ast.Subscription)) {
		r.Header.Set("Accept", "text/event-stream")
	}
	answer := httptest.NewRecorder()
	api.Handler().ServeHTTP(answer, r)
	text := answer.Body.String()
	if _, event, ok := strings.Cut(text, "data: "); ok {
		text, _, _ = strings.Cut(event, "\n")
	}
	return text, nil
}

func ask(api *graph.API, op opgen.Operation) (*verdict, error) {
	v := &verdict{Operation: op, Faults: op.Faults}
	text, err := send(api, op)
	if err != nil {
		return nil, err
	}
	var got struct {
		Data   json.RawMessage
		Errors []struct {
			Message    string
			Extensions struct{ Code string }
		}
	}
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		return nil, fmt.Errorf("reading the answer %q to %s: %w", text, op.Query, err)
	}
	v.Accepted = got.Data != nil && len(got.Errors) == 0
	if len(got.Errors) > 0 {
		v.Code, v.Message = got.Errors[0].Extensions.Code, got.Errors[0].Message
	}
	return v, nil
}
