package transport

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
)

const (
	initMsg  = `{"type":"connection_init"}`
	ackMsg   = `{"type":"connection_ack"}`
	idleMsg  = `{"id":"1","type":"subscribe","payload":{"query":"subscription{idle}"}}`
	helloMsg = `{"id":"1","type":"subscribe","payload":{"query":"{hello}"}}`
)

func nextMsg(id, payload string) string {
	return fmt.Sprintf(`{"id":%q,"type":"next","payload":%s}`, id, payload)
}

func completeMsg(id string) string { return fmt.Sprintf(`{"id":%q,"type":"complete"}`, id) }

// The protocol, one conversation a row: "> " is sent, "< " is received. A row with a code ends with
// the socket closed by the server; in the others the socket still answers, and nothing came between.
func TestWebSocketProtocol(t *testing.T) {
	s := start(t, Config{Limits: Limits{MaxMessageBytes: 4000}})
	ready := []string{"> " + initMsg, "< " + ackMsg}
	for _, c := range []struct {
		name   string
		talk   []string
		code   int
		reason string
	}{
		{"init", ready, 0, ""},
		{"init with a payload", []string{`> {"type":"connection_init","payload":{"a":1}}`, "< " + ackMsg}, 0, ""},
		{"init with null", []string{`> {"type":"connection_init","payload":null}`, "< " + ackMsg}, 0, ""},
		{"ping before init", []string{`> {"type":"ping"}`, `< {"type":"pong"}`}, 0, ""},
		{"ping with a payload", append(ready, `> {"type":"ping","payload":{"a":[1]}}`, `< {"type":"pong","payload":{"a":[1]}}`), 0, ""},
		{"unsolicited pong", append(ready, `> {"type":"pong"}`), 0, ""},
		{"query", append(ready, "> "+helloMsg, "< "+nextMsg("1", `{"data":{"hello":"hello world"}}`), "< "+completeMsg("1")), 0, ""},
		{"mutation", append(ready, `> {"id":"m","type":"subscribe","payload":{"query":"mutation($n:Int!){add(n:$n)}","variables":{"n":0}}}`,
			"< "+nextMsg("m", `{"data":{"add":0}}`), "< "+completeMsg("m")), 0, ""},
		{"subscription", append(ready, `> {"id":"s","type":"subscribe","payload":{"query":"subscription{count(to:2)}","operationName":null}}`,
			"< "+nextMsg("s", `{"data":{"count":1}}`), "< "+nextMsg("s", `{"data":{"count":2}}`), "< "+completeMsg("s")), 0, ""},
		{"id used again after completion", append(ready, "> "+helloMsg, "< "+nextMsg("1", `{"data":{"hello":"hello world"}}`), "< "+completeMsg("1"),
			"> "+helloMsg, "< "+nextMsg("1", `{"data":{"hello":"hello world"}}`), "< "+completeMsg("1")), 0, ""},
		{"id used again after cancelling", append(ready, "> "+idleMsg, "> "+completeMsg("1"),
			"> "+helloMsg, "< "+nextMsg("1", `{"data":{"hello":"hello world"}}`), "< "+completeMsg("1")), 0, ""},
		{"complete of an unknown id", append(ready, "> "+completeMsg("7")), 0, ""},
		{"field error is a next", append(ready, `> {"id":"1","type":"subscribe","payload":{"query":"{fail}"}}`,
			"< "+nextMsg("1", `{"errors":[{"message":"it failed","path":["fail"],"locations":[{"line":1,"column":2}]}],"data":{"fail":null}}`),
			"< "+completeMsg("1")), 0, ""},
		{"nothing after an error of validation", append(ready, `> {"id":"1","type":"subscribe","payload":{"query":"{nope}"}}`,
			`< {"id":"1","type":"error","payload":[{"message":"Cannot query field \"nope\" on type \"Query\".","locations":[{"line":1,"column":2}],"extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}]}`), 0, ""},
		{"nothing after an error of the source", append(ready, `> {"id":"1","type":"subscribe","payload":{"query":"subscription{refused}"}}`,
			`< {"id":"1","type":"error","payload":[{"message":"no","path":["refused"],"locations":[{"line":1,"column":14}],"extensions":{"code":"NOT_YOURS"}}]}`), 0, ""},
		{"nothing after an error in between", append(ready, `> {"id":"1","type":"subscribe","payload":{"query":"subscription{revoked}"}}`,
			"< "+nextMsg("1", `{"data":{"revoked":1}}`),
			`< {"id":"1","type":"error","payload":[{"message":"revoked","extensions":{"code":"NOT_YOURS"}}]}`), 0, ""},
		{"panic of an extension", append(ready, `> {"id":"1","type":"subscribe","payload":{"query":"query Panics{hello}"}}`,
			`< {"id":"1","type":"error","payload":[{"message":"internal error","extensions":{"code":"INTERNAL"}}]}`), 0, ""},
		{"answer that cannot be encoded", append(ready, `> {"id":"1","type":"subscribe","payload":{"query":"query Unencodable{hello}"}}`,
			`< {"id":"1","type":"error","payload":[{"message":"internal error","extensions":{"code":"INTERNAL"}}]}`), 0, ""},
		{"id free after an error", append(ready, `> {"id":"1","type":"subscribe","payload":{"query":"query Denied{hello}"}}`,
			`< {"id":"1","type":"error","payload":[{"message":"denied before execution"}]}`,
			"> "+helloMsg, "< "+nextMsg("1", `{"data":{"hello":"hello world"}}`), "< "+completeMsg("1")), 0, ""},

		{"not JSON, before init", []string{"> {"}, 4400, "Invalid message: not a JSON object of the protocol"},
		{"not JSON", append(ready, "> hello"), 4400, "Invalid message: not a JSON object of the protocol"},
		{"not an object", append(ready, "> []"), 4400, "Invalid message: not a JSON object of the protocol"},
		{"null", append(ready, "> null"), 4400, "Invalid message: the type is missing"},
		{"no type", append(ready, `> {"id":"1"}`), 4400, "Invalid message: the type is missing"},
		{"type a number", append(ready, `> {"type":1}`), 4400, "Invalid message: not a JSON object of the protocol"},
		{"unknown type", append(ready, `> {"type":"start"}`), 4400, "Invalid message: unknown type"},
		{"unknown type before init", []string{`> {"type":"connection_terminate"}`}, 4400, "Invalid message: unknown type"},
		{"type of the server", append(ready, `> {"type":"next","id":"1","payload":{}}`), 4400, "Invalid message: only servers send this type"},
		{"init with an array", []string{`> {"type":"connection_init","payload":[]}`}, 4400, "Invalid message: the payload must be an object or null"},
		{"ping with a string", append(ready, `> {"type":"ping","payload":"x"}`), 4400, "Invalid message: the payload must be an object or null"},
		{"subscribe without id", append(ready, `> {"type":"subscribe","payload":{"query":"{hello}"}}`), 4400, "Invalid message: the id must be a non-empty string"},
		{"subscribe with a number as id", append(ready, `> {"id":1,"type":"subscribe","payload":{"query":"{hello}"}}`), 4400, "Invalid message: not a JSON object of the protocol"},
		{"subscribe with an endless id", append(ready, `> {"id":"`+strings.Repeat("i", 91)+`","type":"subscribe","payload":{"query":"{hello}"}}`), 4400, "Invalid message: the id is longer than 90 bytes"},
		{"subscribe without payload", append(ready, `> {"id":"1","type":"subscribe"}`), 4400, "Invalid message: the payload must be an object"},
		{"subscribe without query", append(ready, `> {"id":"1","type":"subscribe","payload":{}}`), 4400, "Invalid message: the payload is not that of a GraphQL request"},
		{"subscribe with wrong variables", append(ready, `> {"id":"1","type":"subscribe","payload":{"query":"{hello}","variables":[]}}`), 4400, "Invalid message: the payload is not that of a GraphQL request"},
		{"complete without id", append(ready, `> {"type":"complete"}`), 4400, "Invalid message: the id must be a non-empty string"},
		{"invalid UTF-8", append(ready, "> {\"type\":\"ping\",\"payload\":{\"a\":\"\xff\"}}"), 1007, "Invalid UTF-8"},
		{"subscribe before init", []string{"> " + helloMsg}, 4401, "Unauthorized"},
		{"id in use", append(ready, "> "+idleMsg, "> "+helloMsg), 4409, "Subscriber for 1 already exists"},
		{"longest id in use", append(ready, "> "+strings.Replace(idleMsg, `"1"`, `"`+strings.Repeat("i", 90)+`"`, 1), "> "+strings.Replace(helloMsg, `"1"`, `"`+strings.Repeat("i", 90)+`"`, 1)),
			4409, "Subscriber for " + strings.Repeat("i", 90) + " already exists"},
		{"second init", append(ready, "> "+initMsg), 4429, "Too many initialisation requests"},
		{"second init with an operation", append(ready, "> "+idleMsg, "> "+initMsg), 4429, "Too many initialisation requests"},
		{"message too large", append(ready, `> {"type":"ping","payload":{"a":"`+strings.Repeat("x", 4000)+`"}}`), 1009, "read limited at 4001 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := s.dial(t, subprotocol)
			for _, line := range c.talk {
				if out, ok := strings.CutPrefix(line, "> "); ok {
					client.send(out)
				} else {
					client.expect(strings.TrimPrefix(line, "< "))
				}
			}
			if c.code == 0 {
				client.alive()
				client.alive()
				return
			}
			client.expectClose(c.code, c.reason)
		})
	}
	eventually(t, func() bool { return s.root.Started() == s.root.Stopped() }, "every operation has ended")
}

