package config_test

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/internal/config"
)

func production(secret string) config.Config {
	c := config.Default()
	c.Mode = config.Production
	c.DatabaseURL = "postgres://rubrica@db/rubrica"
	c.JWTSecret = config.Secret(secret)
	return c
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

func parse(t *testing.T, args ...string) (config.Config, error) {
	t.Helper()
	var cli struct {
		Serve struct{ config.Config } `cmd:""`
	}
	parser, err := kong.New(&cli, kong.Name("rubrica"), kong.Exit(func(int) { t.Error("kong ended the process") }))
	require.NoError(t, err)
	_, err = parser.Parse(append([]string{"serve"}, args...))
	return cli.Serve.Config, err
}

func TestDefaultsOfFlagsAreDefault(t *testing.T) {
	got, err := parse(t)
	require.NoError(t, err)
	assert.Equal(t, config.Default(), got)
}

func TestEnvironmentAndFlags(t *testing.T) {
	t.Setenv("RUBRICA_ADDRESS", ":9000")
	t.Setenv("RUBRICA_CORS_ORIGINS", "https://a.example.org,http://localhost:5173")
	t.Setenv("DATABASE_URL", "postgres://db/one")
	got, err := parse(t, "--database-url=postgres://db/two", "--workers=3", "--log-format=text")
	require.NoError(t, err)
	assert.Equal(t, ":9000", got.Address)
	assert.Equal(t, []string{"https://a.example.org", "http://localhost:5173"}, got.CORSOrigins)
	assert.Equal(t, "postgres://db/two", got.DatabaseURL, "a flag goes before the environment")
	assert.Equal(t, 3, got.Workers)
	assert.Equal(t, config.FormatText, got.LogFormat)
}

func TestTrustedDocuments(t *testing.T) {
	t.Setenv("RUBRICA_TRUSTED_DOCUMENTS", "web.json,/etc/rubrica/manifests")
	c, err := parse(t)
	require.NoError(t, err)
	assert.Equal(t, []string{"web.json", "/etc/rubrica/manifests"}, c.TrustedDocuments)
	for _, row := range []struct {
		mode config.Mode
		free config.FreeDocuments
		want bool
	}{
		{config.Development, config.FreeByMode, false},
		{config.Development, config.FreeForAdmins, true},
		{config.Production, config.FreeByMode, true},
		{config.Production, config.FreeForAdmins, true},
		{config.Production, config.FreeForEveryone, false},
	} {
		c.Mode, c.FreeDocuments = row.mode, row.free
		assert.Equal(t, row.want, c.TrustedOnly(), "%s, %s", row.mode, row.free)
	}
}

func TestKongRefusesWhatValidateRefuses(t *testing.T) {
	_, err := parse(t, "--mode=production")
	require.ErrorContains(t, err, "RUBRICA_JWT_SECRET is not set")
	require.ErrorContains(t, err, "DATABASE_URL is not set")
}

func TestValidateReturnsAllFaults(t *testing.T) {
	c := config.Config{
		Mode: "staging", Address: "8080", CORSOrigins: []string{"app.example.org", "https://x.org/path", "https://*.x.org"},
		DatabaseURL: "mysql://root:hunter2@db", Workers: -1, LogLevel: "loud", LogFormat: "xml", JWTSecret: "short",
	}
	err := c.Validate()
	var faults config.Faults
	require.ErrorAs(t, err, &faults)
	settings := map[string]int{}
	for _, f := range faults {
		settings[f.Setting]++
		assert.NotEmpty(t, f.Remedy)
	}
	assert.Equal(t, map[string]int{
		"RUBRICA_MODE": 1, "RUBRICA_ADDRESS": 1, "RUBRICA_CORS_ORIGINS": 3, "RUBRICA_DRAIN_TIMEOUT": 1, "RUBRICA_FREE_DOCUMENTS": 1,
		"RUBRICA_JOB_TIMEOUT": 1, "RUBRICA_DATABASE_CONNECTIONS": 1, "RUBRICA_WORKERS": 1,
		"RUBRICA_LOG_LEVEL": 1, "RUBRICA_LOG_FORMAT": 1, "DATABASE_URL": 1, "RUBRICA_JWT_SECRET": 1,
	}, settings)
	var one config.Fault
	assert.ErrorAs(t, err, &one, "each fault can be got out")
	assert.NotContains(t, err.Error(), "hunter2", "a password is not repeated")
	assert.NotContains(t, err.Error(), "short")
}

func TestProductionSecrets(t *testing.T) {
	weak := map[string]string{
		"missing":        "",
		"short":          "Zk3v9Qp1",
		"31 bytes":       base64.StdEncoding.EncodeToString(random(48))[:31],
		"one letter":     strings.Repeat("a", 64),
		"two letters":    strings.Repeat("ab", 32),
		"repeated":       strings.Repeat("Zk3v9Qp1", 8),
		"digits in turn": strings.Repeat("0123456789", 4),
		"alphabet":       "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJ",
		"of a tutorial":  "your-256-bit-secret-your-256-bit-secret",
		"named so":       "my-super-secret-key-for-production-use-2026",
		"of the project": "rubrica-production-signing-key-0001-xyz",
		"of development": "development-only-key-4f9a2c71d05be836fa",
	}
	for name, secret := range weak {
		t.Run(name, func(t *testing.T) {
			c := production(secret)
			err := c.Validate()
			require.ErrorContains(t, err, "RUBRICA_JWT_SECRET")
			require.ErrorContains(t, err, "/dev/urandom")
			if secret != "" {
				require.NotContains(t, err.Error(), secret)
			}
			_, err = c.SigningKey(t.TempDir())
			require.Error(t, err, "no way around Validate")
		})
	}
	// The estimate must not refuse what really is random: 5 000 of each kind.
	for range 5000 {
		for _, secret := range []string{hex.EncodeToString(random(16)), base64.StdEncoding.EncodeToString(random(48))} {
			c := production(secret)
			require.NoError(t, c.Validate(), secret)
		}
	}
}

func TestSecretOfAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	want := base64.StdEncoding.EncodeToString(random(48))
	require.NoError(t, os.WriteFile(path, []byte(want+"\n"), 0o600))
	c := production("")
	c.JWTSecretFile = path
	require.NoError(t, c.Validate())
	got, err := c.SigningKey("/nowhere")
	require.NoError(t, err)
	assert.Equal(t, want, string(got), "without the line break of the editor")

	c.JWTSecretFile = path + ".missing"
	require.ErrorContains(t, c.Validate(), "RUBRICA_JWT_SECRET_FILE cannot be used")
	c.JWTSecretFile, c.JWTSecret = path, config.Secret(want)
	require.ErrorContains(t, c.Validate(), "RUBRICA_JWT_SECRET is set as well")
}

