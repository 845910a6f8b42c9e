package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// handwrittenCommand makes this program the server that was written by hand.
const handwrittenCommand = "handwritten"

// What the screen shows, level by level.
type (
	screen struct {
		Data struct {
			Essays struct {
				Edges []essayEdge `json:"edges"`
			} `json:"essays"`
		} `json:"data"`
	}
	essayEdge struct {
		Node *essay `json:"node"`
	}
	essay struct {
		ID        uuid.UUID   `json:"id"`
		Words     int         `json:"words"`
		Submitted time.Time   `json:"submittedAt"`
		Run       *scoringRun `json:"latestRun"`
	}
	scoringRun struct {
		ID     uuid.UUID `json:"id"`
		Stage  string    `json:"stage"`
		Scores []*score  `json:"scores"`
	}
	score struct {
		ID          uuid.UUID    `json:"id"`
		Value       float64      `json:"value"`
		Raw         float64      `json:"raw"`
		Criterion   *title       `json:"criterion"`
		Explanation *explanation `json:"explanation"`
		criterionID uuid.UUID
	}
	title struct {
		Title string `json:"title"`
	}
	explanation struct {
		ID       uuid.UUID   `json:"id"`
		Summary  string      `json:"summary"`
		Evidence []*evidence `json:"evidence"`
	}
	evidence struct {
		ID     uuid.UUID `json:"id"`
		Quote  string    `json:"quote"`
		Points float64   `json:"points"`
		Reason string    `json:"reason"`
	}
)

// byHand answers the screen for one learner and nothing else: no GraphQL, no authentication, no
// privacy, no limits.
type byHand struct {
	learner                                                uuid.UUID
	essays, runs, scores, criteria, explanations, evidence *sql.Stmt
}

func newByHand(ctx context.Context, db *sql.DB, learner uuid.UUID) (*byHand, error) {
	h := &byHand{learner: learner}
	for _, s := range []struct {
		stmt **sql.Stmt
		text string
	}{
		{&h.essays, `SELECT id, words, created_at FROM essays WHERE owner_id = $1 ORDER BY created_at DESC, id DESC LIMIT 20`},
		{&h.runs, `SELECT id, essay_id, stage FROM scoring_runs r WHERE essay_id = ANY($1)
			AND NOT EXISTS (SELECT FROM scoring_runs newer WHERE newer.essay_id = r.essay_id AND newer.number > r.number)`},
		{&h.scores, `SELECT id, run_id, value, raw, criterion_id FROM scores WHERE run_id = ANY($1) ORDER BY position`},
		{&h.criteria, `SELECT id, title FROM criteria WHERE id = ANY($1)`},
		{&h.explanations, `SELECT id, score_id, summary FROM explanations WHERE score_id = ANY($1)`},
		{&h.evidence, `SELECT id, explanation_id, quote, points, reason FROM evidence WHERE explanation_id = ANY($1) ORDER BY position`},
	} {
		stmt, err := db.PrepareContext(ctx, s.text) //nolint:sqlclosecheck // lives as long as the pool
		if err != nil {
			return nil, fmt.Errorf("prepare %s: %w", s.text, err)
		}
		*s.stmt = stmt
	}
	return h, nil
}

// each runs a statement and reads its rows.
func each(ctx context.Context, stmt *sql.Stmt, arg any, scan func(*sql.Rows) error) (err error) {
	rows, err := stmt.QueryContext(ctx, arg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (h *byHand) screen(ctx context.Context) (*screen, error) {
	s := new(screen)
	var ids []uuid.UUID
	essayOf := map[uuid.UUID]*essay{}
	err := each(ctx, h.essays, h.learner, func(r *sql.Rows) error {
		e := new(essay)
		s.Data.Essays.Edges = append(s.Data.Essays.Edges, essayEdge{e})
		if err := r.Scan(&e.ID, &e.Words, &e.Submitted); err != nil {
			return err
		}
		e.Submitted = e.Submitted.UTC()
		essayOf[e.ID], ids = e, append(ids, e.ID)
		return nil
	})
	if err != nil {
		return nil, err
	}
	runOf := map[uuid.UUID]*scoringRun{}
	parents := pq.Array(ids)
	ids = nil
	err = each(ctx, h.runs, parents, func(r *sql.Rows) error {
		v, parent := new(scoringRun), uuid.UUID{}
		if err := r.Scan(&v.ID, &parent, &v.Stage); err != nil {
			return err
		}
		essayOf[parent].Run = v
		runOf[v.ID], ids = v, append(ids, v.ID)
		return nil
	})
	if err != nil {
		return nil, err
	}
	scoreOf := map[uuid.UUID]*score{}
	titles := map[uuid.UUID]*title{}
	var all []*score
	parents = pq.Array(ids)
	ids = nil
	err = each(ctx, h.scores, parents, func(r *sql.Rows) error {
		v, parent := new(score), uuid.UUID{}
		if err := r.Scan(&v.ID, &parent, &v.Value, &v.Raw, &v.criterionID); err != nil {
			return err
		}
		runOf[parent].Scores = append(runOf[parent].Scores, v)
		titles[v.criterionID] = nil
		scoreOf[v.ID], ids, all = v, append(ids, v.ID), append(all, v)
		return nil
	})
	if err != nil {
		return nil, err
	}
	var criteria []uuid.UUID
	for id := range titles {
		criteria = append(criteria, id)
	}
	err = each(ctx, h.criteria, pq.Array(criteria), func(r *sql.Rows) error {
		v, id := new(title), uuid.UUID{}
		if err := r.Scan(&id, &v.Title); err != nil {
			return err
		}
		titles[id] = v
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, v := range all {
		v.Criterion = titles[v.criterionID]
	}
	reasonOf := map[uuid.UUID]*explanation{}
	parents = pq.Array(ids)
	ids = nil
	err = each(ctx, h.explanations, parents, func(r *sql.Rows) error {
		v, parent := new(explanation), uuid.UUID{}
		if err := r.Scan(&v.ID, &parent, &v.Summary); err != nil {
			return err
		}
		scoreOf[parent].Explanation = v
		reasonOf[v.ID], ids = v, append(ids, v.ID)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s, each(ctx, h.evidence, pq.Array(ids), func(r *sql.Rows) error {
		v, parent := new(evidence), uuid.UUID{}
		if err := r.Scan(&v.ID, &parent, &v.Quote, &v.Points, &v.Reason); err != nil {
			return err
		}
		reasonOf[parent].Evidence = append(reasonOf[parent].Evidence, v)
		return nil
	})
}

// ServeHTTP answers every request with the screen.
func (h *byHand) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s, err := h.screen(r.Context())
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	b, err := json.Marshal(s)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	_, _ = w.Write(b) // an error means that the client has left
}

func serveHandwritten(ctx context.Context) error {
	pool, err := strconv.Atoi(os.Getenv("POOL"))
	if err != nil {
		return fmt.Errorf("$POOL: %w", err)
	}
	learner, err := uuid.Parse(os.Getenv("LEARNER"))
	if err != nil {
		return fmt.Errorf("$LEARNER: %w", err)
	}
	db, err := sql.Open("postgres", os.Getenv("DATABASE_URL"))
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }() // the process ends
	db.SetMaxOpenConns(pool)
	db.SetMaxIdleConns(pool)
	h, err := newByHand(ctx, db, learner)
	if err != nil {
		return err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:"+os.Getenv("PORT"))
	if err != nil {
		return err
	}
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		<-ctx.Done()
		_ = s.Close() // what is under way is of no use any more
	}()
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
