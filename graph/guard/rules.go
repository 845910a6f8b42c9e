package guard

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator/core"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// ruleSet is the rules of the specification and our own. Without suggestions an error does not name
// what the client might have meant, which would tell the schema to those who may not read it.
func ruleSet(suggestions bool) []core.Rule {
	set := []core.Rule{
		rules.FragmentsOnCompositeTypesRule,
		rules.KnownDirectivesRule,
		rules.KnownFragmentNamesRule,
		rules.KnownRootTypeRule,
		rules.LoneAnonymousOperationRule,
		rules.MaxIntrospectionDepth,
		rules.NoFragmentCyclesRule,
		rules.NoUndefinedVariablesRule,
		rules.NoUnusedFragmentsRule,
		rules.NoUnusedVariablesRule,
		rules.OverlappingFieldsCanBeMergedRule,
		rules.PossibleFragmentSpreadsRule,
		rules.ProvidedRequiredArgumentsRule,
		rules.SingleFieldSubscriptionsRule,
		rules.UniqueArgumentNamesRule,
		rules.UniqueDirectivesPerLocationRule,
		rules.UniqueFragmentNamesRule,
		rules.UniqueInputFieldNamesRule,
		rules.UniqueOperationNamesRule,
		rules.UniqueVariableNamesRule,
		rules.VariablesAreInputTypesRule,
		rules.VariablesInAllowedPositionRule,
		oneOfRule,
	}
	set = append(set, specRules...)
	if suggestions {
		return append(set,
			rules.FieldsOnCorrectTypeRule, rules.KnownArgumentNamesRule, rules.KnownTypeNamesRule,
			rules.ScalarLeafsRule, withoutOneOf(rules.ValuesOfCorrectTypeRule))
	}
	return append(set,
		rules.FieldsOnCorrectTypeRuleWithoutSuggestions, rules.KnownArgumentNamesRuleWithoutSuggestions,
		rules.KnownTypeNamesRuleWithoutSuggestions, rules.ScalarLeafsRuleWithoutSuggestions,
		withoutOneOf(rules.ValuesOfCorrectTypeRuleWithoutSuggestions))
}

// withoutOneOf leaves the errors about @oneOf to oneOfRule: the library's name a field that the client
// did not give, and miss variables that may be null.
func withoutOneOf(rule core.Rule) core.Rule {
	run := rule.RuleFunc
	rule.RuleFunc = func(observers *core.Events, addError core.AddErrFunc) {
		run(observers, func(options ...core.ErrorOption) {
			var e gqlerror.Error
			for _, option := range options {
				option(&e)
			}
			if strings.HasPrefix(e.Message, "OneOf Input Object ") || strings.HasSuffix(e.Message, "must be non-null.") {
				return
			}
			addError(options...)
		})
	}
	return rule
}

// oneOfRule checks the literals of inputs of which exactly one field is to be given. A variable in such
// a field must be of a type that is never null.
var oneOfRule = core.Rule{
	Name: "OneOfInputObjects",
	RuleFunc: func(observers *core.Events, addError core.AddErrFunc) {
		observers.OnValue(func(_ *core.Walker, v *ast.Value) {
			if v.Kind != ast.ObjectValue || !isOneOf(v.Definition) {
				return
			}
			if len(v.Children) != 1 {
				addError(core.Message("%s", exactlyOne(v.Definition)), core.At(v.Position))
				return
			}
			given := v.Children[0]
			nullable := given.Value.VariableDefinition != nil && given.Value.Kind == ast.Variable &&
				!given.Value.VariableDefinition.Type.NonNull
			switch {
			case given.Value.Kind == ast.NullValue:
				addError(core.Message("%s", exactlyOne(v.Definition)), core.At(v.Position))
			case nullable:
				addError(core.Message("The variable $%s must be of a type that is never null, because it is given to a field of %s, which is @oneOf.",
					given.Value.Raw, v.Definition.Name), core.At(v.Position))
			}
		})
	},
}

func isOneOf(def *ast.Definition) bool {
	return def != nil && def.Kind == ast.InputObject && def.Directives.ForName("oneOf") != nil
}

func exactlyOne(def *ast.Definition) string {
	return "Exactly one field of " + def.Name + " must be given, and it must not be null."
}

// enough ends a validation that has found as many errors as are shown.
type enough struct{}

// validate applies the rules and returns at most so many errors.
func validate(schema *ast.Schema, doc *ast.QueryDocument, set []core.Rule, most int) (errs gqlerror.List) {
	defer func() {
		if recovered := recover(); recovered != nil {
			if _, ok := recovered.(enough); !ok {
				panic(recovered)
			}
		}
		slices.SortStableFunc(errs, func(a, b *gqlerror.Error) int { return line(a) - line(b) })
	}()
	observers := &core.Events{}
	for _, rule := range set {
		rule.RuleFunc(observers, func(options ...core.ErrorOption) {
			e := &gqlerror.Error{Rule: rule.Name}
			for _, option := range options {
				option(e)
			}
			e.Extensions = map[string]any{"code": codeValidation}
			if errs = append(errs, e); len(errs) >= most {
				panic(enough{}) // the walk has no other way to be ended
			}
		})
	}
	core.Walk(schema, doc, observers)
	return errs
}

func line(e *gqlerror.Error) int {
	if len(e.Locations) == 0 {
		return 0
	}
	return e.Locations[0].Line
}
