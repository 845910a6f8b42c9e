package e2e_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/internal/demo"
)

// httpClient shares its connections with the demo client's. The timeout is longer than any stream lives.
var httpClient = &http.Client{Timeout: 3 * time.Minute}

const submitMutation = `mutation Submit($input: EssaySubmitInput!) {
  essaySubmit(input: $input) { essay { id } run { id number seq stage } replayed userErrors { field code message } }
}`

// submitted is the payload of essaySubmit and of its relatives.
type submitted struct {
	Essay *struct{ ID string }
	Run   *struct {
		ID     string
		Number int
		Seq    int64
		Stage  string
	}
	Replayed   bool
	UserErrors []struct {
		Field         []string
		Code, Message string
	}
}

// submit submits an essay. An empty key is left out.
func submit(ctx context.Context, c *demo.Client, question, text, key string) (submitted, error) {
	input := map[string]any{"questionId": question, "text": text}
	if key != "" {
		input["idempotencyKey"] = key
	}
	var out struct{ EssaySubmit submitted }
	err := c.Do(ctx, submitMutation, map[string]any{"input": input}, &out)
	return out.EssaySubmit, err
}

const progressSubscription = `subscription Progress($id: ID!, $afterSeq: Sequence) {
  essayProgress(id: $id, afterSeq: $afterSeq) { seq stage percent }
}`

type progressEvent struct {
	EssayProgress struct {
		Seq     int64
		Stage   string
		Percent int
	}
}

func (e progressEvent) terminal() bool {
	return e.EssayProgress.Stage == "COMPLETED" || e.EssayProgress.Stage == "FAILED"
}

// completed waits until an essay's newest run has ended, and requires that it ended well.
func completed(ctx context.Context, t *testing.T, c *demo.Client, essay string) {
	t.Helper()
	var event progressEvent
	err := c.Subscribe(ctx, progressSubscription, map[string]any{"id": essay}, func(data json.RawMessage) error {
		return json.Unmarshal(data, &event)
	})
	require.NoError(t, err)
	require.Equal(t, "COMPLETED", event.EssayProgress.Stage)
}

// subscribeFunc runs a subscription until the stream completes (nil), breaks, or each returns an error.
type subscribeFunc func(ctx context.Context, c *demo.Client, query string, variables map[string]any, each func(json.RawMessage) error) error

func overWebSocket(ctx context.Context, c *demo.Client, query string, variables map[string]any, each func(json.RawMessage) error) error {
	return c.Subscribe(ctx, query, variables, each)
}

// overSSE is Subscribe over server-sent events, in the mode of one connection an operation.
func overSSE(ctx context.Context, c *demo.Client, query string, variables map[string]any, each func(json.RawMessage) error) error {
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL+"/graphql", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "text/event-stream")
	req.Header.Set("Authorization", "Bearer "+c.Token)
	res, err := httpClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("the stream was answered with %s", res.Status)
	}
	var name string
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case field == "event" && value == "complete":
			return nil
		case field == "event":
			name = value
		case field == "data" && name == "next":
			var event struct {
				Data   json.RawMessage
				Errors []struct{ Message string }
			}
			if err := json.Unmarshal([]byte(value), &event); err != nil {
				return err
			}
			if len(event.Errors) > 0 {
				return errors.New(event.Errors[0].Message)
			}
			if err := each(event.Data); err != nil {
				return err
			}
		}
	}
	return errors.Join(errors.New("the stream ended before it completed"), lines.Err())
}
