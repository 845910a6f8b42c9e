package evaluate

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/rubrica/rubrica/scoring/additive"
	"github.com/rubrica/rubrica/scoring/agreement"
)

// Judged is one text with a person's score and an engine's, which had not seen the person's.
type Judged struct {
	Group     string // within which agreement is measured: the prompt, the question
	Words     int
	Grid      additive.Grid
	Human     float64
	Predicted float64 // on the continuous scale
	Low, High float64 // the interval, clipped to the scale
}

// judge applies a model's map and interval, and clips both to the scale.
func judge(group string, words int, g additive.Grid, human, mapped float64, i additive.Interval) Judged {
	return Judged{
		Group: group, Words: words, Grid: g, Human: human, Predicted: g.Clamp(mapped),
		Low: g.Clamp(mapped - i.Below), High: g.Clamp(mapped + i.Above),
	}
}

// covered tells whether the person's score is in the interval.
func (j *Judged) covered() bool {
	const slack = 1e-9
	return j.Human >= j.Low-slack && j.Human <= j.High+slack
}

// groups splits rows by group, in the order of their first row.
func groups(rows []Judged) (names []string, of map[string][]Judged) {
	of = map[string][]Judged{}
	for _, r := range rows {
		if _, ok := of[r.Group]; !ok {
			names = append(names, r.Group)
		}
		of[r.Group] = append(of[r.Group], r)
	}
	return names, of
}

func columnsOf(rows []Judged) (human, predicted []float64) {
	for _, r := range rows {
		human, predicted = append(human, r.Human), append(predicted, r.Predicted)
	}
	return human, predicted
}

func kappa(rows []Judged) float64 {
	human, predicted := columnsOf(rows)
	g := rows[0].Grid
	return agreement.QWK(predicted, human, g.Min, g.Max, g.Step)
}

// MeanKappa is the mean over the groups of the quadratic weighted kappa within each.
func MeanKappa(rows []Judged) float64 {
	names, of := groups(rows)
	var sum float64
	for _, n := range names {
		sum += kappa(of[n]) / float64(len(names))
	}
	return sum
}

// resamples is how many samples a bootstrap interval is made of.
const resamples = 500

// bootstrap is the middle 95 % of a statistic over samples of the rows with replacement, drawn within
// each group (Efron 1979).
func bootstrap(rows []Judged, statistic func([]Judged) float64) (low, high float64) {
	names, of := groups(rows)
	random := rand.New(rand.NewPCG(1, uint64(len(rows)))) //nolint:gosec // repeatable, not secret
	values := make([]float64, resamples)
	sample := make([]Judged, 0, len(rows))
	for i := range values {
		sample = sample[:0]
		for _, n := range names {
			from := of[n]
			for range from {
				sample = append(sample, from[random.IntN(len(from))])
			}
		}
		values[i] = statistic(sample)
	}
	slices.Sort(values)
	return values[resamples*25/1000], values[resamples*975/1000-1]
}

// human is the agreement of two people on the rows of a group.
type human struct{ kappa, pearson, exact, adjacent float64 }

// agreementTable compares engine and people, by group and on average. People may be nil.
func agreementTable(rows []Judged, unit string, people map[string]human) Table {
	t := Table{
		Key: "agreement", Title: "Agreement with people",
		Note: "QWK is the quadratic weighted kappa of the score rounded to the scale; the range holds 95 % of bootstrap samples. " +
			"Exact and adjacent (one step of the scale) are shares of texts.",
		Columns: []Column{
			{"group", unit, 0}, {"texts", "texts", 0}, {"qwk", "QWK", 3}, {"qwk_low", "from", 3}, {"qwk_high", "to", 3},
			{"pearson", "Pearson", 3}, {"rmse", "RMSE", 3}, {"exact", "exact", 3}, {"adjacent", "adjacent", 3},
		},
	}
	if people != nil {
		t.Note += " People: the two raters with each other, on the same texts and their own scale."
		t.Columns = append(t.Columns, Column{"human_qwk", "people QWK", 3}, Column{"human_pearson", "Pearson", 3},
			Column{"human_exact", "exact", 3}, Column{"human_adjacent", "adjacent", 3})
	}
	names, of := groups(rows)
	means := make([]float64, len(t.Columns))
	for _, n := range names {
		r := of[n]
		a, b := columnsOf(r)
		g := r[0].Grid
		low, high := bootstrap(r, kappa)
		rounded := make([]float64, len(b))
		for i, v := range b {
			rounded[i] = g.Round(v)
		}
		cells := []any{
			n, len(r), kappa(r), low, high, agreement.Pearson(b, a), agreement.RMSE(b, a),
			agreement.Within(rounded, a, 0), agreement.Within(rounded, a, g.Step),
		}
		if h, ok := people[n]; people != nil {
			if !ok {
				h = human{math.NaN(), math.NaN(), math.NaN(), math.NaN()}
			}
			cells = append(cells, h.kappa, h.pearson, h.exact, h.adjacent)
		}
		for j, c := range cells {
			if v, ok := c.(float64); ok {
				means[j] += v / float64(len(names))
			}
		}
		t.Add(cells...)
	}
	means[3], means[4] = bootstrap(rows, MeanKappa)
	cells := []any{"mean", len(rows)}
	for _, v := range means[2:] {
		cells = append(cells, v)
	}
	t.Add(cells...)
	return t
}

