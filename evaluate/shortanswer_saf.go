package evaluate

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/rubrica/rubrica/evaluate/dataset"
	"github.com/rubrica/rubrica/rag/minilm"
	"github.com/rubrica/rubrica/scoring/additive"
	"github.com/rubrica/rubrica/scoring/agreement"
	"github.com/rubrica/rubrica/scoring/pack"
)

// shareGrid is the scale of shares; only its ends are used.
var shareGrid = additive.Grid{Min: 0, Max: 1, Step: .25}

// The sizes at which few graded answers are tried, and how often they are drawn.
var shortSizes = []int{5, 10, 20, 40}

const shortDraws = 20

// SAF measures agreement on short answers: unseen answers to known questions, with all graded answers of a
// question, with few, and with none.
func SAF(ctx context.Context, o Options) (*Report, error) {
	questions, err := safQuestions(ctx, &o)
	if err != nil {
		return nil, err
	}
	r := &Report{
		Name: "saf", Title: "Short answers: SAF", Command: "rubrica evaluate saf --data FOLDER --write docs/quality.md",
		About: "Answers of university students to 26 questions on communication networks, with reference answers (Filighera et al. 2022, " +
			"version 2, English). Figures are of the split of unseen answers, in shares of the points; models are fitted on the training split. " +
			"A question's model is shrunk towards a pack that was fitted as the shipped one is, without any answer to the question. " +
			"The questions are of one course with one way of grading; a question of another subject may fare worse.",
	}
	full, err := safFull(ctx, &o, questions)
	if err != nil {
		return nil, err
	}
	means := safMeans(questions)
	human, predicted := columnsOf(full)
	_, mean := columnsOf(means)
	rmse, base := agreement.RMSE(predicted, human), agreement.RMSE(mean, human)
	few, none, err := safFew(ctx, &o, questions)
	if err != nil {
		return nil, err
	}
	zero := safZero(questions)
	r.Goals = append(r.Goals,
		AtLeast("gain", "RMSE below that of the question's mean, share", 1-rmse/base, .25),
		AtLeast("gain_5", "the same with five graded answers a question, next to the mean of all", 1-few[0].rmse/base, .06),
		AtMost("new_question", "RMSE on a new question, next to the mean of the others", zero.rmse/zero.mean, 1))
	r.Goals = append(r.Goals, coverageGoals(full)[0])
	r.Tables = append(r.Tables, safAgreement(full, means), safEfficiency(append(append([]fewShort{none}, few...), fewShort{
		label: "all", rmse: rmse, pearson: agreement.Pearson(predicted, human), coverage: coverage(full), width: meanWidth(full),
	}), base), zero.table(), coverageTable(full))
	return r, nil
}

// safQuestions reads SAF and predicts every answer by a pack without its question.
func safQuestions(ctx context.Context, o *Options) ([]*shortQuestion, error) {
	answers, err := dataset.SAF(o.Data)
	if err != nil {
		return nil, err
	}
	words, err := packWords(ctx, o.Progress)
	if err != nil {
		return nil, err
	}
	model, err := minilm.Shared(ctx)
	if err != nil {
		return nil, err
	}
	o.say("measuring %d answers", len(answers))
	measured, err := measureShort(ctx, model, &words, answers)
	if err != nil {
		return nil, err
	}
	var trained []short
	for i := range measured {
		if measured[i].Split == training {
			trained = append(trained, measured[i])
		}
	}
	rows, err := withSeeds(ctx, model, &words, packRows(trained))
	if err != nil {
		return nil, err
	}
	whole, err := pack.Fit(ctx, rows, words)
	if err != nil {
		return nil, err
	}
	without, err := whole.Without(rows)
	if err != nil {
		return nil, err
	}
	return byQuestion(measured, func(a *short) bool { return a.Split == training }, without)
}

func byQuestion(answers []short, train func(*short) bool, packs map[string]*pack.Pack) ([]*shortQuestion, error) {
	var out []*shortQuestion
	at := map[string]*shortQuestion{}
	for i := range answers {
		a := &answers[i]
		q := at[a.QuestionID]
		if q == nil {
			q = &shortQuestion{id: a.QuestionID, pack: packs[a.QuestionID]}
			at[a.QuestionID] = q
			out = append(out, q)
		}
		if train(a) {
			q.training = append(q.training, len(q.answers))
		} else {
			q.unseen = append(q.unseen, len(q.answers))
		}
		share, _ := q.pack.Of(a.measures)
		q.answers, q.prior = append(q.answers, *a), append(q.prior, share)
	}
	for _, q := range out {
		rows := make([]additive.Row, len(q.answers))
		for i := range rows {
			rows[i] = q.answers[i].row()
		}
		var err error
		if q.design, err = additive.NewDesign(shortParts(), rows); err != nil {
			return nil, fmt.Errorf("evaluate: question %s: %w", q.id, err)
		}
	}
	return out, nil
}

