package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/rubrica/rubrica/internal/config"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/internal/embeddedpg"
	"github.com/rubrica/rubrica/migrations"
)

// databaseName is the database on the private server.
const databaseName = "rubrica"

// stopTimeout bounds the end of the private Postgres, which itself aborts after 20 s.
const stopTimeout = 30 * time.Second

// stack is everything that a command started, in order; Close ends it in reverse.
type stack struct {
	cfg *config.Config
	log *slog.Logger

	dataDir string
	url     string // of the database
	private bool   // whether the database is our own server's
	db      *database.DB

	closers []closer
}

type closer struct {
	name string
	fn   func(context.Context) error
}

func (s *stack) onClose(name string, fn func(context.Context) error) {
	s.closers = append(s.closers, closer{name, fn})
}

// Close ends everything, also when the context of the command is over, and says what could not be
// ended in good order.
func (s *stack) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), s.cfg.DrainTimeout+stopTimeout)
	defer cancel()
	var errs []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		c := s.closers[i]
		start := time.Now()
		if err := c.fn(ctx); err != nil {
			errs = append(errs, fmt.Errorf("stop the %s: %w", c.name, err))
		}
		s.log.Debug("stopped", "part", c.name, "ms", time.Since(start).Milliseconds())
	}
	s.closers = nil
	return errors.Join(errs...)
}

// openURL finds the database: the one that is configured, else the private one, which is started.
func (a *App) openURL(ctx context.Context, cfg *config.Config) (_ *stack, err error) {
	s := &stack{cfg: cfg, log: a.logger(cfg), url: cfg.DatabaseURL}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if cfg.IsProduction() { // writes nothing
		return s, nil
	}
	if s.dataDir, err = dataDir(cfg); err != nil {
		return nil, err
	}
	if s.url != "" {
		return s, nil
	}
	srv, err := embeddedpg.Start(ctx, embeddedpg.Config{DataDir: s.dataDir, Progress: a.progress})
	if err != nil {
		return nil, err
	}
	s.onClose("private Postgres", srv.Stop)
	if err := srv.EnsureDatabase(ctx, databaseName); err != nil {
		return nil, err
	}
	s.url, s.private = srv.URL(databaseName), true
	return s, nil
}

// open is openURL, and a pool of connections.
func (a *App) open(ctx context.Context, cfg *config.Config) (*stack, error) {
	s, err := a.openURL(ctx, cfg)
	if err != nil {
		return nil, err
	}
	if err := s.connect(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *stack) connect(ctx context.Context) error {
	db, err := database.Open(ctx, s.url, database.Options{
		MaxConnections: s.cfg.DatabaseConnections, Unprepared: s.cfg.DatabaseUnprepared,
	})
	if err != nil {
		return fmt.Errorf("%w (DATABASE_URL says which database; is it running, and may this machine reach it?)", err)
	}
	s.db = db
	s.onClose("database pool", func(context.Context) error { return db.Close() })
	return nil
}

// migrate applies what is pending.
func (s *stack) migrate(ctx context.Context) (migrations.Report, error) {
	return migrations.Up(ctx, s.url, s.log)
}

// dataDir is the folder of the private Postgres and of the generated secret. It is made when missing.
func dataDir(cfg *config.Config) (string, error) {
	dir, err := dataDirPath(cfg)
	if err != nil {
		return "", err
	}
	mode := fs.FileMode(0o700)
	if os.Geteuid() == 0 {
		mode = 0o755 // the user that Postgres runs as must get in; what is private has modes of its own
	}
	if err := os.MkdirAll(dir, mode); err != nil {
		return "", fmt.Errorf("make the data folder: %w; choose another with RUBRICA_DATA_DIR", err)
	}
	return dir, nil
}

func dataDirPath(cfg *config.Config) (string, error) {
	if cfg.DataDir != "" {
		return filepath.Abs(cfg.DataDir)
	}
	project, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the folder of the project: %w", err)
	}
	return embeddedpg.DefaultDataDir(project)
}
