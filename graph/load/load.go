// Package load holds the loaders of one request, one for each edge of the API, and fills them level by
// level.
//
// A loader that waits for more keys splits under load: with sixteen busy clients, a window of a
// millisecond closes before half of a level has asked. So nothing waits here. Whoever loads a list
// knows all of its rows and, from the selection, which edges are asked of them: Walk loads each
// selected edge of the whole level with one statement, primes the edge's loader, and goes down. When
// the field resolvers come, all that they ask for is there. A key that was not primed (an error on
// the way) is loaded by its loader as usual.
package load

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/graph-gophers/dataloader/v7"

	"github.com/rubrica/rubrica/internal/database"
)

// wait is how long a loader collects keys that no level brought. It is the exception, so it is short.
const wait = time.Millisecond

// edge is one edge of the API: a loader, and the statement behind it.
type edge[K comparable, V any] struct {
	loader *dataloader.Loader[K, V]
	fetch  func(context.Context, []K) (map[K]V, error)
}

// newEdge makes an edge from a statement that answers for all keys at once. Keys it leaves out have
// the zero value.
func newEdge[K comparable, V any](fetch func(context.Context, []K) (map[K]V, error)) *edge[K, V] {
	batch := func(ctx context.Context, keys []K) []*dataloader.Result[V] {
		found, err := fetch(ctx, keys)
		out := make([]*dataloader.Result[V], len(keys))
		for i, k := range keys {
			out[i] = &dataloader.Result[V]{Data: found[k], Error: err}
		}
		return out
	}
	return &edge[K, V]{fetch: fetch, loader: dataloader.NewBatchedLoader(batch, dataloader.WithWait[K, V](wait))}
}

// load answers for one key.
func (e *edge[K, V]) load(ctx context.Context, key K) (V, error) {
	return e.loader.Load(ctx, key)()
}

// level loads all keys with one statement and returns what it found, each key once. What a loader
// already has is not loaded again by it, but a level is: a level is one statement, however it came.
func (e *edge[K, V]) level(ctx context.Context, keys []K) ([]V, error) {
	seen := make(map[K]struct{}, len(keys))
	unique := make([]K, 0, len(keys))
	for _, k := range keys {
		if _, ok := seen[k]; !ok {
			seen[k] = struct{}{}
			unique = append(unique, k)
		}
	}
	if len(unique) == 0 {
		return nil, nil
	}
	found, err := e.fetch(ctx, unique)
	if err != nil {
		return nil, err
	}
	out := make([]V, 0, len(unique))
	for _, k := range unique {
		v, ok := found[k]
		e.loader.Prime(ctx, k, v)
		if ok {
			out = append(out, v)
		}
	}
	return out, nil
}

type key struct{}

type holder struct {
	db  *database.DB
	set atomic.Pointer[Set]
}

// NewContext gives the context loaders of its own: for each request, and in a subscription for each
// event, since loaders that live longer would serve what was.
func NewContext(ctx context.Context, db *database.DB) context.Context {
	h := &holder{db: db}
	h.set.Store(newSet(db))
	return context.WithValue(ctx, key{}, h)
}

// For returns the context's loaders.
func For(ctx context.Context) *Set { return ctx.Value(key{}).(*holder).set.Load() }

// Renew empties the context's loaders. A mutation calls it after its change: what a mutation before it
// in the same document has loaded may be out of date.
func Renew(ctx context.Context) {
	h := ctx.Value(key{}).(*holder)
	h.set.Store(newSet(h.db))
}
