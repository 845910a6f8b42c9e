package graph_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/graph"
	"github.com/rubrica/rubrica/internal/logging"
)

// logBook keeps log lines that may come from several goroutines.
type logBook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBook) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

// lines are the log's entries with this request id.
func (b *logBook) lines(t *testing.T, requestID string) []map[string]any {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	var found []map[string]any
	for line := range bytes.Lines(b.text.Bytes()) {
		var entry map[string]any
		require.NoError(t, json.Unmarshal(line, &entry))
		if entry[logging.RequestID] == requestID {
			found = append(found, entry)
		}
	}
	return found
}

// The id that a client quotes leads to the line of the log that has the cause: of an error below a
// resolver, and of a panic in one.
func TestTheRequestIDLeadsToTheCause(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	book := &logBook{}
	s := w.serveWith(t, func(o *graph.Options) {
		o.Log = logging.New(book, logging.Options{})
		o.Submission = nil // whoever submits makes a resolver panic
	})
	_, err := w.db.SQL.ExecContext(t.Context(), `ALTER TABLE credentials RENAME TO gone`)
	require.NoError(t, err)
	for _, c := range []struct {
		query, message, cause string
	}{
		{`{ credentials(first: 1) { totalCount } }`, "a field failed", "does not exist"},
		{fmt.Sprintf(`mutation { essaySubmit(input: {questionId: %q, text: "x"}) { replayed } }`, w.questionID(0, 0)), "a resolver panicked", "nil pointer"},
	} {
		a := w.askAt(t, s, lena, c.query, nil)
		require.Equal(t, []string{"INTERNAL"}, a.codes(), a.raw)
		require.NotContains(t, a.raw, c.cause)
		id, _ := a.Errors[0].Extensions["requestId"].(string)
		require.Equal(t, a.requestID, id)
		var found bool
		for _, line := range book.lines(t, id) {
			text, err := json.Marshal(line)
			require.NoError(t, err)
			found = found || line["msg"] == c.message && strings.Contains(string(text), c.cause)
		}
		require.True(t, found, "no line with the id %s has the message %q and the cause %q", id, c.message, c.cause)
	}
}
