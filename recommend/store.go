package recommend

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/lib/pq"

	"github.com/rubrica/rubrica/ent/values"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/recommend/collaborative"
)

func compareIDs(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) }

// arraysOf is a list as arrays of Postgres.
func arraysOf(list []collaborative.Neighbour) (ids pq.StringArray, weights pq.Float64Array) {
	ids, weights = make(pq.StringArray, len(list)), make(pq.Float64Array, len(list))
	for i, n := range list {
		ids[i], weights[i] = n.ID.String(), n.Weight
	}
	return ids, weights
}

// copyLists stores all lists of a new fit, and returns how many.
func copyLists(ctx context.Context, tx *sql.Tx, version int64, model string, lists *collaborative.Lists) (n int, err error) {
	copied, err := tx.PrepareContext(ctx, `COPY recommend_neighbours (fit, model, credential_id, revision, neighbours, weights) FROM STDIN`)
	if err != nil {
		return 0, fmt.Errorf("recommend: storing the lists: %w", err)
	}
	defer func() { _ = copied.Close() }()
	for id, list := range lists.All() {
		ids, weights := arraysOf(list)
		if _, err := copied.ExecContext(ctx, version, model, id.String(), 0, ids, weights); err != nil {
			return 0, fmt.Errorf("recommend: storing the lists: %w", err)
		}
		n++
	}
	if _, err := copied.ExecContext(ctx); err != nil { // sends what is left, and waits for the end
		return 0, fmt.Errorf("recommend: storing the lists: %w", err)
	}
	return n, nil
}

// storeLists stores the item-KNN lists that changed. Credentials that were deleted meanwhile are left out.
func storeLists(ctx context.Context, tx *sql.Tx, version, revision int64, changed []uuid.UUID, lists *collaborative.Lists) error {
	for _, id := range changed {
		ids, weights := arraysOf(lists.Of(id))
		_, err := tx.ExecContext(ctx, `INSERT INTO recommend_neighbours (fit, model, credential_id, revision, neighbours, weights)
			SELECT $1, $2, c.id, $4, $5, $6 FROM credentials c WHERE c.id = $3 FOR KEY SHARE
			ON CONFLICT (fit, model, credential_id) DO UPDATE
			SET revision = excluded.revision, neighbours = excluded.neighbours, weights = excluded.weights`,
			version, modelKNN, id, revision, ids, weights)
		if err != nil {
			return fmt.Errorf("recommend: storing a list: %w", err)
		}
	}
	return nil
}

// storePopularity stores how popular credentials are among the learners of each track, or of the tracks of
// the given learners.
func storePopularity(ctx context.Context, tx *sql.Tx, k *memory, owners []uuid.UUID) error {
	tracks, err := learnersOfTracks(ctx, tx, owners)
	if err != nil {
		return err
	}
	for _, t := range tracks {
		var events []collaborative.Event
		for _, learner := range t.learners {
			events = append(events, k.events[learner]...)
		}
		m, err := collaborative.NewInteractions(events, collaborative.Options{})
		if err != nil {
			return fmt.Errorf("recommend: %w", err)
		}
		var items []uuid.UUID
		var counts []int64
		var popularity []float64
		for _, p := range m.Popularity(collaborative.Damping) {
			items, counts, popularity = append(items, p.Item), append(counts, int64(p.Count)), append(popularity, p.Value)
		}
		// What nobody takes up any more stays with 0, so that who reads what changed sees it.
		_, err = tx.ExecContext(ctx, `INSERT INTO recommend_popularity AS p (fit, track_id, credential_id, revision, learners, value)
			SELECT $1, $2, c.id, $3, n.learners, n.value FROM (
				SELECT * FROM unnest($4::uuid[], $5::integer[], $6::double precision[]) AS n (id, learners, value)
				UNION ALL
				SELECT credential_id, 0, 0 FROM recommend_popularity WHERE fit = $1 AND track_id = $2 AND credential_id <> ALL($4)) n
			JOIN credentials c ON c.id = n.id
			ON CONFLICT (fit, track_id, credential_id) DO UPDATE
			SET revision = excluded.revision, learners = excluded.learners, value = excluded.value
			WHERE (p.learners, p.value) IS DISTINCT FROM (excluded.learners, excluded.value)`,
			k.version, t.track, k.revision, pq.Array(items), pq.Array(counts), pq.Array(popularity))
		if err != nil {
			return fmt.Errorf("recommend: storing popularity: %w", err)
		}
	}
	return nil
}

