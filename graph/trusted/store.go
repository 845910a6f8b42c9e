package trusted

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// hashPrefix begins the ids that are made from the text of the document.
const hashPrefix = "sha256:"

// maxFaults is how many faults Load tells of at most.
const maxFaults = 10

// document is a document that may be executed.
type document struct {
	text string
	plan *ast.QueryDocument // parsed and validated; shared by all requests, which only read it
	from string             // the manifest, for messages
}

// Store holds the trusted documents. It does not change after Load. The nil Store holds none.
type Store struct {
	byID      map[string]*document // by the id of the manifest, and by the SHA-256 of the text in hexadecimal
	byText    map[string]*document
	manifests []Manifest
}

// Manifest says what a file gave.
type Manifest struct {
	Path      string
	Documents int
}

// Load reads manifests from files and folders and validates every document against the schema. Its
// error names file, id, operation and reason of each fault, up to ten. Manifests of several releases may hold the
// same document.
func Load(schema *ast.Schema, paths []string) (*Store, error) {
	files, err := manifestFiles(paths)
	if err != nil {
		return nil, err
	}
	s := &Store{byID: map[string]*document{}, byText: map[string]*document{}}
	var faults []error
	for _, file := range files {
		entries, err := readManifest(file)
		if err != nil {
			faults = append(faults, fmt.Errorf("trusted documents: %s: %w", file, err))
			continue
		}
		s.manifests = append(s.manifests, Manifest{file, len(entries)})
		for _, e := range entries {
			if err := s.add(schema, file, e); err != nil {
				faults = append(faults, fmt.Errorf("trusted documents: %s: document %q%s: %w", file, e.id, named(e), err))
			}
		}
	}
	if more := len(faults) - maxFaults; more > 0 {
		faults = append(faults[:maxFaults], fmt.Errorf("trusted documents: %d more like these", more))
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return s, nil
}

// Len is the number of documents; those that several manifests hold count once.
func (s *Store) Len() int {
	if s == nil {
		return 0
	}
	return len(s.byText)
}

// Manifests are the files that were read, in their order.
func (s *Store) Manifests() []Manifest {
	if s == nil {
		return nil
	}
	return slices.Clone(s.manifests)
}

// add puts in a document under its id and its hash.
func (s *Store) add(schema *ast.Schema, file string, e entry) error {
	hash := Hash(e.text)
	id, hashed := strings.CutPrefix(e.id, hashPrefix)
	switch {
	case e.id == "":
		return errors.New("it has no id")
	case hashed && !isHash(id):
		return errors.New("sha256: must be followed by 64 hexadecimal digits")
	case isHash(id):
		if id = strings.ToLower(id); id != hash {
			return fmt.Errorf("its id is not the SHA-256 of its text, which is %s: was the text changed after the manifest was made, its line ends perhaps?", hash)
		}
	}
	doc := s.byText[e.text]
	if doc == nil {
		plan, err := compile(schema, e)
		if err != nil {
			return err
		}
		doc = &document{text: e.text, plan: plan, from: file}
	}
	if other := s.byID[id]; other != nil && other != doc {
		return fmt.Errorf("%s has another document under this id", other.from)
	}
	s.byText[doc.text] = doc
	s.byID[hash], s.byID[id] = doc, doc
	return nil
}

// compile parses and validates a document by the rules that hold for requests. No limit of tokens
// holds here: the operator chose these documents.
func compile(schema *ast.Schema, e entry) (*ast.QueryDocument, error) {
	plan, err := parser.ParseQuery(&ast.Source{Input: e.text})
	if err != nil {
		return nil, reason(gqlerror.List{asError(err)})
	}
	if len(plan.Operations) == 0 {
		return nil, errors.New("it holds no operation")
	}
	if e.operation != "" && plan.Operations.ForName(e.operation) == nil {
		return nil, fmt.Errorf("it holds no operation of the name %s", e.operation)
	}
	if errs := validator.ValidateWithRules(schema, plan, rules.NewDefaultRules()); len(errs) > 0 {
		return nil, reason(errs)
	}
	return plan, nil
}

func asError(err error) *gqlerror.Error {
	var g *gqlerror.Error
	if errors.As(err, &g) {
		return g
	}
	return gqlerror.Wrap(err)
}

// reason is the first of the errors, with its place.
func reason(errs gqlerror.List) error {
	message := errs[0].Message
	if at := errs[0].Locations; len(at) > 0 {
		message = fmt.Sprintf("line %d, column %d: %s", at[0].Line, at[0].Column, message)
	}
	if more := len(errs) - 1; more > 0 {
		message += fmt.Sprintf(" (and %d more)", more)
	}
	return errors.New(message)
}

// named names the operations of an entry, as far as it can be read.
func named(e entry) string {
	names := []string{e.operation}
	if e.operation == "" {
		plan, err := parser.ParseQuery(&ast.Source{Input: e.text})
		if err != nil {
			return ""
		}
		names = nil
		for _, o := range plan.Operations {
			if o.Name != "" {
				names = append(names, o.Name)
			}
		}
	}
	if len(names) == 0 {
		return ""
	}
	return " (" + strings.Join(names, ", ") + ")"
}

// get finds a document by an id of any form; nil when there is none.
func (s *Store) get(id string) *document {
	if s == nil {
		return nil
	}
	if bare, ok := strings.CutPrefix(id, hashPrefix); ok {
		id = bare
	}
	if doc := s.byID[id]; doc != nil {
		return doc
	}
	if isHash(id) {
		return s.byID[strings.ToLower(id)]
	}
	return nil
}

// Hash is the SHA-256 of a text in lower-case hexadecimal digits.
func Hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func isHash(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == sha256.Size
}

// Cache gives the executor the parsed and validated form of the trusted documents, which are always
// there, and leaves all others to next.
func (s *Store) Cache(next graphql.Cache[*ast.QueryDocument]) graphql.Cache[*ast.QueryDocument] {
	if s.Len() == 0 {
		return next
	}
	return cache{s, next}
}

type cache struct {
	store *Store
	next  graphql.Cache[*ast.QueryDocument]
}

func (c cache) Get(ctx context.Context, text string) (*ast.QueryDocument, bool) {
	if doc := c.store.byText[text]; doc != nil {
		return doc.plan, true
	}
	return c.next.Get(ctx, text)
}

func (c cache) Add(ctx context.Context, text string, plan *ast.QueryDocument) {
	c.next.Add(ctx, text, plan)
}