// judged are the unseen answers by a model.
func (m *shortModel) judged() []Judged {
	var out []Judged
	for _, i := range m.question.unseen {
		a := &m.question.answers[i]
		out = append(out, judge(m.question.id, a.words, shareGrid, a.Share(), m.predict(i), m.interval))
	}
	return out
}

// safFull learns from all graded answers of each question, and notes the ridge parameter of the others for few.
func safFull(ctx context.Context, o *Options, questions []*shortQuestion) ([]Judged, error) {
	var out []Judged
	var sum float64
	logs := make([]float64, len(questions)) // of the ridge parameters
	for x, q := range questions {
		o.say("question %s: %d answers", q.id, len(q.training))
		m, err := q.fit(ctx, q.training)
		if err != nil {
			return nil, fmt.Errorf("evaluate: question %s: %w", q.id, err)
		}
		out = append(out, m.judged()...)
		logs[x] = math.Log(m.lambda)
		sum += logs[x]
	}
	for x, q := range questions {
		q.lambda = math.Exp((sum - logs[x]) / float64(len(questions)-1))
	}
	return out, nil
}

// safMeans predicts the mean of the question's training answers.
func safMeans(questions []*shortQuestion) []Judged {
	var out []Judged
	for _, q := range questions {
		var mean float64
		for _, i := range q.training {
			mean += q.answers[i].Share() / float64(len(q.training))
		}
		for _, i := range q.unseen {
			out = append(out, judge(q.id, q.answers[i].words, shareGrid, q.answers[i].Share(), mean, additive.Interval{}))
		}
	}
	return out
}

// fewShort is what comes of a number of graded answers.
type fewShort struct {
	label                          string
	rmse, pearson, coverage, width float64
	low, high                      float64 // RMSE over the draws
}

// safFew draws graded answers, several times; none is the pack alone.
func safFew(ctx context.Context, o *Options, questions []*shortQuestion) (few []fewShort, none fewShort, err error) {
	draws := shortDraws
	if o.Quick {
		draws = 3
	}
	for _, size := range shortSizes {
		o.say("%d graded answers a question, %d draws", size, draws)
		f := fewShort{label: strconv.Itoa(size)}
		var errors []float64
		for d := range draws {
			random := rand.New(rand.NewPCG(uint64(size), uint64(d))) //nolint:gosec // repeatable, not secret
			var rows []Judged
			for _, q := range questions {
				chosen := make([]int, min(size, len(q.training)))
				for x, i := range random.Perm(len(q.training))[:len(chosen)] {
					chosen[x] = q.training[i]
				}
				slices.Sort(chosen)
				m, err := q.fit(ctx, chosen)
				if err != nil {
					return nil, none, fmt.Errorf("evaluate: question %s: %w", q.id, err)
				}
				rows = append(rows, m.judged()...)
			}
			n := float64(draws)
			one := summary("", rows)
			f.rmse, f.pearson = f.rmse+one.rmse/n, f.pearson+one.pearson/n
			f.coverage, f.width = f.coverage+one.coverage/n, f.width+one.width/n
			errors = append(errors, one.rmse)
		}
		f.low, f.high = slices.Min(errors), slices.Max(errors)
		few = append(few, f)
	}
	var rows []Judged
	for _, q := range questions {
		m, err := q.fit(ctx, nil)
		if err != nil {
			return nil, none, err
		}
		rows = append(rows, m.judged()...)
	}
	return few, summary("none", rows), nil
}

func summary(label string, rows []Judged) fewShort {
	human, predicted := columnsOf(rows)
	rmse := agreement.RMSE(predicted, human)
	return fewShort{
		label: label, rmse: rmse, pearson: agreement.Pearson(predicted, human), coverage: coverage(rows), width: meanWidth(rows),
		low: math.NaN(), high: math.NaN(),
	}
}

// meanWidth of the intervals, as a share of the scale.
func meanWidth(rows []Judged) float64 {
	var sum float64
	for _, r := range rows {
		sum += (r.High - r.Low) / (r.Grid.Max - r.Grid.Min) / float64(len(rows))
	}
	return sum
}

