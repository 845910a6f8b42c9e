package transport

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/coder/websocket"
)

// subprotocol is the only one that is spoken. The older protocol named graphql-ws is not.
const subprotocol = "graphql-transport-ws"

// closing is the code and the reason with which a socket is closed. Reasons are fixed texts, short
// enough for a close frame (123 bytes), and never repeat what the client sent, but for an id.
type closing struct {
	code   websocket.StatusCode
	reason string
}

// The ways in which a socket is closed by the server.
var (
	closeNormal              = closing{websocket.StatusNormalClosure, ""}
	closeGoingAway           = closing{websocket.StatusGoingAway, "Server is going away"}
	closeUnresponsive        = closing{websocket.StatusGoingAway, "Client does not respond"}
	closeInvalidUTF8         = closing{websocket.StatusInvalidFramePayloadData, "Invalid UTF-8"}
	closeUnauthorized        = closing{4401, "Unauthorized"}
	closeForbidden           = closing{4403, "Forbidden"}
	closeTokenExpired        = closing{4403, "Token expired"}
	closeSubprotocol         = closing{4406, "Subprotocol not acceptable"}
	closeInitTimeout         = closing{4408, "Connection initialisation timeout"}
	closeTooManyInits        = closing{4429, "Too many initialisation requests"}
	closeTooManySockets      = closing{4429, "Too many sockets"}
	closeInternalServerError = closing{4500, "Internal server error"}
)

func closeInvalid(why string) closing { return closing{4400, "Invalid message: " + why} }

func closeDuplicate(id string) closing {
	return closing{4409, fmt.Sprintf("Subscriber for %s already exists", id)}
}

// maxIDBytes bounds the id of an operation so that it fits into the reason of a close frame.
const maxIDBytes = 90

// Types of messages.
const (
	typeInit      = "connection_init"
	typeAck       = "connection_ack"
	typePing      = "ping"
	typePong      = "pong"
	typeSubscribe = "subscribe"
	typeNext      = "next"
	typeError     = "error"
	typeComplete  = "complete"
)

// message is what a client sends. Members that the protocol does not know are ignored.
type message struct {
	Type    string          `json:"type"`
	ID      string          `json:"id"`
	Payload json.RawMessage `json:"payload"`
}

// parseMessage reads and checks a message by the protocol's types. What it finds wrong it returns as
// the closing of the socket, otherwise nil.
func parseMessage(kind websocket.MessageType, text []byte) (message, *closing) {
	invalid := func(why string) (message, *closing) {
		c := closeInvalid(why)
		return message{}, &c
	}
	if kind != websocket.MessageText {
		return invalid("not a text message")
	}
	if !utf8.Valid(text) {
		return message{}, &closeInvalidUTF8
	}
	var m message
	if err := json.Unmarshal(text, &m); err != nil {
		return invalid("not a JSON object of the protocol")
	}
	if bytes.Equal(m.Payload, []byte("null")) {
		m.Payload = nil
	}
	switch m.Type {
	case typeInit, typePing, typePong:
		if m.Payload != nil && m.Payload[0] != '{' {
			return invalid("the payload must be an object or null")
		}
	case typeSubscribe:
		if m.Payload == nil || m.Payload[0] != '{' {
			return invalid("the payload must be an object")
		}
		if m.ID == "" {
			return invalid("the id must be a non-empty string")
		}
		if len(m.ID) > maxIDBytes {
			return invalid(fmt.Sprintf("the id is longer than %d bytes", maxIDBytes))
		}
	case typeComplete:
		if m.ID == "" {
			return invalid("the id must be a non-empty string")
		}
	case "":
		return invalid("the type is missing")
	case typeAck, typeNext, typeError:
		return invalid("only servers send this type")
	default:
		return invalid("unknown type")
	}
	return m, nil
}

// decodeObject decodes a payload that parseMessage has checked to be an object, or nil.
func decodeObject(payload json.RawMessage) (map[string]any, error) {
	if payload == nil {
		return nil, nil //nolint:nilnil // an absent payload is a nil map, not a failure
	}
	dec := json.NewDecoder(bytes.NewReader(payload))
	dec.UseNumber()
	var object map[string]any
	if err := dec.Decode(&object); err != nil {
		return nil, fmt.Errorf("decode a payload: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("decode a payload: it goes on after its object")
	}
	return object, nil
}

// appendMessage appends a message with a finished payload (nil: none) and the id as JSON (nil: none).
func appendMessage(buf *bytes.Buffer, typ string, idJSON, payload []byte) {
	openMessage(buf, typ, idJSON)
	if payload != nil {
		buf.WriteString(`,"payload":`)
		buf.Write(payload)
	}
	buf.WriteByte('}')
}

// openMessage appends a message up to its payload; the caller writes that and the closing brace.
func openMessage(buf *bytes.Buffer, typ string, idJSON []byte) {
	buf.WriteByte('{')
	if idJSON != nil {
		buf.WriteString(`"id":`)
		buf.Write(idJSON)
		buf.WriteByte(',')
	}
	buf.WriteString(`"type":"`)
	buf.WriteString(typ)
	buf.WriteByte('"')
}
