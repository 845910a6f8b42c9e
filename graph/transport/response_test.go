package transport

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// The envelope that is written by hand means the same as what json.Marshal makes of the response,
// but for the data entry of a request error.
func TestWriteResponseEqualsMarshal(t *testing.T) {
	yes, no := true, false
	failure := gqlerror.List{
		{Message: `quotes " and <tags> and ` + "\u2028", Path: ast.Path{ast.PathName("a"), ast.PathIndex(3)}},
		{Message: "second", Locations: []gqlerror.Location{{Line: 1, Column: 2}}, Extensions: map[string]any{"code": "X"}},
	}
	for name, resp := range map[string]graphql.Response{
		"data":                    {Data: []byte(`{"a":"<b>","n":1.50}`)},
		"no data and no errors":   {},
		"data null with errors":   {Data: []byte(`null`), Errors: failure},
		"partial data":            {Data: []byte(`{"a":null}`), Errors: failure},
		"extensions":              {Data: []byte(`{}`), Extensions: map[string]any{"cost": map[string]any{"actual": 3}}},
		"errors and extensions":   {Errors: failure, Extensions: map[string]any{"id": "r"}},
		"errors alone":            {Errors: failure},
		"empty list of errors":    {Data: []byte(`{}`), Errors: gqlerror.List{}},
		"incremental":             {Data: []byte(`{}`), Label: "l\"", Path: ast.Path{ast.PathName("p")}, HasNext: &yes},
		"end of incremental":      {Data: []byte(`{}`), HasNext: &no},
		"white space in the data": {Data: []byte("{\"a\":\n1\n}")},
	} {
		t.Run(name, func(t *testing.T) {
			var buf bytes.Buffer
			require.NoError(t, writeResponse(&buf, &resp))
			want, err := json.Marshal(&resp)
			require.NoError(t, err)
			var wantMap map[string]any
			require.NoError(t, json.Unmarshal(want, &wantMap))
			if len(resp.Data) == 0 && len(resp.Errors) > 0 {
				require.Contains(t, wantMap, "data")
				delete(wantMap, "data")
			}
			var gotMap map[string]any
			require.NoError(t, json.Unmarshal(buf.Bytes(), &gotMap), buf.String())
			require.Equal(t, wantMap, gotMap)
		})
	}
}

func BenchmarkWriteResponse(b *testing.B) {
	resp := &graphql.Response{Data: []byte(`{"items":[` + strings.Repeat(`{"id":"0123456789","score":0.5},`, 1300) + `null]}`)}
	b.Run("straight", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			buf := getBuffer()
			if err := writeResponse(buf, resp); err != nil {
				b.Fatal(err)
			}
			putBuffer(buf)
		}
	})
	b.Run("json.Marshal", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := json.Marshal(resp); err != nil {
				b.Fatal(err)
			}
		}
	})
}
