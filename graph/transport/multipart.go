package transport

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
)

// preflightHeaders are those of which one has to come with a multipart form. A page of another origin
// cannot send a form with a header of its own: the browser asks first (CORS), and the server refuses. The
// value does not matter. The names are those that common clients know.
var preflightHeaders = []string{"GraphQL-Preflight", "Apollo-Require-Preflight"}

// What a form may hold besides its files.
const (
	maxUploads  = 4       // files of one request
	maxMapBytes = 4 << 10 // of the part that says where they go
	partSlack   = 4 << 10 // for the lines around each part
)

const mediaForm = "multipart/form-data"

// isForm tells whether a request is a multipart form.
func isForm(r *http.Request) bool {
	typ, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && typ == mediaForm && r.Method == http.MethodPost
}

// formParams reads a request with files, as the GraphQL multipart request specification has it
// (https://github.com/jaydenseric/graphql-multipart-request-spec, version 2.0.0): a part "operations" with
// the request as JSON, a part "map" that says for each file which variables it is, and the files. They are
// held in memory, and as many requests of the kind as Limits.MaxUploads at a time. The caller calls the
// function that is returned when the operation has ended.
func (t *HTTP) formParams(w http.ResponseWriter, r *http.Request) (*graphql.RawParams, func(), *requestError) {
	start := graphql.Now()
	done := func() {}
	if !slices.ContainsFunc(preflightHeaders, func(name string) bool { return r.Header.Get(name) != "" }) || t.AllowUpload == nil {
		return nil, done, unsupported("send the request as application/json in UTF-8, or, with a file, as multipart/form-data with a header " + preflightHeaders[0] + ": 1")
	}
	if err := t.AllowUpload(r); err != nil {
		code, _ := err.Extensions["code"].(string)
		status, known := t.ErrorStatus[code]
		if !known {
			status = http.StatusForbidden
		}
		return nil, done, &requestError{status: status, code: code, message: err.Message}
	}
	if enc := r.Header.Get("Content-Encoding"); enc != "" && !strings.EqualFold(enc, "identity") {
		return nil, done, unsupported("send the request without a content encoding")
	}
	limit := t.Limits.MaxUploadBytes + t.Limits.MaxBodyBytes + maxMapBytes + (maxUploads+2)*partSlack
	if r.ContentLength > limit {
		return nil, done, t.uploadTooLarge()
	}
	if n := t.uploads.Add(1); !within(int(n), t.Limits.MaxUploads) {
		t.uploads.Add(-1)
		return nil, done, overloaded("too many files are being uploaded")
	}
	done = func() { t.uploads.Add(-1) }

	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(t.Limits.UploadTimeout)) // a test recorder has none
	r.Body = http.MaxBytesReader(w, r.Body, limit)
	params, refused := t.readForm(r)
	if refused != nil {
		return nil, done, refused
	}
	// The server goes on reading to notice that the client left; that must not time out.
	_ = control.SetReadDeadline(time.Time{})
	params.Headers = r.Header
	params.ReadTime = graphql.TraceTiming{Start: start, End: graphql.Now()}
	return params, done, nil
}

func (t *HTTP) uploadTooLarge() *requestError {
	return &requestError{
		status: http.StatusRequestEntityTooLarge, code: CodePayloadTooLarge,
		message: fmt.Sprintf("the files of a request are larger than %d bytes", t.Limits.MaxUploadBytes),
	}
}

