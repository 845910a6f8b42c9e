package rag

import (
	"context"
	"fmt"

	"github.com/lib/pq"
)

// linksOf reads which hits are neighbours of which.
func linksOf(ctx context.Context, q querier, hits []Hit) ([]link, error) {
	ids := make([]string, len(hits))
	for i, h := range hits {
		ids[i] = h.DocumentID.String()
	}
	rows, err := q.QueryContext(ctx, `
		WITH hits AS MATERIALIZED (SELECT * FROM unnest($1::uuid[]) WITH ORDINALITY AS h (id, place))
		SELECT f.place - 1, coalesce(t.place, 0) - 1, n.similarity
		FROM hits f JOIN rag_neighbours n ON n.document_id = f.id LEFT JOIN hits t ON t.id = n.neighbour_id
		ORDER BY f.place, n.neighbour_id`, pq.Array(ids))
	if err != nil {
		return nil, fmt.Errorf("reading the neighbours of what was found: %w", err)
	}
	var links []link
	err = each(rows, func() error {
		var l link
		if err := rows.Scan(&l.from, &l.to, &l.similarity); err != nil {
			return err
		}
		links = append(links, l)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the neighbours of what was found: %w", err)
	}
	return links, nil
}

const linkLimit = 1000

func (x *Index) link(ctx context.Context, m model, left, limit int) (int, error) { return 0, nil }
