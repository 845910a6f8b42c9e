package server

import (
	"encoding/json"
	"mime"
	"net/http"
	"strings"
)

// Values of extensions.code in the errors that this package and internal/auth answer with.
const (
	// CodeUnauthenticated: the token is not valid.
	CodeUnauthenticated = "UNAUTHENTICATED"
	// CodeUnavailable: something that the answer needs is down; come back after Retry-After seconds.
	CodeUnavailable = "UNAVAILABLE"
	// CodeInternal: the fault is the server's; the log has the details under the request id.
	CodeInternal = "INTERNAL"
)

const graphqlResponse = "application/graphql-response+json"

// WriteError answers with an error in the shape of a GraphQL response, so that clients read every
// failure in one way. extensions carries the code and the id of the request.
func WriteError(w http.ResponseWriter, r *http.Request, status int, code, message string) {
	extensions := map[string]any{"code": code}
	if id := RequestID(r.Context()); id != "" {
		extensions["requestId"] = id
	}
	body, err := json.Marshal(map[string]any{
		"errors": []any{map[string]any{"message": message, "extensions": extensions}},
	})
	if err != nil {
		panic(err) // strings always marshal
	}
	mediaType := "application/json"
	if accepts(r, graphqlResponse) {
		mediaType = graphqlResponse
	}
	h := w.Header()
	h.Set("Content-Type", mediaType+"; charset=utf-8")
	h.Del("Content-Length")
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that left reads nothing
}

// accepts tells whether the client names the media type and does not refuse it.
func accepts(r *http.Request, mediaType string) bool {
	for _, header := range r.Header.Values("Accept") {
		for part := range strings.SplitSeq(header, ",") {
			name, params, err := mime.ParseMediaType(part)
			q := params["q"]
			refused := q != "" && strings.Trim(q, "0.") == ""
			if err == nil && name == mediaType && !refused {
				return true
			}
		}
	}
	return false
}
