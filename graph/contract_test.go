package graph_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/rubrica/rubrica/graph/exec"
)

func contract() *ast.Schema { return exec.NewExecutableSchema(exec.Config{}).Schema() }

// own are the types of the contract, without those of the language, by name.
func own(s *ast.Schema) []*ast.Definition {
	var list []*ast.Definition
	for _, def := range s.Types {
		if !def.BuiltIn && !strings.HasPrefix(def.Name, "__") {
			list = append(list, def)
		}
	}
	slices.SortFunc(list, func(a, b *ast.Definition) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// fields are those that people wrote.
func fields(def *ast.Definition) []*ast.FieldDefinition {
	return slices.DeleteFunc(slices.Clone(def.Fields), func(f *ast.FieldDefinition) bool { return strings.HasPrefix(f.Name, "__") })
}

var sentence = regexp.MustCompile(`^["A-Za-z0-9].*[.)]$`)

func TestEveryElementIsDescribed(t *testing.T) {
	t.Parallel()
	described := func(where, text string) {
		flat := strings.Join(strings.Fields(text), " ")
		if !sentence.MatchString(flat) {
			t.Errorf("%s is not described in whole sentences: %q", where, flat)
		}
	}
	for _, def := range own(contract()) {
		described(def.Name, def.Description)
		for _, f := range fields(def) {
			described(def.Name+"."+f.Name, f.Description)
			for _, a := range f.Arguments {
				described(def.Name+"."+f.Name+"."+a.Name, a.Description)
			}
		}
		for _, v := range def.EnumValues {
			described(def.Name+"."+v.Name, v.Description)
		}
		if def.Kind == ast.Scalar {
			by := def.Directives.ForName("specifiedBy")
			require.NotNil(t, by, "%s says nowhere what it is", def.Name)
			require.True(t, strings.HasPrefix(by.Arguments.ForName("url").Value.Raw, "https://"))
		}
	}
}

// What the generator and the library have of directives is not told to clients.
func TestIntrospectionTellsTheLanguagesDirectivesAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.ok(t, ada, `{ __schema { directives { name } types { name } } }`, nil)
	var names []string
	for _, d := range list(a.at("__schema", "directives")) {
		names = append(names, at(d, "name"))
	}
	require.ElementsMatch(t, []string{"skip", "include", "deprecated", "specifiedBy", "oneOf"}, names)
	for _, typ := range list(a.at("__schema", "types")) {
		require.NotContains(t, []string{"_Any", "_Service", "Map", "Any"}, at(typ, "name"))
	}
}

var bound = regexp.MustCompile(`(?i)at most \d`)

func TestEveryListSaysItsBound(t *testing.T) {
	t.Parallel()
	for _, def := range own(contract()) {
		for _, f := range fields(def) {
			if f.Type.Elem != nil && !bound.MatchString(f.Description) {
				t.Errorf("%s.%s is a list without end: say in its description how long it gets at most", def.Name, f.Name)
			}
			for _, a := range f.Arguments {
				if a.Type.Elem != nil && !bound.MatchString(a.Description) {
					t.Errorf("%s.%s.%s takes a list without end", def.Name, f.Name, a.Name)
				}
			}
			if f.Type.Elem == nil && strings.HasSuffix(f.Type.Name(), "Connection") {
				for _, name := range []string{"first", "last", "after", "before"} {
					require.NotNil(t, f.Arguments.ForName(name), "%s.%s.%s", def.Name, f.Name, name)
				}
			}
		}
	}
}

func TestMutationsHaveOneForm(t *testing.T) {
	t.Parallel()
	s := contract()
	for _, m := range fields(s.Mutation) {
		name := strings.ToUpper(m.Name[:1]) + m.Name[1:]
		require.Len(t, m.Arguments, 1, m.Name)
		require.Equal(t, "input", m.Arguments[0].Name, m.Name)
		require.Equal(t, name+"Input!", m.Arguments[0].Type.String())
		require.Equal(t, name+"Payload", m.Type.String(), "null where the mutation may not be done at all")
		payload := s.Types[name+"Payload"]
		require.Equal(t, "[UserError!]!", payload.Fields.ForName("userErrors").Type.String(), m.Name)
		for _, f := range fields(payload) {
			composite := s.Types[f.Type.Name()].IsCompositeType()
			require.False(t, composite && f.Name != "userErrors" && f.Type.NonNull, "%s.%s is null when there are user errors", payload.Name, f.Name)
		}
		require.True(t, objectFirst(s, m.Name), "%s does not begin with the object that it is about", m.Name)
	}
	e := s.Types["UserError"]
	require.Equal(t, "[String!]", e.Fields.ForName("field").Type.String())
	require.Equal(t, "UserErrorCode!", e.Fields.ForName("code").Type.String())
	require.Equal(t, ast.Enum, s.Types["UserErrorCode"].Kind)
	require.Equal(t, "String!", e.Fields.ForName("message").Type.String())
	require.NotNil(t, s.Types["ScoringActivityScope"].Directives.ForName("oneOf"))
}

func objectFirst(s *ast.Schema, mutation string) bool {
	for _, def := range own(s) {
		if def.Kind == ast.Object && strings.HasPrefix(mutation, strings.ToLower(def.Name[:1])+def.Name[1:]) {
			return true
		}
	}
	return false
}

// NULL-1, argued in docs/decisions/0004-nullability.md: what is read by itself fails by itself.
func TestWhatIsReadByItselfMayBeNull(t *testing.T) {
	t.Parallel()
	s := contract()
	for _, root := range []*ast.Definition{s.Query, s.Mutation, s.Subscription} {
		for _, f := range fields(root) {
			require.False(t, f.Type.NonNull, "%s.%s", root.Name, f.Name)
		}
	}
	node := s.Types["Node"]
	rows := s.GetPossibleTypes(node)
	for _, def := range own(s) {
		if def.Kind != ast.Object || strings.HasSuffix(def.Name, "Edge") {
			continue // an edge without its node is no edge
		}
		for _, f := range fields(def) {
			target := s.Types[f.Type.Name()]
			edge := slices.Contains(rows, target) || strings.HasSuffix(target.Name, "Connection")
			if edge && f.Type.NonNull && !slices.Contains(whole, def.Name+"."+f.Name) {
				t.Errorf("%s.%s is a row of its own, and its failure takes away the whole %s", def.Name, f.Name, def.Name)
			}
		}
	}
}

// whole are the edges that are never read apart from what they stand in: vocabularies held in memory,
// and what an object is about.
var whole = []string{
	"Track.skills", "Question.skills", "KeyPoint.skills", "Passage.skills", "Credential.teaches", "Credential.requires",
	"RecommendationItem.closes", "RecommendationList.unserved", "Preferences.interests", "Viewer.user", "EssayProgress.run",
}

// statement is how a description states a bound: "1 to 100", "at most 8".
var statement = regexp.MustCompile(`(?i)(?:(\d[\d ]*) to |at most )(\d[\d ]*)`)

// The codes of the documentation, of the SDL and of the program are the same.
func TestTheListOfCodesIsClosed(t *testing.T) {
	t.Parallel()
	told := errorCodes()
	require.Equal(t, told, documentedCodes(t), "docs/errors.md")
	constant := regexp.MustCompile(`(?m)^\s*(?:const )?[cC]ode[A-Z]\w*\s+= "([A-Z_]+)"`)
	var written []string
	require.NoError(t, filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, m := range constant.FindAllSubmatch(source, -1) {
			written = append(written, string(m[1]))
		}
		return err
	}))
	require.Greater(t, len(written), 15)
	require.Subset(t, told, written)
}

