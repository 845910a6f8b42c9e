package hostile_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/graph"
	"github.com/rubrica/rubrica/graph/cost"
	"github.com/rubrica/rubrica/graph/internal/hostile"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/internal/viewer"
)

// maxAnswer is the most that a refusal may weigh.
const maxAnswer = 4 << 10

// api is one without a database, in production mode: whatever gets past the checks is counted.
func api(t testing.TB) (_ http.Handler, executed *int) {
	executed = new(int)
	return graph.New(graph.Options{
		DB: new(database.DB),
		Limits: &cost.Limits{ // of an operation as everywhere, and never used up
			Anonymous: cost.Limit{Operation: cost.Default.Anonymous.Operation, Capacity: math.MaxInt32, Restore: 1},
			Admin:     cost.Limit{Operation: cost.Default.Admin.Operation, Capacity: math.MaxInt32, Restore: 1},
		},
		Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
		Instead: func(context.Context) graphql.ResponseHandler {
			*executed++
			return graphql.OneShot(&graphql.Response{Data: json.RawMessage(`{}`)})
		},
	}).Handler(), executed
}

// ask sends a request as nobody, or as an admin.
func ask(h http.Handler, admin bool, body []byte) *httptest.ResponseRecorder {
	ctx := context.Background()
	if admin {
		ctx = viewer.NewContext(ctx, viewer.Viewer{ID: uuid.Max, Role: enums.RoleAdmin})
	}
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/graphql", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/graphql-response+json")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestRefusedInFewWordsBeforeAnythingRuns(t *testing.T) {
	t.Parallel()
	h, executed := api(t)
	for _, request := range hostile.Requests() {
		for _, admin := range []bool{false, true} {
			if request.Admin && !admin {
				continue
			}
			w := ask(h, admin, request.Body)
			answer := w.Body.String()
			require.Equal(t, http.StatusBadRequest, w.Code, "%s: %.300s", request.Name, answer)
			require.Less(t, len(answer), maxAnswer, "%s: %.300s", request.Name, answer)
			require.NotContains(t, answer, `"data"`, request.Name)
			var got struct {
				Errors []struct{ Extensions struct{ Code string } }
			}
			require.NoError(t, json.Unmarshal([]byte(answer), &got))
			require.NotEmpty(t, got.Errors, request.Name)
			for _, e := range got.Errors {
				require.Equal(t, request.Code, e.Extensions.Code, "%s: %s", request.Name, answer)
			}
		}
	}
	require.Zero(t, *executed)
}

// The same requests, and what refusing each costs: processor time of the whole process in
// milliseconds, and bytes of the answer.
func BenchmarkRefusal(b *testing.B) {
	h, _ := api(b)
	for _, request := range hostile.Requests() {
		for _, admin := range []bool{false, true} {
			if request.Admin && !admin {
				continue
			}
			name := strings.ReplaceAll(request.Name, ",", "")
			if admin {
				name += " (admin)"
			}
			b.Run(name, func(b *testing.B) {
				size := 0
				before := processorTime(b)
				for b.Loop() {
					size = ask(h, admin, request.Body).Body.Len()
				}
				b.ReportMetric(float64((processorTime(b)-before).Microseconds())/1000/float64(b.N), "cpu-ms/op")
				b.ReportMetric(float64(size), "answer-B")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
