// Package demo is a client of the API as a frontend would write it, and shows in a terminal what comes
// of one essay.
package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
)

// maxAnswer bounds what is read of one answer, in bytes.
const maxAnswer = 16 << 20

// httpClient bounds an answer, and the opening of a WebSocket; a stream then lasts as long as its context.
var httpClient = &http.Client{Timeout: time.Minute}

// Client speaks to one server as one person.
type Client struct {
	URL   string // of the server, such as http://127.0.0.1:8080
	Token string
}

// ErrUnreachable says that no server answers.
var ErrUnreachable = errors.New("no server answers")

type request struct {
	Query     string         `json:"query"`
	Variables map[string]any `json:"variables,omitempty"`
}

type response struct {
	Data   json.RawMessage `json:"data"`
	Errors faults          `json:"errors"`
}

// faults are the errors of a GraphQL response.
type faults []struct {
	Message    string `json:"message"`
	Extensions struct {
		Code string `json:"code"`
	} `json:"extensions"`
}

func (f faults) err() error {
	if len(f) == 0 {
		return nil
	}
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.Message
		if fault.Extensions.Code != "" {
			lines[i] += " (" + fault.Extensions.Code + ")"
		}
	}
	return fmt.Errorf("the server answered: %s", strings.Join(lines, "; "))
}

// Do runs a query or a mutation and decodes its data into out. ErrUnreachable is in the chain of the
// error when there is no server.
func (c *Client) Do(ctx context.Context, query string, variables map[string]any, out any) error {
	body, err := json.Marshal(request{query, variables})
	if err != nil {
		return fmt.Errorf("encode the request: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL+"/graphql", bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%q is not an address: %w", c.URL, err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/graphql-response+json, application/json")
	req.Header.Set("Authorization", "Bearer "+c.Token)
	res, err := httpClient.Do(req)
	if err != nil {
		return fmt.Errorf("%w on %s: %w", ErrUnreachable, c.URL, err)
	}
	defer res.Body.Close()
	var answer response
	if err := json.NewDecoder(io.LimitReader(res.Body, maxAnswer)).Decode(&answer); err != nil {
		return fmt.Errorf("%s is not a Rubrica: it answered %s", c.URL, res.Status)
	}
	if err := answer.Errors.err(); err != nil {
		return err
	}
	if err := json.Unmarshal(answer.Data, out); err != nil {
		return fmt.Errorf("decode the answer: %w", err)
	}
	return nil
}

// message is a message of the protocol graphql-transport-ws.
type message struct {
	ID      string          `json:"id,omitempty"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

// Subscribe runs a subscription over graphql-transport-ws and calls each with the data of every event,
// until the stream completes.
func (c *Client) Subscribe(ctx context.Context, query string, variables map[string]any, each func(json.RawMessage) error) error {
	conn, res, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(c.URL, "http")+"/graphql",
		&websocket.DialOptions{HTTPClient: httpClient, Subprotocols: []string{"graphql-transport-ws"}})
	if res != nil && res.Body != nil {
		_ = res.Body.Close()
	}
	if err != nil {
		return fmt.Errorf("open a WebSocket to %s: %w", c.URL, err)
	}
	defer conn.CloseNow() //nolint:errcheck // after Close below it does nothing
	conn.SetReadLimit(maxAnswer)

	init, err := json.Marshal(map[string]string{"Authorization": "Bearer " + c.Token})
	if err != nil {
		return fmt.Errorf("encode the token: %w", err)
	}
	subscribe, err := json.Marshal(request{query, variables})
	if err != nil {
		return fmt.Errorf("encode the subscription: %w", err)
	}
	if err := wsjson.Write(ctx, conn, message{Type: "connection_init", Payload: init}); err != nil {
		return fmt.Errorf("sign in on the WebSocket: %w", err)
	}
	for {
		var m message
		if err := wsjson.Read(ctx, conn, &m); err != nil {
			return fmt.Errorf("the WebSocket ended before the stream did: %w", err)
		}
		switch m.Type {
		case "connection_ack":
			err = wsjson.Write(ctx, conn, message{ID: "1", Type: "subscribe", Payload: subscribe})
		case "ping":
			err = wsjson.Write(ctx, conn, message{Type: "pong"})
		case "next":
			err = next(m.Payload, each)
		case "error":
			var f faults
			if err = json.Unmarshal(m.Payload, &f); err == nil {
				err = f.err()
			}
		case "complete":
			_ = conn.Close(websocket.StatusNormalClosure, "")
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func next(payload json.RawMessage, each func(json.RawMessage) error) error {
	var event response
	if err := json.Unmarshal(payload, &event); err != nil {
		return fmt.Errorf("decode an event: %w", err)
	}
	if err := event.Errors.err(); err != nil {
		return err
	}
	return each(event.Data)
}
