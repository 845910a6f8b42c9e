package trusted_test

import (
	"context"
	"os"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"github.com/rubrica/rubrica/graph/exec"
	"github.com/rubrica/rubrica/graph/trusted"
)

// What a request spends before execution: with a document of its own, and with a trusted one.
func BenchmarkPlan(b *testing.B) {
	text, err := os.ReadFile("../../examples/learner-result.graphql")
	require.NoError(b, err)
	query, served := string(text), exec.NewExecutableSchema(exec.Config{}).Schema()
	folder := b.TempDir()
	require.NoError(b, os.WriteFile(folder+"/web.json", []byte(flat(map[string]string{trusted.Hash(query): query})), 0o600))
	store, err := trusted.Load(served, []string{folder})
	require.NoError(b, err)

	b.Run("free", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			plan, err := parser.ParseQuery(&ast.Source{Input: query})
			if err != nil || validator.ValidateWithRules(served, plan, rules.NewDefaultRules()) != nil {
				b.Fatal("the example is not valid")
			}
		}
	})
	b.Run("trusted", func(b *testing.B) {
		d, cache := trusted.Documents{Store: store}, store.Cache(graphql.NoCache[*ast.QueryDocument]{})
		b.ReportAllocs()
		for b.Loop() {
			p := &graphql.RawParams{Extensions: byHash(trusted.Hash(query))}
			if err := d.MutateOperationParameters(context.Background(), p); err != nil {
				b.Fatal(err)
			}
			if _, ok := cache.Get(context.Background(), p.Query); !ok {
				b.Fatal("not kept")
			}
		}
	})
}
