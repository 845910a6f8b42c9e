package guard

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/core"

	"github.com/rubrica/rubrica/graph/scalar"
)

// specRules are what the specification of September 2025 refuses and gqlparser's rules let pass. They
// were found by holding our verdicts against graphql-js (clients/oracle), which goes on watching them.
var specRules = []core.Rule{fragmentVariablesRule, literalsRule, surrogatesRule, oneRootFieldRule}

// fragmentVariablesRule refuses variables that a fragment defines, an experiment that gqlparser parses.
var fragmentVariablesRule = core.Rule{
	Name: "FragmentVariables",
	RuleFunc: func(observers *core.Events, addError core.AddErrFunc) {
		observers.OnFragment(func(_ *core.Walker, f *ast.FragmentDefinition) {
			if len(f.VariableDefinition) > 0 {
				addError(core.Message("A fragment has no variables of its own; define them with the operation."), core.At(f.Position))
			}
		})
	},
}

// literalsRule refuses literals that are none of their scalar's values: an Int beyond 32 bits, an
// object for a scalar, a custom scalar that its reader refuses.
var literalsRule = core.Rule{
	Name: "LiteralsOfScalars",
	RuleFunc: func(observers *core.Events, addError core.AddErrFunc) {
		observers.OnValue(func(_ *core.Walker, v *ast.Value) {
			if message := wrongLiteral(v); message != "" {
				addError(core.Message("%s", message), core.At(v.Position))
			}
		})
	},
}

func wrongLiteral(v *ast.Value) string {
	if v.Definition == nil || v.Kind == ast.Variable || v.Kind == ast.NullValue {
		return ""
	}
	if v.Definition.Kind != ast.Scalar && v.Definition.Kind != ast.Enum {
		return ""
	}
	if v.Kind == ast.ListValue {
		if v.ExpectedType == nil || v.ExpectedType.Elem != nil {
			return ""
		}
		return "A value of " + v.Definition.Name + " is no list."
	}
	if v.Kind == ast.ObjectValue {
		return "A value of " + v.Definition.Name + " is no object."
	}
	if v.Definition.Name == "Int" && v.Kind == ast.IntValue {
		if _, err := strconv.ParseInt(v.Raw, 10, 32); err != nil {
			return "An Int is a whole number of 32 bits, from -2147483648 to 2147483647."
		}
	}
	read := scalars[v.Definition.Name]
	if read == nil {
		return ""
	}
	var value any
	switch v.Kind {
	case ast.IntValue, ast.FloatValue:
		value = json.Number(v.Raw)
	case ast.StringValue, ast.BlockValue:
		value = v.Raw
	}
	if err := read(value); err != nil { // nil for what no scalar of ours is written as
		return err.Error() + "."
	}
	return ""
}

// scalars read the values of our custom scalars; an error says what such a value is.
var scalars = map[string]func(any) error{
	"Time":     func(v any) error { _, err := scalar.UnmarshalTime(v); return err },
	"Sequence": func(v any) error { _, err := scalar.UnmarshalSequence(v); return err },
	"Duration": func(v any) error { _, err := scalar.UnmarshalDuration(v); return err },
	"URL":      func(v any) error { _, err := scalar.UnmarshalURL(v); return err },
	"Upload":   upload,
}

// upload takes what the transport read from a multipart form, and nothing that JSON can say.
func upload(v any) error {
	if _, ok := v.(graphql.Upload); !ok {
		return errors.New("an Upload is a file of a multipart form (docs/import.md)")
	}
	return nil
}

// surrogatesRule refuses an escaped half of a surrogate pair without its other half, for which the lexer
// puts U+FFFD. The text is searched once, and only when a string has that character.
var surrogatesRule = core.Rule{
	Name: "LoneSurrogates",
	RuleFunc: func(observers *core.Events, addError core.AddErrFunc) {
		searched := false
		observers.OnValue(func(_ *core.Walker, v *ast.Value) {
			if v.Kind != ast.StringValue || searched || v.Position == nil || !strings.ContainsRune(v.Raw, utf8.RuneError) {
				return
			}
			searched = true
			if hasLoneSurrogate(v.Position.Src.Input) {
				addError(core.Message(`A string has half of a surrogate pair; write the character itself, or \u{…}.`), core.At(v.Position))
			}
		})
	},
}

// hasLoneSurrogate searches the quoted strings of a document that was parsed.
func hasLoneSurrogate(text string) bool {
	for i := 0; i < len(text); {
		switch {
		case text[i] == '#':
			n := strings.IndexAny(text[i:], "\r\n")
			if n < 0 {
				return false
			}
			i += n
		case strings.HasPrefix(text[i:], `"""`):
			for i += 3; i < len(text) && !strings.HasPrefix(text[i:], `"""`); i++ {
				if strings.HasPrefix(text[i:], `\"""`) {
					i += 3
				}
			}
			i += 3
		case text[i] == '"':
			for i++; i < len(text) && text[i] != '"'; i++ {
				if text[i] != '\\' {
					continue
				}
				high, low := surrogate(text[i:])
				if high {
					if _, next := surrogate(text[i+6:]); !next {
						return true
					}
					i += 6
				} else if low {
					return true
				}
				i++ // what is escaped
			}
			i++
		default:
			i++
		}
	}
	return false
}

// surrogate tells whether a text begins with the escape of a high or a low half.
func surrogate(text string) (high, low bool) {
	if len(text) < 6 || text[:2] != `\u` {
		return false, false
	}
	n, err := strconv.ParseUint(text[2:6], 16, 32)
	if err != nil {
		return false, false
	}
	return n >= 0xD800 && n < 0xDC00, n >= 0xDC00 && n < 0xE000
}

// oneRootFieldRule refuses a subscription with two root fields of one name under different aliases, and
// one whose root field may be skipped.
var oneRootFieldRule = core.Rule{
	Name: "OneRootField",
	RuleFunc: func(observers *core.Events, addError core.AddErrFunc) {
		observers.OnOperation(func(_ *core.Walker, op *ast.OperationDefinition) {
			if op.Operation != ast.Subscription {
				return
			}
			r := rootFields{aliases: map[string]bool{}, entered: map[string]bool{}}
			r.collect(op.SelectionSet)
			if len(r.aliases) > 1 {
				addError(core.Message("A subscription has one root field; make an operation of each."), core.At(op.Position))
			}
			if r.conditional {
				addError(core.Message("The root field of a subscription cannot be skipped: @skip and @include are not for it."), core.At(op.Position))
			}
		})
	},
}

type rootFields struct {
	aliases, entered map[string]bool
	conditional      bool
}

func (r *rootFields) collect(set ast.SelectionSet) {
	for _, selection := range set {
		var directives ast.DirectiveList
		switch s := selection.(type) {
		case *ast.Field:
			directives = s.Directives
			r.aliases[s.Alias] = true
		case *ast.InlineFragment:
			directives = s.Directives
			r.collect(s.SelectionSet)
		case *ast.FragmentSpread:
			directives = s.Directives
			if s.Definition != nil && !r.entered[s.Name] {
				r.entered[s.Name] = true
				r.collect(s.Definition.SelectionSet)
			}
		}
		for _, d := range directives {
			r.conditional = r.conditional || d.Name == "skip" || d.Name == "include"
		}
	}
}
