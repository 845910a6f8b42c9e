package llm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/tmc/langchaingo/llms"
	"github.com/tmc/langchaingo/llms/anthropic"
	"github.com/tmc/langchaingo/llms/ollama"
	"github.com/tmc/langchaingo/llms/openai"
)

// toolName is the tool by which Anthropic's models answer in the form of a schema.
const toolName = "record_scores"

// seed makes sampling repeatable on servers that offer it.
const seed = 1

// noKey stands for the key of a server that wants none: the clients insist on one.
const noKey = "none"

// newModel makes langchaingo's client. Everything that it would otherwise take from the environment
// is set, so that another program's variables do not send essays elsewhere.
func newModel(o Options, client *http.Client) (llms.Model, error) {
	key := o.Key
	set(&key, noKey)
	switch o.Provider {
	case OpenAI:
		return openai.New(openai.WithToken(key), openai.WithModel(o.Model), openai.WithBaseURL(o.BaseURL),
			openai.WithOrganization(""), openai.WithHTTPClient(client))
	case Anthropic:
		return anthropic.New(anthropic.WithToken(key), anthropic.WithModel(o.Model),
			anthropic.WithBaseURL(strings.TrimSuffix(o.BaseURL, "/")), anthropic.WithHTTPClient(client))
	case Ollama:
		return ollama.New(ollama.WithServerURL(o.BaseURL), ollama.WithModel(o.Model), ollama.WithHTTPClient(client))
	}
	return nil, fmt.Errorf("llm: there is no provider %q", o.Provider)
}

// generate asks the model once and returns the text of its answer.
func (e *Engine) generate(ctx context.Context, x *exchange, messages []llms.MessageContent) (string, error) {
	ctx = context.WithValue(ctx, exchangeKey{}, x)
	x.failure = nil
	options := []llms.CallOption{llms.WithTemperature(0), llms.WithMaxTokens(e.o.MaxOutput), llms.WithSeed(seed)}
	if e.o.Provider == OpenAI && !strings.HasPrefix(e.o.BaseURL, OpenAI.BaseURL()) {
		options = append(options, openai.WithLegacyMaxTokensField()) // what other servers know
	}
	if e.o.Provider == Anthropic {
		options = append(options, llms.WithTools([]llms.Tool{{Type: "function", Function: &llms.FunctionDefinition{
			Name: toolName, Description: "Records the scores of one essay.", Parameters: x.schema,
		}}}))
	}
	response, err := e.model.GenerateContent(ctx, messages, options...)
	if x.failure != nil { // the clients hide the cause of an error; the transport has kept it
		return "", x.failure
	}
	if err != nil {
		if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) {
			return "", &Failure{Class: ClassNotJSON, what: "the answer is not of the protocol"}
		}
		return "", &Failure{Class: ClassEmpty, what: "nothing in the answer that can be used"}
	}
	for _, choice := range response.Choices {
		for _, call := range choice.ToolCalls {
			if call.FunctionCall != nil && call.FunctionCall.Name == toolName {
				return call.FunctionCall.Arguments, nil
			}
		}
		if text := strings.TrimSpace(choice.Content); text != "" {
			return text, nil
		}
	}
	return "", &Failure{Class: ClassEmpty, what: "an empty answer"}
}

// rewrite puts into a request what langchaingo's clients cannot say: the schema of this very call (its
// type for schemas knows no bounds and belongs to a client), a temperature of zero where zero is left
// out, and the size of the context that Ollama would otherwise cut the prompt to without a word.
func (t *transport) rewrite(body []byte, schema any) ([]byte, error) {
	var request map[string]any
	if err := json.Unmarshal(body, &request); err != nil {
		return nil, fmt.Errorf("llm: reading the client's own request: %w", err)
	}
	switch t.provider {
	case OpenAI:
		switch t.format {
		case FormatSchema:
			request["response_format"] = map[string]any{"type": "json_schema", "json_schema": map[string]any{
				"name": toolName, "strict": true, "schema": schema,
			}}
		case FormatObject:
			request["response_format"] = map[string]any{"type": "json_object"}
		}
	case Anthropic:
		request["tool_choice"] = map[string]any{"type": "tool", "name": toolName}
	case Ollama:
		request["stream"] = false
		request["format"] = schema
		options, _ := request["options"].(map[string]any)
		if options == nil {
			options = map[string]any{}
		}
		options["temperature"], options["seed"] = 0, seed
		options["num_ctx"] = contextFor(len(body), t.maxOutput)
		request["options"] = options
	}
	out, err := json.Marshal(request)
	if err != nil {
		return nil, fmt.Errorf("llm: writing the request: %w", err)
	}
	return out, nil
}

// contextFor is a size of the context window, in tokens, that holds a prompt of so many bytes and the
// answer. English has four bytes a token and more; three leave room for names and code.
func contextFor(bytes, output int) int {
	const unit = 2048
	return (bytes/3 + output + unit - 1) / unit * unit
}

// usage is what a provider says that a call has taken.
type usage struct {
	prompt, completion int64
	known              bool
}

// usageOf reads the usage from a raw response, since the clients of langchaingo lose it when they find
// fault with the rest.
func usageOf(provider Provider, body []byte) usage {
	var r struct {
		Usage *struct {
			Prompt     int64 `json:"prompt_tokens"`
			Completion int64 `json:"completion_tokens"`
			Input      int64 `json:"input_tokens"`
			Output     int64 `json:"output_tokens"`
			Written    int64 `json:"cache_creation_input_tokens"`
			Read       int64 `json:"cache_read_input_tokens"`
		} `json:"usage"`
		PromptEval *int64 `json:"prompt_eval_count"`
		Eval       *int64 `json:"eval_count"`
	}
	if json.Unmarshal(body, &r) != nil {
		return usage{}
	}
	var u usage
	switch {
	case provider == Ollama && r.Eval != nil:
		u = usage{completion: *r.Eval, known: true}
		if r.PromptEval != nil { // left out when the prompt was cached
			u.prompt = *r.PromptEval
		}
	case provider == Anthropic && r.Usage != nil:
		u = usage{r.Usage.Input + r.Usage.Written + r.Usage.Read, r.Usage.Output, true}
	case provider == OpenAI && r.Usage != nil:
		u = usage{r.Usage.Prompt, r.Usage.Completion, true}
	}
	u.known = u.known && u.prompt >= 0 && u.completion >= 0 && u.prompt+u.completion > 0
	return u
}
