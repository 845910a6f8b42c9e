package exec_test

import (
	"context"
	"errors"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/graph/exec"
	"github.com/rubrica/rubrica/graph/model"
)

// madeUp is field middleware that answers instead of the resolvers: with values of the types that they
// return, which the interfaces of the resolvers tell, and with everything that can go wrong. What a
// field answers depends on the seed and its path alone.
func madeUp(seed uint64) graphql.FieldMiddleware {
	return func(ctx context.Context, next graphql.Resolver) (any, error) {
		fc := graphql.GetFieldContext(ctx)
		if !fc.IsResolver {
			return next(ctx)
		}
		hash := fnv.New64a()
		_, _ = hash.Write([]byte(fc.Path().String()))
		m := maker{rand.New(rand.NewPCG(seed, hash.Sum64()))}
		typ := resultOf(fc.Object, fc.Field.Name)
		switch m.IntN(60) {
		case 0, 1:
			return nil, errors.New("made to fail")
		case 2:
			return nil, errFails
		case 3:
			panic("made to panic")
		case 4:
			return nil, nil //nolint:nilnil // resolvers may
		case 5:
			if typ.Kind() != reflect.Chan {
				return struct{}{}, nil // no resolver can, middleware might
			}
		case 6:
			graphql.MarkNonNull(ctx)
		case 7:
			if typ.Kind() != reflect.Chan {
				return graphql.MarshalString("from middleware"), nil
			}
		}
		return m.value(typ, 0).Interface(), nil
	}
}

// resultOf is the Go type that the resolver of a field returns.
func resultOf(object, field string) reflect.Type {
	of := func(t reflect.Type, name string) reflect.Type {
		for i := range t.NumMethod() {
			if m := t.Method(i); strings.EqualFold(m.Name, name) {
				return m.Type.Out(0)
			}
		}
		panic("no method " + name + " in " + t.String())
	}
	return of(of(reflect.TypeFor[exec.ResolverRoot](), object), field)
}

// nodes are what a Node may be.
var nodes = []reflect.Type{
	reflect.TypeFor[*ent.Essay](), reflect.TypeFor[*ent.ScoringRun](), reflect.TypeFor[*ent.Score](), reflect.TypeFor[*ent.User](),
	reflect.TypeFor[*ent.Track](), reflect.TypeFor[*ent.Skill](), reflect.TypeFor[*ent.Explanation](), reflect.TypeFor[*ent.RecommendationItem](),
}

// found are what a search may find.
var found = []reflect.Type{
	reflect.TypeFor[*ent.Credential](), reflect.TypeFor[*ent.Passage](), reflect.TypeFor[*ent.Essay](), reflect.TypeFor[*ent.ReferenceAnswer](),
}

var texts = []string{
	"", "plain", "quotes \" and \\ and / and \t\r\n\b\f\x00\x1f\x7f", "grüße, 世界, 🙂, \u2028", "broken \xff\xc3", `"`, "<&>",
	strings.Repeat("long ", 50),
}

var numbers = []float64{0, math.Copysign(0, -1), 1, -1, 0.1, 1e6, 123456789, 1e21, 1e20, 1e-7, 62.5, math.MaxFloat64, math.SmallestNonzeroFloat64}

type maker struct{ *rand.Rand }

// value makes a value of a type up. Below eight levels all pointers are nil.
func (m maker) value(t reflect.Type, depth int) reflect.Value {
	v := reflect.New(t).Elem()
	switch {
	case t == reflect.TypeFor[time.Time]():
		if m.IntN(20) > 0 {
			v.Set(reflect.ValueOf(time.UnixMicro(m.Int64N(1 << 51)).UTC()))
		}
		return v
	case t == reflect.TypeFor[model.Node]():
		if m.IntN(10) > 0 {
			v.Set(m.value(nodes[m.IntN(len(nodes))], depth))
		}
		return v
	case t == reflect.TypeFor[model.SearchNode]():
		if m.IntN(10) > 0 {
			v.Set(m.value(found[m.IntN(len(found))], depth))
		}
		return v
	}
	switch t.Kind() {
	case reflect.Bool:
		v.SetBool(m.IntN(2) == 0)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(m.Int64N(1<<20) - 1<<10)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(m.Uint64N(100))
	case reflect.Float64, reflect.Float32:
		f := numbers[m.IntN(len(numbers))]
		if m.IntN(2) == 0 {
			f = m.NormFloat64() * 100
		}
		if m.IntN(15) == 0 {
			f = []float64{math.NaN(), math.Inf(1), math.Inf(-1)}[m.IntN(3)]
		}
		v.SetFloat(f)
	case reflect.String:
		v.SetString(texts[m.IntN(len(texts))])
	case reflect.Pointer:
		if depth < 8 && m.IntN(12) > 0 {
			v.Set(reflect.New(t.Elem()))
			v.Elem().Set(m.value(t.Elem(), depth+1))
		}
	case reflect.Slice:
		if m.IntN(15) > 0 {
			v.Set(reflect.MakeSlice(t, 0, 4))
			for range m.IntN(5) {
				v.Set(reflect.Append(v, m.value(t.Elem(), depth+1)))
			}
		}
	case reflect.Array:
		for i := range t.Len() {
			v.Index(i).Set(m.value(t.Elem(), depth+1))
		}
	case reflect.Struct:
		for i := range t.NumField() {
			if t.Field(i).IsExported() {
				v.Field(i).Set(m.value(t.Field(i).Type, depth+1))
			}
		}
	case reflect.Chan: // of a subscription
		events := reflect.MakeChan(reflect.ChanOf(reflect.BothDir, t.Elem()), 3)
		for range m.IntN(4) {
			events.Send(m.value(t.Elem(), depth+1))
		}
		events.Close()
		v.Set(events.Convert(t))
	default: // maps, functions and other interfaces stay empty
	}
	return v
}