// errorCodes are the values of the enum ErrorCode, sorted.
func errorCodes() []string {
	var codes []string
	for _, v := range contract().Types["ErrorCode"].EnumValues {
		codes = append(codes, v.Name)
	}
	slices.Sort(codes)
	return codes
}

var codeRow = regexp.MustCompile("(?m)^\\| (`[^|]*`) \\|")

// documentedCodes are the codes of docs/errors.md, sorted.
func documentedCodes(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../docs/errors.md")
	require.NoError(t, err)
	var codes []string
	for _, row := range codeRow.FindAllStringSubmatch(string(text), -1) {
		for code := range strings.SplitSeq(row[1], ",") {
			codes = append(codes, strings.Trim(code, " `"))
		}
	}
	slices.Sort(codes)
	return codes
}

// inputBounds finds the arguments and input fields whose descriptions state a bound, by coordinate: how
// much they take at least and at most.
func inputBounds(t *testing.T) map[string][2]int {
	t.Helper()
	found := map[string][2]int{}
	add := func(coordinate, description string) {
		m := statement.FindStringSubmatch(description)
		if m == nil {
			return
		}
		digits := func(s string) int {
			n, err := strconv.Atoi(strings.ReplaceAll(strings.TrimSpace(s), " ", ""))
			require.NoError(t, err, description)
			return n
		}
		least := 0
		if m[1] != "" {
			least = digits(m[1])
		}
		found[coordinate] = [2]int{least, digits(m[2])}
	}
	s := contract()
	for _, def := range own(s) {
		for _, f := range fields(def) {
			if def.Kind == ast.InputObject {
				add(def.Name+"."+f.Name, f.Description)
			}
			for _, a := range f.Arguments {
				add(def.Name+"."+f.Name+"."+a.Name, a.Description)
			}
		}
	}
	return found
}
