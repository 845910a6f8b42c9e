// Package dataset reads the data sets that scoring is measured on: gzipped CSV files below one folder, as
// docs/quality.md names them. A reader gives the rows in the order of the file, checked: columns, numbers,
// scales, and that no row comes twice.
package dataset

import (
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// table is a CSV file that is being read row by row.
type table struct {
	path    string
	columns map[string]int
	row     []string
	line    int // of the row, in the file as it was before gzip
	fault   error
}

// read calls each for every row of a file below the folder, which must have the columns.
func read(folder, file string, columns []string, each func(*table) error) (err error) {
	t := &table{path: filepath.Join(folder, filepath.FromSlash(file)), columns: map[string]int{}}
	f, err := os.Open(t.path)
	if err != nil {
		return fmt.Errorf("dataset: %w (--data names the folder that holds %s)", err, file)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		return fmt.Errorf("dataset: %s is not gzipped: %w", t.path, err)
	}
	rows := csv.NewReader(unzipped)
	header, err := rows.Read()
	if err != nil {
		return fmt.Errorf("dataset: %s has no header: %w", t.path, err)
	}
	for i, name := range header {
		t.columns[strings.TrimPrefix(name, "\ufeff")] = i
	}
	for _, name := range columns {
		if _, ok := t.columns[name]; !ok {
			return fmt.Errorf("dataset: %s has no column %q; it has %s", t.path, name, strings.Join(header, ", "))
		}
	}
	n := 0
	for ; ; n++ {
		t.row, err = rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("dataset: %s: %w", t.path, err)
		}
		t.line, _ = rows.FieldPos(0)
		if err := each(t); err != nil {
			return t.wrap(err)
		}
		if t.fault != nil {
			return t.wrap(t.fault)
		}
	}
	if n == 0 {
		return fmt.Errorf("dataset: %s has no rows", t.path)
	}
	return nil
}

func (t *table) wrap(err error) error {
	return fmt.Errorf("dataset: %s, line %d: %w", t.path, t.line, err)
}

// text is a field that may not be blank.
func (t *table) text(column string) string {
	s := t.row[t.columns[column]]
	if strings.TrimSpace(s) == "" && t.fault == nil {
		t.fault = fmt.Errorf("%s is empty", column)
	}
	return s
}

func (t *table) number(column string) float64 {
	s := t.row[t.columns[column]]
	v, err := strconv.ParseFloat(s, 64)
	if err != nil && t.fault == nil {
		t.fault = fmt.Errorf("%s is %q, not a number", column, s)
	}
	return v
}

func (t *table) whole(column string) int {
	s := t.row[t.columns[column]]
	v, err := strconv.Atoi(s)
	if err != nil && t.fault == nil {
		t.fault = fmt.Errorf("%s is %q, not a whole number", column, s)
	}
	return v
}

// within refuses a score off its scale.
func (t *table) within(column string, v, low, high float64) {
	if !(v >= low && v <= high) && t.fault == nil {
		t.fault = fmt.Errorf("%s is %v, outside of %v to %v", column, v, low, high)
	}
}

// once refuses what comes twice.
type once map[string]int

func (o once) add(t *table, id string) {
	if line, ok := o[id]; ok && t.fault == nil {
		t.fault = fmt.Errorf("%q is already on line %d", id, line)
	}
	o[id] = t.line
}
