package rag

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"

	"github.com/google/uuid"
	"github.com/lib/pq"

	"github.com/rubrica/rubrica/internal/database"
)

// edition of the rules that make documents and chunks. A change makes every document anew.
const edition = "2"

// maxEssay is how much of an essay is indexed, in code points: some 5 500 words, 32 chunks. What
// follows is neither found nor compared. An essay may be 200 000 code points long, and a few of those
// would keep the embedding from everybody else's.
const maxEssay = 32 << 10

// origin is a table whose rows become documents. Statements read the models' tables as they are and
// not through ent: a worker has nobody to ask for, and each document says who may read it.
type origin struct {
	what string
	// changed gives the rows behind $3 (an id) whose document is missing or was made from something
	// else, at most $2 of them, in the order of their ids. $1 is the edition.
	changed string
	// obsolete deletes the documents whose source is still there but is no source any more.
	obsolete string
}

// origins of documents, in the order in which they are indexed.
//
// Of reference answers, those of a question's newest rubric are taken: what a newer version replaced
// is no model any more. They bear their question's title, skills and level.
//
// Essays never change, and there may be very many. Their hash is therefore that of the edition alone,
// and two indexes tell which ones lack a document, without a look at a text. They bear no title and
// no skills, which could change: an essay is found by its own words and by its question.
var origins = []origin{{
	what: "credentials",
	changed: hashed(`
		SELECT 'CREDENTIAL' AS kind, c.id AS ref_id, NULL::uuid AS track_id, NULL::uuid AS question_id, NULL::uuid AS owner_id,
		       c.teaches AS skills, c.level, 'PUBLIC' AS visibility, c.title,
		       concat_ws(', ', c.provider, n.names) AS keywords, c.description AS body
		FROM credentials c, LATERAL (` + skillNames + ` unnest(c.teaches)` + skillOrder + `) n
		WHERE c.active AND c.id > $3`),
	obsolete: `DELETE FROM rag_documents d USING credentials c WHERE c.id = d.credential_id AND NOT c.active`,
}, {
	what: "passages",
	changed: hashed(`
		SELECT 'PASSAGE' AS kind, p.id AS ref_id, p.track_id, NULL::uuid AS question_id, NULL::uuid AS owner_id,
		       p.skills, NULL::text AS level, 'PUBLIC' AS visibility, p.title, n.names AS keywords, p.text AS body
		FROM passages p, LATERAL (` + skillNames + ` unnest(p.skills)` + skillOrder + `) n
		WHERE p.id > $3`),
}, {
	what: "reference answers",
	changed: hashed(`
		SELECT CASE a.kind WHEN 'MODEL' THEN 'MODEL_ANSWER' ELSE 'EXEMPLAR' END AS kind, a.id AS ref_id,
		       q.track_id, q.id AS question_id, NULL::uuid AS owner_id,
		       q.skills, q.level, 'GRADERS' AS visibility, q.title, '' AS keywords, a.text AS body
		FROM reference_answers a JOIN rubrics r ON r.id = a.rubric_id JOIN questions q ON q.id = r.question_id
		WHERE a.id > $3
		  AND NOT EXISTS (SELECT FROM rubrics newer WHERE newer.question_id = r.question_id AND newer.version > r.version)`),
	obsolete: `
		DELETE FROM rag_documents d USING reference_answers a, rubrics r
		WHERE a.id = d.reference_answer_id AND r.id = a.rubric_id
		  AND EXISTS (SELECT FROM rubrics newer WHERE newer.question_id = r.question_id AND newer.version > r.version)`,
}, {
	what: "essays",
	changed: `
		WITH lacking AS MATERIALIZED (
		  SELECT e.id, sha256(convert_to($1, 'UTF8')) AS digest
		  FROM essays e LEFT JOIN rag_documents d ON d.essay_id = e.id AND d.kind = 'ESSAY'
		  WHERE e.id > $3 AND d.content_hash IS DISTINCT FROM sha256(convert_to($1, 'UTF8'))
		  ORDER BY e.id LIMIT $2
		)
		SELECT 'ESSAY' AS kind, e.id AS ref_id, q.track_id, q.id AS question_id, e.owner_id,
		       '{}'::text[] AS skills, NULL::text AS level, 'OWNER' AS visibility, '' AS title, '' AS keywords,
		       left(e.text, ` + strconv.Itoa(maxEssay) + `) AS body, l.digest
		FROM lacking l JOIN essays e ON e.id = l.id JOIN questions q ON q.id = e.question_id
		ORDER BY e.id`,
}}

const (
	skillNames = `SELECT coalesce(string_agg(coalesce(s.name, o.slug), ', ' ORDER BY o.place), '') AS names FROM`
	skillOrder = ` WITH ORDINALITY AS o (slug, place) LEFT JOIN skills s ON s.slug = o.slug`
)

// hashed tells a changed row by the hash of all that is taken from it. It reads every row: for a
// catalogue of 100 000 that is about a second.
func hashed(rows string) string {
	return `
		SELECT s.kind, s.ref_id, s.track_id, s.question_id, s.owner_id, s.skills, s.level, s.visibility,
		       s.title, s.keywords, s.body, s.digest
		FROM (SELECT r.*, sha256(convert_to(jsonb_build_array($1::text, to_jsonb(r))::text, 'UTF8')) AS digest
		      FROM (` + rows + `) r) s
		LEFT JOIN rag_documents d ON d.kind = s.kind AND d.ref_id = s.ref_id
		WHERE d.content_hash IS DISTINCT FROM s.digest
		ORDER BY s.ref_id LIMIT $2`
}

// source is a row that a document is made from.
type source struct {
	kind       Kind
	ref        uuid.UUID
	track      uuid.NullUUID
	question   uuid.NullUUID
	owner      uuid.NullUUID
	skills     pq.StringArray
	level      sql.NullString
	visibility Visibility
	title      string
	keywords   string
	body       string
	hash       []byte // tells whether any of the above has changed
}

// changedSources gives up to limit rows of o, behind the one with the id after, that need a document.
func (x *Index) changedSources(ctx context.Context, q querier, o origin, after uuid.UUID, limit int) (changed []source, err error) {
	rows, err := q.QueryContext(ctx, o.changed, x.edition(), limit, after)
	if err != nil {
		return nil, fmt.Errorf("looking for changed %s: %w", o.what, err)
	}
	err = database.Each(rows, func() error {
		var s source
		if err := rows.Scan(&s.kind, &s.ref, &s.track, &s.question, &s.owner, &s.skills, &s.level, &s.visibility,
			&s.title, &s.keywords, &s.body, &s.hash); err != nil {
			return err
		}
		changed = append(changed, s)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading changed %s: %w", o.what, err)
	}
	return changed, nil
}

// edition names all that decides how a source becomes chunks.
func (x *Index) edition() string { return edition + "/" + strconv.Itoa(x.chunkTokens) }

func dropObsolete(ctx context.Context, q querier, o origin) (int, error) {
	if o.obsolete == "" {
		return 0, nil
	}
	result, err := q.ExecContext(ctx, o.obsolete)
	if err != nil {
		return 0, fmt.Errorf("removing documents of %s that are none any more: %w", o.what, err)
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

// newestChunk is the highest id of a chunk, 0 without any: ids grow, so what is written later has a higher
// one.
func newestChunk(ctx context.Context, q querier) (id int64, err error) {
	if err := q.QueryRowContext(ctx, `SELECT coalesce(max(id), 0) FROM rag_chunks`).Scan(&id); err != nil {
		return 0, fmt.Errorf("looking for the newest chunk: %w", err)
	}
	return id, nil
}
