// Package llmtest is a stand-in for the providers of language models. It speaks the protocols of
// OpenAI, Anthropic and Ollama, answers fairly by default, and misbehaves on demand.
package llmtest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
)

// Request is what a client asked.
type Request struct {
	Path   string
	Header http.Header
	Body   map[string]any
	System string // the instructions
	Prompt string // the first message of the user
	Repair string // the last message, where it is another one
	Schema map[string]any
}

// Reply writes a well-formed response of the request's protocol with the content given.
type Reply func(content string) []byte

// Behaviour answers one request.
type Behaviour func(w http.ResponseWriter, r *http.Request, asked Request, reply Reply)

// Server is the stand-in. The zero value answers fairly. It is safe for concurrent use.
type Server struct {
	mu     sync.Mutex
	script []Behaviour
	always Behaviour
	asked  []Request
}

// Next has the next requests answered in these ways, one after the other; then as before.
func (s *Server) Next(script ...Behaviour) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.script = append(s.script, script...)
}

// Always has every request answered in this way that Next does not speak of; nil: fairly.
func (s *Server) Always(b Behaviour) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.always = b
}

// Asked lists the requests so far.
func (s *Server) Asked() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.asked...)
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	asked, reply, err := read(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	s.asked = append(s.asked, asked)
	behave := s.always
	if len(s.script) > 0 {
		behave, s.script = s.script[0], s.script[1:]
	}
	s.mu.Unlock()
	if behave == nil {
		behave = Fairly
	}
	behave(w, r, asked, reply)
}

// The tokens that every answer is said to have taken.
const (
	PromptTokens     = 900
	CompletionTokens = 150
)

func read(r *http.Request) (Request, Reply, error) {
	asked := Request{Path: r.URL.Path, Header: r.Header.Clone()}
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return asked, nil, fmt.Errorf("reading the request: %w", err)
	}
	if err := json.Unmarshal(raw, &asked.Body); err != nil {
		return asked, nil, fmt.Errorf("reading the request: %w", err)
	}
	object := func(path ...string) map[string]any {
		at := asked.Body
		for _, key := range path {
			at, _ = at[key].(map[string]any)
		}
		return at
	}
	asked.System, _ = asked.Body["system"].(string)
	messages, _ := asked.Body["messages"].([]any)
	for _, m := range messages {
		message, _ := m.(map[string]any)
		text := textOf(message["content"])
		switch {
		case message["role"] == "system":
			asked.System = text
		case message["role"] == "user" && asked.Prompt == "":
			asked.Prompt = text
		case message["role"] == "user":
			asked.Repair = text
		}
	}
	var reply Reply
	switch {
	case strings.HasSuffix(r.URL.Path, "/chat/completions"):
		asked.Schema = object("response_format", "json_schema", "schema")
		reply = openAI
	case strings.HasSuffix(r.URL.Path, "/messages"):
		if tools, _ := asked.Body["tools"].([]any); len(tools) == 1 {
			tool, _ := tools[0].(map[string]any)
			asked.Schema, _ = tool["input_schema"].(map[string]any)
		}
		reply = anthropic
	case strings.HasSuffix(r.URL.Path, "/api/chat"):
		asked.Schema = object("format")
		reply = ollama
	default:
		return asked, nil, fmt.Errorf("no such path: %s", r.URL.Path)
	}
	return asked, reply, nil
}

func textOf(content any) string {
	if text, ok := content.(string); ok {
		return text
	}
	var b strings.Builder
	parts, _ := content.([]any)
	for _, p := range parts {
		part, _ := p.(map[string]any)
		text, _ := part["text"].(string)
		b.WriteString(text)
	}
	return b.String()
}

func openAI(content string) []byte {
	return marshal(map[string]any{
		"id": "1", "object": "chat.completion", "model": "stand-in",
		"choices": []any{map[string]any{"index": 0, "finish_reason": "stop", "message": map[string]any{"role": "assistant", "content": content}}},
		"usage":   map[string]any{"prompt_tokens": PromptTokens, "completion_tokens": CompletionTokens, "total_tokens": PromptTokens + CompletionTokens},
	})
}

// anthropic answers by the tool where the content is an object, and in words otherwise.
func anthropic(content string) []byte {
	part := map[string]any{"type": "text", "text": content}
	var input map[string]any
	if json.Unmarshal([]byte(content), &input) == nil {
		part = map[string]any{"type": "tool_use", "id": "t1", "name": "record_scores", "input": input}
	}
	return marshal(map[string]any{
		"id": "1", "type": "message", "role": "assistant", "model": "stand-in", "stop_reason": "tool_use", "content": []any{part},
		"usage": map[string]any{"input_tokens": PromptTokens, "output_tokens": CompletionTokens},
	})
}

func ollama(content string) []byte {
	return marshal(map[string]any{
		"model": "stand-in", "created_at": "2026-01-01T00:00:00Z", "done": true,
		"message": map[string]any{"role": "assistant", "content": content}, "prompt_eval_count": PromptTokens, "eval_count": CompletionTokens,
	})
}

func marshal(v any) []byte {
	b, err := json.MarshalIndent(v, "", "  ") // on several lines, as some servers do
	if err != nil {
		panic(err)
	}
	return b
}

// Essay is the text that the prompt holds between its last delimiters.
func (r Request) Essay() string {
	start := strings.LastIndex(r.Prompt, "\nBEGIN ")
	if start < 0 {
		return ""
	}
	mark, rest, _ := strings.Cut(r.Prompt[start+len("\nBEGIN "):], "\n")
	essay, _, _ := strings.Cut(rest, "\nEND "+mark)
	return essay
}
