package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/rubrica/rubrica/graph"
	"github.com/rubrica/rubrica/internal/calibrations"
	"github.com/rubrica/rubrica/internal/config"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/internal/progress"
	"github.com/rubrica/rubrica/internal/server"
	"github.com/rubrica/rubrica/jobs"
	"github.com/rubrica/rubrica/migrations"
	"github.com/rubrica/rubrica/rag"
	"github.com/rubrica/rubrica/rag/minilm"
	"github.com/rubrica/rubrica/recommend"
	"github.com/rubrica/rubrica/scoring"
	"github.com/rubrica/rubrica/scoring/calibration"
)

// common is what API and worker both need.
type common struct {
	queue       *jobs.Queue
	notifier    *progress.Notifier
	model       *embedder
	index       *rag.Index
	recommender *recommend.Recommender
}

func (s *stack) startCommon(a *App) (*common, error) {
	queue, err := jobs.NewQueue(s.db)
	if err != nil {
		return nil, err
	}
	notifier := progress.NewNotifier(s.db, s.log)
	s.onClose("notifier", notifier.Close)
	model := &embedder{options: minilm.Options{Concurrency: concurrency(s.cfg), Progress: a.progress}}
	s.onClose("embedding model", model.close)
	index := rag.New(s.db, model, s.log)
	return &common{queue, notifier, model, index, recommend.New(s.db, index, s.log)}, nil
}

// ofProcess is what admins are told of this process. Its engine is that of the workers, also where
// another process has them: all of an installation are of one version.
func ofProcess() graph.Installation {
	return graph.Installation{
		Version: version(), StartedAt: time.Now(), Engine: scoring.NewLocal(minilm.Name).Info(),
		Embedding: minilm.Name, Dimensions: minilm.Dimensions,
	}
}

// startWorkers opens the model and sets the workers to work. They stop before the notifier, so that
// what they finish last is announced.
func (s *stack) startWorkers(ctx context.Context, a *App, parts *common, health *server.Health) error {
	model, err := parts.model.open(ctx)
	if err != nil {
		return err
	}
	active := calibrations.NewActive(s.db, s.log)
	support := s.calibrationSupport(a)
	engine := calibration.NewEngine(scoring.NewLocal(model.Model()), active.Find, support)
	languageModel, err := s.languageModel(engine)
	if err != nil {
		return err
	}
	workers, err := jobs.NewWorkers(jobs.Deps{
		DB: s.db, Queue: parts.queue, Notifier: parts.notifier, Embedder: model,
		Engine: engine, LLM: languageModel, Calibrations: active, Support: support, Index: parts.index,
		Recommender: parts.recommender,
		Log:         s.log, Workers: s.cfg.Workers, JobTimeout: s.cfg.JobTimeout,
	})
	if err != nil {
		return err
	}
	if err := workers.Start(ctx); err != nil {
		return err
	}
	s.onClose("workers", func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, s.cfg.DrainTimeout)
		defer cancel()
		return workers.Stop(ctx)
	})
	health.Register(embedderCheck(model))
	health.Register(server.Check{Name: "workers", Required: true, Probe: func(ctx context.Context) (string, error) {
		return fmt.Sprintf("%d at a time", concurrency(s.cfg)), workers.Working(ctx)
	}})
	health.Register(indexCheck(parts.index))
	return nil
}

// background runs fn until the stack closes.
func (s *stack) background(name string, fn func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- fn(ctx) }()
	s.onClose(name, func(ctx context.Context) error {
		cancel()
		select {
		case err := <-done:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	})
}

type workerCmd struct {
	config.Config
	migrateFlag
}

// Run scores until the context ends. It serves health alone, on the configured address.
func (c *workerCmd) Run(ctx context.Context, a *App) (err error) {
	listener, err := server.Listen(ctx, c.Address)
	if err != nil {
		return err
	}
	defer listener.Close() // Serve closes it; this is for a start that fails
	s, err := a.openURL(ctx, &c.Config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := s.prepare(ctx, c.Migrate); err != nil {
		return err
	}
	if err := s.connect(ctx); err != nil {
		return err
	}
	health := server.NewHealth(databaseCheck(s.db), migrationsCheck(s.url))
	parts, err := s.startCommon(a)
	if err != nil {
		return err
	}
	if err := s.startWorkers(ctx, a, parts, health); err != nil {
		return err
	}
	s.log.InfoContext(ctx, "working", "health", listener.Addr().String(), "mode", c.Mode, "version", version())
	mux := http.NewServeMux()
	health.Routes(mux)
	srv := &server.Server{
		Handler: server.Wrap(mux, server.Options{Logger: s.log, Quiet: []string{"/healthz", "/readyz"}}),
		Logger:  s.log, Health: health, DrainTimeout: c.DrainTimeout,
	}
	return srv.Serve(ctx, listener)
}

func databaseCheck(db *database.DB) server.Check {
	return server.Check{Name: "database", Required: true, Probe: func(ctx context.Context) (string, error) {
		var version string
		err := db.SQL.QueryRowContext(ctx, "SELECT 'PostgreSQL ' || current_setting('server_version')").Scan(&version)
		if err != nil {
			return "", errors.New("does not answer")
		}
		return version, nil
	}}
}

// migrationsCheck asks until all is applied, and no longer: a database does not go back.
func migrationsCheck(url string) server.Check {
	var done atomic.Bool
	return server.Check{Name: "migrations", Required: true, Probe: func(ctx context.Context) (string, error) {
		if done.Load() {
			return "", nil
		}
		pending, err := migrations.Pending(ctx, url)
		if err != nil {
			return "", errors.New("cannot be read")
		}
		if len(pending) > 0 {
			return "", fmt.Errorf("%d pending", len(pending))
		}
		done.Store(true)
		return "", nil
	}}
}

func embedderCheck(model *minilm.Model) server.Check {
	return server.Check{Name: "embedder", Required: true, Probe: func(ctx context.Context) (string, error) {
		if _, err := model.Embed(ctx, "ready"); err != nil {
			return "", errors.New("does not embed")
		}
		return model.Model(), nil
	}}
}

// listenerCheck is optional: without LISTEN the hub polls, and subscribers hear of changes later.
func listenerCheck(hub *progress.Hub) server.Check {
	return server.Check{Name: "listener", Probe: func(context.Context) (string, error) {
		if !hub.Stats().Listening {
			return "", errors.New("not listening; subscribers are told by polling")
		}
		return "", nil
	}}
}

// indexCheck is optional: without vectors the search is by words.
func indexCheck(index *rag.Index) server.Check {
	return server.Check{Name: "index", Probe: func(ctx context.Context) (string, error) {
		states, err := index.Status(ctx)
		if err != nil {
			return "", errors.New("cannot be read")
		}
		for _, m := range states {
			if !m.Serving {
				continue
			}
			if !m.Here {
				return "", fmt.Errorf("searches go by words alone: no embedder for %s, which serves", m.Model)
			}
			detail := fmt.Sprintf("%d of %d chunks embedded", m.Embedded, m.Chunks)
			if m.Embedded < m.Chunks {
				return "", errors.New(detail)
			}
			return detail, nil
		}
		return "", errors.New("nothing is embedded yet")
	}}
}
