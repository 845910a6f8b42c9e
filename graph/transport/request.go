package transport

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
)

// documentIDKey is where the id of a trusted document travels inside RawParams.Extensions.
const documentIDKey = "documentId"

// DocumentID returns the id of the trusted document that a request names instead of a query, or "".
// Clients give it as the parameter documentId, doc_id or id (Relay's names for it) beside the others.
// Apollo's extensions.persistedQuery stays where it is.
func DocumentID(params *graphql.RawParams) string {
	id, _ := params.Extensions[documentIDKey].(string)
	return id
}

// keptBuffer is the largest buffer that goes back to the pool, so that one large essay does not
// stay in memory for good.
const keptBuffer = 256 << 10

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func getBuffer() *bytes.Buffer {
	b := buffers.Get().(*bytes.Buffer)
	b.Reset()
	return b
}

func putBuffer(b *bytes.Buffer) {
	if b.Cap() <= keptBuffer {
		buffers.Put(b)
	}
}

// readParams reads the parameters of a GET or POST request.
func readParams(w http.ResponseWriter, r *http.Request, limits Limits) (*graphql.RawParams, *requestError) {
	start := graphql.Now()
	var params *graphql.RawParams
	var refused *requestError
	if r.Method == http.MethodGet {
		params, refused = queryParams(r.URL.RawQuery)
	} else {
		params, refused = bodyParams(w, r, limits)
	}
	if refused != nil {
		return nil, refused
	}
	params.Headers = r.Header
	params.ReadTime = graphql.TraceTiming{Start: start, End: graphql.Now()}
	return params, nil
}

// bodyParams reads the parameters of a POST request. Only JSON is taken: a form is what a foreign
// page can send without a preflight.
func bodyParams(w http.ResponseWriter, r *http.Request, limits Limits) (*graphql.RawParams, *requestError) {
	typ, ctParams, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || typ != string(mediaJSON) || !isUTF8(ctParams["charset"]) {
		return nil, unsupported("send the request as application/json in UTF-8")
	}
	if enc := r.Header.Get("Content-Encoding"); enc != "" && !strings.EqualFold(enc, "identity") {
		return nil, unsupported("send the request without a content encoding")
	}
	tooLarge := &requestError{
		status:  http.StatusRequestEntityTooLarge,
		code:    CodePayloadTooLarge,
		message: fmt.Sprintf("the request body is larger than %d bytes", limits.MaxBodyBytes),
	}
	if r.ContentLength > limits.MaxBodyBytes {
		return nil, tooLarge
	}

	control := http.NewResponseController(w)
	// A writer without deadlines (a test recorder) is read without one.
	_ = control.SetReadDeadline(time.Now().Add(limits.ReadTimeout))
	buf := getBuffer()
	defer putBuffer(buf)
	_, err = buf.ReadFrom(http.MaxBytesReader(w, r.Body, limits.MaxBodyBytes))
	if err == nil {
		// The server goes on reading to notice that the client left; that must not time out.
		_ = control.SetReadDeadline(time.Time{})
	}
	var maxBytes *http.MaxBytesError
	switch {
	case errors.As(err, &maxBytes):
		return nil, tooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, &requestError{
			status: http.StatusRequestTimeout, code: CodeRequestTimeout,
			message: fmt.Sprintf("the request body did not arrive within %s", limits.ReadTimeout),
		}
	case err != nil:
		return nil, badRequest("the request body could not be read to its end")
	}

	params, problem := decodeParams(buf.Bytes())
	if problem != "" {
		return nil, badRequest(problem)
	}
	return params, nil
}

func unsupported(message string) *requestError {
	return &requestError{
		status: http.StatusUnsupportedMediaType, code: CodeUnsupportedMediaType, message: message,
	}
}

// queryParams reads the parameters of a GET request; variables and extensions are JSON text there.
func queryParams(rawQuery string) (*graphql.RawParams, *requestError) {
	values, err := url.ParseQuery(rawQuery)
	if err != nil {
		return nil, badRequest("the query string of the URL is not well-formed")
	}
	get := func(name string) (string, bool, *requestError) {
		switch v := values[name]; {
		case len(v) == 0:
			return "", false, nil
		case len(v) > 1:
			return "", false, badRequest(fmt.Sprintf("the parameter %q is given more than once", name))
		case !utf8.ValidString(v[0]):
			return "", false, badRequest(fmt.Sprintf("the parameter %q is not valid UTF-8", name))
		default:
			return v[0], true, nil
		}
	}
	var p parameters
	for _, name := range parameterNames {
		text, given, refused := get(name)
		if refused != nil {
			return nil, refused
		}
		if !given {
			continue
		}
		target := p.target(name)
		if s, ok := target.(**string); ok {
			*s = &text
			continue
		}
		if text == "" {
			continue
		}
		if problem := decodeWhole([]byte(text), name, target); problem != "" {
			return nil, badRequest(problem)
		}
	}
	params, problem := p.finish()
	if problem != "" {
		return nil, badRequest(problem)
	}
	return params, nil
}

