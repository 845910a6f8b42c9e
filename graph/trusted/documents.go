package trusted

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/rubrica/rubrica/graph/transport"
)

// Values of extensions.code in the errors of this package.
const (
	// CodeUnknown: no manifest holds the document that the request names.
	CodeUnknown = "DOCUMENT_UNKNOWN"
	// CodeRequired: the caller may only run trusted documents, and the request names none.
	CodeRequired = "DOCUMENT_REQUIRED"
	// CodeBadInput: the id is malformed, or is not that of the text beside it.
	CodeBadInput = "BAD_INPUT"
)

// notFoundOfApollo is the message on which Apollo Client sends the text beside the hash. It is given
// to those alone whose texts are taken: everybody else's client would try in vain.
const notFoundOfApollo = "PersistedQueryNotFound"

// Documents is the extension that puts the text of a trusted document into the request that names it,
// and refuses other documents to those who may not write their own.
type Documents struct {
	// Store holds the trusted documents; nil holds none.
	Store *Store
	// Free decides whether the caller may send documents that the store does not hold. It is asked
	// once for each operation, also on a socket. Nil: everyone may.
	Free func(ctx context.Context) bool
}

var _ interface {
	graphql.HandlerExtension
	graphql.OperationParameterMutator
} = Documents{}

// ExtensionName of the extension.
func (Documents) ExtensionName() string { return "TrustedDocuments" }

// Validate accepts every schema.
func (Documents) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationParameters resolves the id of the request.
func (d Documents) MutateOperationParameters(ctx context.Context, p *graphql.RawParams) *gqlerror.Error {
	id, apollo, err := documentID(p)
	if err != nil {
		return err
	}
	free := d.Free == nil || d.Free(ctx)
	if id == "" {
		if !free {
			return refuse(CodeRequired, "This server runs registered documents alone: send the documentId of one. "+
				"Its operators register the manifest of your client's build.")
		}
		return nil
	}

	doc := d.Store.get(id)
	switch {
	case doc != nil && p.Query == "":
		p.Query = doc.text
		return nil
	case doc != nil && p.Query == doc.text:
		return nil
	case doc != nil, p.Query != "" && isHashID(id) && !hasHash(p.Query, id):
		return refuse(CodeBadInput, "The id is not that of the query beside it: leave the query out.")
	case p.Query != "" && isHashID(id) && free:
		return nil // run, and forgotten
	case apollo && free && p.Query == "":
		return refuse(CodeUnknown, notFoundOfApollo)
	}
	return refuse(CodeUnknown, "There is no registered document with this id. Documents are registered from "+
		"manifests when the server starts, and never by a request.")
}

// documentID is the id that the request names, or "", and whether it does so in Apollo's way.
func documentID(p *graphql.RawParams) (id string, apollo bool, _ *gqlerror.Error) {
	id = transport.DocumentID(p)
	if hash, ok := strings.CutPrefix(id, hashPrefix); ok && !isHash(hash) {
		return "", false, refuse(CodeBadInput, "In a documentId, sha256: is followed by 64 hexadecimal digits.")
	}
	given := p.Extensions["persistedQuery"]
	if given == nil {
		return id, false, nil
	}
	extension, _ := given.(map[string]any)
	version, _ := extension["version"].(json.Number)
	hash, _ := extension["sha256Hash"].(string)
	switch {
	case version != "1" || !isHash(hash):
		return "", false, refuse(CodeBadInput, "extensions.persistedQuery must be {version: 1, sha256Hash: 64 hexadecimal digits}.")
	case id != "" && !strings.EqualFold(strings.TrimPrefix(id, hashPrefix), hash):
		return "", false, refuse(CodeBadInput, "The request names two documents: give documentId or extensions.persistedQuery.")
	}
	return hashPrefix + hash, true, nil
}

// isHashID tells whether an id says which text it stands for.
func isHashID(id string) bool { return isHash(strings.TrimPrefix(id, hashPrefix)) }

func hasHash(text, id string) bool {
	return strings.EqualFold(Hash(text), strings.TrimPrefix(id, hashPrefix))
}

func refuse(code, message string) *gqlerror.Error {
	err := &gqlerror.Error{Message: message}
	errcode.Set(err, code)
	return err
}
