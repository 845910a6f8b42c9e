package dataset

import (
	"bufio"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// ErrFile is a file of interactions, items or people that cannot be read as such; the message names the line.
var ErrFile = errors.New("dataset: bad file")

const (
	// MaxFile is how many bytes of a file of interactions are read, after gzip.
	MaxFile = 1 << 30
	// MaxRows is how many rows it may have.
	MaxRows   = 5_000_000
	maxID     = 200 // bytes
	maxLine   = 1 << 20
	maxWeight = 1e6
)

// Interaction is a row of a file of interactions.
type Interaction struct {
	User, Item string
	Rated      bool
	Value      float64 // the rating, 1 to 5, if Rated; else the weight, negative when it speaks against
	At         time.Time
}

// columnNames are other names of columns, in small letters.
var columnNames = map[string]string{
	"user_id": "user", "userid": "user", "item_id": "item", "itemid": "item", "timestamp": "time", "score": "rating",
}

// sheet is a CSV file at a path, read row by row.
type sheet struct {
	path    string
	rows    *csv.Reader
	columns map[string]int
	row     []string
	line    int
}

// open reads the header. Columns come in any order; commas, semicolons or tabulators part them, whichever the
// header has. Files ending in .gz are unzipped.
func openSheet(path string, required ...string) (*sheet, io.Closer, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrFile, err)
	}
	s := &sheet{path: path, columns: map[string]int{}}
	if err := s.header(f, required); err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return s, f, nil
}

func (s *sheet) header(f io.Reader, required []string) error {
	if strings.HasSuffix(s.path, ".gz") {
		unzipped, err := gzip.NewReader(f)
		if err != nil {
			return fmt.Errorf("%w: %s is not gzipped: %w", ErrFile, s.path, err)
		}
		f = unzipped
	}
	in := bufio.NewReaderSize(&lines{from: f, path: s.path}, 1<<16)
	first, err := in.Peek(4096)
	if len(first) == 0 {
		return fmt.Errorf("%w: %s is empty (%w)", ErrFile, s.path, err)
	}
	head, _, _ := strings.Cut(string(first), "\n")
	s.rows = csv.NewReader(in)
	s.rows.ReuseRecord = true
	for _, mark := range []rune{'\t', ';'} {
		if strings.ContainsRune(head, mark) && !strings.Contains(head, ",") {
			s.rows.Comma = mark
		}
	}
	if err := s.next(); err != nil {
		return err
	}
	var names []string
	for i, name := range s.row {
		name = strings.ToLower(strings.TrimSpace(strings.TrimPrefix(name, "\ufeff")))
		if other, ok := columnNames[name]; ok {
			name = other
		}
		if _, twice := s.columns[name]; twice {
			return s.fault("the column %q comes twice", name)
		}
		s.columns[name] = i
		names = append(names, name)
	}
	for _, name := range required {
		if _, ok := s.columns[name]; !ok {
			return s.fault("there is no column %q; the header has %s", name, strings.Join(names, ", "))
		}
	}
	return nil
}

// next reads a row; io.EOF when there is none.
func (s *sheet) next() error {
	row, err := s.rows.Read()
	var fault *csv.ParseError
	switch {
	case errors.Is(err, io.EOF):
		return io.EOF
	case errors.As(err, &fault):
		s.line = fault.Line
		return s.fault("%w", fault.Err)
	case err != nil:
		return err
	}
	s.row = row
	s.line, _ = s.rows.FieldPos(0)
	for i, cell := range row {
		if !utf8.ValidString(cell) {
			return s.fault("field %d is not UTF-8: save the file as UTF-8", i+1)
		}
		if strings.ContainsRune(cell, 0) {
			return s.fault("field %d has a zero byte: this is no text", i+1)
		}
	}
	return nil
}

// fault is an error in the row.
func (s *sheet) fault(format string, args ...any) error {
	return fmt.Errorf("%w: %s, line %d: %w", ErrFile, s.path, s.line, fmt.Errorf(format, args...))
}

