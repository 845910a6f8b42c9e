package importing

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// cell is one value of a row.
type cell struct {
	text  string
	list  []string // with split
	split bool     // it came as a list
}

// row is one row of a file on its way into the database. A cell that is not there leaves what the database
// has; an empty one empties it.
type row struct {
	line    int
	key     string // the external id
	cells   map[string]cell
	reasons []Reason
}

func newRow(line int) *row { return &row{line: line, cells: map[string]cell{}} }

// size is that of the values, in bytes.
func (r *row) size() int {
	n := 0
	for _, c := range r.cells {
		n += len(c.text)
		for _, s := range c.list {
			n += len(s)
		}
	}
	return n
}

// maxRowReasons bounds the reasons of one row.
const maxRowReasons = 50

// refuse notes what is wrong with the row.
func (r *row) refuse(column string, code Code, format string, args ...any) {
	if len(r.reasons) == maxRowReasons {
		return
	}
	r.reasons = append(r.reasons, Reason{
		Line: r.line, ExternalID: clip(r.key), Column: column, Code: code, Message: fmt.Sprintf(format, args...),
	})
}

// id reads the external id.
func (r *row) id() string {
	r.key = strings.TrimSpace(r.cells[externalID].text)
	switch {
	case r.key == "":
		r.refuse(externalID, Missing, "The row has no external id. Give it the one of your catalogue; it never changes.")
	case runes(r.key) > maxExternalID:
		r.refuse(externalID, TooLong, "An external id has at most %d characters.", maxExternalID)
	case !cleanLine(r.key):
		r.refuse(externalID, Invalid, "An external id is one line, without control characters.")
	}
	return r.key
}

// maxExternalID is the length of the column, in characters.
const maxExternalID = 200

// one reads a value of one line, its white space made single; nil when the column is not there.
func (r *row) one(column string, max int, required bool) *string {
	c, given := r.cells[column]
	value := strings.Join(strings.Fields(c.text), " ")
	if !r.fits(column, value, max, given, required) {
		return nil
	}
	if !cleanLine(value) {
		r.refuse(column, Invalid, "The value has control characters.")
	}
	return &value
}

// prose reads a text of several lines; nil when the column is not there.
func (r *row) prose(column string, max int, required bool) *string {
	c, given := r.cells[column]
	value := strings.TrimSpace(strings.ReplaceAll(c.text, "\r\n", "\n"))
	if !r.fits(column, value, max, given, required) {
		return nil
	}
	if strings.ContainsRune(value, 0) {
		r.refuse(column, Invalid, "The text has a NUL character.")
	}
	return &value
}

func (r *row) fits(column, value string, max int, given, required bool) bool {
	if required && value == "" {
		r.refuse(column, Missing, "Each row needs a value here.")
		return false
	}
	if !given {
		return false
	}
	if n := runes(value); n > max {
		r.refuse(column, TooLong, "The value has %d characters; at most %d are taken.", n, max)
		return false
	}
	return true
}

// choice reads one of the values, in any case; nil when the column is not there or, unless it is required,
// empty.
func (r *row) choice(column string, values []string, required bool) *string {
	c, given := r.cells[column]
	value := strings.ToUpper(strings.TrimSpace(c.text))
	switch {
	case value == "" && required:
		r.refuse(column, Missing, "Each row needs a value here: %s.", strings.Join(values, ", "))
		return nil
	case value == "" && !given:
		return nil
	case value == "":
		value = values[len(values)-1] // UNKNOWN, where a value is not required
	case !slices.Contains(values, value):
		r.refuse(column, Invalid, "%q is none of %s.", clip(c.text), strings.Join(values, ", "))
		return nil
	}
	return &value
}

// maxSkills is how many skills a list may name.
const maxSkills = 50

// skills reads a list of skills as slugs, each once; nil when the column is not there.
func (r *row) skills(column string, words *vocabulary, required bool) []string {
	c, given := r.cells[column]
	list := c.list
	if !c.split {
		list = strings.Split(c.text, ";")
	}
	slugs := []string{}
	for _, word := range list {
		if word = strings.TrimSpace(word); word == "" {
			continue
		}
		slug, problem := words.find(word)
		if problem != "" {
			r.refuse(column, UnknownSkill, "%s", problem)
			continue
		}
		if !slices.Contains(slugs, slug) {
			slugs = append(slugs, slug)
		}
		if len(slugs) > maxSkills {
			r.refuse(column, TooLong, "A row names at most %d skills.", maxSkills)
			break
		}
	}
	if required && len(slugs) == 0 && len(r.reasons) == 0 {
		r.refuse(column, Missing, "Each row names at least one skill here.")
	}
	if !given {
		return nil
	}
	return slugs
}

// cleanLine tells whether a text is one line that can be shown.
func cleanLine(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

func runes(s string) int { return utf8.RuneCountInString(s) }

// clip keeps what a file says short in messages.
func clip(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

// digestBytes is enough to tell the rows of a file apart, and keeps what is held of them small.
const digestBytes = 16

func digest(s string) [digestBytes]byte {
	sum := sha256.Sum256([]byte(s))
	return [digestBytes]byte(sum[:])
}
