package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"unicode/utf8"

	"github.com/rubrica/rubrica/internal/config"
	"github.com/rubrica/rubrica/internal/demo"
	"github.com/rubrica/rubrica/seeds"
)

type demoCmd struct {
	essayFlags
	clientFlags
}

type essayFlags struct {
	File     string `type:"existingfile" placeholder:"FILE" help:"Essay to submit; default: a sample answer of the seeds."`
	Question string `default:"stale-product-cache" placeholder:"SLUG" help:"The question that it answers."`
	Sample   string `enum:"strong,middling,weak" default:"middling" help:"Which sample answer to submit: ${enum}."`
}

type clientFlags struct {
	Address string `placeholder:"URL" help:"The server; default: the one that was started in this folder."`
	Token   string `env:"RUBRICA_TOKEN" placeholder:"TOKEN" help:"Token of a learner; default: the one that the development server made."`
	DataDir string `env:"RUBRICA_DATA_DIR" placeholder:"FOLDER" help:"Data folder of the server."`
}

// Run shows one essay's way.
func (c *demoCmd) Run(ctx context.Context, a *App) error {
	text, source, err := c.essay()
	if err != nil {
		return err
	}
	client, err := c.client()
	if err != nil {
		return err
	}
	return unreachable(client, demo.Run(ctx, demo.Options{
		Client: client, Question: c.Question, Text: text, Source: source,
		Out: a.Stdout, Color: isTerminal(a.Stdout),
	}))
}

// unreachable says what to do when there is no server.
func unreachable(client demo.Client, err error) error {
	if errors.Is(err, demo.ErrUnreachable) {
		return fmt.Errorf("no server answers on %s: start one with `make run` in another terminal", client.URL)
	}
	return err
}

func (c *essayFlags) essay() (text, source string, err error) {
	if c.File != "" {
		b, err := os.ReadFile(c.File)
		if err != nil {
			return "", "", fmt.Errorf("read the essay: %w", err)
		}
		if !utf8.Valid(b) {
			return "", "", fmt.Errorf("%s is not UTF-8 text: convert it first, for instance with iconv", c.File)
		}
		return string(b), filepath.Base(c.File), nil
	}
	catalog, err := seeds.Default()
	if err != nil {
		return "", "", err
	}
	for _, track := range catalog.Tracks {
		for _, q := range track.Questions {
			if q.Slug == c.Question {
				text := map[string]string{"strong": q.Samples.Strong, "middling": q.Samples.Middling, "weak": q.Samples.Weak}
				return text[c.Sample], "the " + c.Sample + " sample answer", nil
			}
		}
	}
	return "", "", fmt.Errorf("the seeds have no question %q: name one of theirs, or give an essay with --file", c.Question)
}

func (c *clientFlags) client() (demo.Client, error) {
	client := demo.Client{Token: c.Token}
	if c.Address != "" {
		client.URL = baseURL(c.Address)
	}
	if client.URL != "" && client.Token != "" {
		return client, nil
	}
	dir, err := dataDirPath(&config.Config{DataDir: c.DataDir})
	if err != nil {
		return client, err
	}
	h, err := readHandoff(filepath.Join(dir, handoffFile))
	if errors.Is(err, fs.ErrNotExist) {
		return client, errors.New("no server was started from this folder: run `make run` in another terminal, or give --address and --token")
	}
	if err != nil {
		return client, err
	}
	if client.URL == "" {
		client.URL = h.URL
	}
	if client.Token == "" {
		client.Token = h.Tokens["lena"]
	}
	return client, nil
}

func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
