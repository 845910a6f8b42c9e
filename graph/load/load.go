// Package load holds the loaders of one request, one for each edge of the API, and fills them level by
// level.
//
// A loader that waits for more keys splits under load: with sixteen busy clients, a window of a
// millisecond closes before half of a level has asked. So nothing waits here. Whoever loads a list
// knows all of its rows and, from the selection, which edges are asked of them: Walk loads each
// selected edge of the whole level with one statement, keeps what it found, and goes down. When the
// field resolvers come, all that they ask for is there. A key that no level brought is loaded by a
// dataloader, in whose batches it meets its like.
package load

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"
	"github.com/graph-gophers/dataloader/v7"

	"github.com/rubrica/rubrica/internal/database"
)

type id = uuid.UUID

// wait is how long a dataloader collects keys that no level brought. It is the exception, so it is
// short.
const wait = time.Millisecond

// edge is one edge of the API: the statement that answers for all keys of a level. Keys that fetch
// leaves out have the zero value.
type edge[K comparable, V any] struct {
	place int // among the edges
	fetch func(context.Context, *Set, []K) (map[K]V, error)
}

// places counts the edges.
var places int

func newEdge[K comparable, V any](fetch func(context.Context, *Set, []K) (map[K]V, error)) *edge[K, V] {
	places++
	return &edge[K, V]{place: places - 1, fetch: fetch}
}

// loaded is what one request knows of an edge.
type loaded[K comparable, V any] struct {
	mu     sync.RWMutex
	found  map[K]result[V] // by levels
	loader *dataloader.Loader[K, V]
}

type result[V any] struct {
	value V
	err   error
}

// of is what a set knows of the edge.
func (e *edge[K, V]) of(s *Set) *loaded[K, V] {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.loaded[e.place] == nil {
		s.loaded[e.place] = &loaded[K, V]{found: map[K]result[V]{}}
	}
	return s.loaded[e.place].(*loaded[K, V])
}

// load answers for one key.
func (e *edge[K, V]) load(ctx context.Context, s *Set, key K) (V, error) {
	l := e.of(s)
	l.mu.RLock()
	r, ok := l.found[key]
	l.mu.RUnlock()
	if ok {
		return r.value, r.err
	}
	return l.dataloader(e, s).Load(ctx, key)()
}

func (l *loaded[K, V]) dataloader(e *edge[K, V], s *Set) *dataloader.Loader[K, V] {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.loader == nil {
		l.loader = dataloader.NewBatchedLoader(func(ctx context.Context, keys []K) []*dataloader.Result[V] {
			found, failed := e.isolate(ctx, s, keys)
			out := make([]*dataloader.Result[V], len(keys))
			for i, k := range keys {
				out[i] = &dataloader.Result[V]{Data: found[k], Error: failed[k]}
			}
			return out
		}, dataloader.WithWait[K, V](wait))
	}
	return l.loader
}

// level loads all keys with one statement, each once, and returns what it found. A level is one
// statement, also where another has brought the same keys. An error is kept for each key that it is
// about, so that the resolvers report it where it belongs and none of them asks again; level returns one
// only where every key has failed.
func (e *edge[K, V]) level(ctx context.Context, s *Set, keys []K) ([]V, error) {
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
	found, failed := e.isolate(ctx, s, unique)
	out := make([]V, 0, len(unique))
	l := e.of(s)
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, k := range unique {
		v, ok := found[k]
		l.found[k] = result[V]{v, failed[k]}
		if ok {
			out = append(out, v)
		}
	}
	if len(failed) == len(unique) {
		return nil, failed[unique[0]]
	}
	return out, nil
}

// now reads one key with a statement of its own, for a field of the root, which no level stands above.
func (e *edge[K, V]) now(ctx context.Context, s *Set, key K) (V, error) {
	found, err := e.level(ctx, s, []K{key})
	if err != nil || len(found) == 0 {
		var none V
		return none, err
	}
	return found[0], nil
}

// Set is the loaders of one request.
type Set struct {
	db        *database.DB
	selection selection

	mu     sync.Mutex
	loaded []any // *loaded of each edge in use, by its place
}

func newSet(db *database.DB, s selection) *Set {
	return &Set{db: db, selection: s, loaded: make([]any, places)}
}

type key struct{}

type holder struct{ set atomic.Pointer[Set] }

// NewContext gives the context loaders of its own: for each request, and in a subscription for each
// event, since loaders that live longer would serve what was.
func NewContext(ctx context.Context, db *database.DB) context.Context {
	var operation *graphql.OperationContext
	if graphql.HasOperationContext(ctx) {
		operation = graphql.GetOperationContext(ctx)
	}
	h := new(holder)
	h.set.Store(newSet(db, selected(operation)))
	return context.WithValue(ctx, key{}, h)
}

// For returns the context's loaders.
func For(ctx context.Context) *Set { return ctx.Value(key{}).(*holder).set.Load() }

// Renew empties the context's loaders. A mutation calls it after its change: what a mutation before it
// in the same document has loaded may be out of date.
func Renew(ctx context.Context) {
	h := ctx.Value(key{}).(*holder)
	old := h.set.Load()
	h.set.Store(newSet(old.db, old.selection))
}
