package direct

import (
	"bytes"
	"context"
	"math"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/stretchr/testify/require"
)

func FuzzString(f *testing.F) {
	for _, s := range []string{"", "plain", "\" \\ / \t\r\n\b\f\x00\x1f\x7f", "grüße 🙂\u2028", "broken \xff\xc3", "\\"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var want bytes.Buffer
		graphql.MarshalString(s).MarshalGQL(&want)
		w := new(Writer)
		require.True(t, w.String(s))
		require.Equal(t, want.String(), string(w.buf))
	})
}

func FuzzFloat(f *testing.F) {
	for _, n := range []float64{0, math.Copysign(0, -1), 0.1, 1e6, 999999, 123456789, 1e20, 1e21, 1e-4, 1e-5, math.MaxFloat64} {
		f.Add(n)
	}
	f.Fuzz(func(t *testing.T, n float64) {
		if math.IsInf(n, 0) || math.IsNaN(n) {
			return // an error, which needs an operation
		}
		var want bytes.Buffer
		require.NoError(t, graphql.MarshalFloatContext(n).MarshalGQLContext(t.Context(), &want))
		w := new(Writer)
		require.True(t, w.Float(n))
		require.Equal(t, want.String(), string(w.buf))
	})
}

type otherKey struct{}

// Our contexts are gqlgen's to all who look for a field context, and leave all other values alone.
func TestContextsAreGqlgens(t *testing.T) {
	t.Parallel()
	around, cancel := context.WithCancel(context.WithValue(t.Context(), otherKey{}, "around"))
	root := &graphql.FieldContext{Object: "Root"}
	ctx := graphql.WithFieldContext(around, root)
	list := withinList(within(ctx, graphql.FieldContext{Object: "A"}), 3)
	inner := within(list, graphql.FieldContext{Object: "B"})

	fc := graphql.GetFieldContext(inner)
	require.Equal(t, "B", fc.Object)
	require.Equal(t, 3, *fc.Parent.Index)
	require.Equal(t, "A", fc.Parent.Parent.Object)
	require.Same(t, root, fc.Parent.Parent.Parent)
	require.Equal(t, "around", inner.Value(otherKey{}))

	// What middleware puts in between is there for the fields below.
	between := context.WithValue(inner, otherKey{}, "between")
	below := within(between, graphql.FieldContext{Object: "C"})
	require.Equal(t, "between", below.Value(otherKey{}))
	require.Same(t, fc, graphql.GetFieldContext(below).Parent)

	child, stop := context.WithCancel(below)
	defer stop()
	cancel()
	<-child.Done()
	require.ErrorIs(t, below.Err(), context.Canceled)
}
