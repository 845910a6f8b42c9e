package calibrations

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/rubrica/rubrica/internal/problem"
	"github.com/rubrica/rubrica/scoring"
	"github.com/rubrica/rubrica/scoring/calibration"
)

// MaxTable is the largest table that is taken, in bytes of UTF-8.
const MaxTable = 2_000_000

// maxProblems is how many faults of a table are told at once.
const maxProblems = 10

// The columns of a table besides the criteria's, which are named by their keys.
const (
	answerColumn = "answer"
	groupColumn  = "group"
	secondSuffix = ".second" // behind a criterion's key: the score of another rater
)

// read reads a table of graded answers (see docs/calibration.md) and holds it against the question. The
// error is a problem.List of field csv; rows are counted from 1, the header being row 1, as a spreadsheet
// shows them.
func read(q scoring.Question, table string) ([]calibration.Graded, error) {
	switch {
	case len(table) > MaxTable:
		return nil, problem.List{fault(problem.TooLong, "The table is longer than 2 000 000 bytes. Leave out some answers.")}
	case !utf8.ValidString(table):
		return nil, problem.List{fault(problem.InvalidText, "The table is not valid UTF-8. Save it as UTF-8.")}
	case strings.ContainsRune(table, 0):
		return nil, problem.List{fault(problem.InvalidText, "The table holds a NUL character, which cannot be stored. Take it out.")}
	case strings.TrimSpace(table) == "":
		return nil, problem.List{fault(problem.Empty, "The table is empty.")}
	}
	r := csv.NewReader(strings.NewReader(strings.TrimPrefix(table, "\ufeff")))
	header, err := r.Read()
	if err != nil {
		return nil, problem.List{fault(problem.Invalid, "Row 1 is not CSV: "+reason(err))}
	}
	t := &reader{question: q, csv: r, places: map[string]int{}}
	if t.header(header); len(t.problems) > 0 {
		return nil, t.problems
	}
	if err := t.rows(); err != nil {
		return nil, err
	}
	for _, f := range calibration.Check(q, t.graded) {
		if f.Row >= 0 {
			t.add(code(f.Code), "Row %d: %s.", f.Row+2, f.Message)
		} else {
			t.add(code(f.Code), "%s.", sentence(f.Message))
		}
	}
	if len(t.problems) > 0 {
		return nil, t.problems
	}
	return t.graded, nil
}

func fault(c problem.Code, message string) *problem.Problem { return problem.New("csv", c, message) }

func code(c calibration.FaultCode) problem.Code {
	switch c {
	case calibration.TooMany, calibration.LongGroup:
		return problem.TooLong
	case calibration.Empty, calibration.Missing:
		return problem.Empty
	case calibration.Duplicate:
		return problem.Conflict
	default:
		return problem.Invalid
	}
}

func sentence(s string) string {
	_, size := utf8.DecodeRuneInString(s)
	return strings.ToUpper(s[:size]) + s[size:]
}

// reason is what encoding/csv complains of, without its own count of rows.
func reason(err error) string {
	var p *csv.ParseError
	if errors.As(err, &p) {
		return fmt.Sprintf("line %d: %v.", p.Line, p.Err)
	}
	return "it ends too soon."
}

// reader takes a table down.
type reader struct {
	question scoring.Question
	csv      *csv.Reader
	places   map[string]int // of columns, by name
	graded   []calibration.Graded
	problems problem.List
}

func (t *reader) add(c problem.Code, format string, args ...any) {
	if len(t.problems) < maxProblems {
		t.problems = append(t.problems, fault(c, fmt.Sprintf(format, args...)))
	}
}

// header finds the columns.
func (t *reader) header(names []string) {
	known := []string{answerColumn}
	for _, c := range t.question.Rubric.Criteria {
		known = append(known, c.Key, c.Key+secondSuffix)
	}
	known = append(known, groupColumn)
	criteria := 0
	for i, name := range names {
		name = strings.TrimSpace(name)
		_, twice := t.places[name]
		switch {
		case !slices.Contains(known, name):
			t.add(problem.Invalid, "Column %d is called %q. Columns are called %s.", i+1, clip(name), strings.Join(known, ", "))
		case twice:
			t.add(problem.Conflict, "There are two columns %q.", name)
		}
		t.places[name] = i
		if name != answerColumn && name != groupColumn && !strings.HasSuffix(name, secondSuffix) {
			criteria++
		}
	}
	if _, ok := t.places[answerColumn]; !ok {
		t.add(problem.Invalid, "There is no column %q.", answerColumn)
	}
	if criteria == 0 {
		t.add(problem.Invalid, "There is no column of scores. Name one by the key of a criterion: %s.", strings.Join(keys(t.question), ", "))
	}
	for name := range t.places {
		if first, ok := strings.CutSuffix(name, secondSuffix); ok {
			if _, ok := t.places[first]; !ok {
				t.add(problem.Invalid, "There is a column %q and none %q.", clip(name), clip(first))
			}
		}
	}
}

// clip keeps a value of the table short in messages.
func clip(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

func keys(q scoring.Question) []string {
	out := make([]string, len(q.Rubric.Criteria))
	for i, c := range q.Rubric.Criteria {
		out[i] = c.Key
	}
	return out
}

// rows reads what is below the header. It stops at a row that is not CSV, and at too many rows or faults.
func (t *reader) rows() error {
	for number := 2; len(t.graded) <= calibration.MaxRows && len(t.problems) < maxProblems; number++ {
		row, err := t.csv.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.add(problem.Invalid, "Row %d is not CSV: %s", number, reason(err))
			return t.problems
		}
		g := calibration.Graded{Text: scoring.Read(row[t.places[answerColumn]]), Scores: map[string]float64{}, Second: map[string]float64{}}
		if at, ok := t.places[groupColumn]; ok {
			g.Group = strings.TrimSpace(row[at])
		}
		for _, key := range keys(t.question) {
			t.score(g.Scores, row, number, key, key)
			t.score(g.Second, row, number, key+secondSuffix, key)
		}
		t.graded = append(t.graded, g)
	}
	if len(t.problems) > 0 {
		return t.problems
	}
	return nil
}

// score takes down one cell; an empty one says nothing.
func (t *reader) score(into map[string]float64, row []string, number int, column, key string) {
	at, ok := t.places[column]
	if !ok {
		return
	}
	cell := strings.TrimSpace(row[at])
	if cell == "" {
		return
	}
	v, err := strconv.ParseFloat(cell, 64)
	if err != nil {
		t.add(problem.Invalid, "Row %d: %q in column %q is no number.", number, clip(cell), column)
		return
	}
	into[key] = v
}
