package seeds

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Fault is one thing that is wrong with a seed file, and where.
type Fault struct {
	File    string // as the file system names it, slashes between the parts
	Line    int    // from 1; 0 when the fault is the file as a whole
	Column  int    // from 1; 0 when the fault is the file as a whole
	Path    string // JSON pointer to the value, "" for the document
	Message string // what is wrong and, where it is not plain, what would be right
}

// Error gives the fault as editors and terminals expect it: file:line:col: message.
func (f Fault) Error() string {
	where := f.File
	if f.Line > 0 {
		where = fmt.Sprintf("%s:%d:%d", f.File, f.Line, f.Column)
	}
	if f.Path == "" {
		return where + ": " + f.Message
	}
	return fmt.Sprintf("%s: %s (at %s)", where, f.Message, f.Path)
}

// Faults are all the faults of a set of seed files, sorted by file and position. It is the only
// type of error that Load returns.
type Faults []Fault

// Error gives one fault a line.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.Error()
	}
	return strings.Join(lines, "\n")
}

// sorted orders the faults by place and drops repeated ones.
func (f Faults) sorted() Faults {
	slices.SortFunc(f, func(a, b Fault) int {
		return cmp.Or(
			cmp.Compare(a.File, b.File),
			cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Column, b.Column),
			cmp.Compare(a.Path, b.Path),
			cmp.Compare(a.Message, b.Message),
		)
	})
	return slices.Compact(f)
}
