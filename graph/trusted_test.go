package graph_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/graph"
	"github.com/rubrica/rubrica/graph/exec"
	"github.com/rubrica/rubrica/graph/trusted"
	"github.com/rubrica/rubrica/internal/server"
	"github.com/rubrica/rubrica/internal/submission"
)

const (
	trustedQuery  = `query Who { viewer { role } }`
	trustedStream = `subscription Progress($id: ID!) { essayProgress(id: $id) { stage } }`
	relayID       = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
)

// serveTrusted starts a server as production does, with three documents registered.
func (w *world) serveTrusted(t *testing.T) *httptest.Server {
	t.Helper()
	manifest, err := json.Marshal(map[string]string{
		trusted.Hash(trustedQuery): trustedQuery, trusted.Hash(trustedStream): trustedStream, relayID: `query Relay { viewer { role } }`,
	})
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "web.json")
	require.NoError(t, os.WriteFile(file, manifest, 0o600))
	store, err := trusted.Load(exec.NewExecutableSchema(exec.Config{}).Schema(), []string{file})
	require.NoError(t, err)
	log := errorsTo(t)
	api := graph.New(graph.Options{
		DB: w.db, Submission: submission.New(w.db, w.queue, w.notify), Hub: w.hub, Authority: w.auth, Log: log,
		Trusted: store, TrustedOnly: true,
	})
	s := httptest.NewServer(server.Wrap(w.auth.Middleware(api.Handler(), log), server.Options{Logger: log}))
	t.Cleanup(s.Close)
	return s
}

// carriers send a request in each way that the API has, and give its first answer as JSON.
var carriers = map[string]func(t *testing.T, s *httptest.Server, token string, params vars) string{
	"POST": func(t *testing.T, s *httptest.Server, token string, params vars) string {
		return carry(t, s, token, http.MethodPost, "application/graphql-response+json", params)
	},
	"GET": func(t *testing.T, s *httptest.Server, token string, params vars) string {
		return carry(t, s, token, http.MethodGet, "application/json", params)
	},
	"events by POST": func(t *testing.T, s *httptest.Server, token string, params vars) string {
		return firstEvent(t, carry(t, s, token, http.MethodPost, "text/event-stream", params))
	},
	"events by GET": func(t *testing.T, s *httptest.Server, token string, params vars) string {
		return firstEvent(t, carry(t, s, token, http.MethodGet, "text/event-stream", params))
	},
	"WebSocket": overSocket,
}

func carry(t *testing.T, s *httptest.Server, token, method, accept string, params vars) string {
	t.Helper()
	target, body := s.URL, []byte(nil)
	if method == http.MethodGet {
		values := url.Values{}
		for name, v := range params {
			if text, ok := v.(string); ok {
				values.Set(name, text)
				continue
			}
			text, err := json.Marshal(v)
			require.NoError(t, err)
			values.Set(name, string(text))
		}
		target += "?" + values.Encode()
	} else {
		var err error
		body, err = json.Marshal(params)
		require.NoError(t, err)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, target, bytes.NewReader(body))
	require.NoError(t, err)
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("Accept", accept)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := s.Client().Do(r)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }() // read to its end
	raw, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return string(raw)
}

func firstEvent(t *testing.T, stream string) string {
	t.Helper()
	for line := range strings.Lines(stream) {
		if data, ok := strings.CutPrefix(line, "data: "); ok {
			return data
		}
	}
	require.Fail(t, "no event", stream)
	return ""
}

