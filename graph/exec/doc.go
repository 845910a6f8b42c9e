// Package exec executes operations. It is generated from the schema (graph/internal/gen): gqlgen's own
// executor, and the faster one that the API uses (direct.generated.go).
package exec
