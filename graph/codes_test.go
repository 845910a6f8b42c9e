package graph_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/graph/model"
)

// The codes of errors are the same three times: as constants where they are used, as an enum of the
// contract, and in the table that tells clients what to do.
func TestErrorCodesAreOneList(t *testing.T) {
	var contract []string
	for _, code := range model.AllErrorCode {
		contract = append(contract, string(code))
	}

	table, err := os.ReadFile("../docs/errors.md")
	require.NoError(t, err)
	var documented []string
	for line := range strings.Lines(string(table)) {
		cells := strings.Split(line, "|")
		if len(cells) < 3 {
			continue
		}
		for _, m := range regexp.MustCompile("`([A-Z_]{4,})`").FindAllStringSubmatch(cells[1], -1) {
			documented = append(documented, m[1])
		}
	}
	require.ElementsMatch(t, contract, documented, "docs/errors.md and enum ErrorCode")

	used := []string{"GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED"} // gqlgen's names
	for _, dir := range []string{".", "guard", "cost", "trusted", "transport", "../internal/server", "../internal/auth"} {
		used = append(used, codeConstants(t, dir)...)
	}
	slices.Sort(used)
	require.ElementsMatch(t, contract, slices.Compact(used), "constants and enum ErrorCode")
}

var codeName = regexp.MustCompile(`^[cC]ode[A-Z]`)

// codeConstants are the values of a package's string constants whose names begin with Code.
func codeConstants(t *testing.T, dir string) (codes []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".go") || strings.HasSuffix(entry.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), dir+"/"+entry.Name(), nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Names) != len(spec.Values) {
				return true
			}
			for i, name := range spec.Names {
				literal, ok := spec.Values[i].(*ast.BasicLit)
				if !ok || literal.Kind != token.STRING || !codeName.MatchString(name.Name) {
					continue
				}
				code, err := strconv.Unquote(literal.Value)
				require.NoError(t, err)
				codes = append(codes, code)
			}
			return true
		})
	}
	return codes
}

func TestErrorCodesAreServed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.ok(t, anonymous, `{ errorCodes }`, nil)
	require.Len(t, list(a.at("errorCodes")), len(model.AllErrorCode))
	require.Contains(t, list(a.at("errorCodes")), "RATE_LIMITED")
}
