package arch_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// rules say what a room of the house never imports, neither itself nor through others. Tests may
// import what they like.
var rules = []struct {
	from  string
	never []string
	why   string
}{
	{
		from:  "scoring/...",
		never: []string{"ent/...", "graph/...", "jobs/...", "rag/...", "recommend/...", "seeds", "migrations", "internal/database"},
		why:   "scoring takes and gives plain values, so that it can be evaluated on a file of essays",
	},
	{
		from:  "rag/...",
		never: []string{"graph/...", "jobs/...", "recommend/..."},
		why:   "retrieval does not know who asks for it",
	},
	{
		from:  "recommend/...",
		never: []string{"graph/...", "jobs/..."},
		why:   "recommending does not know who asks for it",
	},
	{
		from:  "jobs/...",
		never: []string{"graph/..."},
		why:   "workers run without the API",
	},
	{
		from:  "ent/...",
		never: []string{"graph/...", "jobs/...", "rag/...", "recommend/...", "scoring/...", "seeds", "migrations", "internal/database"},
		why:   "the models stand below everything that uses them",
	},
	{
		from:  "ent/schema",
		never: []string{"ent"},
		why:   "the generator reads the schemas while the models are out of date",
	},
	{
		from:  "internal/...",
		never: []string{"graph/...", "jobs/..."},
		why:   "plumbing is used by the rooms and does not use them",
	},
	{
		from:  "migrations",
		never: []string{"ent/...", "graph/...", "jobs/...", "rag/...", "recommend/...", "scoring/...", "seeds", "internal/..."},
		why:   "versioned SQL depends on nothing that changes",
	},
	{
		from:  "seeds/...",
		never: []string{"ent/...", "graph/...", "jobs/...", "rag/...", "recommend/...", "scoring/...", "migrations", "internal/..."},
		why:   "seed files are checked without a database",
	},
	{
		from:  "cmd/rubrica/...",
		never: []string{"internal/pgtest/...", "rag/ragtest/...", "internal/migratetool/...", "internal/arch"},
		why:   "the binary holds no test equipment",
	},
}

func TestImportsFollowTheRules(t *testing.T) {
	all := list(t)
	for _, rule := range rules {
		for _, path := range slices.Sorted(maps.Keys(all)) {
			if !matches(path, []string{rule.from}) {
				continue
			}
			if chain := way(all, path, rule.never); chain != nil {
				t.Errorf("%s: %s", strings.Join(chain, " imports "), rule.why)
			}
		}
	}
}

func TestNobodyImportsCommands(t *testing.T) {
	for path, p := range list(t) {
		for _, i := range p.Imports {
			if matches(i, []string{"cmd/..."}) && !matches(path, []string{"cmd/..."}) {
				t.Errorf("%s imports %s: move what both need out of cmd", path, i)
			}
		}
	}
}

// bypassers may act for the system. Everything else acts for a viewer, or not at all.
var bypassers = []string{"bench/...", "jobs/...", "cmd/...", "ent/rule", "internal/seeding"}

func TestOnlyTheSystemStepsAroundPrivacy(t *testing.T) {
	for path, p := range list(t) {
		if slices.Contains(p.Imports, "internal/bypass") && !matches(path, bypassers) {
			t.Errorf("%s imports internal/bypass: pass on the context of the viewer, or move the code into jobs", path)
		}
	}
}

// The search itself: a rule that finds nothing because it cannot look would hold everything.
func TestWay(t *testing.T) {
	all := map[string]*pkg{
		"scoring":     {Path: "scoring", Imports: []string{"scoring/lex"}},
		"scoring/lex": {Path: "scoring/lex", Imports: []string{"internal/a"}},
		"internal/a":  {Path: "internal/a", Imports: []string{"scoring", "ent/enums"}},
	}
	assert.Equal(t, []string{"scoring", "scoring/lex", "internal/a", "ent/enums"}, way(all, "scoring", []string{"ent/..."}))
	assert.Nil(t, way(all, "scoring", []string{"entity/...", "ent"}))
	assert.True(t, matches("ent", []string{"ent/..."}))
	assert.False(t, matches("entity", []string{"ent/..."}))
}