// trackLearners are who had a run in a track.
type trackLearners struct {
	track    uuid.UUID
	learners []uuid.UUID
}

func learnersOfTracks(ctx context.Context, tx *sql.Tx, owners []uuid.UUID) ([]trackLearners, error) {
	rows, err := tx.QueryContext(ctx, `SELECT r.track_id, array_agg(DISTINCT r.owner_id::text ORDER BY r.owner_id::text) FROM scoring_runs r
		WHERE $1::uuid[] IS NULL OR r.track_id IN (SELECT track_id FROM scoring_runs WHERE owner_id = ANY($1))
		GROUP BY r.track_id ORDER BY r.track_id`, pq.Array(owners))
	if err != nil {
		return nil, fmt.Errorf("recommend: reading the learners of tracks: %w", err)
	}
	var out []trackLearners
	err = database.Each(rows, func() error {
		var t trackLearners
		var ids pq.StringArray
		if err := rows.Scan(&t.track, &ids); err != nil {
			return err
		}
		for _, id := range ids {
			learner, err := uuid.Parse(id)
			if err != nil {
				return err
			}
			t.learners = append(t.learners, learner)
		}
		out = append(out, t)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("recommend: reading the learners of tracks: %w", err)
	}
	return out, nil
}

// trackWeights fits weights for the tracks whose learners took up enough of what was recommended to them.
func trackWeights(ctx context.Context, tx *sql.Tx) (map[string]Weights, error) {
	rows, err := tx.QueryContext(ctx, `
		WITH taken AS (
			SELECT owner_id, credential_id, min(created_at) AS at FROM interactions
			WHERE kind IN ('SAVED', 'ENROLLED', 'COMPLETED') OR kind = 'RATED' AND rating >= 4 GROUP BY 1, 2),
		chosen AS (
			SELECT DISTINCT ON (t.owner_id, t.credential_id) t.owner_id, t.credential_id, t.at, i.list_id, r.track_id
			FROM taken t
			JOIN recommendation_items i ON i.owner_id = t.owner_id AND i.credential_id = t.credential_id
			JOIN recommendation_lists l ON l.id = i.list_id AND l.created_at <= t.at
			JOIN scoring_runs r ON r.id = l.run_id
			ORDER BY t.owner_id, t.credential_id, l.created_at DESC, l.id),
		newest AS (SELECT * FROM chosen ORDER BY at DESC, owner_id, credential_id LIMIT $1)
		SELECT c.track_id, c.owner_id, c.credential_id, i.credential_id = c.credential_id,
			EXISTS (SELECT FROM taken t WHERE t.owner_id = i.owner_id AND t.credential_id = i.credential_id), i.parts
		FROM newest c JOIN recommendation_items i ON i.list_id = c.list_id
		ORDER BY c.track_id, c.at DESC, c.owner_id, c.credential_id, i.rank`, maxPairs)
	if err != nil {
		return nil, fmt.Errorf("recommend: reading what was taken up of what was recommended: %w", err)
	}
	type key struct{ owner, credential uuid.UUID }
	var (
		out      = map[string]Weights{}
		track    uuid.UUID
		at       key
		choices  []choice
		learners = map[uuid.UUID]bool{}
	)
	end := func() {
		if w := fitWeights(choices, len(learners)); w != nil {
			out[track.String()] = w
		}
		choices, learners = nil, map[uuid.UUID]bool{}
	}
	err = database.Each(rows, func() error {
		var of uuid.UUID
		var k key
		var is, taken bool
		var data []byte
		var parts []values.Part
		if err := rows.Scan(&of, &k.owner, &k.credential, &is, &taken, &data); err != nil {
			return err
		}
		if err := json.Unmarshal(data, &parts); err != nil {
			return err
		}
		if of != track {
			end()
			track, at = of, key{}
		}
		if k != at {
			at = k
			choices = append(choices, choice{})
			learners[k.owner] = true
		}
		v, c := valuesOf(parts), &choices[len(choices)-1]
		switch {
		case is:
			c.taken = v
		case !taken:
			c.others = append(c.others, v)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("recommend: reading what was taken up of what was recommended: %w", err)
	}
	end()
	return out, nil
}

// valuesOf are the values of parts, in signalOrder.
func valuesOf(parts []values.Part) (v [5]float64) {
	for k, name := range signalOrder {
		v[k] = Unknown
		if i := slices.IndexFunc(parts, func(p values.Part) bool { return p.Signal == name }); i >= 0 {
			v[k] = parts[i].Value
		}
	}
	return v
}
