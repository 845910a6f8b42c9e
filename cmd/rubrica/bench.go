package main

import (
	"context"

	"github.com/rubrica/rubrica/internal/demo"
	"github.com/rubrica/rubrica/rag/minilm/bench"
)

type benchCmd struct {
	Embed   benchEmbedCmd   `cmd:"" help:"Tokens per second of the embedding model on one core, next to ONNX Runtime's Python binding."`
	Latency benchLatencyCmd `cmd:"" help:"Time from the submission of an essay to its scores and to its end, on the running server."`
}

type benchEmbedCmd struct{}

// Run measures and prints.
func (benchEmbedCmd) Run(ctx context.Context, a *App) error { return bench.Bench(ctx, a.Stdout) }

type benchLatencyCmd struct {
	essayFlags
	clientFlags
	Count int `default:"100" help:"How many essays to submit, one after the other."`
}

// Run measures and prints.
func (c *benchLatencyCmd) Run(ctx context.Context, a *App) error {
	text, _, err := c.essay()
	if err != nil {
		return err
	}
	client, err := c.client()
	if err != nil {
		return err
	}
	return unreachable(client, demo.Latency(ctx, demo.LatencyOptions{
		Client: client, Question: c.Question, Text: text, Count: c.Count, Out: a.Stdout,
	}))
}
