package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/internal/config"
)

func withModel() config.Config {
	c := config.Default()
	c.LLM.Provider, c.LLM.Model, c.LLM.Key = "openai", "small-1", "sk-very-private"
	c.LLM.Prices, c.LLM.BudgetDay = []string{"other=1/2", "small-1=0.0002/0.0008"}, 5
	return c
}

func TestALanguageModelIsJudgedAsAWhole(t *testing.T) {
	good := withModel()
	require.NoError(t, good.Validate())
	for setting, spoil := range map[string]func(*config.LLM){
		"RUBRICA_LLM_PROVIDER":     func(l *config.LLM) { l.Provider = "oracle" },
		"RUBRICA_LLM_MODEL":        func(l *config.LLM) { l.Model = ""; l.Prices = []string{"=0/0"} },
		"RUBRICA_LLM_BASE_URL":     func(l *config.LLM) { l.BaseURL = "https://user:word@host/v1" },
		"RUBRICA_LLM_KEY":          func(l *config.LLM) { l.Key = "" },
		"RUBRICA_LLM_KEY_FILE":     func(l *config.LLM) { l.KeyFile = "/nonexistent"; l.Key = "" },
		"RUBRICA_LLM_FORMAT":       func(l *config.LLM) { l.Format = "xml" },
		"RUBRICA_LLM_PRICES":       func(l *config.LLM) { l.Prices = []string{"other=1/2"} },
		"RUBRICA_LLM_BUDGET_DAY":   func(l *config.LLM) { l.BudgetDay = 0 },
		"RUBRICA_LLM_BUDGET_TRACK": func(l *config.LLM) { l.BudgetTrack = -1 },
		"RUBRICA_LLM_CONCURRENCY":  func(l *config.LLM) { l.Concurrency = 0 },
		"RUBRICA_LLM_TIMEOUT":      func(l *config.LLM) { l.Timeout = time.Hour },
		"RUBRICA_LLM_CALL_TIMEOUT": func(l *config.LLM) { l.CallTimeout = time.Minute },
		"RUBRICA_LLM_MAX_OUTPUT":   func(l *config.LLM) { l.MaxOutput = 1 },
	} {
		c := withModel()
		spoil(&c.LLM)
		err := c.Validate()
		require.ErrorContains(t, err, setting+" ")
		require.NotContains(t, err.Error(), "sk-very-private")
		c.LLM.Provider = ""
		if setting != "RUBRICA_LLM_PROVIDER" {
			require.NoError(t, c.Validate(), "without a provider nothing of it matters")
		}
	}
}

func TestThePriceIsThatOfTheModel(t *testing.T) {
	c := withModel()
	prompt, completion, ok, err := c.LLM.Price()
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, []float64{0.0002, 0.0008}, []float64{prompt, completion})
	c.LLM.Model, c.LLM.Prices = "org/model=x:7b", []string{"org/model=x:7b=1/2"}
	_, completion, ok, err = c.LLM.Price()
	require.NoError(t, err)
	require.True(t, ok)
	require.InDelta(t, 2, completion, 0)
	for _, bad := range []string{"small-1", "small-1=1", "small-1=a/b", "small-1=-1/2", "small-1=NaN/1", "small-1=1/+Inf"} {
		c.LLM.Prices = []string{bad}
		_, _, _, err = c.LLM.Price()
		require.Error(t, err, bad)
	}
	c.LLM.BudgetDay, c.LLM.BudgetTrack = 2.5, 0.000001
	day, track := c.LLM.BudgetMicros()
	require.Equal(t, []int64{2_500_000, 1}, []int64{day, track})
}

func TestTheKeyIsNotShown(t *testing.T) {
	c := withModel()
	require.NotContains(t, fmt.Sprintf("%v %+v %#v", c, c, c), "sk-very-private")
	file := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(file, []byte(" sk-of-file\n"), 0o600))
	c.LLM.Key, c.LLM.KeyFile = "", file
	key, err := c.LLM.APIKey()
	require.NoError(t, err)
	require.Equal(t, "sk-of-file", key)
	require.NoError(t, c.Validate())
	c.LLM.Key = "both"
	require.ErrorContains(t, c.Validate(), "RUBRICA_LLM_KEY_FILE")
}
