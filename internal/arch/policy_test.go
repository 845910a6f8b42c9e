package arch_test

import (
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"entgo.io/ent/dialect"
	"entgo.io/ent/privacy"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/enums"
	_ "github.com/rubrica/rubrica/ent/runtime" // the policies
	"github.com/rubrica/rubrica/internal/bypass"
	"github.com/rubrica/rubrica/internal/viewer"
)

// errReached is what every statement ends in: a rule that lets a statement pass shows by it.
var errReached = errors.New("the statement reached the database")

// wall is a database that nothing gets into.
type wall struct{}

func (wall) Exec(context.Context, string, any, any) error  { return errReached }
func (wall) Query(context.Context, string, any, any) error { return errReached }
func (wall) Tx(context.Context) (dialect.Tx, error)        { return nil, errReached }
func (wall) Close() error                                  { return nil }
func (wall) Dialect() string                               { return dialect.Postgres }

// schemas are the names of the models in ent/schema: the structs that embed ent.Schema.
func schemas(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../../ent/schema/*.go")
	require.NoError(t, err)
	var names []string
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			if s, ok := spec.Type.(*ast.StructType); ok && slices.ContainsFunc(s.Fields.List, embedsSchema) {
				names = append(names, spec.Name.Name)
			}
			return false
		})
	}
	require.NotEmpty(t, names)
	return names
}

func embedsSchema(f *ast.Field) bool {
	s, ok := f.Type.(*ast.SelectorExpr)
	if !ok || len(f.Names) > 0 {
		return false
	}
	x, ok := s.X.(*ast.Ident)
	return ok && x.Name == "ent" && s.Sel.Name == "Schema"
}

// act does one thing to a model, named as in ent's API: Query().All(ctx) and so on. It returns the
// error.
func act(ctx context.Context, client *ent.Client, model, builder, end string) error {
	c := reflect.ValueOf(client).Elem().FieldByName(model)
	out := c.MethodByName(builder).Call(nil)[0].MethodByName(end).Call([]reflect.Value{reflect.ValueOf(ctx)})
	err, _ := out[len(out)-1].Interface().(error)
	return err
}

var reads = [][2]string{{"Query", "All"}, {"Query", "Count"}, {"Query", "IDs"}, {"Query", "Exist"}, {"Query", "First"}}

var writes = [][2]string{{"Create", "Save"}, {"Update", "Save"}, {"Delete", "Exec"}}

func TestEveryModelIsClosedToWhoHasNotSignedIn(t *testing.T) {
	client := ent.NewClient(ent.Driver(wall{}))
	for _, model := range schemas(t) {
		require.True(t, reflect.ValueOf(client).Elem().FieldByName(model).IsValid(), "%s is not generated: run go generate ./ent", model)
		for _, a := range slices.Concat(reads, writes) {
			err := act(t.Context(), client, model, a[0], a[1])
			assert.ErrorIs(t, err, privacy.Deny, "%s.%s().%s: no policy, or one that lets everybody pass", model, a[0], a[1])
			assert.NotErrorIs(t, err, errReached)
		}
		err := act(bypass.Context(t.Context()), client, model, "Query", "All")
		assert.ErrorIs(t, err, errReached, "%s: the system itself passes, so that the test above means something", model)
	}
}

// graders are the models with what learners may not read by any path.
var graders = []string{"KeyPoint", "ReferenceAnswer"}

// own are the models of which people delete rows of their own; whose they are is added to what they ask for.
var own = []string{"Interaction", "Preference"}

func TestGradersKeysAreClosedToLearners(t *testing.T) {
	client := ent.NewClient(ent.Driver(wall{}))
	as := func(role enums.Role) context.Context {
		return viewer.NewContext(t.Context(), viewer.Viewer{ID: uuid.New(), Role: role})
	}
	for _, model := range graders {
		for _, a := range reads {
			assert.ErrorIs(t, act(as(enums.RoleLearner), client, model, a[0], a[1]), privacy.Deny, model)
			assert.ErrorIs(t, act(as(enums.RoleAdvisor), client, model, a[0], a[1]), errReached, model)
		}
	}
	for _, model := range schemas(t) {
		for _, a := range [][2]string{{"Update", "Save"}, {"Delete", "Exec"}} {
			for _, role := range []enums.Role{enums.RoleLearner, enums.RoleAdvisor} {
				want := privacy.Deny
				if a[0] == "Delete" && slices.Contains(own, model) {
					want = errReached
				}
				assert.ErrorIs(t, act(as(role), client, model, a[0], a[1]), want, "%s may not %s %s", role, a[0], model)
			}
		}
	}
}
