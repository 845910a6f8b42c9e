package transport

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// part is a part of a form; one without a file name is a field.
type part struct{ name, file, content string }

func form(parts ...part) string {
	var b strings.Builder
	for _, p := range parts {
		b.WriteString("--b\r\nContent-Disposition: form-data; name=\"" + p.name + `"`)
		if p.file != "" {
			b.WriteString(`; filename="` + p.file + "\"\r\nContent-Type: text/csv")
		}
		b.WriteString("\r\n\r\n" + p.content + "\r\n")
	}
	return b.String() + "--b--\r\n"
}

const (
	uploadQuery = `"query":"mutation($in: UploadInput!){upload(input:$in)}"`
	oneFile     = `{` + uploadQuery + `,"variables":{"in":{"file":null}}}`
)

func ops(text string) part     { return part{"operations", "", text} }
func mapping(text string) part { return part{"map", "", text} }

// send posts a form with a preflight header.
func (s *testServer) send(t *testing.T, body string) (int, string) {
	t.Helper()
	resp := s.do(t, t.Context(), request{
		method: http.MethodPost, contentType: mediaForm + "; boundary=b", accept: asJSON, body: body,
		header: http.Header{"Graphql-Preflight": {"1"}},
	})
	return resp.StatusCode, readAll(t, resp)
}

func everyone(*http.Request) *gqlerror.Error { return nil }

func TestFilesComeWithAMutation(t *testing.T) {
	s := start(t, Config{AllowUpload: everyone})
	status, body := s.send(t, form(ops(oneFile), mapping(`{"0":["variables.in.file"]}`), part{"0", "a.csv", "x,y\r\n1,2"}))
	require.Equal(t, 200, status)
	require.JSONEq(t, `{"data":{"upload":["a.csv text/csv x,y\r\n1,2"]}}`, body)

	status, body = s.send(t, form(ops(`{`+uploadQuery+`,"variables":{"in":{"file":null,"more":[null,null]}}}`),
		mapping(`{"a":["variables.in.more.1","variables.in.file"],"b":["variables.in.more.0"]}`),
		part{"a", "../../a.csv", "first"}, part{"b", "b.csv", ""}))
	require.Equal(t, 200, status)
	require.JSONEq(t, `{"data":{"upload":["b.csv text/csv ","a.csv text/csv first","a.csv text/csv first"]}}`, body, "each place reads the file from its start")

	resp := s.do(t, t.Context(), request{
		method: http.MethodPost, contentType: mediaForm + "; boundary=b", accept: asGraphQL,
		header: http.Header{"Apollo-Require-Preflight": {"true"}},
		body:   form(ops(oneFile), mapping(`{"0":["variables.in.file"]}`), part{"0", "a.csv", "x"}),
	})
	require.Equal(t, 200, resp.StatusCode, readAll(t, resp))
}

// What a page of another origin can make a browser send is refused, whoever is signed in, before anything
// of the body is read; and so are those who may send no files.
func TestWhoMaySendFiles(t *testing.T) {
	asked := 0
	s := start(t, Config{
		AllowUpload: func(r *http.Request) *gqlerror.Error {
			asked++
			switch r.Header.Get("Authorization") {
			case "":
				return &gqlerror.Error{Message: "who?", Extensions: map[string]any{"code": "UNAUTHENTICATED"}}
			case "learner":
				return &gqlerror.Error{Message: "no", Extensions: map[string]any{"code": "FORBIDDEN"}}
			}
			return nil
		},
		ErrorStatus: map[string]int{"UNAUTHENTICATED": http.StatusUnauthorized},
	})
	nobody := start(t, Config{})
	good := form(ops(oneFile), mapping(`{"0":["variables.in.file"]}`), part{"0", "a.csv", "x"})
	for _, c := range []struct {
		server *testServer
		header http.Header
		status int
		code   string
	}{
		{s, http.Header{"Authorization": {"admin"}}, 415, CodeUnsupportedMediaType},
		{s, http.Header{"Authorization": {"admin"}, "Graphql-Preflight": {""}}, 415, CodeUnsupportedMediaType},
		{s, http.Header{"Graphql-Preflight": {"1"}}, 401, "UNAUTHENTICATED"},
		{s, http.Header{"Graphql-Preflight": {"1"}, "Authorization": {"learner"}}, 403, "FORBIDDEN"},
		{s, http.Header{"Graphql-Preflight": {"1"}, "Authorization": {"admin"}}, 200, ""},
		{nobody, http.Header{"Graphql-Preflight": {"1"}, "Authorization": {"admin"}}, 415, CodeUnsupportedMediaType},
	} {
		resp := c.server.do(t, t.Context(), request{
			method: http.MethodPost, contentType: mediaForm + "; boundary=b", accept: asJSON, header: c.header, body: good,
		})
		body := readAll(t, resp)
		require.Equal(t, c.status, resp.StatusCode, body)
		require.Equal(t, c.code, code(t, body))
	}
	require.Equal(t, 3, asked)
}

