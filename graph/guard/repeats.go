package guard

import "github.com/vektah/gqlparser/v2/ast"

// repeats counts the pairs of fields that stand in one place under one response name, which validation
// compares with each other: their number grows with the square of the document. A pair inside inline
// fragments counts once more for each of them, because each is compared within itself too. Fragments are
// expanded, so that it runs only on documents whose expansion is known to be small.
type repeats struct {
	m     *meter
	pairs int
}

func (r *repeats) document(doc *ast.QueryDocument) *refusal {
	for _, op := range doc.Operations {
		if !r.merged([]ast.SelectionSet{op.SelectionSet}) {
			return tooLarge("The document selects the same names again and again: more than %d pairs of fields would be merged.", r.m.limits.Repeats)
		}
	}
	return nil
}

// merged goes through selection sets that are merged into one object, and reports whether the limit
// holds.
func (r *repeats) merged(sets []ast.SelectionSet) bool {
	byName := map[string][]ast.SelectionSet{}
	var order []string
	entered := map[string]bool{}
	var collect func(set ast.SelectionSet, inline int)
	collect = func(set ast.SelectionSet, inline int) {
		for _, selection := range set {
			switch s := selection.(type) {
			case *ast.Field:
				same, again := byName[s.Alias]
				if !again {
					order = append(order, s.Alias)
				}
				r.pairs = sum(r.pairs, len(same)*(1+inline))
				byName[s.Alias] = append(same, s.SelectionSet)
			case *ast.InlineFragment:
				collect(s.SelectionSet, inline+1)
			case *ast.FragmentSpread:
				if f := r.m.fragments[s.Name]; f != nil && !entered[s.Name] {
					entered[s.Name] = true
					collect(f.def.SelectionSet, inline)
				}
			}
			if r.pairs > r.m.limits.Repeats {
				return
			}
		}
	}
	for _, set := range sets {
		collect(set, 0)
	}
	for _, name := range order {
		below := byName[name]
		if r.pairs > r.m.limits.Repeats || leaves(below) {
			continue
		}
		r.merged(below)
	}
	return r.pairs <= r.m.limits.Repeats
}

func leaves(sets []ast.SelectionSet) bool {
	for _, set := range sets {
		if len(set) > 0 {
			return false
		}
	}
	return true
}
