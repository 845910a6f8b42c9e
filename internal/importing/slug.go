package importing

import (
	"encoding/hex"
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// slugOf makes a slug of a title: the letters and digits of ASCII that it has, accents taken off, with
// hyphens between the words. It is "" for a title that has none.
func slugOf(title string, max int) string {
	var b strings.Builder
	gap := false
	for _, r := range norm.NFKD.String(strings.ToLower(title)) {
		switch {
		case unicode.Is(unicode.Mn, r), r == '\'', r == '’':
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			if gap && b.Len() > 0 {
				b.WriteByte('-')
			}
			gap = false
			b.WriteRune(r)
		default:
			gap = true
		}
	}
	return cut(b.String(), max)
}

// cut shortens a slug, at a hyphen where one is near.
func cut(slug string, max int) string {
	if len(slug) <= max {
		return slug
	}
	slug = slug[:max]
	if i := strings.LastIndexByte(slug, '-'); i > max/2 {
		slug = slug[:i]
	}
	return strings.Trim(slug, "-")
}

// wanted are the slugs that a new row may get, best first: by its title, then with a part that its external
// id gives, the same whenever it is imported.
func wanted(title, id, fallback string, max int) [3]string {
	sum := digest(id)
	mark := hex.EncodeToString(sum[:])
	base := slugOf(title, max)
	if base == "" {
		base = fallback + "-" + mark[:8]
	}
	return [3]string{base, cut(base, max-9) + "-" + mark[:8], cut(base, max-33) + "-" + mark}
}

// slugs gives the new rows of a batch slugs that nobody has.
type slugs struct {
	fallback string
	max      int
	options  map[string][3]string // by external id
	order    []string
	used     map[string]bool
}

func newSlugs(fallback string, max int) *slugs {
	return &slugs{fallback: fallback, max: max, options: map[string][3]string{}, used: map[string]bool{}}
}

// want asks for a slug for a new row.
func (s *slugs) want(title, id string) {
	s.options[id] = wanted(title, id, s.fallback, s.max)
	s.order = append(s.order, id)
}

// candidates are the slugs that may be given.
func (s *slugs) candidates() []string {
	var out []string
	for _, id := range s.order {
		o := s.options[id]
		out = append(out, o[:]...)
	}
	return out
}

// taken tells which of the candidates somebody has.
func (s *slugs) taken(list []string) {
	for _, slug := range list {
		s.used[slug] = true
	}
}

// give is the slug of a row.
func (s *slugs) give(id string) (string, error) {
	for _, slug := range s.options[id] {
		if !s.used[slug] {
			s.used[slug] = true
			return slug, nil
		}
	}
	return "", fmt.Errorf("every slug for the external id %q is taken", clip(id))
}