func TestDevelopmentKeepsItsSecret(t *testing.T) {
	dir := t.TempDir()
	c := config.Default()
	require.NoError(t, c.Validate())
	first, err := c.SigningKey(dir)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, len(first), config.MinSecretBytes)
	again, err := c.SigningKey(dir)
	require.NoError(t, err)
	assert.Equal(t, first, again)

	info, err := os.Stat(filepath.Join(dir, config.SecretFileName))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, entries, 1, "nothing temporary is left")

	require.NoError(t, os.WriteFile(filepath.Join(dir, config.SecretFileName), nil, 0o600))
	_, err = c.SigningKey(dir)
	require.ErrorContains(t, err, "delete that file")
}

func TestProcessesThatStartAtOnceAgree(t *testing.T) {
	dir := t.TempDir()
	c := config.Default()
	keys := make([]string, 16)
	var wg sync.WaitGroup
	for i := range keys {
		wg.Go(func() {
			key, err := c.SigningKey(dir)
			assert.NoError(t, err)
			keys[i] = string(key)
		})
	}
	wg.Wait()
	for _, key := range keys {
		assert.Equal(t, keys[0], key)
	}
}

func TestSecretIsNotShown(t *testing.T) {
	c := production("Hv2q-not-to-be-seen")
	asJSON, err := json.Marshal(c)
	require.NoError(t, err)
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("configuration", "config", c, "secret", c.JWTSecret)
	for _, shown := range []string{fmt.Sprint(c), fmt.Sprintf("%+v %#v %s %q", c, c, c.JWTSecret, c.JWTSecret), string(asJSON), log.String()} {
		assert.NotContains(t, shown, "not-to-be-seen")
	}
}

func TestLogLevel(t *testing.T) {
	assert.Equal(t, slog.LevelDebug, config.LogLevel("debug").Slog())
	assert.Equal(t, slog.LevelWarn, config.LogLevel("warn").Slog())
	assert.Equal(t, slog.LevelInfo, config.LogLevel("").Slog())
}
