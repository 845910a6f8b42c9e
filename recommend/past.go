package recommend

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/recommend/collaborative"
)

// MaxDeeds is how many of a learner's interactions speak for what they like: the newest. What keeps a
// credential from being recommended is looked at however long ago it was.
const MaxDeeds = collaborative.MaxProfile

// Past is what a learner did, wishes, and was told, as far as it bears on what to recommend.
type Past struct {
	Tastes []collaborative.Taste // how they stand to the credentials they know, by id
	Deeds  map[uuid.UUID]enums.InteractionKind
	Gone   map[uuid.UUID]Gone // what is not recommended to them any more
	Wishes Wishes
}

// Wishes are the preferences of a learner. The zero value wishes for nothing.
type Wishes struct {
	Interests []string // slugs of skills
	FreeOnly  bool
	Longest   enums.Duration // empty: any
	Highest   enums.Level    // empty: any
}

// Gone is why a credential is not recommended to a learner any more.
type Gone struct {
	Reason AbsenceReason // Dismissed, Completed, Enrolled, Rated or Rejected
	Words  string        // the advisor's, of what was rejected
}

// settled are the deeds after which a credential is not recommended any more: who dismissed it does not want
// it, and who completed, began or rated it knows it. What was only opened or saved may be recommended.
var settled = map[enums.InteractionKind]AbsenceReason{
	enums.InteractionDismissed: AbsenceDismissed,
	enums.InteractionCompleted: AbsenceCompleted,
	enums.InteractionEnrolled:  AbsenceEnrolled,
	enums.InteractionRated:     AbsenceRated,
}

// precedence of reasons, where several hold.
var precedence = []AbsenceReason{AbsenceDismissed, AbsenceRejected, AbsenceCompleted, AbsenceRated, AbsenceEnrolled}

// pastQuery reads a learner's past and which fit serves in one statement.
const pastQuery = `
SELECT coalesce(f.version, 0), coalesce(f.revision, 0),
  coalesce(p.interests, '{}'), coalesce(p.free_only, false), coalesce(p.longest, ''), coalesce(p.highest, ''),
  d.credentials, d.kinds, d.ratings, d.at, s.credentials, s.kinds, r.credentials, r.reasons
FROM (SELECT $1::uuid AS id) l
LEFT JOIN recommend_fits f ON f.serving
LEFT JOIN preferences p ON p.owner_id = l.id
CROSS JOIN LATERAL (
  SELECT coalesce(array_agg(credential_id::text), '{}') AS credentials, coalesce(array_agg(kind), '{}') AS kinds,
    coalesce(array_agg(coalesce(rating, 0)), '{}') AS ratings,
    coalesce(array_agg((extract(epoch FROM last_at) * 1000000)::bigint), '{}') AS at
  FROM (SELECT * FROM interactions i WHERE i.owner_id = l.id ORDER BY last_at DESC, id DESC LIMIT $2) i) d
CROSS JOIN LATERAL (
  SELECT coalesce(array_agg(credential_id::text), '{}') AS credentials, coalesce(array_agg(kind), '{}') AS kinds
  FROM interactions i WHERE i.owner_id = l.id AND i.kind IN ('DISMISSED', 'COMPLETED', 'ENROLLED', 'RATED')) s
CROSS JOIN LATERAL (
  SELECT coalesce(array_agg(credential_id::text), '{}') AS credentials, coalesce(array_agg(reason), '{}') AS reasons
  FROM (SELECT DISTINCT ON (credential_id) credential_id, verdict, reason FROM recommendation_decisions
    WHERE owner_id = l.id ORDER BY credential_id, decided_at DESC, id DESC) newest
  WHERE verdict = 'REJECTED') r`

// readPast reads the past of a learner, and the version and revision of what was learnt from everybody's.
func readPast(ctx context.Context, db *database.DB, learner uuid.UUID) (_ *Past, version, revision int64, err error) {
	var (
		p                                                Past
		interests, ids, kinds, done, doneBy, no, reasons pq.StringArray
		ratings, at                                      pq.Int64Array
	)
	rows, err := db.Ent.QueryContext(ctx, pastQuery, learner, MaxDeeds) // of ent's, which is kept prepared
	if err != nil {
		return nil, 0, 0, fmt.Errorf("reading the learner's interactions: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if !rows.Next() {
		return nil, 0, 0, errors.Join(errors.New("reading the learner's interactions: no answer"), rows.Err())
	}
	if err := rows.Scan(&version, &revision, &interests, &p.Wishes.FreeOnly, &p.Wishes.Longest, &p.Wishes.Highest,
		&ids, &kinds, &ratings, &at, &done, &doneBy, &no, &reasons); err != nil {
		return nil, 0, 0, fmt.Errorf("reading the learner's interactions: %w", err)
	}
	p.Wishes.Interests = interests
	events := make([]collaborative.Event, len(ids))
	p.Deeds = make(map[uuid.UUID]enums.InteractionKind, len(ids))
	for i := range ids {
		id, err := uuid.Parse(ids[i])
		if err != nil {
			return nil, 0, 0, fmt.Errorf("reading the learner's interactions: %w", err)
		}
		events[i] = collaborative.Event{User: learner, Item: id, Kind: collaborative.Kind(kinds[i]), Value: float64(ratings[i]), At: time.UnixMicro(at[i])}
		if k := enums.InteractionKind(kinds[i]); weightier(k, p.Deeds[id]) {
			p.Deeds[id] = k
		}
	}
	m, err := collaborative.NewInteractions(events, collaborative.Options{}) // aged as of the newest: the same tomorrow
	if err != nil {
		return nil, 0, 0, err
	}
	if len(events) > 0 {
		p.Tastes = m.Tastes(0)
	}
	p.Gone = make(map[uuid.UUID]Gone, len(done)+len(no))
	for i := range done {
		p.leave(done[i], Gone{Reason: settled[enums.InteractionKind(doneBy[i])]})
	}
	for i := range no {
		p.leave(no[i], Gone{Reason: AbsenceRejected, Words: reasons[i]})
	}
	return &p, version, revision, nil
}

// weightier tells whether a deed says more than another one.
func weightier(a, b enums.InteractionKind) bool {
	order := enums.InteractionKind("").Values()
	rank := func(k enums.InteractionKind) int {
		for i, v := range order {
			if v == string(k) {
				return i
			}
		}
		return -1
	}
	return rank(a) > rank(b)
}

func (p *Past) leave(credential string, g Gone) {
	id, err := uuid.Parse(credential)
	if err != nil {
		return // of a uuid column
	}
	before, ok := p.Gone[id]
	for _, reason := range precedence {
		if ok && before.Reason == reason {
			return
		}
		if g.Reason == reason {
			break
		}
	}
	p.Gone[id] = g
}
