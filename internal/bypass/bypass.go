// Package bypass lets the system itself act: workers, the command line, seeding. It steps around
// every privacy rule, so that a test in internal/arch allows its import to few packages.
package bypass

import "context"

type key struct{}

// Context returns a context that acts for the system.
func Context(ctx context.Context) context.Context { return context.WithValue(ctx, key{}, true) }

// Active tells whether the context acts for the system.
func Active(ctx context.Context) bool { return ctx.Value(key{}) != nil }
