package config

import (
	"fmt"
	"math"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// LLM says which language model may score. Without a provider there is none, whatever else is set.
type LLM struct {
	Provider string `enum:",openai,anthropic,ollama" default:"" env:"RUBRICA_LLM_PROVIDER" placeholder:"PROVIDER" help:"Protocol of the language model that scores essays of tracks that agree: openai (and all that speak it), anthropic or ollama. Without it, essays never leave the house."`
	BaseURL  string `name:"base-url" env:"RUBRICA_LLM_BASE_URL" placeholder:"URL" help:"Where its API is. Default: the provider's own, for ollama this machine."`
	Model    string `env:"RUBRICA_LLM_MODEL" placeholder:"NAME" help:"Its name."`
	Key      Secret `env:"RUBRICA_LLM_KEY" hidden:"" help:"Key of the API. Give it by environment or by file: command lines are visible to other users."`
	KeyFile  string `env:"RUBRICA_LLM_KEY_FILE" placeholder:"FILE" help:"File with the key of the API; $RUBRICA_LLM_KEY gives the key itself."`
	Format   string `enum:"schema,object,none" default:"schema" env:"RUBRICA_LLM_FORMAT" help:"What a server of OpenAI's protocol is told of the answer's form: a JSON Schema, any JSON object, or nothing."`

	Prices      []string `sep:"," env:"RUBRICA_LLM_PRICES" placeholder:"MODEL=PROMPT/COMPLETION,…" help:"Prices of 1000 tokens of prompt and of completion, in any one currency, such as small-1=0.0002/0.0008."`
	BudgetDay   float64  `env:"RUBRICA_LLM_BUDGET_DAY" placeholder:"AMOUNT" help:"The most that may be spent on a day (UTC), in that currency."`
	BudgetTrack float64  `env:"RUBRICA_LLM_BUDGET_TRACK" placeholder:"AMOUNT" help:"The most that each track may spend on a day; 0 for the day's budget alone."`

	Concurrency int           `default:"4" env:"RUBRICA_LLM_CONCURRENCY" help:"Essays of this process that are with the model at the same time."`
	Timeout     time.Duration `default:"45s" env:"RUBRICA_LLM_TIMEOUT" help:"How long one essay may take with waiting, retries and repair before the local engine scores it."`
	CallTimeout time.Duration `default:"30s" env:"RUBRICA_LLM_CALL_TIMEOUT" help:"How long one request may take."`
	MaxOutput   int           `default:"3000" env:"RUBRICA_LLM_MAX_OUTPUT" help:"The most tokens of one answer."`
}

func defaultLLM() LLM {
	return LLM{Format: "schema", Concurrency: 4, Timeout: 45 * time.Second, CallTimeout: 30 * time.Second, MaxOutput: 3000}
}

// Enabled tells whether a language model is configured.
func (l *LLM) Enabled() bool { return l.Provider != "" }

// APIKey is the key, from the environment or its file; empty where none is set.
func (l *LLM) APIKey() (string, error) {
	if l.KeyFile == "" {
		return string(l.Key), nil
	}
	if l.Key != "" {
		return "", fmt.Errorf("RUBRICA_LLM_KEY is set as well")
	}
	b, err := os.ReadFile(l.KeyFile)
	if err != nil {
		return "", err
	}
	key := strings.TrimSpace(string(b))
	if key == "" {
		return "", fmt.Errorf("%s is empty", l.KeyFile)
	}
	return key, nil
}

// Price is what the model costs for 1000 tokens; false where no price is given.
func (l *LLM) Price() (prompt, completion float64, ok bool, err error) {
	for _, entry := range l.Prices {
		// Names of models may hold =, / and : themselves.
		name, pair, found := cutLast(strings.TrimSpace(entry), "=")
		first, second, two := strings.Cut(pair, "/")
		p, errPrompt := strconv.ParseFloat(first, 64)
		c, errCompletion := strconv.ParseFloat(second, 64)
		if !found || !two || errPrompt != nil || errCompletion != nil || !amount(p) || !amount(c) {
			return 0, 0, false, fmt.Errorf("contains %q, which is not MODEL=PROMPT/COMPLETION", entry)
		}
		if name == l.Model {
			prompt, completion, ok = p, c, true
		}
	}
	return prompt, completion, ok, nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// amount tells whether v can be an amount of money, with room for sums of millionths.
func amount(v float64) bool { return v >= 0 && v <= 1e9 && !math.IsNaN(v) }

// BudgetMicros are the budgets in millionths.
func (l *LLM) BudgetMicros() (day, track int64) {
	return int64(math.Floor(l.BudgetDay * 1e6)), int64(math.Floor(l.BudgetTrack * 1e6))
}

// faults judges the settings of the language model, if there is one.
func (l *LLM) faults(job time.Duration) (f []Fault) {
	add := func(setting, remedy, problem string, args ...any) {
		f = append(f, Fault{setting, fmt.Sprintf(problem, args...), remedy})
	}
	if !slices.Contains([]string{"", "openai", "anthropic", "ollama"}, l.Provider) {
		add("RUBRICA_LLM_PROVIDER", "Choose openai, anthropic or ollama, or leave it out.", "is %q", l.Provider)
	}
	if !l.Enabled() {
		return f
	}
	if l.Model == "" {
		add("RUBRICA_LLM_MODEL", "Name the model.", "is not set")
	}
	if u, err := url.Parse(l.BaseURL); l.BaseURL != "" && (err != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https") {
		add("RUBRICA_LLM_BASE_URL", "Give one such as https://llm.example.org/v1; the key has a setting of its own.", "is not a URL of http or https without a password")
	}
	if !slices.Contains([]string{"schema", "object", "none"}, l.Format) {
		add("RUBRICA_LLM_FORMAT", "Choose schema, object or none.", "is %q", l.Format)
	}
	key, err := l.APIKey()
	switch {
	case err != nil:
		add("RUBRICA_LLM_KEY_FILE", "Name a file that holds the key and nothing else.", "cannot be used: %s", err)
	case key == "" && l.BaseURL == "" && l.Provider != "ollama":
		add("RUBRICA_LLM_KEY", "Give the key of the API by environment or by file.", "is not set")
	}
	prompt, completion, priced, err := l.Price()
	const remedy = "Give the price of the model for 1000 tokens, such as small-1=0.0002/0.0008, or NAME=0/0 for one that costs nothing."
	switch {
	case err != nil:
		add("RUBRICA_LLM_PRICES", remedy, "%s", err)
	case !priced && l.Provider != "ollama":
		add("RUBRICA_LLM_PRICES", remedy, "has no price of %q, and a budget could not be kept", l.Model)
	case prompt+completion > 0 && l.BudgetDay == 0:
		add("RUBRICA_LLM_BUDGET_DAY", "Say what a day may cost.", "is not set, and the model costs money")
	}
	for setting, v := range map[string]float64{"RUBRICA_LLM_BUDGET_DAY": l.BudgetDay, "RUBRICA_LLM_BUDGET_TRACK": l.BudgetTrack} {
		if !amount(v) || v > 0 && v < 1e-6 {
			add(setting, "Give an amount such as 5.", "is %v", v)
		}
	}
	if l.Concurrency < 1 || l.Concurrency > maxWorkers {
		add("RUBRICA_LLM_CONCURRENCY", fmt.Sprintf("Choose 1 to %d.", maxWorkers), "is %d", l.Concurrency)
	}
	if l.CallTimeout < time.Second || l.CallTimeout > l.Timeout {
		add("RUBRICA_LLM_CALL_TIMEOUT", "Choose 1s up to RUBRICA_LLM_TIMEOUT.", "is %s", l.CallTimeout)
	}
	if l.Timeout > job {
		add("RUBRICA_LLM_TIMEOUT", "Choose less than RUBRICA_JOB_TIMEOUT, such as 45s, so that there is time to score without the model.", "is %s", l.Timeout)
	}
	if l.MaxOutput < 200 || l.MaxOutput > 100_000 {
		add("RUBRICA_LLM_MAX_OUTPUT", "Choose 200 to 100000.", "is %d", l.MaxOutput)
	}
	return f
}
