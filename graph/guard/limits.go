package guard

import "github.com/99designs/gqlgen/graphql/errcode"

// Values of extensions.code in the errors of this package.
const (
	// CodeTooLarge: the document, or its variables, pass one of Limits.
	CodeTooLarge = "DOCUMENT_TOO_LARGE"
	// CodeForbidden: only some may introspect.
	CodeForbidden = "FORBIDDEN"

	codeParse      = errcode.ParseFailed
	codeValidation = errcode.ValidationFailed
)

// Limits bounds what a document may be. The zero value of a field stands for its default. The defaults
// leave room for ten times the largest of examples/, and keep the work before execution below ten
// milliseconds.
type Limits struct {
	Bytes      int // of the text. Default 100,000; long texts belong into variables
	Tokens     int // of the text, comments included. Default 10,000
	Name       int // bytes of a name, an alias or an operationName. Default 128
	Operations int // Default 20
	Fragments  int // definitions. Default 128
	Variables  int // definitions of all operations. Default 200
	Depth      int // fields below each other, fragments expanded. Default 25
	Nesting    int // selection sets below each other, inline fragments included. Default 50
	Fields     int // of an operation, fragments expanded. Default 2,000
	Aliases    int // of an operation, fragments expanded. Default 100
	Directives int // of an operation, fragments expanded. Default 100
	// Work bounds the selections and values that validation walks: those of every definition, with
	// every fragment that it reaches. Default 10,000.
	Work int
	// Repeats bounds the pairs of fields with one response name in one place, which validation
	// compares with each other. Default 10,000.
	Repeats    int
	Values     int // literals, those inside lists and objects included. Default 2,000
	ValueDepth int // lists and objects inside each other, in literals and variables. Default 16

	VariableValues int // values in the variables of a request, those inside lists and objects included. Default 5,000

	Errors     int   // of one answer. Default 5
	CacheCount int   // accepted documents that are kept. Default 1,000
	CacheBytes int64 // that they may take, by estimate. Default 64 MiB
}

// withDefaults returns the limits with every zero field replaced.
func (l Limits) withDefaults() Limits {
	for field, fallback := range map[*int]int{
		&l.Bytes: 100_000, &l.Tokens: 10_000, &l.Name: 128, &l.Operations: 20, &l.Fragments: 128,
		&l.Variables: 200, &l.Depth: 25, &l.Nesting: 50, &l.Fields: 2_000, &l.Aliases: 100,
		&l.Directives: 100, &l.Work: 10_000, &l.Repeats: 10_000, &l.Values: 2_000, &l.ValueDepth: 16,
		&l.VariableValues: 5_000, &l.Errors: 5, &l.CacheCount: 1_000,
	} {
		if *field == 0 {
			*field = fallback
		}
	}
	if l.CacheBytes == 0 {
		l.CacheBytes = 64 << 20
	}
	return l
}
