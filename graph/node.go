package graph

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"entgo.io/ent/privacy"
	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"

	"github.com/rubrica/rubrica/graph/load"
	"github.com/rubrica/rubrica/graph/model"
	"github.com/rubrica/rubrica/internal/globalid"
)

// maxNodes bounds the ids of one nodes field.
const maxNodes = 100

// Nodes reads each kind with one statement. An id that is none, and a row that cannot be read, cost
// their own item and no other.
func (r queryResolver) Nodes(ctx context.Context, ids []string) ([]model.Node, error) {
	if len(ids) > maxNodes {
		return nil, &fault{codeBadInput, fmt.Sprintf("Ask for at most %d nodes at once.", maxNodes)}
	}
	nodes, errs := find(ctx, ids)
	for i, err := range errs {
		if err != nil {
			graphql.AddError(graphql.WithFieldContext(ctx, &graphql.FieldContext{Index: &i}), err)
		}
	}
	return nodes, nil
}

// Node is Nodes for one id.
func (r queryResolver) Node(ctx context.Context, id string) (model.Node, error) {
	nodes, errs := find(ctx, []string{id})
	return nodes[0], errs[0]
}

// find reads the objects with the ids, in their order, and the levels below them as far as they are
// selected. What does not exist and what may not be seen are both nil without an error, so that nobody
// can tell one from the other.
func find(ctx context.Context, ids []string) ([]model.Node, []error) {
	nodes, errs := make([]model.Node, len(ids)), make([]error, len(ids))
	keys := make([]uuid.UUID, len(ids))
	places := map[string][]int{} // of each kind, in ids
	for i, s := range ids {
		kind, key, err := globalid.Decode(s)
		if err != nil {
			errs[i] = err
			continue
		}
		keys[i] = key
		places[kind] = append(places[kind], i)
	}
	for _, kind := range slices.Sorted(maps.Keys(places)) {
		wanted := make([]uuid.UUID, len(places[kind]))
		for j, i := range places[kind] {
			wanted[j] = keys[i]
		}
		typ, rows, failed := load.For(ctx).Nodes(ctx, kind, wanted)
		objects := make([]any, 0, len(rows))
		for _, row := range rows {
			objects = append(objects, row)
		}
		load.Walk(ctx, typ, objects, graphql.GetFieldContext(ctx).Field.Selections)
		for _, i := range places[kind] {
			if row, ok := rows[keys[i]].(model.Node); ok {
				nodes[i] = row
			}
			if err := failed[keys[i]]; !errors.Is(err, privacy.Deny) {
				errs[i] = err
			}
		}
	}
	return nodes, errs
}
