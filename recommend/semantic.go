package recommend

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	lru "github.com/hashicorp/golang-lru/v2"
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/rag"
)

// Semantic judges a credential by how near its text is to what the learner needs:
//
//	value = (cosine - 0.15) / (0.60 - 0.15), cut to 0…1
//
// What the learner needs is a mean of vectors: the question's prompt (1 part), the names of the three
// largest needs (1 part together), the names of the interests (1 part together), and the key points that were
// not met (2 parts together, each by its weight and by how much of it is missing). The bounds are where
// all-MiniLM-L6-v2 puts unrelated and near pairs of such texts. Of a credential with several texts the nearest
// counts.
type Semantic struct{ embedder *remembering }

const (
	cosineFar  = 0.15
	cosineNear = 0.60

	promptParts    = 1.0
	needsParts     = 1.0
	interestsParts = 1.0
	pointsParts    = 2.0
	namedNeeds     = 3
)

// Name of the signal.
func (Semantic) Name() enums.Signal { return enums.SignalSemantic }

// Judge judges the candidates that have a vector.
func (s Semantic) Judge(ctx context.Context, p *Profile, c *Catalogue) (Judgement, error) {
	if c.vectors == nil || len(c.vectors.Refs) == 0 {
		return Judgement{}, errNoVectors
	}
	wanted, err := s.wanted(ctx, p, c.vectors.Model)
	if err != nil {
		return Judgement{}, err
	}
	near := make([]float64, len(c.vectors.Refs)) // cosines, by row
	cosines(near, c.vectors, wanted)
	best := make([]float64, len(c.Candidates)) // cosines, by candidate
	for i := range best {
		best[i] = Unknown
	}
	for row, i := range c.rows {
		if i >= 0 && (!known(best[i]) || near[row] > best[i]) {
			best[i] = near[row]
		}
	}
	j := Judgement{Values: make([]float64, len(best))}
	without := 0
	for i, cosine := range best {
		j.Values[i] = Unknown
		if known(cosine) {
			j.Values[i] = min(1, max(0, (cosine-cosineFar)/(cosineNear-cosineFar)))
		} else {
			without++
		}
	}
	if without > 0 {
		j.Gap = fmt.Sprintf("the texts of %d of %d credentials are not indexed yet", without, len(best))
	}
	j.Traces = func(i int) []Trace {
		if !known(best[i]) {
			return nil
		}
		cosine, rank := best[i], 1
		for k, other := range best {
			if other > cosine || other == cosine && k < i {
				rank++
			}
		}
		return []Trace{{Signal: enums.SignalSemantic, Text: nearText(cosine, p), Similarity: &cosine, Rank: &rank}}
	}
	return j, nil
}

// cosines are those of each row to a vector of length 1, summed in single precision in a fixed order.
func cosines(out []float64, v *rag.Vectors, to []float32) {
	products := make([]float32, len(v.Refs))
	blas32.Gemv(blas.NoTrans, 1, blas32.General{Rows: len(v.Refs), Cols: v.Dimensions, Stride: v.Dimensions, Data: v.Rows},
		blas32.Vector{N: len(to), Inc: 1, Data: to}, 0, blas32.Vector{N: len(products), Inc: 1, Data: products})
	for i, p := range products {
		out[i] = float64(p)
	}
}

func nearText(cosine float64, p *Profile) string {
	about := "what the question asks"
	if p.gaps() {
		about = "what your answer left open"
	}
	switch {
	case cosine >= 0.45:
		return "Its description is close to " + about + "."
	case cosine >= 0.3:
		return "Its description touches on " + about + "."
	default:
		return "Its description has little to do with " + about + "."
	}
}

// wanted is the vector of what the learner needs, of length 1, by the model that made the credentials'
// vectors. The profile brings vectors of the index's embedder: while another model serves, texts are
// embedded in their place.
func (s Semantic) wanted(ctx context.Context, p *Profile, model string) ([]float32, error) {
	embedder, err := s.embedder.index.EmbedderOf(model)
	if err != nil {
		return nil, err
	}
	foreign := model != s.embedder.index.Embedder().Model()
	sum := make([]float64, embedder.Dimensions())
	add := func(parts float64, text string, vector []float32, embed func(context.Context, string) ([]float32, error)) error {
		if vector == nil || foreign {
			if strings.TrimSpace(text) == "" {
				return nil
			}
			var err error
			if vector, err = embed(ctx, text); err != nil {
				return fmt.Errorf("embedding what the learner needs: %w", err)
			}
		}
		if len(vector) != len(sum) {
			return fmt.Errorf("a vector has %d dimensions where the model has %d", len(vector), len(sum))
		}
		for i, v := range vector {
			sum[i] += parts * float64(v)
		}
		return nil
	}
	if err := add(promptParts, p.Question.Prompt, p.Question.Vector, embedder.Embed); err != nil {
		return nil, err
	}
	remembered := func(ctx context.Context, text string) ([]float32, error) {
		return s.embedder.Embed(ctx, embedder, text)
	}
	names := func(parts float64, skills []string) error {
		for _, skill := range skills {
			if err := add(parts/float64(len(skills)), p.name(skill), nil, remembered); err != nil {
				return err
			}
		}
		return nil
	}
	var needs []string
	for _, n := range p.Needs[:min(len(p.Needs), namedNeeds)] {
		needs = append(needs, n.Skill)
	}
	if err := errors.Join(names(needsParts, needs), names(interestsParts, p.Wishes.Interests)); err != nil {
		return nil, err
	}
	var lost float64
	for _, k := range p.KeyPoints {
		if k.Degree < metFrom {
			lost += k.Weight * (1 - k.Degree)
		}
	}
	for _, k := range p.KeyPoints {
		if k.Degree < metFrom && k.Weight > 0 {
			if err := add(pointsParts*k.Weight*(1-k.Degree)/lost, k.Confidential, k.Vector, embedder.Embed); err != nil {
				return nil, err
			}
		}
	}
	var squares float64
	for _, v := range sum {
		squares += v * v
	}
	if squares == 0 {
		return nil, errors.New("there is no text that says what the learner needs")
	}
	vector := make([]float32, len(sum))
	for i, v := range sum {
		vector[i] = float32(v / math.Sqrt(squares))
	}
	return vector, nil
}

// remembering remembers the vectors of the names of skills.
type remembering struct {
	index *rag.Index
	known *lru.Cache[string, []float32]
}

// rememberedTexts bounds what is remembered: 1.5 kB each.
const rememberedTexts = 4096

func newRemembering(index *rag.Index) *remembering {
	known, err := lru.New[string, []float32](rememberedTexts)
	if err != nil {
		panic(err) // of a size below 1 only
	}
	return &remembering{index: index, known: known}
}

// Embed gives the vector of a text. It is shared: read it only.
func (r *remembering) Embed(ctx context.Context, e rag.Embedder, text string) ([]float32, error) {
	key := e.Model() + "\x00" + text
	if v, ok := r.known.Get(key); ok {
		return v, nil
	}
	v, err := e.Embed(ctx, text)
	if err == nil {
		r.known.Add(key, v)
	}
	return v, err
}
