package transport

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNegotiate(t *testing.T) {
	for accept, want := range map[string]mediaType{
		"":                                  mediaJSON,
		"*/*":                               mediaJSON,
		"application/*":                     mediaJSON,
		"application/json":                  mediaJSON,
		"application/json; charset=utf-8":   mediaJSON,
		"APPLICATION/JSON;q=0.3":            mediaJSON,
		"application/graphql-response+json": mediaGraphQL,
		"application/graphql-response+json, application/json;q=0.9":                  mediaGraphQL,
		"application/json;q=0.9, application/graphql-response+json":                  mediaGraphQL,
		"application/json, application/graphql-response+json":                        mediaJSON,
		"application/graphql-response+json, application/json":                        mediaGraphQL,
		"application/graphql-response+json;q=0.2, */*":                               mediaJSON,
		"*/*;q=0.2, application/graphql-response+json;q=0.3":                         mediaGraphQL,
		"*/*, application/json;q=0":                                                  mediaGraphQL,
		"*/*, application/json;q=0, application/graphql-response+json;q=0":           mediaNone,
		`application/json;note="a,b";q=0.1, application/graphql-response+json;q=0.2`: mediaGraphQL,
		"application/json;charset=iso-8859-1":                                        mediaNone,
		"application/json;q=2, application/graphql-response+json;q=0.1":              mediaGraphQL,
		"text/html":                           mediaNone,
		"text/*":                              mediaNone,
		"nonsense":                            mediaNone,
		"text/event-stream":                   mediaEventStream,
		"text/event-stream, */*;q=0.1":        mediaEventStream,
		"text/event-stream, multipart/mixed":  mediaEventStream,
		"application/json, text/event-stream": mediaJSON,
		"application/json;q=0.5, text/event-stream;q=0.6": mediaEventStream,
		"application/graphql-response+json, application/graphql+json, application/json, " +
			"text/event-stream, multipart/mixed": mediaGraphQL,
	} {
		require.Equal(t, want, negotiate(http.Header{"Accept": {accept}}), "Accept: %s", accept)
	}
	require.Equal(t, mediaJSON, negotiate(http.Header{}))
	require.Equal(t, mediaGraphQL, negotiate(http.Header{"Accept": {"text/html", string(mediaGraphQL)}}),
		"several header lines are one list")
}
