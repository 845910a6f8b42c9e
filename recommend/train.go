package recommend

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"

	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/recommend/collaborative"
)

// Trainer learns from everybody's interactions what goes together, and stores it for Recommenders. A fit
// serves until the next one is committed. Between fits Update takes in what learners did since. Both can run
// at any time, on any process, and twice: one works at a time, and each is one transaction.
//
// It keeps the interactions in memory between updates (some 100 bytes each), so that an update costs what
// changed; one that finds that another process was there reads everything again.
type Trainer struct {
	db  *database.DB
	log *slog.Logger

	mu   sync.Mutex
	kept *memory
}

// memory are the interactions that a revision of a fit was made of.
type memory struct {
	version, revision int64
	events            map[uuid.UUID][]collaborative.Event // by learner
	matrix            *collaborative.Interactions
	knn               *collaborative.Lists
}

// Bounds of learning.
const (
	trainLock     = 0x7265_636f_6d6d // "recomm": one fit or update at a time
	updateBatch   = 200              // learners that one update takes in
	easeKeep      = 100              // weights of each credential that are stored
	scaleLearners = 2000             // that the scales are found with, the first by id
	scaleShare    = 0.9              // of learners whose best unseen credential counts as 1 or less
	keptFits      = 2
	refitAge      = 6 * time.Hour
	refitLeast    = 50   // learners who changed something
	refitShare    = 0.05 // of all, likewise
)

// ErrBusy tells that another process is learning. Try again later.
var ErrBusy = errors.New("recommend: another process is learning from interactions")

// NewTrainer returns a trainer. The log may be nil.
func NewTrainer(db *database.DB, log *slog.Logger) *Trainer {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Trainer{db: db, log: log}
}

// Report is what a fit or an update did.
type Report struct {
	Version, Revision          int64
	Users, Items, Interactions int // learnt from; of an update 0
	Learners                   int // whose changes were taken in
	Lists                      int // that were stored
	Tracks                     int // with weights of their own; of an update 0
	// More tells that there is more to take in; Refit that it is time for a new fit.
	More, Refit bool
}

// in runs fn in a transaction that holds the lock. The error is ErrBusy when another one does.
func (t *Trainer) in(ctx context.Context, fn func(*sql.Tx) error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	err := t.db.InTx(ctx, func(tx *database.Tx) error {
		var first bool
		if err := tx.SQL.QueryRowContext(ctx, `SELECT pg_try_advisory_xact_lock($1)`, trainLock).Scan(&first); err != nil {
			return fmt.Errorf("recommend: %w", err)
		}
		if !first {
			return ErrBusy
		}
		return fn(tx.SQL)
	})
	if err != nil {
		t.kept = nil // whatever was to be stored is not
	}
	return err
}

// Refit learns everything anew.
func (t *Trainer) Refit(ctx context.Context) (*Report, error) {
	var report *Report
	err := t.in(ctx, func(tx *sql.Tx) (err error) {
		report, err = t.refit(ctx, tx)
		return err
	})
	return report, err
}

func (t *Trainer) refit(ctx context.Context, tx *sql.Tx) (*Report, error) {
	// Whose changes are committed now is in what is read next.
	pending, err := unlearnt(ctx, tx, -1)
	if err != nil {
		return nil, err
	}
	k, err := readKnown(ctx, tx)
	if err != nil {
		return nil, err
	}
	how := parameters{ItemKNN: collaborative.ItemKNN, Damping: collaborative.Damping, Scales: map[string]float64{}}
	k.knn = how.ItemKNN.Items(k.matrix)
	stored := map[string]*collaborative.Lists{modelKNN: k.knn}
	if n := len(k.matrix.Items()); n > 0 && n <= collaborative.MaxEASEItems {
		ease := collaborative.EASEDefault
		ease.Keep = easeKeep
		how.EASE = &ease
		if stored[modelEASE], err = ease.Items(ctx, k.matrix); err != nil {
			return nil, fmt.Errorf("recommend: fitting EASE: %w", err)
		}
	}
	for model, lists := range stored {
		how.Scales[model] = scaleOf(k.matrix, lists)
	}
	weights, err := trackWeights(ctx, tx)
	if err != nil {
		return nil, err
	}
	report := &Report{Users: len(k.matrix.Users()), Items: len(k.matrix.Items()), Interactions: k.matrix.Count(), Learners: len(pending), Tracks: len(weights)}
	if report.Version, err = addFit(ctx, tx, report, how, weights); err != nil {
		return nil, err
	}
	k.version = report.Version
	for _, model := range []string{modelEASE, modelKNN} {
		if stored[model] == nil {
			continue
		}
		n, err := copyLists(ctx, tx, k.version, model, stored[model])
		if err != nil {
			return nil, err
		}
		report.Lists += n
	}
	if err := storePopularity(ctx, tx, k, nil); err != nil {
		return nil, err
	}
	if err := learnt(ctx, tx, pending); err != nil {
		return nil, err
	}
	t.kept = k
	return report, nil
}

