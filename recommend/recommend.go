// Package recommend says what a learner should do next after an essay: which micro-credentials of
// the catalogue close the gaps that the scoring found, and why.
//
// Signals judge the credentials independently of each other; the blend adds them up, leaves out what
// no signal speaks for, keeps the list from repeating itself and explains every item with the parts
// of its score and the facts behind it. A signal that fails is left out and the list says so: a
// learner always gets recommendations while there is a catalogue.
//
// Nothing that a learner may not read comes out. Key points are embedded to search with; only their
// labels are shown.
package recommend

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"

	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/credential"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/values"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/rag"
)

// Version of the blend: its signals, weights and bounds. It changes whenever the same learner and
// catalogue would be given another list.
const Version = "blend@1"

// List is what is recommended to one learner after one run.
type List struct {
	ModelVersion string // Version and the embedding model, as "blend@1 all-MiniLM-L6-v2-int8@1"
	Note         string // what should be known of the list as a whole; learner-safe, may be empty
	Degraded     bool   // a signal was missing or incomplete; Note says why
	Items        []Item // best first, at most MaxItems
}

// Item recommends one credential.
type Item struct {
	CredentialID uuid.UUID
	Rank         int           // 1 for the best
	Score        float64       // 0…1, the sum of the parts' contributions
	Parts        []values.Part // the heaviest signal first
	Rationale    string        // one sentence
	Traces       []values.Trace
	Closes       []string // slugs of the skills that it works on, the largest gain first, at most 12
}

// Recommender recommends from the active credentials of one database.
type Recommender struct {
	db      *database.DB
	model   string
	signals []Weighted
	log     *slog.Logger
}

// Weighted is a signal and how much it counts. The weights of the signals that judge an item are
// scaled to add up to 1.
type Weighted struct {
	Signal
	Weight float64 // above 0
}

// Defaults are the signals in use: skill gap 0.45, semantic 0.3, level fit 0.25. The skill gap leads
// because it rests on what people wrote down of questions and credentials; texts that are merely near
// come second; the level decides between what is left.
func Defaults(index *rag.Index) []Weighted {
	return []Weighted{
		{SkillGap{}, 0.45},
		{Semantic{index}, 0.3},
		{LevelFit{}, 0.25},
	}
}

// New returns a recommender with the default signals. The log may be nil.
func New(db *database.DB, index *rag.Index, log *slog.Logger) *Recommender {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Recommender{db: db, model: index.Embedder().Model(), signals: Defaults(index), log: log}
}

// Recommend makes the list. The same learner, catalogue and vectors give the same list. The context
// must be one that may read the catalogue (anybody signed in, or the system). Errors are those of the
// database and ErrLearner; what a signal lacks is no error.
func (r *Recommender) Recommend(ctx context.Context, l *Learner) (*List, error) {
	if err := l.check(); err != nil {
		return nil, fmt.Errorf("recommend: %w", err)
	}
	candidates, err := r.candidates(ctx)
	if err != nil {
		return nil, fmt.Errorf("recommend: reading the catalogue: %w", err)
	}
	skills, err := r.db.Ent.Skill.Query().All(ctx)
	if err != nil {
		return nil, fmt.Errorf("recommend: reading the skills: %w", err)
	}
	p := &Profile{Learner: l, Needs: needsOf(l), Names: make(map[string]string, len(skills))}
	for _, s := range skills {
		p.Names[s.Slug] = s.Name
	}

	list := &List{ModelVersion: Version}
	var judged []judged
	var gaps []string
	for _, s := range r.signals {
		j, err := s.Values(ctx, p, candidates)
		if err != nil {
			if ctx.Err() != nil {
				return nil, fmt.Errorf("recommend: %w", ctx.Err())
			}
			r.log.WarnContext(ctx, "recommending without a signal", "signal", s.Name(), "error", err)
			gaps = append(gaps, unavailable(s.Name()))
			continue
		}
		if j.Gap != "" {
			gaps = append(gaps, j.Gap)
		}
		if s.Name() == enums.SignalSemantic {
			list.ModelVersion = Version + " " + r.model
		}
		judged = append(judged, newJudged(s, j))
	}
	list.Degraded = len(gaps) > 0
	chosen := choose(blend(judged, candidates))
	told := map[uuid.UUID]bool{} // key points that a rationale has named
	for i, s := range chosen {
		list.Items = append(list.Items, item(p, s, i+1, told))
	}
	list.Note = note(p, candidates, chosen, gaps)
	return list, nil
}

// candidates are all active credentials, in the order of their ids.
func (r *Recommender) candidates(ctx context.Context) ([]Candidate, error) {
	rows, err := r.db.Ent.Credential.Query().Where(credential.Active(true)).All(ctx)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(rows, func(a, b *ent.Credential) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	candidates := make([]Candidate, len(rows))
	for i, c := range rows {
		candidates[i] = Candidate{
			ID: c.ID, Title: c.Title, Provider: c.Provider, Kind: c.Kind, Level: c.Level,
			Teaches: c.Teaches, Requires: c.Requires,
		}
	}
	return candidates, nil
}
