package evaluate

import (
	"context"
	"fmt"
	"math"

	"github.com/rubrica/rubrica/evaluate/dataset"
	"github.com/rubrica/rubrica/rag/minilm"
	"github.com/rubrica/rubrica/scoring/additive"
	"github.com/rubrica/rubrica/scoring/agreement"
	"github.com/rubrica/rubrica/scoring/pack"
)

// mohlerGrid is the scale of the set.
var mohlerGrid = additive.Grid{Min: 0, Max: 5, Step: .5}

// Mohler measures how the shipped pack does on questions of another subject, and what graded answers to
// other questions add.
func Mohler(ctx context.Context, o Options) (*Report, error) {
	answers, err := dataset.Mohler(o.Data)
	if err != nil {
		return nil, err
	}
	model, err := minilm.Shared(ctx)
	if err != nil {
		return nil, err
	}
	p := pack.Default()
	if p.Model != model.Model() {
		return nil, fmt.Errorf("evaluate: the pack was fitted on vectors of %s, not of %s: fit it again", p.Model, model.Model())
	}
	o.say("measuring %d answers", len(answers))
	measured, err := measureShort(ctx, model, p, answers)
	if err != nil {
		return nil, err
	}
	shipped := make([]Judged, len(measured))
	prior := make([]float64, len(measured))
	half := additive.Interval{Below: p.Half * mohlerGrid.Max, Above: p.Half * mohlerGrid.Max}
	for i := range measured {
		share, _ := p.Of(measured[i].measures)
		prior[i] = share
		shipped[i] = judge(measured[i].QuestionID, measured[i].words, mohlerGrid, measured[i].Score, mohlerGrid.Max*share, half)
	}
	left, err := mohlerLeft(ctx, &o, measured, prior)
	if err != nil {
		return nil, err
	}
	r := &Report{
		Name: "mohler", Title: "Short answers: Mohler", Command: "rubrica evaluate mohler --data FOLDER --write docs/quality.md",
		About: "Answers of students to 60 questions of a course on data structures, 0 to 5 points, two graders (Mohler, Bunescu and Mihalcea 2011). " +
			"The shipped pack has seen no answer and no score of this set, but its design was chosen among a few with sight of its agreement here. " +
			"Half of the answers have all points, so that correlations stand on the other half.",
		Goals: []Goal{
			AtLeast("shipped", "Pearson of the shipped pack, no label of this set", pearsonOf(shipped), .62),
			AtLeast("left_pearson", "Pearson, an assignment left out", pearsonOf(left), .63),
			AtMost("left_rmse", "RMSE, an assignment left out", rmseOf(left), .86),
			coverageGoals(left)[0],
		},
	}
	r.Tables = append(r.Tables, mohlerAgreement(measured, shipped, left), mohlerQuestions(shipped, left), mohlerCoverage("shipped", "The shipped pack's range", shipped),
		coverageTable(left))
	return r, nil
}

// mohlerParts is the design of what graded answers to other questions teach: how much the pack's share and
// the strongest measures are worth in this course.
func mohlerParts() []additive.Part {
	return []additive.Part{{Name: "pack", Kind: additive.Smooth, Columns: []string{"pack"}}}
}

