package importing

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// externalID is the column by which rows are known.
const externalID = "external_id"

// column is one that a kind of rows has.
type column struct {
	name     string
	required bool // in each row
	list     bool
}

// source gives the rows of a file, io.EOF at the end, and a *FileError when the rest cannot be read.
type source interface{ next() (*row, error) }

// open begins to read a file from its start.
func open(in *Request, columns []column) (source, error) {
	if _, err := in.Content.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("reading the file: %w", err)
	}
	switch in.Format {
	case CSV:
		return openCSV(in, columns)
	case JSONL:
		c := newContent(in.Content, in.MaxBytes)
		return &jsonLines{content: c, lines: bufio.NewReaderSize(c, readAhead/2), columns: columns}, nil
	case Markdown:
		return openMarkdown(in)
	default:
		return openText(in)
	}
}

// table reads CSV.
type table struct {
	content *content
	csv     *csv.Reader
	header  []string
	columns []column
}

func openCSV(in *Request, columns []column) (*table, error) {
	c := newContent(in.Content, in.MaxBytes)
	t := &table{content: c, csv: csv.NewReader(c), columns: columns}
	t.csv.FieldsPerRecord = -1 // counted here, to say more
	header, err := t.read()
	if errors.Is(err, io.EOF) {
		return nil, fileError(NoRows, 0, "The file is empty. The first line of a CSV file names its columns.")
	}
	if err != nil {
		return nil, err
	}
	line, _ := t.csv.FieldPos(0)
	for _, name := range header {
		t.header = append(t.header, strings.ToLower(strings.TrimSpace(name)))
	}
	return t, t.check(line)
}

// check holds the header against the columns.
func (t *table) check(line int) error {
	var unknown, missing, twice []string
	for i, name := range t.header {
		switch {
		case !slices.ContainsFunc(t.columns, func(c column) bool { return c.name == name }):
			unknown = append(unknown, fmt.Sprintf("%q", clip(name)))
		case slices.Contains(t.header[:i], name):
			twice = append(twice, name)
		}
	}
	for _, c := range t.columns {
		if c.required && !slices.Contains(t.header, c.name) {
			missing = append(missing, c.name)
		}
	}
	var faults []string
	if len(missing) > 0 {
		faults = append(faults, "columns that are missing: "+strings.Join(missing, ", "))
	}
	if len(unknown) > 0 {
		faults = append(faults, "columns that mean nothing here: "+strings.Join(unknown[:min(len(unknown), 20)], ", "))
	}
	if len(twice) > 0 {
		faults = append(faults, "columns that are there twice: "+strings.Join(twice, ", "))
	}
	switch {
	case len(faults) == 0:
		return nil
	case len(t.header) == 1 && strings.ContainsAny(t.header[0], ";\t"):
		return fileError(BadHeader, line, "The columns are not divided by commas. Export the table with commas.")
	}
	return fileError(BadHeader, line, "The header has %s. The columns are %s.", strings.Join(faults, "; "), names(t.columns))
}

func names(columns []column) string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = c.name
	}
	return strings.Join(out, ", ")
}

// read reads a record; a fault of the content goes before what the reader makes of the torn end.
func (t *table) read() ([]string, error) {
	record, err := t.csv.Read()
	t.content.rowEnds()
	var fault *FileError
	var parse *csv.ParseError
	switch {
	case err == nil, errors.Is(err, io.EOF):
		return record, err
	case errors.As(t.content.err, &fault):
		return nil, fault
	case errors.As(err, &parse):
		return nil, fileError(BrokenQuotes, parse.StartLine, "A quotation mark is not closed, or stands inside a value that does not begin with one (line %d, byte %d). "+
			"Put the whole value in quotation marks, and write those within it twice.", parse.Line, parse.Column)
	}
	return nil, err
}

func (t *table) next() (*row, error) {
	record, err := t.read()
	if err != nil {
		return nil, err
	}
	line, _ := t.csv.FieldPos(0)
	r := newRow(line)
	if len(record) != len(t.header) {
		r.refuse("", BrokenRow, "The row has %d values, the header %d columns. Put values with commas in quotation marks.", len(record), len(t.header))
		return r, nil
	}
	for i, value := range record {
		r.cells[t.header[i]] = cell{text: value}
	}
	return r, nil
}

// jsonLines reads JSON lines.
type jsonLines struct {
	content *content
	lines   *bufio.Reader
	line    int
	columns []column
}

func (j *jsonLines) next() (*row, error) {
	for {
		text, err := j.readLine()
		if err != nil {
			return nil, err
		}
		j.content.rowEnds()
		j.line++
		if text = bytes.TrimSpace(text); len(text) > 0 {
			return j.parse(text), nil
		}
	}
}

// readLine reads a line of whatever length content lets through.
func (j *jsonLines) readLine() ([]byte, error) {
	text, err := j.lines.ReadBytes('\n')
	if errors.Is(err, io.EOF) && len(text) > 0 {
		return text, nil
	}
	if err != nil {
		return nil, err
	}
	return text, nil
}

func (j *jsonLines) parse(text []byte) *row {
	r := newRow(j.line)
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var object map[string]any
	err := dec.Decode(&object)
	if err == nil && object != nil {
		_, err = dec.Token()
		if errors.Is(err, io.EOF) {
			err = nil
		} else {
			err = errors.New("something follows")
		}
	}
	if err != nil || object == nil {
		r.refuse("", BrokenRow, "The line is not one JSON object (near byte %d). Write each row as an object on a line of its own.", dec.InputOffset())
		return r
	}
	unknown := []string{}
	for name := range object {
		if !slices.ContainsFunc(j.columns, func(c column) bool { return c.name == name }) {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	if id, ok := object[externalID].(string); ok {
		r.key = strings.TrimSpace(id)
	}
	for _, name := range unknown[:min(len(unknown), 20)] {
		r.refuse(clip(name), UnknownColumn, "%q means nothing here. The columns are %s.", clip(name), names(j.columns))
	}
	for _, c := range j.columns {
		value, given := object[c.name]
		if !given {
			continue
		}
		made, problem := cellOf(value, c.list)
		if problem != "" {
			r.refuse(c.name, Invalid, "%s", problem)
		}
		r.cells[c.name] = made
	}
	return r
}

// cellOf is a JSON value as a cell, or why it is none.
func cellOf(value any, list bool) (_ cell, problem string) {
	switch v := value.(type) {
	case nil:
		return cell{}, ""
	case string:
		return cell{text: v}, ""
	case json.Number:
		if !list {
			return cell{text: v.String()}, ""
		}
	case bool:
		if !list {
			return cell{text: strconv.FormatBool(v)}, ""
		}
	case []any:
		if !list {
			break
		}
		c := cell{split: true}
		for _, e := range v {
			s, ok := e.(string)
			if !ok {
				return c, "The list holds something else than texts."
			}
			c.list = append(c.list, s)
		}
		return c, ""
	}
	if list {
		return cell{}, "A list of texts is wanted, or one text with semicolons."
	}
	return cell{}, "One value is wanted: a text, a number, true or false."
}
