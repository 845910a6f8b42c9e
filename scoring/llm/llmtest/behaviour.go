package llmtest

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
)

// Answer is an answer that a test may spoil.
type Answer = map[string]any

// FairAnswer is an answer to the request that keeps to its schema: a score in the middle of each
// scale, earned by the first words of the essay, and each key point met by them.
func FairAnswer(asked Request) Answer {
	quote := firstSentence(asked.Essay())
	properties := func(schema any) map[string]any {
		s, _ := schema.(map[string]any)
		p, _ := s["properties"].(map[string]any)
		return p
	}
	all := properties(asked.Schema)
	answer, criteria := Answer{}, map[string]any{}
	for name, schema := range properties(all["criteria"]) {
		lowest, score := middle(properties(schema)["score"])
		part := map[string]any{"quote": quote, "points": score - lowest, "reason": "Says it plainly"}
		items, _ := properties(schema)["parts"].(map[string]any)
		if _, ok := properties(items["items"])["key_point"]; ok {
			part["key_point"] = "k1"
		}
		criteria[name] = map[string]any{
			"score": score, "parts": []any{part}, "comment": "A sound answer.", "improvements": []any{"Give one example from practice."},
		}
	}
	answer["criteria"] = criteria
	if points := properties(all["key_points"]); points != nil {
		met := map[string]any{}
		for name := range points {
			met[name] = map[string]any{"status": "MET", "quote": quote}
		}
		answer["key_points"] = met
	}
	if _, ok := all["citations"]; ok {
		answer["citations"] = []any{"p1"}
	}
	return answer
}

// middle is the lowest score of a schema and one in its middle.
func middle(schema any) (lowest, score float64) {
	s, _ := schema.(map[string]any)
	if list, ok := s["enum"].([]any); ok && len(list) > 0 {
		lowest, _ = list[0].(float64)
		score, _ = list[len(list)/2].(float64)
		return lowest, score
	}
	lowest, _ = s["minimum"].(float64)
	return lowest, lowest
}

func firstSentence(essay string) string {
	if i := strings.IndexAny(essay, ".\n"); i > 0 {
		return essay[:i]
	}
	return essay
}

// Text is the answer as a model writes it.
func (r Request) text(a Answer) string {
	b, err := json.Marshal(a)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// Fairly answers as it should.
func Fairly(w http.ResponseWriter, _ *http.Request, asked Request, reply Reply) {
	write(w, "application/json", reply(asked.text(FairAnswer(asked))))
}

// Spoiled answers fairly but for what spoil changes.
func Spoiled(spoil func(Answer)) Behaviour {
	return func(w http.ResponseWriter, _ *http.Request, asked Request, reply Reply) {
		a := FairAnswer(asked)
		spoil(a)
		write(w, "application/json", reply(asked.text(a)))
	}
}

// Rewritten answers fairly, with the text of the answer changed.
func Rewritten(change func(string) string) Behaviour {
	return func(w http.ResponseWriter, _ *http.Request, asked Request, reply Reply) {
		write(w, "application/json", reply(change(asked.text(FairAnswer(asked)))))
	}
}

// Mangled answers fairly, with the bytes of the response changed.
func Mangled(contentType string, change func([]byte) []byte) Behaviour {
	return func(w http.ResponseWriter, _ *http.Request, asked Request, reply Reply) {
		write(w, contentType, change(reply(asked.text(FairAnswer(asked)))))
	}
}

// Body answers with these bytes whatever is asked.
func Body(contentType, body string) Behaviour {
	return func(w http.ResponseWriter, _ *http.Request, _ Request, _ Reply) { write(w, contentType, []byte(body)) }
}

// Status refuses. The body repeats the essay, as careless providers do.
func Status(code int, header ...string) Behaviour {
	return func(w http.ResponseWriter, _ *http.Request, asked Request, _ Reply) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_, _ = fmt.Fprintf(w, `{"error": {"message": %q}}`, "no: "+asked.Essay()+asked.Header.Get("Authorization"))
	}
}

// Never answers. It lasts until the client goes away.
func Never(_ http.ResponseWriter, r *http.Request, _ Request, _ Reply) { <-r.Context().Done() }

// After answers fairly when so much time has gone by.
func After(d time.Duration) Behaviour {
	return func(w http.ResponseWriter, r *http.Request, asked Request, reply Reply) {
		select {
		case <-time.After(d):
			Fairly(w, r, asked, reply)
		case <-r.Context().Done():
		}
	}
}

// Reset breaks the connection off.
func Reset(w http.ResponseWriter, _ *http.Request, _ Request, _ Reply) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // RST and not FIN
	}
	_ = conn.Close()
}

// CutOff promises more bytes than come.
func CutOff(w http.ResponseWriter, _ *http.Request, asked Request, reply Reply) {
	body := reply(asked.text(FairAnswer(asked)))
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	_, _ = fmt.Fprintf(buffered, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body[:len(body)/2])
	_ = buffered.Flush()
	_ = conn.Close()
}

func write(w http.ResponseWriter, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	_, _ = w.Write(body)
}