// zeroShort is how the pack does on questions that it has not seen, over all answers.
type zeroShort struct {
	rmse, mean      float64 // of the pack, and of predicting the mean of the other questions
	spearman, worst float64 // within the question: mean over questions, and the least
	pearson         float64
	positive        int
	questions       int
	coverage        float64
}

func safZero(questions []*shortQuestion) zeroShort {
	var z zeroShort
	var human, pack, others []float64
	covered := 0
	z.worst = 1
	for _, q := range questions {
		var mine, ranks []float64
		for i := range q.answers {
			share := q.answers[i].Share()
			human, pack, others = append(human, share), append(pack, unit(q.prior[i])), append(others, q.pack.Base)
			mine, ranks = append(mine, share), append(ranks, q.prior[i])
			if math.Abs(share-unit(q.prior[i])) <= q.pack.Half {
				covered++
			}
		}
		s := agreement.Spearman(mine, ranks)
		z.spearman += s / float64(len(questions))
		z.worst = min(z.worst, s)
		if s > 0 {
			z.positive++
		}
	}
	z.questions = len(questions)
	z.rmse, z.mean = agreement.RMSE(pack, human), agreement.RMSE(others, human)
	z.pearson, z.coverage = agreement.Pearson(pack, human), float64(covered)/float64(len(human))
	return z
}

func (z *zeroShort) table() Table {
	t := Table{
		Key: "new_question", Title: "A new question, of which no answer is graded",
		Note: "Each question by a pack of the other 25, on all of its answers. Spearman is within a question: the mean over questions, the least, " +
			"and how many are above 0. The range is what the product shows as a range and not as 90 %.",
		Columns: []Column{
			{"rmse", "RMSE", 4}, {"mean", "RMSE of the others' mean", 4}, {"pearson", "Pearson", 3}, {"spearman", "Spearman", 3},
			{"least", "least", 3}, {"positive", "above 0", 0}, {"questions", "questions", 0}, {"coverage", "in the range", 3},
		},
	}
	t.Add(z.rmse, z.mean, z.pearson, z.spearman, z.worst, z.positive, z.questions, z.coverage)
	return t
}

func safAgreement(full, means []Judged) Table {
	t := Table{
		Key: "agreement", Title: "Unseen answers",
		Note: "In shares of the points; the range holds 95 % of bootstrap samples, drawn within questions. SAF has one grader: there are no " +
			"figures of people with each other.",
		Columns: []Column{
			{"by", "predicted by", 0}, {"answers", "answers", 0}, {"rmse", "RMSE", 4}, {"rmse_low", "from", 4}, {"rmse_high", "to", 4},
			{"pearson", "Pearson", 3}, {"pearson_low", "from", 3}, {"pearson_high", "to", 3},
		},
	}
	for _, x := range []struct {
		name string
		rows []Judged
	}{{"the mean of the question's graded answers", means}, {"the question's model", full}} {
		low, high := bootstrap(x.rows, rmseOf)
		pearsonLow, pearsonHigh := bootstrap(x.rows, pearsonOf)
		t.Add(x.name, len(x.rows), rmseOf(x.rows), low, high, pearsonOf(x.rows), pearsonLow, pearsonHigh)
	}
	return t
}

func rmseOf(rows []Judged) float64 {
	human, predicted := columnsOf(rows)
	return agreement.RMSE(predicted, human)
}

func pearsonOf(rows []Judged) float64 {
	human, predicted := columnsOf(rows)
	return agreement.Pearson(predicted, human)
}

func safEfficiency(all []fewShort, base float64) Table {
	t := Table{
		Key: "labels", Title: "By the number of graded answers",
		Note: fmt.Sprintf("Means over %d draws, and the range of the draws' RMSE. Gain is next to the mean of all graded answers of the question.", shortDraws),
		Columns: []Column{
			{"graded", "graded", 0}, {"rmse", "RMSE", 4}, {"from", "from", 4}, {"to", "to", 4}, {"gain", "gain", 3}, {"pearson", "Pearson", 3},
			{"coverage", "coverage", 3}, {"width", "width", 3},
		},
	}
	for _, f := range all {
		if f.low == 0 {
			f.low, f.high = math.NaN(), math.NaN()
		}
		t.Add(f.label, f.rmse, f.low, f.high, 1-f.rmse/base, f.pearson, f.coverage, f.width)
	}
	return t
}
