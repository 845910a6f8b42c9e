package rag

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// edition of the rules that make documents and chunks. A change makes every document anew.
const edition = "1"

// sources gives every row that has to have a document. The statement reads the models' tables as
// they are and not through ent: only public rows come in, and a worker has nobody to ask for.
const sources = `
	SELECT 'PASSAGE' AS kind, p.id AS ref_id, p.track_id, p.skills, NULL::text AS level,
	       'PUBLIC' AS visibility, p.title, n.names AS keywords, p.text AS body
	FROM passages p, LATERAL (` + skillNames + ` unnest(p.skills)` + skillOrder + `) n
	UNION ALL
	SELECT 'CREDENTIAL', c.id, NULL::uuid, c.teaches, c.level,
	       'PUBLIC', c.title, concat_ws(', ', c.provider, n.names), c.description
	FROM credentials c, LATERAL (` + skillNames + ` unnest(c.teaches)` + skillOrder + `) n
	WHERE c.active`

const (
	skillNames = `SELECT coalesce(string_agg(coalesce(s.name, o.slug), ', ' ORDER BY o.place), '') AS names FROM`
	skillOrder = ` WITH ORDINALITY AS o (slug, place) LEFT JOIN skills s ON s.slug = o.slug`
)

// source is a row that a document is made from.
type source struct {
	kind       Kind
	ref        uuid.UUID
	track      uuid.NullUUID
	skills     pq.StringArray
	level      sql.NullString
	visibility Visibility
	title      string
	keywords   string
	body       string
	hash       []byte // of all of the above
}

// changedSources gives up to limit rows whose document is missing or was made from something else.
// Each call reads and hashes all sources; for a catalogue of 100 000 that is about a second.
func (x *Index) changedSources(ctx context.Context, q querier, limit int) (changed []source, err error) {
	rows, err := q.QueryContext(ctx, `
		SELECT s.kind, s.ref_id, s.track_id, s.skills, s.level, s.visibility, s.title, s.keywords, s.body, s.digest
		FROM (SELECT r.*, sha256(convert_to(jsonb_build_array($1::text, to_jsonb(r))::text, 'UTF8')) AS digest
		      FROM (`+sources+`) r) s
		LEFT JOIN rag_documents d ON d.kind = s.kind AND d.ref_id = s.ref_id
		WHERE d.content_hash IS DISTINCT FROM s.digest
		ORDER BY s.kind, s.ref_id
		LIMIT $2`, edition+"/"+strconv.Itoa(x.chunkTokens), limit)
	if err != nil {
		return nil, fmt.Errorf("looking for changed sources: %w", err)
	}
	err = each(rows, func() error {
		var s source
		if err := rows.Scan(&s.kind, &s.ref, &s.track, &s.skills, &s.level, &s.visibility,
			&s.title, &s.keywords, &s.body, &s.hash); err != nil {
			return err
		}
		changed = append(changed, s)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading changed sources: %w", err)
	}
	return changed, nil
}

// dropObsolete deletes the documents whose source is still there but is no source any more.
func dropObsolete(ctx context.Context, q querier) (int, error) {
	result, err := q.ExecContext(ctx, `
		DELETE FROM rag_documents d USING credentials c WHERE c.id = d.credential_id AND NOT c.active`)
	if err != nil {
		return 0, fmt.Errorf("removing documents of inactive credentials: %w", err)
	}
	n, err := result.RowsAffected()
	return int(n), err
}

// querier is a pool or a transaction.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// each calls fn for every row and closes the rows.
func each(rows *sql.Rows, fn func() error) error {
	defer func() { _ = rows.Close() }() // Err has told what there is to tell
	for rows.Next() {
		if err := fn(); err != nil {
			return err
		}
	}
	return rows.Err()
}