// readForm reads the parts of a form in their order.
func (t *HTTP) readForm(r *http.Request) (*graphql.RawParams, *requestError) {
	form, err := r.MultipartReader()
	if err != nil {
		return nil, badRequest("the form has no boundary")
	}
	operations, refused := t.jsonPart(form, "operations", t.Limits.MaxBodyBytes)
	if refused != nil {
		return nil, refused
	}
	params, problem := decodeParams(operations)
	if problem != "" {
		return nil, badRequest(problem)
	}
	text, refused := t.jsonPart(form, "map", maxMapBytes)
	if refused != nil {
		return nil, refused
	}
	places := map[string][]string{}
	if err := json.Unmarshal(text, &places); err != nil {
		return nil, badRequest(`the part "map" must be a JSON object of lists of paths`)
	}
	if len(places) == 0 || len(places) > maxUploads {
		return nil, badRequest(fmt.Sprintf(`the part "map" must name 1 to %d files`, maxUploads))
	}
	left := t.Limits.MaxUploadBytes
	for len(places) > 0 {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return nil, badRequest(`a file that the part "map" names is missing`)
		}
		if err != nil {
			return nil, t.formError(err)
		}
		paths := places[part.FormName()]
		if len(paths) == 0 {
			return nil, badRequest(`the form has a file that the part "map" does not give a place`)
		}
		delete(places, part.FormName())
		content, refused := t.partBytes(part, left)
		if refused != nil {
			return nil, refused
		}
		left -= int64(len(content))
		for _, path := range paths {
			upload := graphql.Upload{
				File: bytes.NewReader(content), Filename: part.FileName(),
				Size: int64(len(content)), ContentType: part.Header.Get("Content-Type"),
			}
			if !place(params.Variables, path, upload) {
				return nil, badRequest(`a path of the part "map" leads to no variable that is null`)
			}
		}
	}
	if _, err := form.NextPart(); err == nil {
		return nil, badRequest(`the form has a file that the part "map" does not give a place`)
	} else if !errors.Is(err, io.EOF) {
		return nil, t.formError(err)
	}
	return params, nil
}

// jsonPart reads the next part, which must have the name.
func (t *HTTP) jsonPart(form *multipart.Reader, name string, limit int64) ([]byte, *requestError) {
	part, err := form.NextPart()
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, t.formError(err)
	}
	if err != nil || part.FormName() != name {
		return nil, badRequest(`the form must begin with the parts "operations" and "map", in this order`)
	}
	text, err := io.ReadAll(io.LimitReader(part, limit+1))
	if err != nil {
		return nil, t.formError(err)
	}
	if int64(len(text)) > limit {
		return nil, &requestError{
			status: http.StatusRequestEntityTooLarge, code: CodePayloadTooLarge,
			message: fmt.Sprintf("the part %q is larger than %d bytes", name, limit),
		}
	}
	return text, nil
}

// partBytes reads a file.
func (t *HTTP) partBytes(part *multipart.Part, limit int64) ([]byte, *requestError) {
	content, err := io.ReadAll(io.LimitReader(part, limit+1))
	if err != nil {
		return nil, t.formError(err)
	}
	if int64(len(content)) > limit {
		return nil, t.uploadTooLarge()
	}
	return content, nil
}

// formError says why a form could not be read on.
func (t *HTTP) formError(err error) *requestError {
	var maxBytes *http.MaxBytesError
	switch {
	case errors.As(err, &maxBytes):
		return t.uploadTooLarge()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &requestError{
			status: http.StatusRequestTimeout, code: CodeRequestTimeout,
			message: fmt.Sprintf("the files did not arrive within %s", t.Limits.UploadTimeout),
		}
	}
	return badRequest("the form is not well-formed, or could not be read to its end")
}

// place puts a file where a path such as variables.input.file or variables.files.0 leads, which has to be
// null there.
func place(variables map[string]any, path string, upload graphql.Upload) bool {
	names := strings.Split(path, ".")
	if len(names) < 2 || names[0] != "variables" {
		return false
	}
	var at any = variables
	for i, name := range names[1:] {
		last := i == len(names)-2
		switch within := at.(type) {
		case map[string]any:
			value, given := within[name]
			if !given || last && value != nil {
				return false
			}
			if last {
				within[name] = upload
				return true
			}
			at = value
		case []any:
			n, err := strconv.Atoi(name)
			if err != nil || n < 0 || n >= len(within) || last && within[n] != nil {
				return false
			}
			if last {
				within[n] = upload
				return true
			}
			at = within[n]
		default:
			return false
		}
	}
	return false
}
