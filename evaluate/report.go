package evaluate

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
)

// Report is what one experiment found.
type Report struct {
	Name    string  `json:"name"`    // "asap", as on the command line
	Title   string  `json:"title"`   // of its section of docs/quality.md
	Command string  `json:"command"` // that makes it again
	About   string  `json:"about"`   // the data, the split, and what the figures do not show
	Goals   []Goal  `json:"goals"`
	Tables  []Table `json:"tables"`
}

// Met tells whether every goal is met.
func (r *Report) Met() bool {
	for _, g := range r.Goals {
		if !g.Met() {
			return false
		}
	}
	return true
}

// Goal is a figure that was asked for. Least and Most bound it; a NaN bounds nothing.
type Goal struct {
	Key    string
	Label  string
	Value  float64
	Least  float64
	Most   float64
	Digits int
}

// AtLeast is a goal from below.
func AtLeast(key, label string, value, least float64) Goal {
	return Goal{Key: key, Label: label, Value: value, Least: least, Most: math.NaN(), Digits: 3}
}

// AtMost is a goal from above.
func AtMost(key, label string, value, most float64) Goal {
	return Goal{Key: key, Label: label, Value: value, Least: math.NaN(), Most: most, Digits: 3}
}

// Between is a goal from both sides.
func Between(key, label string, value, least, most float64) Goal {
	return Goal{Key: key, Label: label, Value: value, Least: least, Most: most, Digits: 3}
}

// Met tells whether the value is within the bounds. What could not be measured meets none.
func (g Goal) Met() bool { return !math.IsNaN(g.Value) && !(g.Value < g.Least) && !(g.Value > g.Most) }

// Bound is what was asked for: "≥ 0.78".
func (g Goal) Bound() string {
	low, high := !math.IsNaN(g.Least), !math.IsNaN(g.Most)
	switch {
	case low && high:
		return number(g.Least, g.Digits) + " to " + number(g.Most, g.Digits)
	case low:
		return "≥ " + number(g.Least, g.Digits)
	case high:
		return "≤ " + number(g.Most, g.Digits)
	}
	return ""
}

// MarshalJSON leaves out bounds that are not there.
func (g Goal) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{
		"key": g.Key, "label": g.Label, "value": finite(g.Value), "least": finite(g.Least), "most": finite(g.Most), "met": g.Met(),
	})
}

// Table is a table of figures.
type Table struct {
	Key     string
	Title   string
	Note    string // how to read it
	Columns []Column
	Rows    [][]any // strings, ints and float64s by column; a NaN was not measured
	Timing  bool    // figures of time, which differ from run to run
}

// Column describes a column of a table.
type Column struct {
	Key    string
	Label  string
	Digits int // behind the point, of float64s
}

// Add adds a row. It panics on a row of another length than the columns.
func (t *Table) Add(cells ...any) {
	if len(cells) != len(t.Columns) {
		panic(fmt.Sprintf("evaluate: table %s has %d columns, the row %d", t.Key, len(t.Columns), len(cells)))
	}
	t.Rows = append(t.Rows, cells)
}

// MarshalJSON gives each row as an object by the columns' keys, with all digits.
func (t Table) MarshalJSON() ([]byte, error) {
	rows := make([]map[string]any, len(t.Rows))
	for i, r := range t.Rows {
		rows[i] = map[string]any{}
		for j, c := range t.Columns {
			if v, ok := r[j].(float64); ok {
				rows[i][c.Key] = finite(v)
			} else {
				rows[i][c.Key] = r[j]
			}
		}
	}
	return json.Marshal(map[string]any{
		"key": t.Key, "title": t.Title, "note": t.Note, "timing": t.Timing, "rows": rows,
	})
}

func finite(v float64) any {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return v
}

func number(v float64, digits int) string {
	if math.IsNaN(v) {
		return "–"
	}
	return strconv.FormatFloat(v, 'f', digits, 64)
}

func (t *Table) cell(row, column int) string {
	switch v := t.Rows[row][column].(type) {
	case float64:
		return number(v, t.Columns[column].Digits)
	default:
		return fmt.Sprint(v)
	}
}