// parameters are the parameters of a request as they were given; nil stands for absent and null.
type parameters struct {
	query, operationName, documentID, docID, id *string
	variables, extensions                       map[string]any
}

// parameterNames are the names that target knows.
var parameterNames = []string{"query", "operationName", "variables", "extensions", "documentId", "doc_id", "id"}

// target is where the value of the named parameter is decoded to; nil for a name that means nothing.
func (p *parameters) target(name string) any {
	switch name {
	case "query":
		return &p.query
	case "operationName":
		return &p.operationName
	case "variables":
		return &p.variables
	case "extensions":
		return &p.extensions
	case "documentId":
		return &p.documentID
	case "doc_id":
		return &p.docID
	case "id":
		return &p.id
	}
	return nil
}

// finish checks that the parameters name a document.
func (p *parameters) finish() (_ *graphql.RawParams, problem string) {
	params := &graphql.RawParams{
		Query:         deref(p.query),
		OperationName: deref(p.operationName),
		Variables:     p.variables,
		Extensions:    p.extensions,
	}
	given := 0
	for _, id := range []*string{p.documentID, p.docID, p.id} {
		if id != nil {
			given++
		}
	}
	if given > 1 {
		return nil, `give one of "documentId", "doc_id" and "id"`
	}
	if id := cmp.Or(deref(p.documentID), deref(p.docID), deref(p.id)); id != "" {
		if params.Extensions == nil {
			params.Extensions = map[string]any{}
		}
		params.Extensions[documentIDKey] = id
	}
	if p.query == nil && DocumentID(params) == "" && params.Extensions["persistedQuery"] == nil {
		return nil, `the parameter "query" is missing`
	}
	return params, ""
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// decodeParams reads the JSON object of a request. What it returns as a problem names parameters and
// positions and never repeats the text. It is stricter than encoding/json: invalid UTF-8 is refused
// instead of replaced, names are case-sensitive, and no parameter may stand there twice. A lone
// surrogate written as an escape (\ud800) is replaced by U+FFFD, as encoding/json does.
func decodeParams(text []byte) (_ *graphql.RawParams, problem string) {
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(text) {
		return nil, "the request is not valid UTF-8"
	}
	if problem := prescan(text); problem != "" {
		return nil, problem
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	switch first, err := dec.Token(); {
	case errors.Is(err, io.EOF):
		return nil, "the request is empty; send a JSON object"
	case err != nil:
		return nil, invalidJSON(dec)
	case first == json.Delim('['):
		return nil, "batches are not supported; send one operation in a request"
	case first != json.Delim('{'):
		return nil, "the request must be a JSON object"
	}

	var p parameters
	seen := map[string]bool{}
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return nil, invalidJSON(dec)
		}
		name, _ := token.(string)
		target := p.target(name)
		if target == nil {
			target = new(json.RawMessage)
		} else if seen[name] {
			return nil, fmt.Sprintf("the parameter %q is given more than once", name)
		} else {
			seen[name] = true
		}
		if problem := decodeValue(dec, name, target); problem != "" {
			return nil, problem
		}
	}
	if _, err := dec.Token(); err != nil {
		return nil, invalidJSON(dec)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, "the request goes on after its JSON object"
	}
	return p.finish()
}

// decodeWhole decodes a text that holds one JSON value.
func decodeWhole(text []byte, name string, target any) (problem string) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if problem := decodeValue(dec, name, target); problem != "" {
		return problem
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return fmt.Sprintf("the parameter %q goes on after its JSON value", name)
	}
	return ""
}

// decodeValue decodes the next value, which belongs to the named parameter.
func decodeValue(dec *json.Decoder, name string, target any) (problem string) {
	err := dec.Decode(target)
	var wrongType *json.UnmarshalTypeError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &wrongType):
		kind := "an object"
		if _, ok := target.(**string); ok {
			kind = "a string"
		}
		return fmt.Sprintf("the parameter %q must be %s or null", name, kind)
	default:
		return invalidJSON(dec)
	}
}

func invalidJSON(dec *json.Decoder) string {
	return fmt.Sprintf("the request is not valid JSON (near byte %d)", dec.InputOffset())
}
