package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"

	"github.com/rubrica/rubrica/graph"
	"github.com/rubrica/rubrica/internal/calibrations"
	"github.com/rubrica/rubrica/internal/config"
	"github.com/rubrica/rubrica/internal/graphiql"
	"github.com/rubrica/rubrica/internal/importing"
	"github.com/rubrica/rubrica/internal/interactions"
	"github.com/rubrica/rubrica/internal/overrides"
	"github.com/rubrica/rubrica/internal/progress"
	"github.com/rubrica/rubrica/internal/seeding"
	"github.com/rubrica/rubrica/internal/server"
	"github.com/rubrica/rubrica/internal/submission"
	"github.com/rubrica/rubrica/jobs"
	"github.com/rubrica/rubrica/migrations"
	"github.com/rubrica/rubrica/seeds"
)

type serveCmd struct {
	config.Config
	migrateFlag
	NoWorker bool `help:"Serve the API alone; a process of 'rubrica worker' scores."`
}

type migrateFlag struct {
	Migrate bool `env:"RUBRICA_MIGRATE" help:"Apply pending migrations at the start, in production too; development always does."`
}

// Run serves until the context ends.
func (c *serveCmd) Run(ctx context.Context, a *App) (err error) {
	// First of all, because a port in use should stop the start before anything is begun.
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
	if !c.IsProduction() {
		if err := s.seed(ctx, a); err != nil {
			return err
		}
	}
	return c.serve(ctx, a, s, listener)
}

func (c *serveCmd) serve(ctx context.Context, a *App, s *stack, listener net.Listener) error {
	authority, err := s.authority()
	if err != nil {
		return err
	}
	documents, err := s.trustedDocuments(ctx, &c.Config)
	if err != nil {
		return err
	}
	proxies, err := c.Proxies()
	if err != nil {
		return fmt.Errorf("reading the trusted proxies: %w", err)
	}
	health := server.NewHealth(databaseCheck(s.db), migrationsCheck(s.url))
	parts, err := s.startCommon(a)
	if err != nil {
		return err
	}
	hub := progress.NewHub(s.db, s.log, progress.Options{})
	s.background("hub", hub.Run)
	health.Register(listenerCheck(hub))
	if !c.NoWorker {
		if err := s.startWorkers(ctx, a, parts, health); err != nil {
			return err
		}
	}

	api := graph.New(graph.Options{
		DB: s.db, Submission: submission.New(s.db, parts.queue, parts.notifier), Hub: hub,
		Overrides:    overrides.New(s.db, parts.queue, parts.notifier),
		Calibrations: calibrations.New(s.db, parts.queue),
		Authority:    authority, Log: s.log, Development: !c.IsProduction(),
		Index: parts.index, Advice: jobs.NewAdvice(s.db, parts.model, parts.recommender),
		Interactions: interactions.New(s.db, parts.queue),
		Importing:    importing.New(s.db, parts.queue.RefreshIndex, s.log),
		Jobs:         jobs.NewInspector(s.db, parts.queue, parts.notifier), System: ofProcess(),
		AllowOrigin: server.AllowOrigin(c.CORSOrigins),
		Trusted:     documents, TrustedOnly: c.TrustedOnly(),
		Limits: limits(&c.Config), Address: server.ClientAddress(proxies),
	})
	url := baseURL(listener.Addr().String())
	page, err := c.console(ctx, a, s, authority, url)
	if err != nil {
		return err
	}

	mux := http.NewServeMux()
	health.Routes(mux)
	mux.Handle("/graphql", authority.Middleware(api.Handler(), s.log))
	console := authority.Middleware(graphiql.Handler(page), s.log)
	mux.Handle("/graphiql", console)
	mux.Handle("/graphiql/", console)
	mux.Handle("GET /{$}", http.RedirectHandler("/graphiql", http.StatusFound))

	srv := &server.Server{
		Handler: server.Wrap(mux, server.Options{Logger: s.log, Origins: c.CORSOrigins, Quiet: []string{"/healthz", "/readyz"}}),
		Logger:  s.log, Health: health, DrainTimeout: c.DrainTimeout,
		Drainers: []func(context.Context) error{api.Drain},
	}
	s.log.InfoContext(ctx, "serving", "address", listener.Addr().String(), "mode", c.Mode, "worker", !c.NoWorker, "version", version())
	if a.Serving != nil {
		a.Serving(url)
	}
	return srv.Serve(ctx, listener)
}

// prepare brings the database to this version's schema, or refuses one that is not. Production
// migrates only when told to: whoever operates it chooses the moment.
func (s *stack) prepare(ctx context.Context, migrate bool) error {
	if migrate || !s.cfg.IsProduction() {
		_, err := s.migrate(ctx)
		return err
	}
	pending, err := migrations.Pending(ctx, s.url)
	if err != nil {
		return err
	}
	if len(pending) > 0 {
		return &pendingError{pending}
	}
	return nil
}

// seed loads the catalogue and the people of the development mode.
func (s *stack) seed(ctx context.Context, a *App) error {
	catalog, err := seeds.Default()
	if err != nil {
		return err
	}
	report, err := seeding.Load(ctx, s.db, catalog, seeding.Options{People: true})
	if err != nil {
		return err
	}
	if report.Changed() {
		a.progress(fmt.Sprintf("loaded the seeds: %s, %s", plural(len(catalog.Tracks), "track", "tracks"),
			plural(len(catalog.Credentials), "credential", "credentials")))
	}
	return nil
}
