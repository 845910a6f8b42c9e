package recommend

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"

	"github.com/google/uuid"
	"github.com/lib/pq"

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/recommend/collaborative"
)

// The models whose lists are stored.
const (
	modelKNN  = "ITEM_KNN"
	modelEASE = "EASE"
)

// fit is what was learnt from everybody's interactions, as it stands in the database. It does not change.
type fit struct {
	version, revision int64
	parameters        parameters
	weights           map[string]Weights // by track id
	lists             map[string]map[uuid.UUID][]collaborative.Neighbour
	newer             bool                                // there are items that EASE does not know
	popularity        map[uuid.UUID]map[uuid.UUID]popular // by track
}

// parameters are how a fit was made.
type parameters struct {
	ItemKNN collaborative.KNN   `json:"item_knn"`
	EASE    *collaborative.EASE `json:"ease,omitempty"` // nil: the catalogue is too large for it
	Damping float64             `json:"damping"`
	Scales  map[string]float64  `json:"scales"` // by model: the score that counts as 1
}

// popular is how popular a credential is among the learners of a track.
type popular struct {
	learners int
	value    float64
}

// stale tells whether the fit is not the one asked for; version 0 is none.
func (f *fit) stale(version, revision int64) bool {
	if f == nil {
		return version != 0
	}
	return f.version != version || f.revision < revision
}

// readFit reads a fit. Of one that is known, it reads what changed since.
func readFit(ctx context.Context, db *database.DB, known *fit, version int64) (*fit, error) {
	if version == 0 {
		return nil, nil //nolint:nilnil // nothing was learnt yet
	}
	// One snapshot, so that the revision is that of the rows.
	tx, err := db.SQL.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("reading what was learnt: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // it only read
	f, err := fitIn(ctx, tx, known, version)
	if err != nil {
		return nil, fmt.Errorf("reading what was learnt: %w", err)
	}
	return f, nil
}

func fitIn(ctx context.Context, tx *sql.Tx, known *fit, version int64) (*fit, error) {
	f := &fit{
		version: version, lists: map[string]map[uuid.UUID][]collaborative.Neighbour{modelKNN: {}, modelEASE: {}},
		popularity: map[uuid.UUID]map[uuid.UUID]popular{},
	}
	since := int64(-1)
	if known != nil && known.version == version {
		since = known.revision
		for model, lists := range known.lists {
			f.lists[model] = maps.Clone(lists)
		}
		for track, of := range known.popularity {
			f.popularity[track] = maps.Clone(of)
		}
	}
	var how, weights []byte
	err := tx.QueryRowContext(ctx, `SELECT revision, parameters, weights FROM recommend_fits WHERE version = $1`, version).
		Scan(&f.revision, &how, &weights)
	if errors.Is(err, sql.ErrNoRows) {
		return known, nil // another one has taken its place: the next question will read that
	}
	if err != nil {
		return nil, err
	}
	if err := errors.Join(json.Unmarshal(how, &f.parameters), json.Unmarshal(weights, &f.weights)); err != nil {
		return nil, err
	}
	if err := f.readLists(ctx, tx, since); err != nil {
		return nil, err
	}
	for id, list := range f.lists[modelKNN] {
		f.newer = f.newer || len(list) > 0 && len(f.lists[modelEASE][id]) == 0
	}
	return f, f.readPopularity(ctx, tx, since)
}

func (f *fit) readLists(ctx context.Context, tx *sql.Tx, since int64) error {
	rows, err := tx.QueryContext(ctx, `SELECT model, credential_id, neighbours, weights FROM recommend_neighbours
		WHERE fit = $1 AND revision > $2`, f.version, since)
	if err != nil {
		return err
	}
	return database.Each(rows, func() error {
		var model string
		var item uuid.UUID
		var ids pq.StringArray
		var weights pq.Float64Array
		if err := rows.Scan(&model, &item, &ids, &weights); err != nil {
			return err
		}
		list := make([]collaborative.Neighbour, len(ids))
		for i := range ids {
			id, err := uuid.Parse(ids[i])
			if err != nil {
				return err
			}
			list[i] = collaborative.Neighbour{ID: id, Weight: weights[i]}
		}
		f.lists[model][item] = list
		return nil
	})
}

func (f *fit) readPopularity(ctx context.Context, tx *sql.Tx, since int64) error {
	rows, err := tx.QueryContext(ctx, `SELECT track_id, credential_id, learners, value FROM recommend_popularity
		WHERE fit = $1 AND revision > $2`, f.version, since)
	if err != nil {
		return err
	}
	return database.Each(rows, func() error {
		var track, item uuid.UUID
		var p popular
		if err := rows.Scan(&track, &item, &p.learners, &p.value); err != nil {
			return err
		}
		if f.popularity[track] == nil {
			f.popularity[track] = map[uuid.UUID]popular{}
		}
		f.popularity[track][item] = p
		return nil
	})
}

// weightsOf are the weights of a track's signals; nil when it has none of its own.
func (f *fit) weightsOf(track uuid.UUID) Weights {
	if f == nil {
		return nil
	}
	return f.weights[track.String()]
}

// Weights say how much each signal counts; they add up to 1.
type Weights map[enums.Signal]float64