func TestFormsThatAreRefused(t *testing.T) {
	s := start(t, Config{AllowUpload: everyone, Limits: Limits{MaxBodyBytes: 2000, MaxUploadBytes: 5000}})
	at := mapping(`{"0":["variables.in.file"]}`)
	file := part{"0", "a.csv", "SECRET"}
	for name, c := range map[string]struct {
		body   string
		status int
		code   string
	}{
		"empty":                {"", 400, CodeBadRequest},
		"no end":               {strings.TrimSuffix(form(ops(oneFile), at, file), "--b--\r\n"), 400, CodeBadRequest},
		"map first":            {form(at, ops(oneFile), file), 400, CodeBadRequest},
		"file first":           {form(file, ops(oneFile), at), 400, CodeBadRequest},
		"no map":               {form(ops(oneFile), file), 400, CodeBadRequest},
		"batch":                {form(ops("["+oneFile+"]"), at, file), 400, CodeBadRequest},
		"operations no JSON":   {form(ops("{SECRET"), at, file), 400, CodeBadRequest},
		"map no JSON":          {form(ops(oneFile), mapping("SECRET"), file), 400, CodeBadRequest},
		"map of one path":      {form(ops(oneFile), mapping(`{"0":"variables.in.file"}`), file), 400, CodeBadRequest},
		"map empty":            {form(ops(oneFile), mapping(`{}`)), 400, CodeBadRequest},
		"many files":           {form(ops(oneFile), mapping(`{"0":[],"1":[],"2":[],"3":[],"4":[]}`)), 400, CodeBadRequest},
		"file missing":         {form(ops(oneFile), at), 400, CodeBadRequest},
		"file without a place": {form(ops(oneFile), at, file, part{"1", "b.csv", "SECRET"}), 400, CodeBadRequest},
		"file twice":           {form(ops(oneFile), at, file, file), 400, CodeBadRequest},
		"path elsewhere":       {form(ops(oneFile), mapping(`{"0":["extensions.in.file"]}`), file), 400, CodeBadRequest},
		"path too short":       {form(ops(oneFile), mapping(`{"0":["variables"]}`), file), 400, CodeBadRequest},
		"path to nothing":      {form(ops(oneFile), mapping(`{"0":["variables.out.file"]}`), file), 400, CodeBadRequest},
		"path through null":    {form(ops(oneFile), mapping(`{"0":["variables.in.file.x"]}`), file), 400, CodeBadRequest},
		"path to a value":      {form(ops(oneFile), mapping(`{"0":["variables.in"]}`), file), 400, CodeBadRequest},
		"path twice":           {form(ops(oneFile), mapping(`{"0":["variables.in.file","variables.in.file"]}`), file), 400, CodeBadRequest},
		"index beyond":         {form(ops(`{`+uploadQuery+`,"variables":{"in":{"more":[null]}}}`), mapping(`{"0":["variables.in.more.1"]}`), file), 400, CodeBadRequest},
		"index below":          {form(ops(`{`+uploadQuery+`,"variables":{"in":{"more":[null]}}}`), mapping(`{"0":["variables.in.more.-1"]}`), file), 400, CodeBadRequest},
		"no variables":         {form(ops(`{`+uploadQuery+`}`), at, file), 400, CodeBadRequest},
		"a query":              {form(ops(`{"query":"query($f: Any){hello}","variables":{"in":{"file":null}}}`), at, file), 200, "GRAPHQL_VALIDATION_FAILED"},
		"a query without":      {form(ops(`{"query":"{hello}","variables":{"in":{"file":null}}}`), at, file), 400, CodeBadRequest},
		"large operations":     {form(ops(oneFile+strings.Repeat(" ", 2000)), at, file), 413, CodePayloadTooLarge},
		"large map":            {form(ops(oneFile), mapping(`{"0":["variables.in.file"]}`+strings.Repeat(" ", 5000)), file), 413, CodePayloadTooLarge},
		"large file":           {form(ops(oneFile), at, part{"0", "a.csv", strings.Repeat("SECRET", 1000)}), 413, CodePayloadTooLarge},
		"very large file":      {form(ops(oneFile), at, part{"0", "a.csv", strings.Repeat("SECRET", 10_000)}), 413, CodePayloadTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			status, body := s.send(t, c.body)
			require.Equal(t, c.status, status, body)
			require.Equal(t, c.code, code(t, body))
			require.NotContains(t, body, "SECRET")
			require.NotContains(t, body, `"data"`)
		})
	}
}

