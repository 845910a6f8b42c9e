package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"
	"github.com/pgvector/pgvector-go"

	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/rag"
)

// limit is how many hits are asked for: recall is of these.
const limit = 10

// meter measures.
type meter struct {
	o      options
	db     *database.DB
	index  *rag.Index
	f      *filler
	writer *writer
}

// way is one way to search.
type way struct {
	name   string
	p95    time.Duration // that is asked for; 0 asks for nothing
	recall float64       // that is asked for
	search func(ctx context.Context, text string, vector []float32) ([]uuid.UUID, error)
	exact  func(ctx context.Context, vector []float32) ([]uuid.UUID, error) // nil where there is nothing to compare

	p50s, p95s, p99s []time.Duration // by round
	found, all, full int
}

func (m *meter) ways() []*way {
	byMeaning := func(track uuid.UUID) func(context.Context, string, []float32) ([]uuid.UUID, error) {
		return func(ctx context.Context, _ string, vector []float32) ([]uuid.UUID, error) {
			return m.refs(ctx, rag.Query{Vector: vector, TrackID: track, Limit: limit})
		}
	}
	exactly := func(track uuid.UUID) func(context.Context, []float32) ([]uuid.UUID, error) {
		return func(ctx context.Context, vector []float32) ([]uuid.UUID, error) { return m.exact(ctx, vector, track) }
	}
	return []*way{
		{name: "exact scan in SQL", search: func(ctx context.Context, _ string, vector []float32) ([]uuid.UUID, error) {
			return m.exact(ctx, vector, uuid.Nil)
		}},
		{name: "by meaning", p95: 10 * time.Millisecond, recall: .99, search: byMeaning(uuid.Nil), exact: exactly(uuid.Nil)},
		{name: "by meaning, of 1 %", p95: 10 * time.Millisecond, recall: .98, search: byMeaning(m.f.tracks[0]), exact: exactly(m.f.tracks[0])},
		{name: "by meaning, of 10 %", p95: 10 * time.Millisecond, recall: .98, search: byMeaning(m.f.tracks[1]), exact: exactly(m.f.tracks[1])},
		{name: "everything", p95: 40 * time.Millisecond, search: func(ctx context.Context, text string, _ []float32) ([]uuid.UUID, error) {
			return m.refs(ctx, rag.Query{Text: text, Limit: limit})
		}},
		{name: "everything, of 10 %", search: func(ctx context.Context, text string, _ []float32) ([]uuid.UUID, error) {
			return m.refs(ctx, rag.Query{Text: text, Limit: limit, TrackID: m.f.tracks[1]})
		}},
	}
}

func (m *meter) refs(ctx context.Context, q rag.Query) ([]uuid.UUID, error) {
	hits, err := m.index.Search(ctx, q)
	if err != nil {
		return nil, err
	}
	ids := make([]uuid.UUID, len(hits))
	for i, h := range hits {
		ids[i] = h.RefID
	}
	return ids, nil
}

// exact is the reference: the distance to every vector, in plain SQL without an index.
func (m *meter) exact(ctx context.Context, vector []float32, track uuid.UUID) (ids []uuid.UUID, err error) {
	kept := ""
	args := []any{pgvector.NewHalfVector(vector).String()}
	if track != uuid.Nil {
		kept, args = "WHERE d.track_id = $2", append(args, track)
	}
	rows, err := m.db.SQL.QueryContext(ctx, fmt.Sprintf(`
		WITH near AS MATERIALIZED (SELECT v.chunk_id, v.embedding <=> $1::halfvec AS distance FROM %s v)
		SELECT d.passage_id FROM near n JOIN rag_chunks c ON c.id = n.chunk_id JOIN rag_documents d ON d.id = c.document_id %s
		ORDER BY n.distance, d.id LIMIT %d`, pq.QuoteIdentifier(m.f.partition), kept, limit), args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // Err has told
	for rows.Next() {
		var id uuid.UUID
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// measure asks every query in every way, one way after the other, so that what else the machine does
// falls on all of them.
func (m *meter) measure(ctx context.Context) error {
	type question struct {
		text   string
		vector []float32
	}
	ways, questions := m.ways(), make([]question, m.o.queries)
	for i := range questions {
		text := m.writer.query()
		vector, err := m.f.model.Embed(ctx, text)
		if err != nil {
			return err
		}
		questions[i] = question{text, vector}
	}
	for round := range m.o.rounds + 1 { // the first warms up
		times := make([][]time.Duration, len(ways))
		for _, q := range questions {
			for i, w := range ways {
				start := time.Now()
				ids, err := w.search(ctx, q.text, q.vector)
				if err != nil {
					return fmt.Errorf("%s, %q: %w", w.name, q.text, err)
				}
				times[i] = append(times[i], time.Since(start))
				if round > 0 {
					continue
				}
				if len(ids) == limit {
					w.full++
				}
				if w.exact == nil {
					continue
				}
				want, err := w.exact(ctx, q.vector)
				if err != nil {
					return err
				}
				w.all += len(want)
				for _, id := range want {
					if slices.Contains(ids, id) {
						w.found++
					}
				}
			}
		}
		for i, w := range ways {
			if round > 0 {
				slices.Sort(times[i])
				at := func(share float64) time.Duration { return times[i][int(share*float64(len(times[i])-1))] }
				w.p50s, w.p95s, w.p99s = append(w.p50s, at(.5)), append(w.p95s, at(.95)), append(w.p99s, at(.99))
			}
		}
		m.f.say("round %d of %d", round, m.o.rounds)
	}
	return m.print(ways)
}

func (m *meter) print(ways []*way) error {
	fmt.Printf("%d queries, medians of %d rounds, one connection\n\n", m.o.queries, m.o.rounds)
	fmt.Printf("%-22s %9s %9s %9s %10s %10s  %s\n", "", "p50", "p95", "p99", "of exact", "recall@10", "full lists")
	reference := median(ways[0].p50s)
	var missed []string
	for _, w := range ways {
		recall := "–"
		if w.all > 0 {
			share := float64(w.found) / float64(w.all)
			recall = fmt.Sprintf("%.4f", share)
			if share < w.recall {
				missed = append(missed, fmt.Sprintf("%s finds %.4f of what there is, %.2f was asked for", w.name, share, w.recall))
			}
		}
		p95 := median(w.p95s)
		if w.p95 > 0 && p95 >= w.p95 {
			missed = append(missed, fmt.Sprintf("%s takes %s (p95), less than %s was asked for", w.name, p95.Round(10*time.Microsecond), w.p95))
		}
		if w.full < m.o.queries {
			missed = append(missed, fmt.Sprintf("%s has %d full lists of %d", w.name, w.full, m.o.queries))
		}
		fmt.Printf("%-22s %9s %9s %9s %10.3f %10s  %d of %d\n", w.name, ms(median(w.p50s)), ms(p95), ms(median(w.p99s)),
			float64(median(w.p50s))/float64(reference), recall, w.full, m.o.queries)
	}
	if len(missed) == 0 {
		return nil
	}
	fmt.Println("\nNot reached: " + strings.Join(missed, "; "))
	if m.o.check {
		return errors.New("goals are missed: " + strings.Join(missed, "; "))
	}
	return nil
}

func ms(d time.Duration) string { return fmt.Sprintf("%.2f ms", float64(d)/1e6) }

func median(list []time.Duration) time.Duration {
	list = slices.Sorted(slices.Values(list))
	return list[len(list)/2]
}
