package cost

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/graph/exec"
)

var schema = exec.NewExecutableSchema(exec.Config{}).Schema()

var atMost = regexp.MustCompile(`at most (\d+)`)

// The table holds every list of objects that has no pages, with the number that the contract promises.
func TestBoundsAreThoseOfTheContract(t *testing.T) {
	unseen := maps.Clone(bounds)
	for name, typ := range schema.Types {
		if !typ.IsCompositeType() || strings.HasPrefix(name, "__") {
			continue
		}
		for _, f := range typ.Fields {
			below := schema.Types[f.Type.Name()]
			if f.Type.Elem == nil || below == nil || !below.IsCompositeType() || strings.HasPrefix(f.Name, "__") {
				continue
			}
			if f.Name == "edges" && strings.HasSuffix(name, "Connection") || f.Arguments.ForName("ids") != nil {
				continue // priced by their arguments
			}
			field := name + "." + f.Name
			n := bound(typ, f.Name)
			require.Positive(t, n, "%s has no bound: say in the contract how many at most, and add it to the table", field)
			if said := atMost.FindStringSubmatch(f.Description); said != nil {
				require.Equal(t, said[1], strconv.Itoa(n), field)
			}
			delete(unseen, field)
			delete(unseen, "*."+f.Name)
		}
	}
	require.Empty(t, slices.Collect(maps.Keys(unseen)), "in the table, and not in the contract")
}
