package cost

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestObjects(t *testing.T) {
	for text, want := range map[string]int{
		``: 0, `null`: 0, `{}`: 0, `{"a":1}`: 1, `{"a":{"b":[{"c":1},{"c":2}]}}`: 4, `{"_a":"{"}`: 1,
		`{"a":"{\"b\":1}","c":"{","d":"}{"}`: 1, `{"a":["{","{\\","{\\\"b"]}`: 1, `{"a":[{},{"b":{}}]}`: 2,
	} {
		require.Equal(t, want, Objects([]byte(text)), text)
	}
}

// On made-up answers the count is that of a decoder, whatever the strings hold.
func TestObjectsAsADecoderCountsThem(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	letters := []string{"{", "}", `"`, `\`, "a", "[", "]", ":", ",", `{"a`, "\n", "é"}
	var value func(depth int) any
	value = func(depth int) any {
		switch n := r.IntN(6); {
		case n == 0 && depth < 5:
			list := make([]any, r.IntN(4))
			for i := range list {
				list[i] = value(depth + 1)
			}
			return list
		case n < 3 && depth < 5:
			object := map[string]any{}
			for i := range r.IntN(4) {
				object[fmt.Sprintf("f%d", i)] = value(depth + 1)
			}
			return object
		default:
			var b strings.Builder
			for range r.IntN(8) {
				b.WriteString(letters[r.IntN(len(letters))])
			}
			return b.String()
		}
	}
	for range 5_000 {
		v := value(0)
		text, err := json.Marshal(v)
		require.NoError(t, err)
		require.Equal(t, objects(v), Objects(text), "%s", text)
	}
}

func objects(v any) (n int) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			n += objects(e)
		}
	case map[string]any:
		if len(v) > 0 {
			n = 1
		}
		for _, e := range v {
			n += objects(e)
		}
	}
	return n
}

func BenchmarkObjects(b *testing.B) {
	item := `{"id":"RXNzYXk6MDE5Mzk0","text":"An answer of some length, as they are.","score":{"value":3.5},"tags":["a","b"]},`
	answer := []byte(`{"list":[` + strings.Repeat(item, 400) + `{"x":1}]}`)
	b.SetBytes(int64(len(answer)))
	for b.Loop() {
		Objects(answer)
	}
}
