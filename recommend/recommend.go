// Package recommend says what a learner should do next after an essay: which micro-credentials of
// the catalogue close the gaps that the scoring found, and why.
//
// Signals judge the credentials independently of each other; the blend adds them up, leaves out what
// no signal speaks for, keeps the list from repeating itself, holds it against what the learner wishes, puts it
// into an order of learning, and explains every item with the parts of its score and the facts behind it. A
// signal that fails is left out and the list says so: a learner always gets recommendations while there is a
// catalogue.
//
// What goes together is learnt from everybody's interactions (Trainer, and package collaborative), stored in
// Postgres, and kept in memory by each Recommender as long as it is current.
//
// Nothing that a learner may not read comes out. Key points are embedded to search with; only their
// labels are shown.
package recommend

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/values"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/rag"
)

// Version of the blend: its signals, weights and bounds. It changes whenever the same learner and
// catalogue would be given another list.
const Version = "blend@2"

// List is what is recommended to one learner after one run.
type List struct {
	// ModelVersion is Version, the embedding model, and what was learnt from interactions with how often it was
	// brought up to date since, as "blend@2 all-MiniLM-L6-v2-int8@1 fit@3.14"; without what had no part.
	ModelVersion string
	Note         string   // what should be known of the list as a whole; learner-safe, may be empty
	Degraded     bool     // a signal was missing or incomplete; Note says why
	Unserved     []string // slugs of gaps and interests that nothing in the catalogue teaches, the largest first
	Items        []Item   // best first, at most MaxItems
}

// Item recommends one credential.
type Item struct {
	CredentialID uuid.UUID
	Rank         int           // 1 for the best
	Step         int           // 1 for what to learn first; each item has its own
	Score        float64       // 0…1, the sum of the parts' contributions
	Parts        []values.Part // the heaviest signal first
	Rationale    string        // one sentence
	Traces       []Trace
	Closes       []string           // slugs of the skills that it works on, the largest gain first, at most 12
	Relaxed      []enums.Constraint // the learner's wishes that it does not keep
}

// Recommender recommends from the active credentials of one database. It keeps the catalogue, its vectors and
// what was learnt in memory; a change of the catalogue shows within a second, one of what was learnt at once.
type Recommender struct {
	db      *database.DB
	index   *rag.Index
	signals []Weighted
	keeper  *keeper
	log     *slog.Logger
}

// New returns a recommender with the default signals. The log may be nil.
func New(db *database.DB, index *rag.Index, log *slog.Logger) *Recommender {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Recommender{db: db, index: index, signals: Defaults(index), keeper: &keeper{db: db, index: index}, log: log}
}

// made is a list in the making.
type made struct {
	profile   *Profile
	catalogue *Catalogue
	signals   []judged
	scored    []scored // all candidates, by place
	chosen    []scored // those on the list, best first
	gaps      []string // what was lacking
	quiet     []string // which signals had nothing to say
	version   string
}

// Recommend makes the list. The same learner, catalogue, vectors and interactions give the same list. The
// context must be one that may read the catalogue (anybody signed in, or the system); whoever calls decides
// that the viewer may see the learner. Errors are those of the database and ErrLearner; what a signal lacks
// is no error.
func (r *Recommender) Recommend(ctx context.Context, l *Learner) (*List, error) {
	m, err := r.make(ctx, l)
	if err != nil {
		return nil, fmt.Errorf("recommend: %w", err)
	}
	list := &List{ModelVersion: m.version, Degraded: len(m.gaps) > 0, Unserved: m.unserved()}
	told := map[uuid.UUID]bool{} // key points that a rationale has named
	order := steps(m.profile, m.chosen)
	for i, s := range m.chosen {
		list.Items = append(list.Items, m.item(s, i+1, order[i], told))
	}
	list.Note = note(m, list.Unserved)
	return list, nil
}

func (r *Recommender) make(ctx context.Context, l *Learner) (*made, error) {
	if err := l.check(); err != nil {
		return nil, err
	}
	past, version, revision, err := readPast(ctx, r.db, l.ID)
	if err != nil {
		return nil, err
	}
	catalogue, lacks, err := r.keeper.at(ctx, version, revision)
	if err != nil {
		return nil, err
	}
	m := &made{profile: newProfile(l, past, catalogue.Names), catalogue: catalogue, version: Version}
	own := catalogue.fit.weightsOf(l.Track.ID)
	for _, s := range r.signals {
		j, err := s.Judge(ctx, m.profile, catalogue)
		if err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			r.log.WarnContext(ctx, "recommending without a signal", "signal", s.Name(), "error", err, "lacks", lacks)
			m.gaps = append(m.gaps, unavailable(s.Name()))
			continue
		}
		if j.Gap != "" {
			m.gaps = append(m.gaps, j.Gap)
		}
		if j.Quiet != "" {
			m.quiet = append(m.quiet, j.Quiet)
		}
		weight := s.Weight
		if w, ok := own[s.Name()]; ok {
			weight = max(w, leastWeight)
		}
		if s.Name() == enums.SignalSemantic {
			m.version += " " + catalogue.vectors.Model
		}
		m.signals = append(m.signals, judged{Judgement: j, name: s.Name(), weight: weight})
	}
	if f := catalogue.fit; f != nil {
		m.version += fmt.Sprintf(" fit@%d.%d", f.version, f.revision)
	}
	m.scored = blend(m.signals, catalogue)
	m.chosen = pick(m.scored, m.profile)
	return m, nil
}

// leastWeight keeps a signal whose fitted weight is 0 from leaving an item that it alone judges without a
// score.
const leastWeight = 1e-6

// item turns a chosen candidate into what is stored and shown.
func (m *made) item(s scored, rank, step int, told map[uuid.UUID]bool) Item {
	var closes []string
	for _, l := range taught(m.profile, s.Candidate) {
		if l.Size >= gapFrom && len(closes) < maxClosed {
			closes = append(closes, l.Skill)
		}
	}
	return Item{
		CredentialID: s.ID, Rank: rank, Step: step, Score: s.score, Parts: partsOf(m.signals, s.place),
		Rationale: rationale(m, s, told), Traces: tracesOf(m.signals, s.place), Closes: closes,
		Relaxed: m.profile.Wishes.violated(s.Candidate),
	}
}

// unserved are the gaps and interests that no credential of the catalogue teaches, the largest first.
func (m *made) unserved() []string {
	var out []string
	for i := range m.profile.Needs {
		n := &m.profile.Needs[i]
		if _, taught := m.catalogue.skills[n.Skill]; !taught && (n.Interest || n.gap() && n.Size >= unservedFrom) {
			out = append(out, n.Skill)
		}
	}
	return out
}
