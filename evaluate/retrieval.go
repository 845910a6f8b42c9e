package evaluate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/google/uuid"

	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/rag"
	"github.com/rubrica/rubrica/rag/minilm"
)

// ranking is how well one query was answered.
type ranking struct{ ndcg, recall100, mrr, recall10 float64 }

// measures are the columns that rankings are reported by.
var measures = []struct {
	key, label string
	of         func(ranking) float64
}{
	{"ndcg", "nDCG@10", func(r ranking) float64 { return r.ndcg }},
	{"recall100", "recall@100", func(r ranking) float64 { return r.recall100 }},
	{"mrr", "MRR", func(r ranking) float64 { return r.mrr }},
	{"recall10", "recall@10", func(r ranking) float64 { return r.recall10 }},
}

// rank compares what was found, best first, with what people found relevant. nDCG@10 takes the gains
// as they are given and discounts by log2(rank + 1) (Järvelin and Kekäläinen 2002); MRR is 1 / the rank of
// the first relevant document among the first 100; recall@k is the share of the relevant ones among the
// first k.
func rank(found []string, gains map[string]float64) (r ranking) {
	const depth = 10
	var ideal []float64
	for _, g := range gains {
		ideal = append(ideal, g)
	}
	slices.SortFunc(ideal, func(a, b float64) int { return cmp.Compare(b, a) })
	var best, gained float64
	for i, g := range ideal[:min(depth, len(ideal))] {
		best += g / math.Log2(float64(i)+2)
	}
	n := float64(len(gains))
	for i, id := range found {
		g := gains[id]
		if g <= 0 {
			continue
		}
		r.recall100 += 1 / n
		if r.mrr == 0 {
			r.mrr = 1 / float64(i+1)
		}
		if i < depth {
			r.recall10 += 1 / n
			gained += g / math.Log2(float64(i)+2)
		}
	}
	r.ndcg = gained / best
	return r
}

// configurations are the parts of the search, from the simplest to the whole.
var configurations = []struct {
	label string
	part  rag.Part
}{
	{"words alone (BM25)", rag.PartWords},
	{"meaning alone (vectors)", rag.PartMeaning},
	{"both, without neighbours", rag.PartBoth},
	{"everything", ""},
}

// Retrieval measures the product's own search on a test collection: the documents become passages, the
// index is made by Refresh, and each query goes through Search.
func Retrieval(ctx context.Context, o Options) (r *Report, err error) {
	c, err := readCollection(o.Data)
	if err != nil {
		return nil, err
	}
	if o.Quick {
		c.queries = c.queries[:max(1, len(c.queries)/4)]
	}
	model, err := minilm.Open(ctx, minilm.Options{Progress: o.Progress})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, model.Close()) }()
	err = throwaway(ctx, &o, func(db *database.DB) error {
		index := rag.New(db, model, nil)
		by, err := c.load(ctx, &o, db, index)
		if err != nil {
			return err
		}
		rows, err := c.answer(ctx, index, by)
		if err != nil {
			return err
		}
		r = c.report(rows)
		return nil
	})
	return r, err
}

// answer searches for every query with every configuration.
func (c *collection) answer(ctx context.Context, index *rag.Index, by map[uuid.UUID]string) ([][]ranking, error) {
	rows := make([][]ranking, len(configurations))
	for i, configuration := range configurations {
		for _, q := range c.queries {
			hits, err := index.Search(ctx, rag.Query{Text: q.Text, Limit: rag.MaxLimit, Only: configuration.part})
			if err != nil {
				return nil, fmt.Errorf("evaluate: query %s: %w", q.ID, err)
			}
			found := make([]string, len(hits))
			for j, h := range hits {
				found[j] = by[h.RefID]
			}
			rows[i] = append(rows[i], rank(found, q.gains))
		}
	}
	return rows, nil
}

func (c *collection) report(rows [][]ranking) *Report {
	r := &Report{
		Name: "retrieval-" + c.name, Title: "Retrieval: " + c.name,
		Command: "rubrica evaluate retrieval --collection FOLDER --write docs/quality.md",
		About: fmt.Sprintf("%d documents and %d queries, all judgements, through the product's own index and search. No weight was fitted "+
			"to these queries: BM25's k1 and b are the literature's, and the shares of the parts (half and half over the first 200 of each, "+
			"neighbours 0.7) were set before. How neighbours are chosen (vectors and the 32 rarest words) was compared on all queries of "+
			"Cranfield, where all variants but one were within 0.577 to 0.588. The documents of such a collection are of one subject and the queries long; short "+
			"queries over a catalogue of many subjects are another matter.", len(c.documents), len(c.queries)),
	}
	figures := Table{
		Key: "parts", Title: "What each part finds",
		Note:    fmt.Sprintf("Means over the queries; the ranges hold 95 %% of %d bootstrap samples of the queries.", resamples),
		Columns: []Column{{Key: "search", Label: "search"}},
	}
	for _, m := range measures {
		figures.Columns = append(figures.Columns, Column{Key: m.key, Label: m.label, Digits: 3},
			Column{Key: m.key + "_low", Label: "from", Digits: 3}, Column{Key: m.key + "_high", Label: "to", Digits: 3})
	}
	for i, configuration := range configurations {
		cells := []any{configuration.label}
		for _, m := range measures {
			mean, low, high := overQueries(len(rows[i]), func(q int) float64 { return m.of(rows[i][q]) })
			cells = append(cells, mean, low, high)
		}
		figures.Add(cells...)
	}
	gains := Table{
		Key: "gains", Title: "What everything gains over each part, in nDCG@10",
		Note:    "Differences by query; a range above 0 is a gain that the choice of queries does not explain.",
		Columns: []Column{{Key: "over", Label: "over"}, {Key: "gain", Label: "gain", Digits: 3}, {Key: "gain_low", Label: "from", Digits: 3}, {Key: "gain_high", Label: "to", Digits: 3}},
	}
	whole := rows[len(rows)-1]
	gained := make([]float64, len(rows))
	for i := range rows[:len(rows)-1] {
		mean, low, high := overQueries(len(whole), func(q int) float64 { return whole[q].ndcg - rows[i][q].ndcg })
		gained[i] = mean
		gains.Add(configurations[i].label, mean, low, high)
	}
	ndcg, _, _ := overQueries(len(whole), func(q int) float64 { return whole[q].ndcg })
	recall, _, _ := overQueries(len(whole), func(q int) float64 { return whole[q].recall100 })
	r.Goals = []Goal{
		AtLeast("ndcg", "nDCG@10", ndcg, .565),
		AtLeast("recall100", "recall@100", recall, .80),
		AtLeast("over_words", "nDCG@10 above words alone", gained[0], .03),
		AtLeast("over_meaning", "nDCG@10 above meaning alone", gained[1], .03),
	}
	r.Tables = []Table{figures, gains}
	return r
}

// overQueries is the mean of a value over n queries, and the middle 95 % of it over samples of the queries
// with replacement (Efron 1979).
func overQueries(n int, value func(query int) float64) (mean, low, high float64) {
	for q := range n {
		mean += value(q) / float64(n)
	}
	random := rand.New(rand.NewPCG(1, uint64(n))) //nolint:gosec // repeatable, not secret
	means := make([]float64, resamples)
	for i := range means {
		for range n {
			means[i] += value(random.IntN(n)) / float64(n)
		}
	}
	slices.Sort(means)
	return mean, means[resamples*25/1000], means[resamples*975/1000-1]
}
