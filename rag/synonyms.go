package rag

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/lib/pq"

	"github.com/rubrica/rubrica/internal/database"
)

const (
	// synonymShare is the most that the terms of another name are worth, together, next to the words
	// that they are added for.
	synonymShare = 0.5
	// synonymsFor is how long a process goes by the synonyms that it read: an edit shows that soon.
	synonymsFor = 30 * time.Second
	// mostNames and longestName bound what is held, in names and in words of a name.
	mostNames   = 20_000
	longestName = 6
)

// addition is a term that is searched for because the query has another name of the same skill.
type addition struct {
	lexeme  string
	share   float64  // of the name's worth: one part in as many as the name has lexemes
	written []string // lexemes of the name that the query has
}

// name is one name of a skill.
type name struct {
	words   string // joined by blanks
	lexemes []string
}

// synonyms holds the names of the skills that have more than one.
type synonyms struct {
	mu    sync.Mutex
	read  time.Time
	named map[string][]string // skills by a name, its words joined by blanks
	names map[string][]name   // by skill
}

// add gives the terms that a query's words stand for besides themselves. A word or phrase that is a
// name or a synonym of a skill adds the lexemes of the skill's other names; the longest phrase counts.
func (s *synonyms) add(ctx context.Context, q querier, text string, lexemes []string) ([]addition, error) {
	s.mu.Lock()
	defer s.mu.Unlock() // also while reading: the others would read the same
	if time.Since(s.read) > synonymsFor {
		if err := s.load(ctx, q); err != nil {
			return nil, err
		}
	}
	list := split(text)
	var added []addition
	for at := 0; at < len(list); {
		taken := 1
		for n := min(longestName, len(list)-at); n > 0; n-- {
			written := strings.Join(list[at:at+n], " ")
			skills := s.named[written]
			if len(skills) > 0 {
				for _, skill := range skills {
					added = s.others(added, skill, written, lexemes)
				}
				taken = n
				break
			}
		}
		at += taken
	}
	return added, nil
}

// others adds the lexemes of the skill's names but for those that the query has.
func (s *synonyms) others(added []addition, skill, written string, lexemes []string) []addition {
	own := slices.IndexFunc(s.names[skill], func(n name) bool { return n.words == written })
	if own < 0 || len(s.names[skill][own].lexemes) == 0 {
		return added
	}
	for _, n := range s.names[skill] {
		for _, lexeme := range n.lexemes {
			if slices.Contains(lexemes, lexeme) {
				continue
			}
			share := 1 / float64(len(n.lexemes))
			at := slices.IndexFunc(added, func(a addition) bool { return a.lexeme == lexeme })
			switch {
			case at < 0:
				added = append(added, addition{lexeme, share, s.names[skill][own].lexemes})
			case share > added[at].share:
				added[at] = addition{lexeme, share, s.names[skill][own].lexemes}
			}
		}
	}
	return added
}

func (s *synonyms) load(ctx context.Context, q querier) error {
	rows, err := q.QueryContext(ctx, `
		SELECT s.slug, n.name, tsvector_to_array(to_tsvector('pg_catalog.english', n.name))
		FROM skills s, unnest(s.name::text || s.synonyms) WITH ORDINALITY AS n (name, place)
		WHERE cardinality(s.synonyms) > 0 ORDER BY s.slug COLLATE "C", n.place LIMIT $1`, mostNames)
	if err != nil {
		return fmt.Errorf("reading the synonyms of skills: %w", err)
	}
	named, names := map[string][]string{}, map[string][]name{}
	err = database.Each(rows, func() error {
		var n name
		var skill, text string
		if err := rows.Scan(&skill, &text, pq.Array(&n.lexemes)); err != nil {
			return err
		}
		list := split(text)
		if len(list) == 0 || len(list) > longestName {
			return nil
		}
		n.words = strings.Join(list, " ")
		if !slices.Contains(named[n.words], skill) {
			named[n.words] = append(named[n.words], skill)
		}
		names[skill] = append(names[skill], n)
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading the synonyms of skills: %w", err)
	}
	s.named, s.names, s.read = named, names, time.Now()
	return nil
}

// split gives the words of a text in small letters. Signs within a word stay, as in "ci/cd" and
// "node.js", and so do those that end a name, as in "C++" and "C#".
func split(text string) []string {
	var list []string
	for _, field := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("+#./-'", r)
	}) {
		word := strings.TrimRight(strings.TrimLeft(field, "+#/-'"), "./-'")
		if word != "" {
			list = append(list, word)
		}
	}
	return list
}
