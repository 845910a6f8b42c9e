//go:build ignore

// Generates the ent models. It refuses a schema without a privacy policy: what has no rule would be
// readable by everyone, and that must not be the result of forgetting.
package main

import (
	"fmt"
	"log"

	"entgo.io/ent/entc"
	"entgo.io/ent/entc/gen"
)

func main() {
	config := &gen.Config{
		Features: []gen.Feature{
			gen.FeaturePrivacy, gen.FeatureUpsert, gen.FeatureModifier, gen.FeatureLock,
			gen.FeatureExecQuery, gen.FeatureVersionedMigration,
		},
		Hooks: []gen.Hook{requirePolicy},
	}
	if err := entc.Generate("./schema", config, entc.TemplateDir("./template")); err != nil {
		log.Fatal("generating the ent models: ", err)
	}
}

func requirePolicy(next gen.Generator) gen.Generator {
	return gen.GenerateFunc(func(g *gen.Graph) error {
		for _, node := range g.Nodes {
			if node.NumPolicy() == 0 {
				return fmt.Errorf("schema %s has no Policy(): write one in ent/schema", node.Name)
			}
		}
		return next.Generate(g)
	})
}