func overSocket(t *testing.T, s *httptest.Server, token string, params vars) string {
	t.Helper()
	c, resp, err := websocket.Dial(t.Context(), s.URL, &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	require.NoError(t, err)
	if resp.Body != nil {
		_ = resp.Body.Close()
	}
	defer func() { _ = c.CloseNow() }()
	hello := vars{}
	if token != "" {
		hello["Authorization"] = "Bearer " + token
	}
	require.NoError(t, wsjson.Write(t.Context(), c, vars{"type": "connection_init", "payload": hello}))
	for {
		var m struct {
			Type    string
			Payload json.RawMessage
		}
		require.NoError(t, wsjson.Read(t.Context(), c, &m))
		switch m.Type {
		case "connection_ack":
			require.NoError(t, wsjson.Write(t.Context(), c, vars{"type": "subscribe", "id": "1", "payload": params}))
		case "next":
			return string(m.Payload)
		case "error":
			return `{"errors":` + string(m.Payload) + `}`
		case "complete":
			require.Fail(t, "completed without an answer")
		}
	}
}

// Whoever is no admin runs registered documents alone, by every name and on every way.
func TestTrustedDocuments(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.serveTrusted(t)
	role := map[string]string{
		anonymous: `{"viewer":null}`, lena: `{"viewer":{"role":"LEARNER"}}`,
		arno: `{"viewer":{"role":"ADVISOR"}}`, ada: `{"viewer":{"role":"ADMIN"}}`,
	}
	apollo := func(text string) vars {
		return vars{"persistedQuery": vars{"version": 1, "sha256Hash": trusted.Hash(text)}}
	}
	const free = `{ viewer { role } }`
	for name, row := range map[string]struct {
		params        vars
		code, ofAdmin string // "": answered
	}{
		"documentId":                  {vars{"documentId": "sha256:" + trusted.Hash(trustedQuery)}, "", ""},
		"doc_id":                      {vars{"doc_id": relayID}, "", ""},
		"id":                          {vars{"id": relayID}, "", ""},
		"Apollo":                      {vars{"extensions": apollo(trustedQuery)}, "", ""},
		"Apollo, with the text":       {vars{"extensions": apollo(trustedQuery), "query": trustedQuery}, "", ""},
		"named operation":             {vars{"documentId": relayID, "operationName": "Relay"}, "", ""},
		"free text":                   {vars{"query": free}, "DOCUMENT_REQUIRED", ""},
		"registered, as free text":    {vars{"query": trustedQuery}, "DOCUMENT_REQUIRED", ""},
		"registering, Apollo's way":   {vars{"query": free, "extensions": apollo(free)}, "DOCUMENT_UNKNOWN", ""},
		"after it":                    {vars{"extensions": apollo(free)}, "DOCUMENT_UNKNOWN", "DOCUMENT_UNKNOWN"},
		"unknown":                     {vars{"documentId": "nonsense"}, "DOCUMENT_UNKNOWN", "DOCUMENT_UNKNOWN"},
		"hash of another text":        {vars{"query": free, "extensions": apollo(trustedQuery)}, "BAD_INPUT", "BAD_INPUT"},
		"text beside another's id":    {vars{"query": free, "doc_id": relayID}, "BAD_INPUT", "BAD_INPUT"},
		"not GraphQL":                 {vars{"query": "nonsense"}, "DOCUMENT_REQUIRED", "GRAPHQL_PARSE_FAILED"},
		"unknown operation of a name": {vars{"doc_id": relayID, "operationName": "Gone"}, "GRAPHQL_VALIDATION_FAILED", "GRAPHQL_VALIDATION_FAILED"},
	} {
		for way, send := range carriers {
			for person, data := range role {
				token := ""
				if person != anonymous {
					token = w.token(t, person)
				}
				raw := send(t, s, token, row.params)
				var a answer
				require.NoError(t, json.Unmarshal([]byte(raw), &a), raw)
				want := row.code
				if person == ada {
					want = row.ofAdmin
				}
				if want == "" {
					require.Empty(t, a.Errors, "%s, %s, %q: %s", name, way, person, raw)
					got, err := json.Marshal(a.Data)
					require.NoError(t, err)
					require.JSONEq(t, data, string(got), "%s, %s, %q", name, way, person)
				} else {
					require.Equal(t, []string{want}, a.codes(), "%s, %s, %q: %s", name, way, person, raw)
					require.NotContains(t, raw, `"data"`)
				}
			}
		}
	}

	introspect := vars{"query": `{ __schema { queryType { name } } }`}
	require.Contains(t, carriers["POST"](t, s, w.token(t, ada), introspect), `"Query"`)
	require.Contains(t, carriers["POST"](t, s, w.token(t, arno), introspect), "DOCUMENT_REQUIRED")
}

// A registered subscription runs on both ways that have subscriptions.
func TestTrustedSubscription(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.runHub(t)
	s := w.serveTrusted(t)
	essay := w.essays(t, lena, 1)[0]
	for _, way := range []string{"WebSocket", "events by GET", "events by POST"} {
		id := vars{"id": essay.id("essay")}
		raw := carriers[way](t, s, w.token(t, lena), vars{"documentId": "sha256:" + trusted.Hash(trustedStream), "variables": id})
		require.Contains(t, raw, `"data":{"essayProgress":{"stage":"COMPLETED"}}`, way)
		raw = carriers[way](t, s, w.token(t, lena), vars{"query": trustedStream, "variables": id})
		require.Contains(t, raw, "DOCUMENT_REQUIRED", way)
	}
}