// A body whose length is not said is stopped where it is too long, and one that does not come in time.
func TestFormsAreReadWithinBounds(t *testing.T) {
	s := start(t, Config{AllowUpload: everyone, Limits: Limits{MaxUploadBytes: 5000, UploadTimeout: 50 * time.Millisecond}})
	head := strings.TrimSuffix(form(ops(oneFile), mapping(`{"0":["variables.in.file"]}`), part{"0", "a.csv", ""}), "\r\n--b--\r\n")
	post := func(body io.Reader) (int, string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL, body)
		require.NoError(t, err)
		r.Header.Set("Content-Type", mediaForm+"; boundary=b")
		r.Header.Set("GraphQL-Preflight", "1")
		resp, err := s.Client().Do(r)
		require.NoError(t, err)
		defer func() { _ = resp.Body.Close() }() // read to its end
		return resp.StatusCode, readAll(t, resp)
	}
	status, body := post(io.MultiReader(strings.NewReader(head), io.LimitReader(endless{}, 6000)))
	require.Equal(t, 413, status, body)

	reader, writer := io.Pipe()
	go func() { _, _ = io.WriteString(writer, head) }()
	status, body = post(reader)
	require.NoError(t, writer.Close())
	require.Equal(t, 408, status, body)
	require.Equal(t, CodeRequestTimeout, code(t, body))
	eventually(t, func() bool { return s.http.uploads.Load() == 0 }, "no upload is counted any more")
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// The files of few requests are in memory at a time.
func TestFewFormsAtATime(t *testing.T) {
	s := start(t, Config{AllowUpload: everyone, Limits: Limits{MaxUploads: 1}})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	reader, writer := io.Pipe()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL, reader)
	require.NoError(t, err)
	r.Header.Set("Content-Type", mediaForm+"; boundary=b")
	r.Header.Set("GraphQL-Preflight", "1")
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		resp, err := s.Client().Do(r)
		if err == nil {
			_ = resp.Body.Close()
		}
	}()
	_, err = io.WriteString(writer, "--b\r\n")
	require.NoError(t, err)
	eventually(t, func() bool { return s.http.uploads.Load() == 1 }, "the first form is being read")
	good := form(ops(oneFile), mapping(`{"0":["variables.in.file"]}`), part{"0", "a.csv", "x"})
	status, body := s.send(t, good)
	require.Equal(t, 503, status, body)
	require.Equal(t, CodeOverloaded, code(t, body))
	cancel()
	_ = writer.CloseWithError(context.Canceled)
	<-ended
	eventually(t, func() bool { return s.http.uploads.Load() == 0 }, "the first form is given up")
	status, body = s.send(t, good)
	require.Equal(t, 200, status, body)
}