func (s *sheet) has(column string) bool {
	_, ok := s.columns[column]
	return ok
}

func (s *sheet) text(column string) string { return strings.TrimSpace(s.row[s.columns[column]]) }

func (s *sheet) id(column string) (string, error) {
	v := s.text(column)
	if v == "" {
		return "", s.fault("%s is empty", column)
	}
	if len(v) > maxID {
		return "", s.fault("%s has %d bytes, at most %d may be", column, len(v), maxID)
	}
	return strings.Clone(v), nil
}

func (s *sheet) number(column string, low, high float64) (float64, error) {
	v, err := strconv.ParseFloat(s.text(column), 64)
	if err != nil || math.IsNaN(v) {
		return 0, s.fault("%s is %q, not a number", column, s.text(column))
	}
	if v < low || v > high {
		return 0, s.fault("%s is %v, outside of %v to %v", column, v, low, high)
	}
	return v, nil
}

var timeLayouts = []string{time.RFC3339, time.DateTime, time.DateOnly}

func (s *sheet) time(column string) (time.Time, error) {
	v := s.text(column)
	if seconds, err := strconv.ParseFloat(v, 64); err == nil && seconds >= 0 && seconds < 1e11 {
		return time.Unix(int64(seconds), 0).UTC(), nil
	}
	for _, layout := range timeLayouts {
		if at, err := time.Parse(layout, v); err == nil {
			return at.UTC(), nil
		}
	}
	return time.Time{}, s.fault("%s is %q: seconds since 1970, or a time as 2025-03-01T12:00:00Z", column, v)
}

