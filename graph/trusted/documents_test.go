package trusted_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/graph/trusted"
)

func byID(id string) map[string]any { return map[string]any{"documentId": id} }

func byHash(hash any) map[string]any {
	return map[string]any{"persistedQuery": map[string]any{"version": json.Number("1"), "sha256Hash": hash}}
}

func TestDocuments(t *testing.T) {
	const relay = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
	store, err := trusted.Load(schema, []string{write(t, map[string]string{
		"web.json": flat(map[string]string{trusted.Hash(hello): hello, relay: me}),
	})})
	require.NoError(t, err)
	const unknown = "{ hello }"
	for name, c := range map[string]struct {
		query      string
		extensions map[string]any
		// What becomes of it, for those who may write their own documents and for others: the text
		// that is executed, or a code.
		free, others string
	}{
		"free text":                    {me, nil, me, "DOCUMENT_REQUIRED"},
		"nothing":                      {"", nil, "", "DOCUMENT_REQUIRED"},
		"hash with prefix":             {"", byID("sha256:" + trusted.Hash(hello)), hello, hello},
		"hash in capitals":             {"", byID("sha256:" + strings.ToUpper(trusted.Hash(hello))), hello, hello},
		"hash alone":                   {"", byID(trusted.Hash(hello)), hello, hello},
		"id of the manifest":           {"", byID(relay), me, me},
		"hash beside another id":       {"", byID("sha256:" + trusted.Hash(me)), me, me},
		"Apollo":                       {"", byHash(trusted.Hash(hello)), hello, hello},
		"text and its id":              {hello, byID("sha256:" + trusted.Hash(hello)), hello, hello},
		"text and its other id":        {me, byID(relay), me, me},
		"text and Apollo's hash":       {me, byHash(trusted.Hash(me)), me, me},
		"another text":                 {unknown, byID("sha256:" + trusted.Hash(hello)), "BAD_INPUT", "BAD_INPUT"},
		"another text, Apollo":         {unknown, byHash(trusted.Hash(hello)), "BAD_INPUT", "BAD_INPUT"},
		"another text, other id":       {unknown, byID(relay), "BAD_INPUT", "BAD_INPUT"},
		"wrong hash of unknown text":   {unknown, byHash(strings.Repeat("ab", 32)), "BAD_INPUT", "BAD_INPUT"},
		"registering":                  {unknown, byHash(trusted.Hash(unknown)), unknown, "DOCUMENT_UNKNOWN"},
		"registering by id":            {unknown, byID("sha256:" + trusted.Hash(unknown)), unknown, "DOCUMENT_UNKNOWN"},
		"unknown hash":                 {"", byID("sha256:" + trusted.Hash(unknown)), "DOCUMENT_UNKNOWN", "DOCUMENT_UNKNOWN"},
		"unknown id":                   {"", byID("nonsense"), "DOCUMENT_UNKNOWN", "DOCUMENT_UNKNOWN"},
		"unknown id and text":          {unknown, byID("nonsense"), "DOCUMENT_UNKNOWN", "DOCUMENT_UNKNOWN"},
		"half a hash":                  {"", byID("sha256:ab"), "BAD_INPUT", "BAD_INPUT"},
		"prefix before another id":     {"", byID("sha256:" + relay), "BAD_INPUT", "BAD_INPUT"},
		"Apollo, no hash":              {"", byHash(nil), "BAD_INPUT", "BAD_INPUT"},
		"Apollo, half a hash":          {me, byHash("ab"), "BAD_INPUT", "BAD_INPUT"},
		"Apollo, another version":      {"", map[string]any{"persistedQuery": map[string]any{"version": json.Number("2"), "sha256Hash": trusted.Hash(me)}}, "BAD_INPUT", "BAD_INPUT"},
		"Apollo, no object":            {me, map[string]any{"persistedQuery": true}, "BAD_INPUT", "BAD_INPUT"},
		"both ways, the same":          {"", map[string]any{"documentId": trusted.Hash(me), "persistedQuery": byHash(trusted.Hash(me))["persistedQuery"]}, me, me},
		"both ways, two documents":     {"", map[string]any{"documentId": relay, "persistedQuery": byHash(trusted.Hash(hello))["persistedQuery"]}, "BAD_INPUT", "BAD_INPUT"},
		"Apollo, null means not given": {me, map[string]any{"persistedQuery": nil}, me, "DOCUMENT_REQUIRED"},
	} {
		for caller, want := range map[bool]string{true: c.free, false: c.others} {
			d := trusted.Documents{Store: store, Free: func(context.Context) bool { return caller }}
			p := &graphql.RawParams{Query: c.query, Extensions: c.extensions}
			var got string
			if err := d.MutateOperationParameters(t.Context(), p); err != nil {
				got, _ = err.Extensions["code"].(string)
				assert.NotContains(t, err.Message, "nonsense", "what the client sent is not repeated")
			} else {
				got = p.Query
			}
			assert.Equal(t, want, got, "%s, free: %t", name, caller)
		}
	}
	assert.Equal(t, 2, store.Len(), "nothing that a client sends is added")
}

// Apollo Client sends the text after one message alone: it is given where the text is taken.
func TestApolloIsToldToSendTheTextWhereThatHelps(t *testing.T) {
	for free, want := range map[bool]bool{true: true, false: false} {
		d := trusted.Documents{Free: func(context.Context) bool { return free }}
		err := d.MutateOperationParameters(t.Context(), &graphql.RawParams{Extensions: byHash(trusted.Hash(me))})
		require.NotNil(t, err)
		assert.Equal(t, want, err.Message == "PersistedQueryNotFound")
	}
	require.Nil(t, trusted.Documents{}.MutateOperationParameters(t.Context(), &graphql.RawParams{Query: me}), "by default everyone may")
}