func TestWebSocketSubprotocols(t *testing.T) {
	s := start(t, Config{})
	for name, offers := range map[string][]string{
		"none": nil, "legacy": {"graphql-ws"}, "unknown": {"mqtt"}, "another case": {"GraphQL-Transport-WS"},
	} {
		t.Run(name, func(t *testing.T) {
			s.dial(t, offers...).expectClose(4406, "Subprotocol not acceptable")
		})
	}
	t.Run("one of several", func(t *testing.T) {
		client := s.dial(t, "graphql-ws", subprotocol)
		client.send(initMsg)
		client.expect(ackMsg)
	})
}

func TestWebSocketBinaryMessage(t *testing.T) {
	client := start(t, Config{}).connect(t)
	require.NoError(t, client.Write(client.ctx, websocket.MessageBinary, []byte(`{"type":"ping"}`)))
	client.expectClose(4400, "Invalid message: not a text message")
}

func TestWebSocketInitTimeout(t *testing.T) {
	s := start(t, Config{Limits: Limits{InitTimeout: 10 * time.Millisecond}})
	s.dial(t, subprotocol).expectClose(4408, "Connection initialisation timeout")
}

// The limit holds for Init too: a hanging identity provider does not pin sockets.
func TestWebSocketInitHangs(t *testing.T) {
	s := start(t, Config{
		Limits: Limits{InitTimeout: 10 * time.Millisecond},
		Init: func(ctx context.Context, _ map[string]any) (Session, error) {
			<-ctx.Done()
			return Session{}, ctx.Err()
		},
	})
	client := s.dial(t, subprotocol)
	client.send(initMsg)
	client.expectClose(4408, "Connection initialisation timeout")
}

