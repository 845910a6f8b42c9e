package graph

import (
	"context"
	"errors"
	"fmt"

	"entgo.io/ent/privacy"
	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"

	"github.com/rubrica/rubrica/graph/load"
	"github.com/rubrica/rubrica/graph/model"
	"github.com/rubrica/rubrica/internal/globalid"
)

// maxNodes bounds the ids of one nodes field.
const maxNodes = 100

// Nodes reads each kind with one statement. What does not exist and what may not be seen are both
// null, so that nobody can tell one from the other.
func (r queryResolver) Nodes(ctx context.Context, ids []string) ([]model.Node, error) {
	if len(ids) > maxNodes {
		return nil, &fault{codeBadInput, fmt.Sprintf("Ask for at most %d nodes at once.", maxNodes)}
	}
	kinds := map[string][]uuid.UUID{}
	keys := make([]uuid.UUID, len(ids))
	kindOf := make([]string, len(ids))
	for i, s := range ids {
		kind, key, err := globalid.Decode(s)
		if err != nil {
			return nil, err
		}
		kinds[kind] = append(kinds[kind], key)
		keys[i], kindOf[i] = key, kind
	}
	found := map[string]map[uuid.UUID]any{}
	for kind, list := range kinds {
		typ, rows, err := load.For(ctx).Nodes(ctx, kind, list)
		if errors.Is(err, privacy.Deny) {
			continue
		}
		if err != nil {
			return nil, err
		}
		found[kind] = rows
		objects := make([]any, 0, len(rows))
		for _, row := range rows {
			objects = append(objects, row)
		}
		load.Walk(ctx, typ, objects, graphql.GetFieldContext(ctx).Field.Selections)
	}
	out := make([]model.Node, len(ids))
	for i := range ids {
		if row, ok := found[kindOf[i]][keys[i]].(model.Node); ok {
			out[i] = row
		}
	}
	return out, nil
}
