package evaluate

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/google/uuid"
	"github.com/lib/pq"

	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/internal/embeddedpg"
	"github.com/rubrica/rubrica/migrations"
	"github.com/rubrica/rubrica/rag"
)

// throwaway gives f a database of its own on a private server that ends with it.
func throwaway(ctx context.Context, o *Options, f func(*database.DB) error) (err error) {
	dir, err := os.MkdirTemp("", "rubrica-evaluate-")
	if err != nil {
		return fmt.Errorf("evaluate: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	// As root, the server runs as another user, who must pass.
	if err := os.Chmod(dir, 0o711); err != nil { //nolint:gosec // the folders within are closed
		return fmt.Errorf("evaluate: %w", err)
	}
	server, err := embeddedpg.Start(ctx, embeddedpg.Config{
		DataDir: dir, Progress: o.Progress,
		Settings: map[string]string{"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"},
	})
	if err != nil {
		return fmt.Errorf("evaluate: %w", err)
	}
	defer func() { err = errors.Join(err, server.Stop(context.WithoutCancel(ctx))) }()
	const name = "evaluate"
	if err := server.EnsureDatabase(ctx, name); err != nil {
		return fmt.Errorf("evaluate: %w", err)
	}
	if _, err := migrations.Up(ctx, server.URL(name), nil); err != nil {
		return fmt.Errorf("evaluate: %w", err)
	}
	db, err := database.Open(ctx, server.URL(name), database.Options{})
	if err != nil {
		return fmt.Errorf("evaluate: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return f(db)
}

// passageSpace makes the ids of passages from those of a collection's documents.
var passageSpace = uuid.MustParse("1f4c0a52-8a39-4f64-9f4f-0c1c9b6f7c55")

// load writes the documents of a collection as passages of a track, and has them indexed. It gives the
// documents' ids by their passages.
func (c *collection) load(ctx context.Context, o *Options, db *database.DB, index *rag.Index) (map[uuid.UUID]string, error) {
	by := map[uuid.UUID]string{}
	track := uuid.NewSHA1(passageSpace, nil)
	err := db.InTx(ctx, func(tx *database.Tx) error {
		if _, err := tx.SQL.ExecContext(ctx, `
			INSERT INTO tracks (id, created_at, slug, title, summary, occupation, skills)
			VALUES ($1, now(), 'collection', 'Collection', '', '', '{}') ON CONFLICT DO NOTHING`, track); err != nil {
			return err
		}
		var ids, slugs, titles, texts []string
		for _, d := range c.documents {
			id := uuid.NewSHA1(passageSpace, []byte(d.ID))
			by[id] = d.ID
			ids, slugs, titles, texts = append(ids, id.String()), append(slugs, d.ID), append(titles, d.Title), append(texts, d.Text)
		}
		_, err := tx.SQL.ExecContext(ctx, `
			INSERT INTO passages (id, created_at, slug, title, text, skills, track_id)
			SELECT id, now(), slug, title, text, '{}', $5
			FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) AS p (id, slug, title, text)
			ON CONFLICT DO NOTHING`, pq.Array(ids), pq.Array(slugs), pq.Array(titles), pq.Array(texts), track)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("evaluate: writing the collection: %w", err)
	}
	for {
		report, err := index.Refresh(ctx, 500)
		if err != nil {
			return nil, err
		}
		if report.Left == 0 && report.Linked == 0 {
			return by, nil
		}
		o.say("%d chunks to embed, %d neighbours looked for", report.Left, report.Linked)
	}
}