// Interactions reads a CSV file with the columns user, item, time, and rating (1 to 5) or weight (any number;
// one that is not above 0 speaks against the item). A pair may come several times. It fails with ErrFile.
func Interactions(path string) (rows []Interaction, err error) {
	s, file, err := openSheet(path, "user", "item", "time")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	rated := s.has("rating")
	if rated == s.has("weight") {
		return nil, s.fault("there must be a column rating (1 to 5) or a column weight, and one of them only")
	}
	for {
		if err := s.next(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		x := Interaction{Rated: rated}
		if x.User, err = s.id("user"); err != nil {
			return nil, err
		}
		if x.Item, err = s.id("item"); err != nil {
			return nil, err
		}
		if rated {
			x.Value, err = s.number("rating", 1, 5)
		} else {
			x.Value, err = s.number("weight", -maxWeight, maxWeight)
		}
		if err != nil {
			return nil, err
		}
		if x.At, err = s.time("time"); err != nil {
			return nil, err
		}
		if len(rows) == MaxRows {
			return nil, s.fault("more than %d rows: leave out the oldest", MaxRows)
		}
		rows = append(rows, x)
	}
	if len(rows) == 0 {
		return nil, s.fault("there are no rows below the header")
	}
	return rows, nil
}

// CatalogueItem is a row of a file of items.
type CatalogueItem struct {
	ID      string
	Teaches []string  // skills, most central first; may be empty
	Level   float64   // 0 to 2; NaN where the file does not tell
	Vector  []float64 // of its text; may be empty
}

// Items reads a CSV file with the column item, and any of teaches (skills, separated by semicolons), level
// (0 to 2) and vector (numbers, separated by blanks, as many in each row). It fails with ErrFile.
func Items(path string) (rows []CatalogueItem, err error) {
	s, file, err := openSheet(path, "item")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	seen := map[string]int{}
	length := 0
	for {
		if err := s.next(); errors.Is(err, io.EOF) {
			return rows, nil
		} else if err != nil {
			return nil, err
		}
		x := CatalogueItem{Level: math.NaN()}
		if x.ID, err = s.unique("item", seen); err != nil {
			return nil, err
		}
		if s.has("teaches") {
			for skill := range strings.SplitSeq(s.text("teaches"), ";") {
				if skill = strings.TrimSpace(skill); skill != "" && !slices.Contains(x.Teaches, skill) {
					x.Teaches = append(x.Teaches, strings.Clone(skill))
				}
			}
		}
		if x.Level, err = s.optional("level"); err != nil {
			return nil, err
		}
		if x.Vector, err = s.vector(&length); err != nil {
			return nil, err
		}
		rows = append(rows, x)
	}
}

// KnownPerson is a row of a file of people.
type KnownPerson struct {
	ID     string
	Needs  map[string]float64 // by skill, 0 to 1
	Level  float64            // 0 to 2; NaN where the file does not tell
	Vector []float64          // of what the person aims at; may be empty
}

// People reads a CSV file with the column user, and any of needs (skill:size, separated by semicolons, sizes 0
// to 1), level (0 to 2) and vector (as of Items). It fails with ErrFile.
func People(path string) (rows []KnownPerson, err error) {
	s, file, err := openSheet(path, "user")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	seen := map[string]int{}
	length := 0
	for {
		if err := s.next(); errors.Is(err, io.EOF) {
			return rows, nil
		} else if err != nil {
			return nil, err
		}
		x := KnownPerson{Needs: map[string]float64{}}
		if x.ID, err = s.unique("user", seen); err != nil {
			return nil, err
		}
		if s.has("needs") {
			if err := s.needs(x.Needs); err != nil {
				return nil, err
			}
		}
		if x.Level, err = s.optional("level"); err != nil {
			return nil, err
		}
		if x.Vector, err = s.vector(&length); err != nil {
			return nil, err
		}
		rows = append(rows, x)
	}
}

func (s *sheet) needs(into map[string]float64) error {
	for need := range strings.SplitSeq(s.text("needs"), ";") {
		if strings.TrimSpace(need) == "" {
			continue
		}
		at := strings.LastIndexByte(need, ':')
		if at < 0 {
			return s.fault("needs has %q: skill:size is wanted", need)
		}
		size, err := strconv.ParseFloat(strings.TrimSpace(need[at+1:]), 64)
		if err != nil || !(size >= 0 && size <= 1) {
			return s.fault("needs has %q: the size is 0 to 1", need)
		}
		into[strings.Clone(strings.TrimSpace(need[:at]))] = size
	}
	return nil
}

func (s *sheet) unique(column string, seen map[string]int) (string, error) {
	v, err := s.id(column)
	if err != nil {
		return "", err
	}
	if line, ok := seen[v]; ok {
		return "", s.fault("%s %q is already on line %d", column, v, line)
	}
	if len(seen) == MaxRows {
		return "", s.fault("more than %d rows", MaxRows)
	}
	seen[v] = s.line
	return v, nil
}

func (s *sheet) optional(column string) (float64, error) {
	if !s.has(column) || s.text(column) == "" {
		return math.NaN(), nil
	}
	return s.number(column, 0, 2)
}

// vector is of the length of the first one.
func (s *sheet) vector(length *int) ([]float64, error) {
	if !s.has("vector") {
		return nil, nil
	}
	var out []float64
	for _, part := range strings.Fields(s.text("vector")) {
		v, err := strconv.ParseFloat(part, 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, s.fault("vector has %q, not a number", part)
		}
		out = append(out, v)
	}
	if *length == 0 {
		*length = len(out)
	}
	if len(out) > 0 && len(out) != *length {
		return nil, s.fault("vector has %d numbers, others %d", len(out), *length)
	}
	return out, nil
}

// lines ends with an error where a line or the file is too long to be what it should be.
type lines struct {
	from        io.Reader
	path        string
	line, total int
}

func (l *lines) Read(p []byte) (int, error) {
	n, err := l.from.Read(p)
	l.total += n
	for _, b := range p[:n] {
		if l.line++; b == '\n' {
			l.line = 0
		}
		if l.line > maxLine {
			return 0, fmt.Errorf("%w: %s has a line of more than %d bytes: this is no CSV", ErrFile, l.path, maxLine)
		}
	}
	if l.total > MaxFile {
		return 0, fmt.Errorf("%w: %s has more than %d bytes", ErrFile, l.path, MaxFile)
	}
	return n, err
}