type userKey struct{}

// session accepts payloads with a user and gives it to the operations.
func session(ctx context.Context, payload map[string]any) (Session, error) {
	user, _ := payload["user"].(string)
	switch user {
	case "":
		return Session{}, errors.New("SECRET reason")
	case "panics":
		panic("SECRET panic")
	}
	return Session{
		Context: context.WithValue(ctx, userKey{}, user), Key: user,
		Ack: map[string]any{"hello": user},
	}, nil
}

func TestWebSocketInit(t *testing.T) {
	s := start(t, Config{Init: session})

	client := s.dial(t, subprotocol)
	client.send(initMsg)
	client.expectClose(4403, "Forbidden")

	client = s.dial(t, subprotocol)
	client.send(`{"type":"connection_init","payload":{"user":"panics"}}`)
	client.expectClose(4500, "Internal server error")

	client = s.dial(t, subprotocol)
	client.send(`{"type":"connection_init","payload":{"user":"ada"}}`)
	client.expect(`{"type":"connection_ack","payload":{"hello":"ada"}}`)
	client.subscribe("1", "{hello}")
	client.expect(nextMsg("1", `{"data":{"hello":"hello world"}}`))
}

// What Init puts into the context reaches the executor, and a context that Init did not derive as it
// should still ends with the socket.
func TestWebSocketSessionContext(t *testing.T) {
	s := start(t, Config{Init: func(context.Context, map[string]any) (Session, error) {
		return Session{Context: context.WithValue(context.Background(), userKey{}, "ada")}, nil
	}})
	users := make(chan any, 1)
	s.gql.AroundOperations(func(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
		users <- ctx.Value(userKey{})
		return next(ctx)
	})
	client := s.connect(t)
	client.subscribe("1", "subscription{idle}")
	require.Equal(t, "ada", <-users)
	eventually(t, func() bool { return s.root.Started() == 1 }, "the subscription runs")
	require.NoError(t, client.CloseNow())
	eventually(t, func() bool { return s.root.Stopped() == 1 }, "the subscription ends with its socket")
}

func TestWebSocketTokenExpiry(t *testing.T) {
	s := start(t, Config{Init: func(ctx context.Context, _ map[string]any) (Session, error) {
		return Session{Context: ctx, ExpiresAt: time.Now().Add(300 * time.Millisecond)}, nil
	}})
	client := s.dial(t, subprotocol)
	client.send(initMsg)
	client.expect(ackMsg)
	client.subscribe("1", "subscription{idle}")
	client.expectClose(4403, "Token expired")
	eventually(t, func() bool { return s.root.Started() == s.root.Stopped() }, "the subscription ends")
}

func TestWebSocketOrigin(t *testing.T) {
	s := start(t, Config{})
	for origin, allowed := range map[string]bool{
		s.URL: true, "https://elsewhere.example": false, "null": false, "%": false,
	} {
		_, resp, err := s.tryDial(t, http.Header{"Origin": {origin}}, subprotocol)
		if allowed {
			require.NoError(t, err, origin)
			continue
		}
		require.Error(t, err, origin)
		require.Equal(t, http.StatusForbidden, resp.StatusCode, origin)
	}
	s = start(t, Config{AllowOrigin: func(r *http.Request) bool { return r.Header.Get("Origin") == "https://app.example" }})
	_, _, err := s.tryDial(t, http.Header{"Origin": {"https://app.example"}}, subprotocol)
	require.NoError(t, err)
}
