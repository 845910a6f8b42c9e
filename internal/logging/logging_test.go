package logging_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/internal/logging"
)

func record(t *testing.T, out *bytes.Buffer) map[string]any {
	t.Helper()
	var got map[string]any
	require.NoError(t, json.Unmarshal(out.Bytes(), &got), out.String())
	out.Reset()
	return got
}

func TestRecordsCarryTheIDsOfTheContext(t *testing.T) {
	var out bytes.Buffer
	log := logging.New(&out, logging.Options{})
	request := logging.With(context.Background(), slog.String(logging.RequestID, "r1"))
	job := logging.With(request, slog.Int64(logging.JobID, 7), slog.String(logging.EssayID, "e1"))

	log.InfoContext(job, "scored", "criteria", 4)
	got := record(t, &out)
	assert.Equal(t, "r1", got["request_id"])
	assert.EqualValues(t, 7, got["job_id"])
	assert.Equal(t, "e1", got["essay_id"])
	assert.EqualValues(t, 4, got["criteria"])

	log.With("component", "jobs").InfoContext(logging.With(job, slog.String(logging.RequestID, "r2")), "again")
	assert.Equal(t, 1, strings.Count(out.String(), "request_id"), "replaced, not repeated")
	got = record(t, &out)
	assert.Equal(t, "r2", got["request_id"])
	assert.Equal(t, "jobs", got["component"])

	log.InfoContext(request, "the parent is as it was")
	assert.NotContains(t, record(t, &out), "job_id")
}

func TestLevelAndText(t *testing.T) {
	var out bytes.Buffer
	log := logging.New(&out, logging.Options{Level: slog.LevelWarn, Text: true})
	log.Info("not this")
	log.WarnContext(logging.With(context.Background(), slog.String(logging.RunID, "x")), "this")
	assert.Contains(t, out.String(), "level=WARN msg=this run_id=x\n")
	assert.NotContains(t, out.String(), "not this")
}

const token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJsZW5hIn0.Zm9vYmFy_-x"

func TestSecretsAndTextsAreNotWritten(t *testing.T) {
	const essay = "The outcome of the payment is unknown to the client."
	long := strings.Repeat(essay+" ", 40)
	for _, text := range []bool{false, true} {
		var out bytes.Buffer
		log := logging.New(&out, logging.Options{Level: slog.LevelDebug, Text: text})
		log.Info("header", "Authorization", "Bearer "+token, "Set-Cookie", "a=b-private")
		log.Info("a token in the message: "+token, "anything", token)
		log.Info("bearer", "header", "bearer abcdef0123-opaque")
		log.Info("group", slog.Group("request", slog.String("text", essay), slog.Any("variables", map[string]any{"text": essay})))
		log.With("essay", essay).WithGroup("g").Info("with", "model_answer", essay)
		log.Error("failed", "error", errors.New("dial postgres://rubrica:hunter2@db:5432/x: refused"))
		log.Error("failed", "error", errors.New("host=db password=hunter2 dbname=x"))
		log.Error("failed", "error", errors.New("unexpected: "+long))
		log.Info("nested", "value", struct{ Header map[string]string }{map[string]string{"h": "Bearer " + token}})
		log.Info("address", "url", "https://api.example.org:443/path@x", "took", 3*time.Second)

		got := out.String()
		for _, never := range []string{token, "eyJ", "b-private", "abcdef0123", "hunter2", long} {
			assert.NotContains(t, got, never)
		}
		assert.LessOrEqual(t, strings.Count(got, essay), 12, "a cut start of a long text is the most that is left")
		assert.Contains(t, got, "bytes more)")
		assert.Contains(t, got, "rubrica:[redacted]@db", "the rest of a message stays readable")
		assert.Contains(t, got, "https://api.example.org:443/path@x")
		if !text {
			for line := range strings.Lines(got) {
				assert.True(t, json.Valid([]byte(line)), line)
			}
		}
	}
}

func TestCutKeepsCharactersWhole(t *testing.T) {
	assert.Equal(t, "short", logging.Cut("short"))
	assert.Contains(t, logging.Cut("x"+strings.Repeat("é", 1000)), "é… (")
}
