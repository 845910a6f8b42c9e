// Package ragtest gives tests of rag and recommend the real catalogue and a small embedder.
package ragtest

import (
	"context"
	"fmt"
	"hash/fnv"
	"math"
	"strings"
	"sync"
	"testing"
	"unicode"

	"github.com/google/uuid"
	"github.com/lib/pq"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/internal/pgtest"
	"github.com/rubrica/rubrica/rag/minilm"
	"github.com/rubrica/rubrica/seeds"
)

// Open opens a migrated database of its own for the test.
func Open(t testing.TB) *database.DB {
	t.Helper()
	db, err := database.Open(t.Context(), pgtest.New(t).URL(), database.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// Catalog is the seed catalogue.
func Catalog(t testing.TB) *seeds.Catalog {
	t.Helper()
	catalog, err := loadOnce()
	if err != nil {
		t.Fatal(err)
	}
	return catalog
}

var loadOnce = sync.OnceValues(seeds.Default)

// ID is the id that Load gives to a row: of a skill, a credential or a track by its slug, of a
// passage by "track/slug".
func ID(table, slug string) uuid.UUID {
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte(table+"/"+slug))
}

// Load writes the skills, tracks, passages and credentials of the catalogue. The context must be one
// that may (bypass.Context).
func Load(ctx context.Context, t testing.TB, db *database.DB, catalog *seeds.Catalog) {
	t.Helper()
	err := db.InTx(ctx, func(tx *database.Tx) error { return load(ctx, tx.Ent, catalog) })
	if err != nil {
		t.Fatal(err)
	}
}

func load(ctx context.Context, c *ent.Client, catalog *seeds.Catalog) error {
	var skills []*ent.SkillCreate
	for _, s := range catalog.Skills {
		skills = append(skills, c.Skill.Create().SetID(ID("skill", s.Slug)).SetSlug(s.Slug).SetName(s.Name).SetOnet(s.ONet))
	}
	if err := c.Skill.CreateBulk(skills...).Exec(ctx); err != nil {
		return fmt.Errorf("skills: %w", err)
	}
	var passages []*ent.PassageCreate
	for _, t := range catalog.Tracks {
		if err := c.Track.Create().SetID(ID("track", t.Slug)).SetSlug(t.Slug).SetTitle(t.Title).SetSummary(t.Summary).
			SetOccupation(t.Occupation).SetSkills(pq.StringArray(t.Skills)).Exec(ctx); err != nil {
			return fmt.Errorf("track %s: %w", t.Slug, err)
		}
		for _, p := range t.Passages {
			passages = append(passages, c.Passage.Create().SetID(ID("passage", t.Slug+"/"+p.Slug)).SetTrackID(ID("track", t.Slug)).
				SetSlug(p.Slug).SetTitle(p.Title).SetText(p.Text).SetSkills(pq.StringArray(p.Skills)))
		}
	}
	if err := c.Passage.CreateBulk(passages...).Exec(ctx); err != nil {
		return fmt.Errorf("passages: %w", err)
	}
	var credentials []*ent.CredentialCreate
	for _, k := range catalog.Credentials {
		credentials = append(credentials, c.Credential.Create().SetID(ID("credential", k.Slug)).SetSlug(k.Slug).
			SetTitle(k.Title).SetProvider(k.Provider).SetKind(enums.CredentialKind(k.Kind)).SetLevel(enums.Level(k.Level)).
			SetDuration(enums.Duration(k.Duration)).SetPrice(enums.Price(k.Price)).SetTeaches(pq.StringArray(k.Teaches)).
			SetRequires(pq.StringArray(k.Requires)).SetDescription(k.Description))
	}
	if err := c.Credential.CreateBulk(credentials...).Exec(ctx); err != nil {
		return fmt.Errorf("credentials: %w", err)
	}
	return nil
}

// Words embeds a text as the words that are in it, hashed into a few dimensions: near texts share
// words. It is deterministic and takes no time. Hook, if set, runs before each text and may fail it.
type Words struct {
	Name string // default "words@1"
	Size int    // default 64
	Hook func(ctx context.Context, text string) error
}

// Model names the embedder.
func (w Words) Model() string {
	if w.Name == "" {
		return "words@1"
	}
	return w.Name
}

// Dimensions is Size.
func (w Words) Dimensions() int {
	if w.Size == 0 {
		return 64
	}
	return w.Size
}

// Embed returns a vector of length 1.
func (w Words) Embed(ctx context.Context, text string) ([]float32, error) {
	if w.Hook != nil {
		if err := w.Hook(ctx, text); err != nil {
			return nil, err
		}
	}
	sums := make([]float64, w.Dimensions())
	sums[0] = 0.1 // the empty text has a vector too
	for _, word := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		h := fnv.New32a()
		_, _ = h.Write([]byte(word)) // never fails
		sums[h.Sum32()%uint32(len(sums))]++
	}
	var squares float64
	for _, s := range sums {
		squares += s * s
	}
	vector := make([]float32, len(sums))
	for i, s := range sums {
		vector[i] = float32(s / math.Sqrt(squares))
	}
	return vector, nil
}

// Model is the real embedding model. It computes each text once in a test process.
func Model(t testing.TB) *Cached {
	t.Helper()
	m, err := minilm.Shared(context.Background()) // it outlives the test
	if err != nil {
		t.Fatal(err)
	}
	return &Cached{model: m}
}

// Cached remembers the vectors of the model.
type Cached struct {
	model *minilm.Model
}

var vectors sync.Map // text → []float32

// Model is the model's name.
func (c *Cached) Model() string { return c.model.Model() }

// Dimensions is the length of its vectors.
func (c *Cached) Dimensions() int { return c.model.Dimensions() }

// Embed returns the model's vector.
func (c *Cached) Embed(ctx context.Context, text string) ([]float32, error) {
	if v, ok := vectors.Load(text); ok {
		return v.([]float32), nil
	}
	v, err := c.model.Embed(ctx, text)
	if err == nil {
		vectors.Store(text, v)
	}
	return v, err
}
