package transport

import (
	"net/http"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

func TestPrescan(t *testing.T) {
	list := func(n int) string { return `{"variables":{"v":[` + strings.Repeat(`1,`, n) + `1]}}` }
	require.Empty(t, prescan([]byte(list(maxValues-3))))
	require.NotEmpty(t, prescan([]byte(list(maxValues-2))))
	require.NotEmpty(t, prescan([]byte(strings.Repeat("[", 100_000))))

	query := func(n int) string { return `{"query":"` + strings.Repeat("x", n) + `"}` }
	require.Empty(t, prescan([]byte(query(maxParameterText-1))))
	require.NotEmpty(t, prescan([]byte(query(maxParameterText))))

	// Texts below the top are bounded by the body alone, and nothing inside a text counts.
	require.Empty(t, prescan([]byte(`{"variables":{"text":"`+strings.Repeat(`,[{\"\\`, 200_000)+`"}}`)))
	require.Empty(t, prescan([]byte(`{"a":"\\","b":"`+strings.Repeat(",", maxValues+1)+`"}`)))
	for _, unfinished := range []string{"", `"`, `"\`, `{"a`, `\"`, `}}}}`} {
		require.Empty(t, prescan([]byte(unfinished)))
	}
}

// The default bound of a body, and one byte more.
func TestHTTPBodyAtItsBound(t *testing.T) {
	s := start(t, Config{})
	const most = 2_500_000
	body := func(n int) string {
		const head, tail = `{"query":"query($n:String!){hello(name:$n)}","variables":{"n":"`, `"}}`
		return head + strings.Repeat("x", n-len(head)-len(tail)) + tail
	}
	for n, want := range map[int]int{most: http.StatusOK, most + 1: http.StatusRequestEntityTooLarge} {
		resp := s.do(t, t.Context(), request{method: http.MethodPost, contentType: asJSON, body: body(n)})
		require.Equal(t, want, resp.StatusCode, n)
		readAll(t, resp)
	}
}

// A request that was refused for the moment says when to come again, in the header too.
func TestRetryAfter(t *testing.T) {
	refused := &graphql.Response{Errors: gqlerror.List{{Extensions: map[string]any{"retryAfter": 7}}}}
	require.Equal(t, 7, retryAfter(refused))
	require.Zero(t, retryAfter(&graphql.Response{Errors: gqlerror.List{{Message: "no"}}}))
	refused.Data = []byte(`{}`)
	require.Zero(t, retryAfter(refused), "an answer needs no second one")
}
