package additive_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rubrica/rubrica/scoring/additive"
	"github.com/rubrica/rubrica/scoring/agreement"
	"github.com/rubrica/rubrica/scoring/ngram"
)

const bits = 6

var design = []additive.Part{
	{Name: "curves", Kind: additive.Smooth, Columns: []string{"a", "b", "constant"}},
	{Name: "weights", Kind: additive.Linear, Columns: []string{"c"}, Weight: 2},
	{Name: "grams", Kind: additive.Sparse, Bits: bits},
}

// world makes rows whose scores follow a curve, a line and some n-grams, with noise.
func world(n int, seed uint64) (rows []additive.Row, y []float64) {
	r := rand.New(rand.NewPCG(seed, 0))
	for range n {
		a, b, c := r.NormFloat64(), r.NormFloat64(), r.NormFloat64()
		var v ngram.Vector
		score := math.Sin(2*a) + c/2 + r.NormFloat64()/5
		for k := range uint32(1 << bits) {
			if r.IntN(4) == 0 {
				value := float32(1 + r.IntN(3))
				v.Index, v.Value = append(v.Index, k), append(v.Value, value)
				if k%8 == 0 {
					score += float64(value) / 8
				}
			}
		}
		rows = append(rows, additive.Row{{Dense: []float64{a, b, 7}}, {Dense: []float64{c}}, {Sparse: v}})
		y = append(y, score)
	}
	return rows, y
}

func fit(t require.TestingT, rows []additive.Row, y []float64) *additive.Fitted {
	fitted, err := additive.Fit(context.Background(), design, rows, y)
	require.NoError(t, err)
	return fitted[0]
}

func TestFitLearnsCurvesLinesAndGrams(t *testing.T) {
	rows, y := world(300, 1)
	unseen, truth := world(200, 2)
	f := fit(t, rows, y)
	var predicted []float64
	for _, r := range unseen {
		predicted = append(predicted, f.Model.Predict(r))
	}
	assert.Greater(t, agreement.Pearson(predicted, truth), .9)
	assert.InDelta(t, agreement.RMSE(f.LOO, y), agreement.RMSE(predicted, truth), .06, "the leave-one-out error is that on unseen rows")
}

// What each column and n-gram is said to add is what the prediction is made of.
func TestEffectsAddUpToThePrediction(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows, y := world(rapid.IntRange(5, 60).Draw(t, "rows"), rapid.Uint64().Draw(t, "seed"))
		m := fit(t, rows, y).Model
		unseen, _ := world(5, rapid.Uint64().Draw(t, "unseen"))
		for _, r := range append(unseen, rows...) {
			sum := m.Base
			for i := range m.Parts {
				e := &m.Parts[i]
				for j := range e.Columns {
					sum += e.Column(j, r[i].Dense[j])
				}
				sum += e.Offset
				for x, at := range r[i].Sparse.Index {
					sum += e.Gram(at, r[i].Sparse.Value[x])
				}
			}
			assert.InDelta(t, m.Predict(r), sum, 1e-9)
		}
	})
}

// Over the fitted rows no part and no column adds anything on average.
func TestEffectsAreCentred(t *testing.T) {
	rows, y := world(80, 3)
	m := fit(t, rows, y).Model
	assert.InDelta(t, agreement.Mean(y), m.Base, 1e-9)
	for i := range m.Parts {
		e := &m.Parts[i]
		for j := range e.Columns {
			var mean float64
			for _, r := range rows {
				mean += e.Column(j, r[i].Dense[j]) / float64(len(rows))
			}
			assert.InDelta(t, 0, mean, 1e-5, e.Columns[j])
		}
		var mean float64
		for _, r := range rows {
			mean += (e.Offset + e.Sum(r[i].Sparse)) / float64(len(rows))
		}
		assert.InDelta(t, 0, mean, 1e-5, e.Name)
	}
	assert.InDelta(t, 0, m.Parts[0].Column(2, 7), 1e-12, "a column that does not vary adds nothing")
	assert.InDelta(t, 0, m.Parts[0].Column(2, 1e6), 1e-12)
}

// A fit gives the same bits however often and on however many processors it is done.
func TestFitIsDeterministic(t *testing.T) {
	rows, y := world(120, 4)
	first := fit(t, rows, y)
	for range 3 {
		assert.Equal(t, first, fit(t, rows, y))
	}
}