// Update takes in what learners did since the last fit or update, the first updateBatch of them by id: of
// item-KNN it fits anew the lists that change, and the popularity within their tracks. EASE waits for the next
// fit. Without a fit it asks for one.
func (t *Trainer) Update(ctx context.Context) (*Report, error) {
	var report *Report
	err := t.in(ctx, func(tx *sql.Tx) (err error) {
		report, err = t.update(ctx, tx)
		return err
	})
	return report, err
}

func (t *Trainer) update(ctx context.Context, tx *sql.Tx) (*Report, error) {
	pending, err := unlearnt(ctx, tx, updateBatch)
	if err != nil {
		return nil, err
	}
	r := &Report{Learners: len(pending), More: len(pending) == updateBatch}
	var changes, users int
	var age float64
	err = tx.QueryRowContext(ctx, `SELECT version, revision, changes, users, extract(epoch FROM now() - fitted_at) FROM recommend_fits
		WHERE serving FOR UPDATE`).Scan(&r.Version, &r.Revision, &changes, &users, &age)
	if errors.Is(err, sql.ErrNoRows) {
		r.Refit = len(pending) > 0
		r.More = false
		return r, nil
	}
	if err != nil {
		return nil, fmt.Errorf("recommend: reading which fit serves: %w", err)
	}
	changes += len(pending)
	r.Refit = changes >= max(refitLeast, int(refitShare*float64(users))) || changes > 0 && age > refitAge.Seconds()
	if len(pending) == 0 {
		return r, nil
	}
	r.Revision++
	touched, err := t.takeIn(ctx, tx, r, pending)
	if err != nil {
		return nil, err
	}
	r.Lists = len(touched)
	owners := make([]uuid.UUID, len(pending))
	for i, p := range pending {
		owners[i] = p.owner
	}
	if err := storePopularity(ctx, tx, t.kept, owners); err != nil {
		return nil, err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE recommend_fits SET revision = $2, changes = $3 WHERE version = $1`, r.Version, r.Revision, changes); err != nil {
		return nil, fmt.Errorf("recommend: keeping the revision: %w", err)
	}
	return r, learnt(ctx, tx, pending)
}

// takeIn brings what is kept, and the stored lists, up to date.
func (t *Trainer) takeIn(ctx context.Context, tx *sql.Tx, r *Report, pending []change) (touched []uuid.UUID, err error) {
	k := t.kept
	if k == nil || k.version != r.Version || k.revision != r.Revision-1 {
		if k, err = readKnown(ctx, tx); err != nil {
			return nil, err
		}
		k.knn = collaborative.ItemKNN.Items(k.matrix)
		stored := &fit{version: r.Version, lists: map[string]map[uuid.UUID][]collaborative.Neighbour{modelKNN: {}, modelEASE: {}}}
		if err := stored.readLists(ctx, tx, -1); err != nil {
			return nil, fmt.Errorf("recommend: reading the lists: %w", err)
		}
		for id, list := range k.knn.All() {
			if !slices.Equal(list, stored.lists[modelKNN][id]) {
				touched = append(touched, id)
			}
			delete(stored.lists[modelKNN], id)
		}
		for id, list := range stored.lists[modelKNN] { // nobody takes these up any more
			if len(list) > 0 {
				touched = append(touched, id)
			}
		}
	} else {
		seen := map[uuid.UUID]bool{}
		for _, p := range pending {
			events, err := readEvents(ctx, tx, &p.owner)
			if err != nil {
				return nil, err
			}
			after, err := k.matrix.WithUser(p.owner, events)
			if err != nil {
				return nil, err
			}
			var ids []uuid.UUID
			k.knn, ids = collaborative.ItemKNN.Updated(k.matrix, after, k.knn, p.owner)
			k.matrix, k.events[p.owner] = after, events
			for _, id := range ids {
				if !seen[id] {
					seen[id] = true
					touched = append(touched, id)
				}
			}
		}
	}
	slices.SortFunc(touched, compareIDs)
	k.version, k.revision = r.Version, r.Revision
	t.kept = k
	return touched, storeLists(ctx, tx, r.Version, r.Revision, touched, k.knn)
}

// scaleOf is the score that counts as 1: what the best unseen item of scaleShare of the users reaches or
// stays below.
func scaleOf(m *collaborative.Interactions, lists *collaborative.Lists) float64 {
	of := map[uuid.UUID][]collaborative.Neighbour{}
	for id, list := range lists.All() {
		of[id] = list
	}
	var best []float64
	for u := range min(len(m.Users()), scaleLearners) {
		if s := collaborative.Score(m.Tastes(u), of, 1); len(s) > 0 {
			best = append(best, s[0].Score)
		}
	}
	if len(best) == 0 {
		return 1
	}
	slices.Sort(best)
	return best[int(scaleShare*float64(len(best)-1))]
}

// readKnown reads all interactions.
func readKnown(ctx context.Context, tx *sql.Tx) (*memory, error) {
	events, err := readEvents(ctx, tx, nil)
	if err != nil {
		return nil, err
	}
	k := &memory{events: map[uuid.UUID][]collaborative.Event{}}
	if k.matrix, err = collaborative.NewInteractions(events, collaborative.Options{}); err != nil {
		return nil, fmt.Errorf("recommend: %w", err)
	}
	for _, e := range events {
		k.events[e.User] = append(k.events[e.User], e)
	}
	return k, nil
}

// readEvents reads the interactions of one learner, or of all: the newest collaborative.MaxEvents. What an
// advisor rejected for a learner counts as dismissed by them.
func readEvents(ctx context.Context, tx *sql.Tx, owner *uuid.UUID) ([]collaborative.Event, error) {
	rows, err := tx.QueryContext(ctx, `
		SELECT owner_id, credential_id, kind, coalesce(rating, 0), last_at FROM interactions WHERE $1::uuid IS NULL OR owner_id = $1
		UNION ALL
		SELECT owner_id, credential_id, $2, 0, decided_at FROM (
			SELECT DISTINCT ON (owner_id, credential_id) owner_id, credential_id, verdict, decided_at FROM recommendation_decisions
			WHERE $1::uuid IS NULL OR owner_id = $1 ORDER BY owner_id, credential_id, decided_at DESC, id DESC) d
		WHERE verdict = 'REJECTED'
		ORDER BY 5 DESC, 1, 2, 3 LIMIT $3`, owner, string(collaborative.Dismissed), collaborative.MaxEvents)
	if err != nil {
		return nil, fmt.Errorf("recommend: reading interactions: %w", err)
	}
	var events []collaborative.Event
	err = database.Each(rows, func() error {
		var e collaborative.Event
		if err := rows.Scan(&e.User, &e.Item, &e.Kind, &e.Value, &e.At); err != nil {
			return err
		}
		events = append(events, e)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("recommend: reading interactions: %w", err)
	}
	return events, nil
}

// change is a learner whose interactions are to be taken in, as of seq.
type change struct {
	owner uuid.UUID
	seq   int64
}

// unlearnt are the first n learners whose changes the serving fit has not taken in; all for a negative n.
func unlearnt(ctx context.Context, tx *sql.Tx, n int) ([]change, error) {
	limit := sql.NullInt64{Int64: int64(n), Valid: n >= 0}
	rows, err := tx.QueryContext(ctx, `SELECT owner_id, seq FROM recommend_changes WHERE learnt < seq ORDER BY owner_id LIMIT $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("recommend: reading whose interactions are new: %w", err)
	}
	var out []change
	err = database.Each(rows, func() error {
		var c change
		if err := rows.Scan(&c.owner, &c.seq); err != nil {
			return err
		}
		out = append(out, c)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("recommend: reading whose interactions are new: %w", err)
	}
	return out, nil
}

func learnt(ctx context.Context, tx *sql.Tx, changes []change) error {
	owners, seqs := make([]uuid.UUID, len(changes)), make([]int64, len(changes))
	for i, c := range changes {
		owners[i], seqs[i] = c.owner, c.seq
	}
	_, err := tx.ExecContext(ctx, `UPDATE recommend_changes c SET learnt = greatest(c.learnt, n.seq)
		FROM unnest($1::uuid[], $2::bigint[]) AS n (owner, seq) WHERE c.owner_id = n.owner`, pq.Array(owners), pq.Array(seqs))
	if err != nil {
		return fmt.Errorf("recommend: keeping whose interactions were learnt: %w", err)
	}
	return nil
}

// addFit begins a fit, in the place of the one before.
func addFit(ctx context.Context, tx *sql.Tx, r *Report, how parameters, weights map[string]Weights) (version int64, err error) {
	parameters, err := json.Marshal(how)
	if err != nil {
		return 0, fmt.Errorf("recommend: %w", err)
	}
	tracks, err := json.Marshal(weights)
	if err != nil {
		return 0, fmt.Errorf("recommend: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `UPDATE recommend_fits SET serving = false WHERE serving`); err != nil {
		return 0, fmt.Errorf("recommend: retiring the fit before: %w", err)
	}
	err = tx.QueryRowContext(ctx, `INSERT INTO recommend_fits (users, items, interactions, parameters, weights)
		VALUES ($1, $2, $3, $4, $5) RETURNING version`, r.Users, r.Items, r.Interactions, parameters, tracks).Scan(&version)
	if err != nil {
		return 0, fmt.Errorf("recommend: adding the fit: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM recommend_fits WHERE version <= $1`, version-keptFits); err != nil {
		return 0, fmt.Errorf("recommend: clearing old fits: %w", err)
	}
	return version, nil
}
