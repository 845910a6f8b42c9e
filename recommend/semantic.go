package recommend

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/values"
	"github.com/rubrica/rubrica/rag"
)

// Semantic judges a credential by how near its text is to what the learner needs:
//
//	value = (cosine - 0.15) / (0.60 - 0.15), cut to 0…1
//
// What the learner needs is a mean of vectors: the question's prompt (1 part), the names of the three
// largest needs (1 part), and the key points that were not met (2 parts together, each by its weight
// and by how much of it is missing). The bounds are where all-MiniLM-L6-v2 puts unrelated and near
// pairs of such texts.
type Semantic struct{ Index *rag.Index }

const (
	cosineFar  = 0.15
	cosineNear = 0.60

	promptParts = 1.0
	needsParts  = 1.0
	pointsParts = 2.0
	namedNeeds  = 3
)

var errNoVectors = errors.New("no credential has a vector yet")

// Name of the signal.
func (Semantic) Name() enums.Signal { return enums.SignalSemantic }

// Values judges the candidates that the search finds among the nearest 100. When there are more
// candidates, the others are farther away and get 0; when there are fewer and some are missing, those
// have no vector yet and get no value.
func (s Semantic) Values(ctx context.Context, p *Profile, candidates []Candidate) (Judgement, error) {
	vector, err := s.wanted(ctx, p)
	if err != nil {
		return Judgement{}, err
	}
	hits, err := s.Index.Search(ctx, rag.Query{
		Vector: vector, Kinds: []rag.Kind{rag.KindCredential}, Limit: rag.MaxLimit,
	})
	if err != nil {
		return Judgement{}, err
	}
	if len(hits) == 0 {
		return Judgement{}, errNoVectors
	}
	j := Judgement{Values: map[uuid.UUID]float64{}, Traces: map[uuid.UUID][]values.Trace{}}
	for _, h := range hits {
		j.Values[h.RefID] = min(1, max(0, (h.DenseScore-cosineFar)/(cosineNear-cosineFar)))
		j.Traces[h.RefID] = []values.Trace{{
			Signal: enums.SignalSemantic, Text: nearText(h.DenseScore, p),
			Similarity: &h.DenseScore, Rank: &h.DenseRank,
		}}
	}
	var without int
	for _, c := range candidates {
		if _, judged := j.Values[c.ID]; judged {
			continue
		}
		if len(hits) == rag.MaxLimit {
			j.Values[c.ID] = 0
		} else {
			without++
		}
	}
	if without > 0 {
		j.Gap = fmt.Sprintf("the texts of %d of %d credentials are not indexed yet", without, len(candidates))
	}
	return j, nil
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

// wanted is the vector of what the learner needs, of length 1.
func (s Semantic) wanted(ctx context.Context, p *Profile) ([]float32, error) {
	sum := make([]float64, s.Index.Embedder().Dimensions())
	add := func(parts float64, text string, vector []float32) error {
		if vector == nil {
			if strings.TrimSpace(text) == "" {
				return nil
			}
			var err error
			if vector, err = s.Index.Embedder().Embed(ctx, text); err != nil {
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
	if err := add(promptParts, p.Question.Prompt, p.Question.Vector); err != nil {
		return nil, err
	}
	var names []string
	for _, n := range p.Needs[:min(len(p.Needs), namedNeeds)] {
		names = append(names, p.name(n.Skill))
	}
	if err := add(needsParts, strings.Join(names, ", "), nil); err != nil {
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
			if err := add(pointsParts*k.Weight*(1-k.Degree)/lost, k.Confidential, k.Vector); err != nil {
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
