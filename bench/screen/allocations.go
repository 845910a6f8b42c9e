package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"

	"github.com/rubrica/rubrica/graph"
	"github.com/rubrica/rubrica/internal/auth"
	"github.com/rubrica/rubrica/internal/database"
	srv "github.com/rubrica/rubrica/internal/server"
)

// countAllocations counts what a request allocates in the servers that are written in Go, in this
// process and without a network.
func countAllocations(ctx context.Context, servers []*server, b *benchDatabase, o options) error {
	db, err := database.Open(ctx, b.url, database.Options{MaxConnections: o.pool})
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }() // nothing is lost
	authority, err := auth.New([]byte(secret), auth.SQLAccounts(db.SQL))
	if err != nil {
		return err
	}
	log := slog.New(slog.DiscardHandler)
	api := graph.New(graph.Options{DB: db, Authority: authority, Log: log})
	hand, err := newByHand(ctx, db.SQL, b.learner)
	if err != nil {
		return err
	}
	handlers := map[string]http.Handler{
		ourName:       srv.Wrap(authority.Middleware(api.Handler(), log), srv.Options{Logger: log}),
		"handwritten": hand,
	}
	for _, s := range servers {
		if h := handlers[s.name]; h != nil {
			if err := s.countAllocations(ctx, h); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *server) countAllocations(ctx context.Context, h http.Handler) error {
	ask := func() error {
		r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/graphql", strings.NewReader(s.body))
		r.Header.Set("Content-Type", "application/json")
		for k, v := range s.headers {
			r.Header.Set(k, v)
		}
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, r)
		if answer.Code != http.StatusOK {
			return fmt.Errorf("%s in this process answers %d: %.500s", s.name, answer.Code, answer.Body)
		}
		return nil
	}
	const before, requests = 20, 100
	var start, end runtime.MemStats
	for i := range before + requests {
		if i == before {
			runtime.ReadMemStats(&start)
		}
		if err := ask(); err != nil {
			return err
		}
	}
	runtime.ReadMemStats(&end)
	s.allocations = float64(end.Mallocs-start.Mallocs) / requests
	s.allocated = float64(end.TotalAlloc-start.TotalAlloc) / requests
	return nil
}