// mohlerLeft predicts each assignment by a model of the others. Its interval is of the residuals of the
// others, each of them left out in its turn.
func mohlerLeft(ctx context.Context, o *Options, answers []short, prior []float64) ([]Judged, error) {
	rows := make([]additive.Row, len(answers))
	of := map[string][]int{}
	var names []string
	for i := range answers {
		rows[i] = additive.Row{{Dense: []float64{prior[i]}}}
		if of[answers[i].Split] == nil {
			names = append(names, answers[i].Split)
		}
		of[answers[i].Split] = append(of[answers[i].Split], i)
	}
	design, err := additive.NewDesign(mohlerParts(), rows)
	if err != nil {
		return nil, err
	}
	predicted := make([]float64, len(answers))
	for _, name := range names {
		o.say("assignment %s left out", name)
		var chosen []int
		var y []float64
		for i := range answers {
			if answers[i].Split != name {
				chosen, y = append(chosen, i), append(y, answers[i].Score)
			}
		}
		fitted, err := design.Fit(ctx, chosen, y)
		if err != nil {
			return nil, fmt.Errorf("evaluate: assignment %s: %w", name, err)
		}
		for _, i := range of[name] {
			predicted[i] = fitted[0].Model.Predict(rows[i])
		}
	}
	out := make([]Judged, len(answers))
	for _, name := range names {
		var others, scores []float64
		for i := range answers {
			if answers[i].Split != name {
				others, scores = append(others, mohlerGrid.Clamp(predicted[i])), append(scores, answers[i].Score)
			}
		}
		interval := additive.IntervalFor(others, scores, .9)
		for _, i := range of[name] {
			out[i] = judge(answers[i].QuestionID, answers[i].words, mohlerGrid, answers[i].Score, predicted[i], interval)
		}
	}
	return out, nil
}

// mohlerAgreement compares with the two graders on the same rows.
func mohlerAgreement(answers []short, shipped, left []Judged) Table {
	t := Table{
		Key: "agreement", Title: "Agreement with people",
		Note: "Over all answers, with the mean of the two graders; the last row is one grader with the other. The range holds 95 % of bootstrap " +
			"samples, drawn within questions.",
		Columns: []Column{
			{"by", "by", 0}, {"answers", "answers", 0}, {"pearson", "Pearson", 3}, {"low", "from", 3}, {"high", "to", 3},
			{"rmse", "RMSE", 3}, {"rmse_low", "from", 3}, {"rmse_high", "to", 3}, {"spearman", "Spearman", 3},
		},
	}
	people := make([]Judged, len(answers))
	for i := range answers {
		people[i] = judge(answers[i].QuestionID, answers[i].words, mohlerGrid, answers[i].Raters[0], answers[i].Raters[1], additive.Interval{})
	}
	for _, x := range []struct {
		name string
		rows []Judged
	}{{"the shipped pack", shipped}, {"an assignment left out", left}, {"the other grader", people}} {
		human, predicted := columnsOf(x.rows)
		low, high := bootstrap(x.rows, pearsonOf)
		rmseLow, rmseHigh := bootstrap(x.rows, rmseOf)
		t.Add(x.name, len(x.rows), pearsonOf(x.rows), low, high, rmseOf(x.rows), rmseLow, rmseHigh, agreement.Spearman(human, predicted))
	}
	return t
}

// mohlerQuestions is the agreement within questions.
func mohlerQuestions(shipped, left []Judged) Table {
	t := Table{
		Key: "within", Title: "Within questions", Note: "Means over the questions in which scores differ.",
		Columns: []Column{{"by", "by", 0}, {"questions", "questions", 0}, {"pearson", "Pearson", 3}, {"spearman", "Spearman", 3}},
	}
	for _, x := range []struct {
		name string
		rows []Judged
	}{{"the shipped pack", shipped}, {"an assignment left out", left}} {
		names, of := groups(x.rows)
		var pearson, spearman float64
		n := 0
		for _, name := range names {
			human, predicted := columnsOf(of[name])
			if p := agreement.Pearson(human, predicted); !math.IsNaN(p) && spread(human) {
				n++
				pearson += p
				spearman += agreement.Spearman(human, predicted)
			}
		}
		t.Add(x.name, n, pearson/float64(n), spearman/float64(n))
	}
	return t
}

func spread(values []float64) bool {
	for _, v := range values {
		if v != values[0] {
			return true
		}
	}
	return false
}

func mohlerCoverage(key, title string, rows []Judged) Table {
	t := Table{
		Key: key, Title: title, Note: "How many scores lie in the range that is shown where nothing was graded, and its mean width as a share of the scale.",
		Columns: []Column{{"answers", "answers", 0}, {"coverage", "in the range", 3}, {"width", "width", 3}},
	}
	t.Add(len(rows), coverage(rows), meanWidth(rows))
	return t
}