// minCoverageRows is the size from which a group's coverage is held to a bound.
const minCoverageRows = 500

// split is a division of rows into named groups.
type split struct {
	kind, name string
	rows       []Judged
}

// splits are the groups in which coverage is looked at: by group, by length and by where on the scale the
// engine's score is. Thirds are within groups, so that they hold texts of every one of them.
func splits(rows []Judged) []split {
	var out []split
	names, of := groups(rows)
	for _, n := range names {
		out = append(out, split{"group", n, of[n]})
	}
	for k, name := range []string{"shortest third", "middle third", "longest third"} {
		out = append(out, split{"length", name, third(names, of, k, func(j Judged) float64 { return float64(j.Words) })})
	}
	for k, name := range []string{"lowest scores", "middle scores", "highest scores"} {
		out = append(out, split{"score given", name, third(names, of, k, func(j Judged) float64 { return j.Predicted })})
	}
	return out
}

func third(names []string, of map[string][]Judged, k int, by func(Judged) float64) []Judged {
	var out []Judged
	for _, n := range names {
		r := slices.Clone(of[n])
		slices.SortStableFunc(r, func(a, b Judged) int { return cmp.Compare(by(a), by(b)) })
		out = append(out, r[len(r)*k/3:len(r)*(k+1)/3]...)
	}
	return out
}

func coverage(rows []Judged) float64 {
	n := 0
	for i := range rows {
		if rows[i].covered() {
			n++
		}
	}
	return float64(n) / float64(len(rows))
}

// coverageTable shows how many of the people's scores the 90 % intervals hold, and how far engine and people
// differ on average.
func coverageTable(rows []Judged) Table {
	t := Table{
		Key: "intervals", Title: "90 % intervals and bias",
		Note: "Width and bias (engine minus people) are means, in percent of the scale. Thirds are taken within each group, of the number of words and of the score that the engine gave.",
		Columns: []Column{
			{"by", "by", 0}, {"group", "group", 0}, {"texts", "texts", 0}, {"coverage", "coverage", 3}, {"width", "width %", 1}, {"bias", "bias %", 2},
		},
	}
	for _, s := range append([]split{{"all", "all", rows}}, splits(rows)...) {
		var width, bias float64
		for _, r := range s.rows {
			scale := 100 / (r.Grid.Max - r.Grid.Min) / float64(len(s.rows))
			width += (r.High - r.Low) * scale
			bias += (r.Predicted - r.Human) * scale
		}
		t.Add(s.kind, s.name, len(s.rows), coverage(s.rows), width, bias)
	}
	return t
}

// coverageGoals hold pooled coverage to 88–92 %, and that of every large group to 86–94 %.
func coverageGoals(rows []Judged) []Goal {
	low, high := math.Inf(1), math.Inf(-1)
	for _, s := range splits(rows) {
		if len(s.rows) >= minCoverageRows {
			c := coverage(s.rows)
			low, high = min(low, c), max(high, c)
		}
	}
	size := fmt.Sprintf("of a group of %d or more", minCoverageRows)
	return []Goal{
		Between("coverage", "coverage of the 90 % intervals, pooled", coverage(rows), .88, .92),
		AtLeast("coverage_lowest", "lowest coverage "+size, low, .86),
		AtMost("coverage_highest", "highest coverage "+size, high, .94),
	}
}