func TestADesignFitsAnyOfItsRows(t *testing.T) {
	rows, y := world(90, 5)
	d, err := additive.NewDesign(design, rows)
	require.NoError(t, err)
	chosen := []int{80, 3, 5, 7, 11, 13, 2, 44, 61, 70, 8, 9}
	var some []additive.Row
	var scores []float64
	for _, i := range chosen {
		some, scores = append(some, rows[i]), append(scores, y[i])
	}
	got, err := d.Fit(t.Context(), chosen, scores)
	require.NoError(t, err)
	assert.Equal(t, fit(t, some, scores), got[0], "no other row has a part in it")
}

func TestTargetsShareAFit(t *testing.T) {
	rows, y := world(60, 6)
	opposite := make([]float64, len(y))
	for i, v := range y {
		opposite[i] = 3 - 2*v
	}
	fitted, err := additive.Fit(t.Context(), design, rows, y, opposite)
	require.NoError(t, err)
	for i := range y {
		assert.InDelta(t, 3-2*fitted[0].LOO[i], fitted[1].LOO[i], 1e-9)
	}
}

func TestManyRowsAreSearchedInPart(t *testing.T) {
	if testing.Short() {
		return
	}
	rows, y := world(1300, 7)
	f := fit(t, rows, y)
	all := fit(t, rows[:1200], y[:1200])
	assert.InDelta(t, math.Log(all.Lambda), math.Log(f.Lambda), .8)
	assert.Less(t, agreement.RMSE(f.LOO, y), .35)
}

func TestBadRows(t *testing.T) {
	rows, y := world(10, 8)
	broken := func(change func(additive.Row)) []additive.Row {
		out := append([]additive.Row{}, rows...)
		bad, _ := world(1, 9)
		change(bad[0])
		out[4] = bad[0]
		return out
	}
	for name, c := range map[string]struct {
		rows []additive.Row
		y    []float64
		want string
	}{
		"too few":           {rows[:4], y[:4], "4 rows are too few"},
		"scores":            {rows, y[:9], "9 scores for 10 rows"},
		"not a number":      {broken(func(r additive.Row) { r[0].Dense[1] = math.NaN() }), y, "row 4: additive: column b of part curves is NaN"},
		"infinite":          {broken(func(r additive.Row) { r[1].Dense[0] = math.Inf(1) }), y, "column c of part weights is +Inf"},
		"too few columns":   {broken(func(r additive.Row) { r[0].Dense = r[0].Dense[:2] }), y, "has 2 columns, the design 3"},
		"index beyond bits": {broken(func(r additive.Row) { r[2].Sparse = ngram.Vector{Index: []uint32{1 << bits}, Value: []float32{1}} }), y, "beyond 1<<6"},
		"parts":             {[]additive.Row{{}, {}, {}, {}, {}}, y[:5], "a row has 0 parts, the design 3"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := additive.Fit(t.Context(), design, c.rows, c.y)
			require.ErrorContains(t, err, c.want)
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := additive.Fit(ctx, design, rows, y)
	require.ErrorIs(t, err, context.Canceled)
}

// Degenerate data: a fit says the mean and does not fail.
func TestEqualScoresAndEqualRows(t *testing.T) {
	rows, _ := world(20, 10)
	equal := make([]float64, 20)
	for i := range equal {
		equal[i] = 3
	}
	f := fit(t, rows, equal)
	assert.InDelta(t, 3, f.Model.Predict(rows[0]), 1e-9)
	for i := range rows {
		rows[i] = rows[0]
	}
	_, y := world(20, 11)
	f = fit(t, rows, y)
	assert.InDelta(t, agreement.Mean(y), f.Model.Predict(rows[0]), 1e-9)
}

func ExampleFit() {
	rows := make([]additive.Row, 20)
	scores := make([]float64, 20)
	for i := range rows {
		rows[i] = additive.Row{{Dense: []float64{float64(i)}}}
		scores[i] = float64(i) / 2
	}
	parts := []additive.Part{{Name: "length", Kind: additive.Linear, Columns: []string{"words"}}}
	fitted, err := additive.Fit(context.Background(), parts, rows, scores)
	if err != nil {
		fmt.Println(err)
		return
	}
	m := fitted[0].Model
	row := additive.Row{{Dense: []float64{15}}}
	fmt.Printf("%.1f = %.2f + %.1f\n", m.Predict(row), m.Base, m.Parts[0].Column(0, 15))
	// Output: 7.5 = 4.75 + 2.7
}
