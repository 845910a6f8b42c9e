package recommend

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/credential"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/skill"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/rag"
)

// Candidate is a credential that may be recommended.
type Candidate struct {
	ID       uuid.UUID
	Title    string
	Provider string
	Kind     enums.CredentialKind
	Level    enums.Level
	Duration enums.Duration
	Hours    float64 // of learning; 0 when only their class is known
	Price    enums.Price
	Teaches  []string // slugs, most central first
	Requires []string // slugs
}

// Catalogue is what can be recommended, as a Recommender keeps it in memory. It does not change: what
// changed in the database makes another one.
type Catalogue struct {
	Candidates []Candidate       // the active credentials, by id
	Names      map[string]string // of all skills, by slug

	skills  map[string]int32 // numbers of the skills that some candidate teaches
	teaches [][]int32        // by candidate, in the order of Teaches
	vectors *rag.Vectors     // of the credentials' texts; nil when they could not be read
	rows    []int            // of the candidate that each row of the vectors is of; -1: of none
	fit     *fit             // what was learnt from interactions; nil when nothing was
	views   *views           // of the fit, by the places of the candidates
	stamps  stamps
}

// stamps are what a Catalogue was made of.
type stamps struct{ credentials, skills, vectors string }

// catalogueAge is how long a catalogue is used without looking whether it changed.
const catalogueAge = time.Second

// keeper keeps the catalogue of one database. All processes see the same within catalogueAge of a change.
type keeper struct {
	db    *database.DB
	index *rag.Index

	mu     sync.Mutex
	kept   *Catalogue
	looked time.Time
	lacks  error // why there are no vectors
}

// forget has the database looked at with the next question.
func (k *keeper) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.looked = time.Time{}
}

// at returns the catalogue with the given version and revision of what was learnt. lacks says why it has no
// vectors, if it has none.
func (k *keeper) at(ctx context.Context, version, revision int64) (c *Catalogue, lacks, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if now := time.Now(); k.kept == nil || now.Sub(k.looked) > catalogueAge {
		if err := k.look(ctx); err != nil {
			return nil, nil, err
		}
		k.looked = now
	}
	if k.kept.fit.stale(version, revision) {
		next := *k.kept
		if next.fit, err = readFit(ctx, k.db, k.kept.fit, version); err != nil {
			return nil, nil, err
		}
		next.views = &views{}
		k.kept = &next
	}
	return k.kept, k.lacks, nil
}

// look makes another catalogue where something changed.
func (k *keeper) look(ctx context.Context) error {
	var now stamps
	// xmin changes with every change of a row.
	err := k.db.SQL.QueryRowContext(ctx, `SELECT
		(SELECT concat_ws(' ', count(*), sum(xmin::text::bigint), max(xmin::text::bigint)) FROM credentials),
		(SELECT concat_ws(' ', count(*), sum(xmin::text::bigint), max(xmin::text::bigint)) FROM skills)`).Scan(&now.credentials, &now.skills)
	if err != nil {
		return fmt.Errorf("looking whether the catalogue changed: %w", err)
	}
	next := &Catalogue{}
	if k.kept != nil {
		*next = *k.kept
	}
	changed := k.kept == nil || now.credentials != next.stamps.credentials
	if changed {
		if next.Candidates, err = readCandidates(ctx, k.db); err != nil {
			return fmt.Errorf("reading the catalogue: %w", err)
		}
		next.number()
	}
	if k.kept == nil || now.skills != next.stamps.skills {
		skills, err := k.db.Ent.Skill.Query().Select(skill.FieldSlug, skill.FieldName).All(ctx)
		if err != nil {
			return fmt.Errorf("reading the skills: %w", err)
		}
		next.Names = make(map[string]string, len(skills))
		for _, s := range skills {
			next.Names[s.Slug] = s.Name
		}
	}
	if err := k.lookAtVectors(ctx, next, &now, changed); err != nil {
		return err
	}
	next.stamps = now
	if changed {
		next.views = &views{}
	}
	k.kept = next
	return nil
}

// lookAtVectors reads the vectors where they changed. Without them the catalogue still serves.
func (k *keeper) lookAtVectors(ctx context.Context, next *Catalogue, now *stamps, changed bool) (err error) {
	k.lacks = nil
	if now.vectors, err = k.index.VectorsStamp(ctx, rag.KindCredential); err == nil && (next.vectors == nil || now.vectors != next.stamps.vectors) {
		next.vectors, err = k.index.Vectors(ctx, rag.KindCredential)
		changed = true
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		next.vectors, next.rows, k.lacks = nil, nil, err
	case changed:
		now.vectors = next.vectors.Stamp
		next.rows = make([]int, len(next.vectors.Refs))
		for i, ref := range next.vectors.Refs {
			next.rows[i] = next.place(ref)
		}
	}
	if err == nil && len(next.vectors.Refs) == 0 {
		k.lacks = errNoVectors
	}
	return nil
}

var errNoVectors = errors.New("no credential has a vector yet")

// number gives numbers to the skills that candidates teach.
func (c *Catalogue) number() {
	c.skills, c.teaches = map[string]int32{}, make([][]int32, len(c.Candidates))
	for i := range c.Candidates {
		for _, skill := range c.Candidates[i].Teaches {
			n, ok := c.skills[skill]
			if !ok {
				n = int32(len(c.skills)) //nolint:gosec // of a vocabulary
				c.skills[skill] = n
			}
			c.teaches[i] = append(c.teaches[i], n)
		}
	}
}

// place is where a credential stands among the candidates; -1 when it is none.
func (c *Catalogue) place(id uuid.UUID) int {
	i, ok := slices.BinarySearchFunc(c.Candidates, id, func(c Candidate, id uuid.UUID) int { return bytes.Compare(c.ID[:], id[:]) })
	if !ok {
		return -1
	}
	return i
}

// readCandidates reads the active credentials, in the order of their ids.
func readCandidates(ctx context.Context, db *database.DB) ([]Candidate, error) {
	rows, err := db.Ent.Credential.Query().Where(credential.Active(true)).Select(credential.FieldTitle, credential.FieldProvider,
		credential.FieldKind, credential.FieldLevel, credential.FieldDuration, credential.FieldHours, credential.FieldPrice,
		credential.FieldTeaches, credential.FieldRequires).All(ctx)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(rows, func(a, b *ent.Credential) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	candidates := make([]Candidate, len(rows))
	for i, c := range rows {
		candidates[i] = Candidate{
			ID: c.ID, Title: c.Title, Provider: c.Provider, Kind: c.Kind, Level: c.Level, Duration: c.Duration,
			Price: c.Price, Teaches: c.Teaches, Requires: c.Requires,
		}
		if c.Hours != nil {
			candidates[i].Hours = *c.Hours
		}
	}
	return candidates, nil
}
