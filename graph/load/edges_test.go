package load

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/rubrica/rubrica/graph/exec"
)

// inline are the objects that stand in a row of their parent, or are made with it: no statement is
// behind them. Pages and payloads are walked through by their fields.
var inline = map[string]bool{
	"AuditDetail": true, "Contribution": true, "OverallScore": true, "PageInfo": true, "RecommendationPart": true,
	"Scale": true, "ScoreInterval": true, "ScoreLevel": true, "ScoringEngine": true, "ScoringFailure": true,
	"TextRange": true, "UserError": true, "ScoringStageCount": true, "ScoringChange": true, "JobError": true,
	"DatabaseState": true, "IndexState": true, "JobCount": true, "RescoringBin": true,
	"SearchTrace": true, "CatalogueImport": true, "CatalogueImportRefusal": true, "EmbeddingModel": true, "CollaborativeFit": true,
	"CalibrationCriterion": true, "CalibrationPoint": true, "Improvement": true, "Agreement": true, "BiasGroup": true, "ReliabilityBin": true,
}

// root tells the types whose fields begin a walk, or hold what has begun one.
func root(t *ast.Definition) bool {
	switch t.Name {
	case "Query", "Mutation", "Subscription", "Viewer", "EssayProgress", "ScoringActivity", "System", "LanguageModel",
		"SearchResults", "SearchHit", "EssayDuplicate":
		return true
	}
	return strings.HasSuffix(t.Name, "Payload") || strings.HasSuffix(t.Name, "Connection") ||
		strings.HasSuffix(t.Name, "Edge") || strings.HasPrefix(t.Name, "__")
}

// An edge that the table lacks would cost a statement for each row.
func TestEveryEdgeIsInTheTable(t *testing.T) {
	t.Parallel()
	schema := exec.NewExecutableSchema(exec.Config{}).Schema()
	known := 0
	for _, typ := range schema.Types {
		if typ.Kind != ast.Object || root(typ) {
			continue
		}
		for _, f := range typ.Fields {
			target := schema.Types[f.Type.Name()]
			composite := target.Kind == ast.Object || target.Kind == ast.Interface
			if !composite || inline[target.Name] || strings.HasPrefix(f.Name, "__") {
				require.Nil(t, edges[typ.Name][f.Name], "%s.%s is no edge", typ.Name, f.Name)
				continue
			}
			require.NotNil(t, edges[typ.Name][f.Name], "%s.%s is loaded row by row: add it to edges", typ.Name, f.Name)
			known++
		}
	}
	total := 0
	for typ, fields := range edges {
		require.NotNil(t, schema.Types[typ], "%s is no type", typ)
		total += len(fields)
	}
	require.Equal(t, total, known, "the table has fields that the schema lacks")
}

// Every type with an id can be read by it.
func TestEveryNodeIsInTheTable(t *testing.T) {
	t.Parallel()
	schema := exec.NewExecutableSchema(exec.Config{}).Schema()
	require.Len(t, nodes, len(schema.PossibleTypes["Node"]))
}
