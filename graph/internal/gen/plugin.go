package main

import (
	_ "embed"
	"fmt"
	"go/types"
	"path/filepath"
	"slices"
	"strings"

	"github.com/99designs/gqlgen/codegen"
	"github.com/99designs/gqlgen/codegen/config"
	"github.com/99designs/gqlgen/codegen/templates"
)

//go:embed direct.gotpl
var directTemplate string

// plugin renders direct.generated.go from the model that gqlgen renders its own files from.
type plugin struct{}

// Name of the plugin.
func (plugin) Name() string { return "direct" }

// GenerateCode renders the file, or says what of the schema or gqlgen.yml it has no code for.
func (plugin) GenerateCode(data *codegen.Data) error {
	m, err := newModel(data)
	if err != nil {
		return err
	}
	return templates.Render(templates.Options{
		PackageName:     data.Config.Exec.Package,
		Filename:        filepath.Join(data.Config.Exec.Dir(), "direct.generated.go"),
		GeneratedHeader: true,
		Data:            m,
		Template:        directTemplate,
		Packages:        data.Config.Packages,
		PruneOptions:    data.Config.GetPruneOptions(),
		Funcs: map[string]any{
			"writer": writer, "simple": simple, "scalar": scalarMethod,
		},
	})
}

// model is what the template sees.
type model struct {
	*codegen.Data
	Roots      []*codegen.Object // queries and mutations
	Types      []*codegen.Object // all other objects but those of introspection
	Abstract   []*codegen.Interface
	References []*config.TypeReference // every type of a field, and of what is in its lists
}

func newModel(data *codegen.Data) (*model, error) {
	m := &model{Data: data}
	for _, o := range data.Objects {
		if o.IsReserved() {
			continue
		}
		if err := supported(data, o); err != nil {
			return nil, err
		}
		switch {
		case o.Stream:
		case o.Root:
			m.Roots = append(m.Roots, o)
		default:
			m.Types = append(m.Types, o)
		}
	}
	references := map[string]*config.TypeReference{}
	for _, o := range data.Objects {
		for _, f := range o.Fields {
			if !o.IsReserved() && !f.IsReserved() {
				reach(f.TypeReference, references)
			}
		}
	}
	used := map[string]bool{}
	for _, r := range references {
		if r.IsContext && (r.Marshaler == nil || scalarMethod(r.Marshaler) == "") {
			return nil, fmt.Errorf("%s: direct.gotpl has no code for marshalers that take a context", r.Definition.Name)
		}
		m.References = append(m.References, r)
		used[r.Definition.Name] = true
	}
	slices.SortFunc(m.References, func(a, b *config.TypeReference) int { return strings.Compare(writer(a), writer(b)) })
	for name, i := range data.Interfaces {
		if used[name] {
			m.Abstract = append(m.Abstract, i)
		}
	}
	slices.SortFunc(m.Abstract, func(a, b *codegen.Interface) int { return strings.Compare(a.Name, b.Name) })
	return m, nil
}

// supported refuses what nothing in the contract uses, rather than to execute it otherwise than gqlgen.
func supported(data *codegen.Data, o *codegen.Object) error {
	if len(data.AllDirectives.LocationDirectives("FIELD")) > 0 {
		return fmt.Errorf("a directive on fields of documents has run-time code: direct.gotpl has none for it")
	}
	if data.Config.OmitPanicHandler || o.HasSubscriptionContextField() || o.IsMap() {
		return fmt.Errorf("%s: direct.gotpl has no code for omit_panic_handler, subscription contexts and maps", o.Name)
	}
	for _, f := range o.Fields {
		switch {
		case f.IsReserved():
		case f.HasDirectives(), f.IsBatch(), f.HasHaser:
			return fmt.Errorf("%s.%s: direct.gotpl has no code for directives, batches and hasers", o.Name, f.Name)
		case f.TypeReference.IsRoot:
			return fmt.Errorf("%s.%s: direct.gotpl has no code for roots in fields", o.Name, f.Name)
		}
	}
	return nil
}

// reach adds a reference and, as gqlgen's marshalers call one another, what it is made of.
func reach(r *config.TypeReference, all map[string]*config.TypeReference) {
	if all[r.UniquenessKey()] != nil {
		return
	}
	all[r.UniquenessKey()] = r
	if r.IsPtrToSlice() || r.IsPtrToIntf() || r.IsSlice() || r.IsPtrToPtr() && r.Unmarshaler == nil && !r.IsMarshaler {
		reach(r.Elem(), all)
	}
}

// writer is the name of the method that writes values of a type.
func writer(r *config.TypeReference) string { return "write" + r.UniquenessKey() }

// simple tells whether a field is read from a struct, or from a method that cannot fail.
func simple(f *codegen.Field) bool {
	if f.IsResolver || len(f.Args) > 0 {
		return false
	}
	return f.IsVariable() || f.IsMethod() && f.NoErr && !f.MethodHasContext
}

// scalarMethod is the method of direct.Writer that does what a marshaler of gqlgen does, or "".
func scalarMethod(marshaler *types.Func) string {
	return map[string]string{
		"github.com/99designs/gqlgen/graphql.MarshalString":       "String",
		"github.com/99designs/gqlgen/graphql.MarshalID":           "String",
		"github.com/99designs/gqlgen/graphql.MarshalInt":          "Int",
		"github.com/99designs/gqlgen/graphql.MarshalBoolean":      "Bool",
		"github.com/99designs/gqlgen/graphql.MarshalFloatContext": "Float",
	}[marshaler.FullName()]
}
