package transport

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
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
