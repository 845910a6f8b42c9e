// Package viewer carries who is asking through a context.
package viewer

import (
	"context"

	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent/enums"
)

// Viewer is the account that a request acts for.
type Viewer struct {
	ID   uuid.UUID
	Role enums.Role
}

// Is tells whether the viewer has one of the roles.
func (v Viewer) Is(roles ...enums.Role) bool {
	for _, role := range roles {
		if v.Role == role {
			return true
		}
	}
	return false
}

type key struct{}

// NewContext returns a context that acts for the viewer.
func NewContext(ctx context.Context, v Viewer) context.Context {
	return context.WithValue(ctx, key{}, v)
}

// FromContext returns whom the context acts for; false when nobody signed in.
func FromContext(ctx context.Context) (Viewer, bool) {
	v, ok := ctx.Value(key{}).(Viewer)
	return v, ok
}
