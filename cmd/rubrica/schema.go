package main

import (
	"context"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"

	"github.com/rubrica/rubrica/graph/exec"
	"github.com/rubrica/rubrica/graph/trusted"
	"github.com/rubrica/rubrica/internal/config"
)

type schemaCmd struct{}

// Run prints the whole contract as SDL, with its descriptions, sorted by name.
func (schemaCmd) Run(a *App) error { return a.printf("%s", sdl(schema())) }

// schema is what the server serves.
func schema() *ast.Schema { return exec.NewExecutableSchema(exec.Config{}).Schema() }

func sdl(s *ast.Schema) string {
	var out strings.Builder
	formatter.NewFormatter(&out, formatter.WithIndent("  ")).FormatSchema(s)
	return out.String()
}

// trustedDocuments reads the registered documents, and says so where nobody but admins could use the
// API without them.
func (s *stack) trustedDocuments(ctx context.Context, c *config.Config) (*trusted.Store, error) {
	store, err := trusted.Load(schema(), c.TrustedDocuments)
	if err != nil {
		return nil, err
	}
	for _, m := range store.Manifests() {
		s.log.InfoContext(ctx, "trusted documents", "manifest", m.Path, "documents", m.Documents)
	}
	switch {
	case c.TrustedOnly() && store.Len() == 0:
		s.log.WarnContext(ctx, "nobody but admins can use the API: no documents are registered. Name the manifests of your "+
			"clients in RUBRICA_TRUSTED_DOCUMENTS, or set RUBRICA_FREE_DOCUMENTS=everyone")
	case c.IsProduction() && !c.TrustedOnly():
		s.log.WarnContext(ctx, "everyone may send any document (RUBRICA_FREE_DOCUMENTS=everyone); only the limits of cost protect the database")
	}
	return store, nil
}
