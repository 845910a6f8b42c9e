package rag

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/rubrica/rubrica/internal/database"
)

// ErrNoEmbedder means that the vectors that serve are of a model that this process has no embedder
// for. Searches then go by words alone, until the model of the Index serves or WithOther brings one.
var ErrNoEmbedder = errors.New("this process has no embedder for the model that serves")

// Serving is the embedder whose model serves: vectors that are compared with those of the index come
// from it. Before anything was embedded it is the Index's own. It may change at any moment; a Query
// with the vector of another says so in VectorModel. Errors wrap ErrNoEmbedder.
func (x *Index) Serving(ctx context.Context) (Embedder, error) {
	m, ok, err := x.findModel(ctx, x.db.SQL)
	if err != nil {
		return nil, fmt.Errorf("rag: %w", err)
	}
	if !ok {
		return x.embedder, nil
	}
	return x.EmbedderOf(m.name)
}

// EmbedderOf is the embedder of a model, for who keeps vectors of it in memory. Errors wrap
// ErrNoEmbedder.
func (x *Index) EmbedderOf(model string) (Embedder, error) {
	e, ok := x.embedderOf(model)
	if !ok {
		return nil, fmt.Errorf("rag: %w (%s)", ErrNoEmbedder, model)
	}
	return e, nil
}

// vectorModel is the model that a query's vector is of.
func (x *Index) vectorModel(q Query) string { return cmp.Or(q.VectorModel, x.embedder.Model()) }

// aim gives a query the vector to search with: the one that it brought, if that is of the model that
// serves, and else that of its text, if embedText allows. When there is no way to one, the query comes
// back without and the search goes by words alone. A vector of another model, and no text in its
// place, is an ErrQuery.
func (x *Index) aim(ctx context.Context, q Query, serving model, embedText bool) (Query, error) {
	if q.Vector != nil && x.vectorModel(q) == cmp.Or(serving.name, x.embedder.Model()) {
		if err := checkVector(q.Vector, cmp.Or(serving.dimensions, x.embedder.Dimensions())); err != nil {
			return q, fmt.Errorf("%w: %w", ErrQuery, err)
		}
		return q, nil
	}
	if q.Vector != nil {
		if q.Text == "" {
			return q, fmt.Errorf("%w: the vector is of the model %s, and searches compare with vectors of %s: "+
				"make it with the embedder that Serving returns, or give the text too", ErrQuery, x.vectorModel(q), serving.name)
		}
		q.Vector = nil
	}
	if !embedText {
		return q, nil
	}
	e := x.embedder
	if serving.name != "" {
		var ok bool
		if e, ok = x.embedderOf(serving.name); !ok {
			x.log.WarnContext(ctx, "searching by words alone: this process has no embedder for the model that serves", "model", serving.name)
			return q, nil
		}
	}
	var err error
	if q.Vector, err = embed(ctx, e, q.Text); err != nil {
		if ctx.Err() != nil {
			return q, ctx.Err()
		}
		x.log.WarnContext(ctx, "searching by words alone: the query could not be embedded", "error", err)
		q.Vector = nil
	}
	return q, nil
}

// switchTo makes a model serve that was being built, if no chunk lacks a vector of it, and retires the
// one that served. It is one transaction, and one process does it. Searches that have begun end with
// the old vectors; those that begin afterwards, in whichever process, take the new ones.
func (x *Index) switchTo(ctx context.Context, m model) (switched bool, err error) {
	err = x.db.InTx(ctx, func(tx *database.Tx) error {
		switched = false
		// No chunk is added between the count and the switch.
		for _, what := range []string{documentsLock, modelsLock} {
			if err := lock(ctx, tx.SQL, what); err != nil {
				return err
			}
		}
		now, ok, err := readModel(ctx, tx.SQL, `m.model = $1`, m.name)
		if err != nil {
			return fmt.Errorf("looking for the vectors of %s: %w", m.name, err)
		}
		if !ok || now.state != ModelBuilding {
			return nil // another process was faster
		}
		left, err := missing(ctx, tx.SQL, m)
		if err != nil || left > 0 {
			return err
		}
		if _, err := tx.SQL.ExecContext(ctx,
			`UPDATE rag_models SET state = 'RETIRED', changed_at = now() WHERE state = 'SERVING'`); err != nil {
			return fmt.Errorf("retiring the model that served: %w", err)
		}
		if _, err := tx.SQL.ExecContext(ctx,
			`UPDATE rag_models SET state = 'SERVING', changed_at = now() WHERE model = $1`, m.name); err != nil {
			return fmt.Errorf("letting %s serve: %w", m.name, err)
		}
		switched = true
		return nil
	})
	if switched && err == nil {
		x.log.InfoContext(ctx, "searches are served by another embedding model", "model", m.name)
	}
	return switched && err == nil, err
}

// ErrModel is a model that is not there, or that serves.
var ErrModel = errors.New("bad embedding model")

// Reopen lets a retired model be built up again, from the vectors that it still has. The processes
// whose Index embeds with it then switch back to it. Errors wrap ErrModel.
func Reopen(ctx context.Context, db *database.DB, name string) error {
	return changeModel(ctx, db, name, func(tx *database.Tx, m model) error {
		if m.state != ModelRetired {
			return fmt.Errorf("%w: %s is %s, and only a RETIRED one can be reopened", ErrModel, name, m.state)
		}
		_, err := tx.SQL.ExecContext(ctx, `UPDATE rag_models SET state = 'BUILDING', changed_at = now() WHERE model = $1`, name)
		return err
	})
}

// Drop deletes the vectors of a model that does not serve, with all that is known of it. A process
// whose Index embeds with it makes them anew. Errors wrap ErrModel.
func Drop(ctx context.Context, db *database.DB, name string) error {
	return changeModel(ctx, db, name, func(tx *database.Tx, m model) error {
		if m.state == ModelServing {
			return fmt.Errorf("%w: %s serves; let another model take its place first", ErrModel, name)
		}
		for _, statement := range []string{
			`SET LOCAL lock_timeout = '10s'`,
			`ALTER TABLE rag_vectors DETACH PARTITION ` + m.table(),
			`DROP TABLE ` + m.table(),
		} {
			if _, err := tx.SQL.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
		if _, err := tx.SQL.ExecContext(ctx, `DELETE FROM rag_claims WHERE model = $1`, name); err != nil {
			return err
		}
		_, err := tx.SQL.ExecContext(ctx, `DELETE FROM rag_models WHERE model = $1`, name)
		return err
	})
}

func changeModel(ctx context.Context, db *database.DB, name string, change func(*database.Tx, model) error) error {
	err := db.InTx(ctx, func(tx *database.Tx) error {
		if err := lock(ctx, tx.SQL, modelsLock); err != nil {
			return err
		}
		m, ok, err := readModel(ctx, tx.SQL, `m.model = $1`, name)
		if err != nil {
			return err
		}
		if !ok {
			return fmt.Errorf("%w: there are no vectors of %q", ErrModel, name)
		}
		return change(tx, m)
	})
	if err != nil {
		return fmt.Errorf("rag: changing the model %s: %w", name, err)
	}
	return nil
}
