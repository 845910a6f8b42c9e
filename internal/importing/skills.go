package importing

import (
	"context"
	"fmt"
	"strings"

	"github.com/agnivade/levenshtein"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/skill"
)

// vocabulary finds skills by slug, name or synonym.
type vocabulary struct {
	slugs map[string]string // by what is written for it, folded; "" where that stands for several
	words []string          // the keys of slugs, in the order of the skills: suggestions do not depend on chance
	nears map[string]string // what was answered for unknown words
}

func readVocabulary(ctx context.Context, db *ent.Client) (*vocabulary, error) {
	rows, err := db.Skill.Query().Order(skill.BySlug()).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the skills: %w", err)
	}
	return newVocabulary(rows), nil
}

// newVocabulary takes the skills in the order of their slugs. A slug goes before a name, a name before a
// synonym.
func newVocabulary(rows []*ent.Skill) *vocabulary {
	v := &vocabulary{slugs: map[string]string{}, nears: map[string]string{}}
	level := func(words func(*ent.Skill) []string) {
		here := map[string]string{}
		var order []string
		for _, s := range rows {
			for _, w := range words(s) {
				w = fold(w)
				if old, ok := here[w]; ok && old != s.Slug {
					here[w] = ""
				} else if !ok {
					here[w] = s.Slug
					order = append(order, w)
				}
			}
		}
		for _, w := range order {
			if _, ok := v.slugs[w]; !ok {
				v.slugs[w] = here[w]
				v.words = append(v.words, w)
			}
		}
	}
	level(func(s *ent.Skill) []string { return []string{s.Slug} })
	level(func(s *ent.Skill) []string { return []string{s.Name} })
	level(func(s *ent.Skill) []string { return s.Synonyms })
	return v
}

// find is the slug of a skill, or what is wrong with the word.
func (v *vocabulary) find(word string) (slug, problem string) {
	slug, known := v.slugs[fold(word)]
	switch {
	case known && slug != "":
		return slug, ""
	case known:
		return "", fmt.Sprintf("%q stands for several skills. Write the slug of the one that is meant.", clip(word))
	}
	if near := v.near(fold(word)); near != "" {
		return "", fmt.Sprintf("There is no skill %q. Is %q meant?", clip(word), near)
	}
	return "", fmt.Sprintf("There is no skill %q. Write the slug, the name or a synonym of one of the vocabulary.", clip(word))
}

// maxNears bounds what is kept of unknown words.
const maxNears = 10_000

// near is the slug of what is written most like a word, when it is like it at all.
func (v *vocabulary) near(word string) string {
	if runes(word) > 64 {
		return ""
	}
	if slug, ok := v.nears[word]; ok {
		return slug
	}
	best, slug := runes(word)/3+1, ""
	for _, w := range v.words {
		if diff := runes(w) - runes(word); diff > best || -diff > best {
			continue
		}
		if d := levenshtein.ComputeDistance(word, w); d < best || d == best && slug == "" {
			if s := v.slugs[w]; s != "" {
				best, slug = d, s
			}
		}
	}
	if len(v.nears) < maxNears {
		v.nears[word] = slug
	}
	return slug
}

// fold makes the ways of writing a word alike.
func fold(word string) string { return strings.ToLower(strings.Join(strings.Fields(word), " ")) }
