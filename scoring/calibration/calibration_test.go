package calibration_test

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rubrica/rubrica/scoring"
	"github.com/rubrica/rubrica/scoring/calibration"
)

func fit(t testing.TB, s seeded, rows int, o calibration.Options) (*calibration.Calibration, *calibration.Report) {
	t.Helper()
	c, r, err := calibration.Fit(t.Context(), s.prepared, s.graded(t, hashing{}, rows), o)
	require.NoError(t, err)
	return c, r
}

// engine scores with one calibration.
func engine(c *calibration.Calibration) *calibration.Engine {
	return calibration.NewEngine(scoring.NewLocal(hashing{}.Model()), func(id string) (*calibration.Calibration, bool) {
		return c, c != nil && id == c.QuestionID
	}, calibration.Support{})
}

func score(t require.TestingT, e scoring.Engine, s seeded, answer string) (scoring.Request, *scoring.Result) {
	ctx := context.Background()
	text, err := scoring.Analyze(ctx, hashing{}, answer)
	require.NoError(t, err)
	req := scoring.Request{Question: s.prepared, Answer: text}
	res, err := e.Score(ctx, req)
	require.NoError(t, err)
	return req, res
}

// requireSums holds what is true of every calibrated result: each score is the sum that is shown, within
// its interval and on its scale.
func requireSums(t require.TestingT, req scoring.Request, res *scoring.Result) {
	criteria := req.Question.Question.Rubric.Criteria
	require.Len(t, res.Scores, len(criteria))
	for i, s := range res.Scores {
		scale := criteria[i].Scale
		sum, raw := s.Base, s.Base
		for _, c := range s.Contributions {
			sum += c.Points
			if c.Kind != scoring.ContributionClamp && c.Kind != scoring.ContributionRounding {
				raw += c.Points
			}
			require.NotEmpty(t, c.Key)
			require.NotEmpty(t, c.Label)
			require.True(t, c.Sentence >= -1 && c.Sentence < len(req.Answer.Sentences))
			require.Equal(t, c.Kind == scoring.ContributionKeyPoint, c.KeyPointID != "")
		}
		require.LessOrEqual(t, len(s.Contributions), 500)
		require.InDelta(t, s.Value, sum, 1e-9)
		require.InDelta(t, s.Raw, raw, 1e-9)
		require.Equal(t, scale.Round(s.Value), s.Value)
		require.True(t, scale.Min <= s.Interval.Low && s.Interval.Low <= s.Value && s.Value <= s.Interval.High && s.Interval.High <= scale.Max)
	}
	for i, e := range scoring.Explain(req, res) {
		sum := e.Base
		for _, c := range e.Contributions {
			sum += c.Points
		}
		require.InDelta(t, res.Scores[i].Value, sum, 1e-9)
		require.NotEmpty(t, e.Summary)
		for _, v := range e.Evidence {
			require.Equal(t, req.Answer.Raw[v.Start:v.End], v.Quote)
		}
	}
}

// TestEveryScoreIsItsSum scores whatever texts with calibrations of each size.
func TestEveryScoreIsItsSum(t *testing.T) {
	s := question(t, hashing{}, 0, 0)
	pieces := []string{"\n\n", "zzzz qwrt", "😀 e\u0301", "NOT NOT true!!!", "```\nx := 1\n```", "- an item", "\xff", s.prepared.Question.Prompt}
	for _, text := range s.texts {
		for _, sentence := range scoring.Read(text).Sentences {
			pieces = append(pieces, sentence.Text)
		}
	}
	for _, rows := range []int{5, 12, 40} {
		c, _ := fit(t, s, rows, calibration.Options{Pack: sharePack{}})
		e := calibration.NewEngine(scoring.NewLocal(hashing{}.Model()), func(string) (*calibration.Calibration, bool) { return c, true },
			calibration.Support{Pack: func() calibration.Pack { return sharePack{} }})
		t.Run(fmt.Sprint(rows), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				answer := strings.Join(rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom(pieces), rapid.String()), 0, 30).Draw(t, "pieces"), " ")
				req, res := score(t, e, s, answer)
				requireSums(t, req, res)
				_, again := score(t, e, s, answer)
				require.Equal(t, res, again)
			})
		})
	}
}

// sharePack gives a share by length, in two terms.
type sharePack struct{}

func (sharePack) Version() string { return "share@1" }

func (sharePack) Against(*scoring.Prepared) calibration.Comparison { return sharePack{} }

func (sharePack) Share(answer *scoring.Text) calibration.Share {
	return calibration.Share{Base: 0.1, Terms: []scoring.Contribution{
		{Kind: scoring.ContributionFeature, Key: "pair:words", Label: "Words in common", Points: math.Min(0.6, float64(answer.Words)/400), Sentence: -1},
		{Kind: scoring.ContributionFeature, Key: "pair:meaning", Label: "Meaning", Points: 0.05, Sentence: -1},
	}}
}

func TestLevels(t *testing.T) {
	s := question(t, hashing{}, 0, 0)
	answer := s.texts[1]
	_, plain := score(t, engine(nil), s, answer)
	for _, x := range plain.Scores {
		assert.Equal(t, scoring.Uncalibrated, x.Calibration)
		assert.Zero(t, x.Interval.Coverage)
	}
	for rows, want := range map[int]struct {
		level    scoring.CalibrationLevel
		coverage float64
	}{5: {scoring.FewShot, 0}, 8: {scoring.FewShot, 0}, 9: {scoring.FewShot, 0.9}, 29: {scoring.FewShot, 0.9}, 40: {scoring.Calibrated, 0.9}} {
		t.Run(fmt.Sprint(rows), func(t *testing.T) {
			c, report := fit(t, s, rows, calibration.Options{})
			req, res := score(t, engine(c), s, answer)
			requireSums(t, req, res)
			for i, x := range res.Scores {
				assert.Equal(t, want.level, x.Calibration)
				assert.InDelta(t, want.coverage, x.Interval.Coverage, 0)
				assert.Equal(t, want.level, report.Criteria[i].Level)
				assert.NotEmpty(t, report.Criteria[i].Reason)
				assert.Len(t, report.Criteria[i].Points, rows)
			}
			assert.Equal(t, scoring.LocalVersion+"+cal."+c.Digest()[:8], res.Engine.Version)
		})
	}
}

// TestReport: what is reported of a person who grades evenly.
func TestReport(t *testing.T) {
	s := question(t, hashing{}, 0, 0)
	_, report := fit(t, s, 60, calibration.Options{})
	assert.Equal(t, 60, report.Rows)
	for _, r := range report.Criteria {
		assert.Greater(t, r.Engine.QWK, 0.6)
		assert.Greater(t, r.Engine.Pearson, 0.6)
		assert.LessOrEqual(t, r.Engine.Exact, r.Engine.Adjacent)
		assert.InDelta(t, 0.9, r.Coverage, 0.1)
		assert.Positive(t, r.MeanWidth)
		require.NotNil(t, r.Human)
		assert.Equal(t, 60, r.Human.Rows)
		assert.Greater(t, r.Human.QWK, 0.8)
		by := map[calibration.BiasBy]int{}
		for _, b := range r.Bias {
			by[b.By] += b.Rows
		}
		assert.Equal(t, map[calibration.BiasBy]int{calibration.ByLength: 60, calibration.ByScore: 60, calibration.ByGroup: 60}, by)
		assert.LessOrEqual(t, len(r.Reliability), 10)
		rows := 0
		for i, b := range r.Reliability {
			rows += b.Rows
			if i > 0 {
				assert.GreaterOrEqual(t, b.Predicted, r.Reliability[i-1].Predicted)
			}
		}
		assert.Equal(t, 60, rows)
	}
}

func TestTheSameAnswersGiveTheSameCalibration(t *testing.T) {
	s := question(t, hashing{}, 0, 1)
	a, _ := fit(t, s, 40, calibration.Options{})
	b, _ := fit(t, s, 40, calibration.Options{})
	assert.Equal(t, a.Digest(), b.Digest())
}

func TestStoredAndReadAgain(t *testing.T) {
	s := question(t, hashing{}, 0, 0)
	other := question(t, hashing{}, 0, 1)
	prior, err := calibration.FitPrior(t.Context(), s.prepared.Question, []calibration.Source{{Question: other.prepared.Question, Graded: other.graded(t, hashing{}, 40)}}, nil)
	require.NoError(t, err)
	require.NotNil(t, prior)
	for _, rows := range []int{5, 40} {
		c, _ := fit(t, s, rows, calibration.Options{Prior: prior})
		data, err := c.MarshalBinary()
		require.NoError(t, err)
		t.Logf("%d graded answers: %d bytes", rows, len(data))
		var again calibration.Calibration
		require.NoError(t, again.UnmarshalBinary(data))
		assert.Equal(t, c.Digest(), again.Digest())
		for _, answer := range s.texts {
			_, want := score(t, engine(c), s, answer)
			req, got := score(t, engine(&again), s, answer)
			requireSums(t, req, got)
			assert.Equal(t, want, got)
		}
		for n := 0; n < len(data); n += 1 + len(data)/200 { // what is damaged is refused
			broken := append([]byte(nil), data...)
			broken[n] ^= 0x55
			require.ErrorIs(t, new(calibration.Calibration).UnmarshalBinary(broken), calibration.ErrFormat)
			require.ErrorIs(t, new(calibration.Calibration).UnmarshalBinary(data[:n]), calibration.ErrFormat)
		}
	}
	var x calibration.Calibration
	require.ErrorIs(t, x.UnmarshalBinary(nil), calibration.ErrFormat)
}

// TestOutdated: a calibration for something else is passed over, and tells why.
func TestOutdated(t *testing.T) {
	s := question(t, hashing{}, 0, 0)
	c, _ := fit(t, s, 9, calibration.Options{})
	require.NoError(t, c.Usable(s.prepared, nil, nil))
	changed := *s.prepared
	changed.Question.Rubric.ID = "another"
	err := c.Usable(&changed, nil, nil)
	require.ErrorIs(t, err, calibration.ErrOutdated)
	assert.Contains(t, err.Error(), "rubric")
	_, res := score(t, engine(c), seeded{&changed, s.texts}, s.texts[0])
	assert.Equal(t, scoring.Uncalibrated, res.Scores[0].Calibration)
	assert.Equal(t, scoring.LocalVersion, res.Engine.Version)
}

// TestLeftToTheRules: nothing is made of what is empty or in another language.
func TestLeftToTheRules(t *testing.T) {
	s := question(t, hashing{}, 0, 0)
	c, _ := fit(t, s, 40, calibration.Options{})
	for name, answer := range map[string]string{
		"empty":  " \n",
		"German": "Der Schlüssel wird vor dem ersten Versuch erzeugt und bei jeder Wiederholung wieder mitgeschickt, damit der Server sie erkennt.",
	} {
		t.Run(name, func(t *testing.T) {
			_, want := score(t, engine(nil), s, answer)
			_, got := score(t, engine(c), s, answer)
			assert.Equal(t, want, got)
		})
	}
}

// TestOddAnswers: what nobody graded the like of has scores on the scale, and reasons that add up to them.
func TestOddAnswers(t *testing.T) {
	s := question(t, hashing{}, 0, 0)
	long := strings.Repeat(s.texts[1]+"\n\n", 200_000/len(s.texts[1])+1)[:200_000]
	for _, rows := range []int{5, 40} {
		c, _ := fit(t, s, rows, calibration.Options{})
		for name, answer := range map[string]string{
			"one word": "Idempotency.", "emoji": strings.Repeat("🙂 ", 300), "emoji between words": strings.ReplaceAll(s.texts[1], " ", " 🙂 "),
			"one long word": strings.Repeat("a", 200_000), "200 000 characters": long,
		} {
			t.Run(fmt.Sprintf("%d/%s", rows, name), func(t *testing.T) {
				req, res := score(t, engine(c), s, answer)
				requireSums(t, req, res)
				if len(answer) == 200_000 {
					assert.Less(t, req.Answer.ReadTo, len(answer), "bounded")
				}
			})
		}
	}
}

// TestLowConfidence: scores that nothing is known of are for a person.
func TestLowConfidence(t *testing.T) {
	s := question(t, hashing{}, 0, 0)
	graded := s.graded(t, hashing{}, 12)
	for i := range graded { // a person who follows nothing that can be seen
		for _, c := range s.prepared.Question.Rubric.Criteria {
			graded[i].Scores[c.Key] = []float64{c.Scale.Min, c.Scale.Max}[i*7%5%2]
		}
	}
	c, report, err := calibration.Fit(t.Context(), s.prepared, graded, calibration.Options{})
	require.NoError(t, err)
	assert.Equal(t, scoring.FewShot, report.Criteria[0].Level)
	_, res := score(t, engine(c), s, s.texts[1])
	assert.Contains(t, res.Flags, calibration.FlagLowConfidence)
	sure, _ := fit(t, s, 60, calibration.Options{})
	_, res = score(t, engine(sure), s, s.texts[1])
	assert.NotContains(t, res.Flags, calibration.FlagLowConfidence)
}

// TestSomeCriteria: what nobody graded is left to the rules.
func TestSomeCriteria(t *testing.T) {
	s := question(t, hashing{}, 0, 0)
	graded := s.graded(t, hashing{}, 12)
	first := s.prepared.Question.Rubric.Criteria[0].Key
	for i := range graded {
		graded[i].Scores = map[string]float64{first: graded[i].Scores[first]}
		graded[i].Second = nil
	}
	c, report, err := calibration.Fit(t.Context(), s.prepared, graded, calibration.Options{})
	require.NoError(t, err)
	require.Len(t, report.Criteria, 1)
	assert.Nil(t, report.Criteria[0].Human)
	req, res := score(t, engine(c), s, s.texts[1])
	requireSums(t, req, res)
	assert.Equal(t, scoring.FewShot, res.Scores[0].Calibration)
	assert.Equal(t, scoring.Uncalibrated, res.Scores[1].Calibration)
	assert.Zero(t, res.Overall.Interval.Coverage)
}

func TestFaults(t *testing.T) {
	s := question(t, hashing{}, 0, 0)
	key := s.prepared.Question.Rubric.Criteria[0].Key
	analyzed := func(raw string) *scoring.Text {
		text, err := scoring.Analyze(t.Context(), hashing{}, raw)
		require.NoError(t, err)
		return text
	}
	for name, c := range map[string]struct {
		change func([]calibration.Graded) []calibration.Graded
		want   calibration.Fault
	}{
		"none": {func([]calibration.Graded) []calibration.Graded { return nil }, calibration.Fault{Code: calibration.TooFew, Row: -1}},
		"four": {func(g []calibration.Graded) []calibration.Graded { return g[:4] }, calibration.Fault{Code: calibration.TooFew, Row: -1}},
		"too many": {func(g []calibration.Graded) []calibration.Graded {
			return append(g, make([]calibration.Graded, calibration.MaxRows)...)
		}, calibration.Fault{Code: calibration.TooMany, Row: -1}},
		"all equal": {func(g []calibration.Graded) []calibration.Graded {
			for i := range g {
				g[i].Scores[key] = 2
			}
			return g
		}, calibration.Fault{Code: calibration.AllEqual, Row: -1, Criterion: key}},
		"unknown": {func(g []calibration.Graded) []calibration.Graded { g[3].Scores["taste"] = 1; return g }, calibration.Fault{Code: calibration.UnknownCriterion, Row: -1, Criterion: "taste"}},
		"none known": {func(g []calibration.Graded) []calibration.Graded {
			for i := range g {
				g[i].Scores = nil
				g[i].Second = nil
			}
			return g
		}, calibration.Fault{Code: calibration.NoCriterion, Row: -1}},
		"off":       {func(g []calibration.Graded) []calibration.Graded { g[2].Scores[key] = 1.23; return g }, calibration.Fault{Code: calibration.OffScale, Row: 2, Criterion: key}},
		"beyond":    {func(g []calibration.Graded) []calibration.Graded { g[2].Second[key] = 99; return g }, calibration.Fault{Code: calibration.OffScale, Row: 2, Criterion: key}},
		"no number": {func(g []calibration.Graded) []calibration.Graded { g[2].Scores[key] = math.NaN(); return g }, calibration.Fault{Code: calibration.OffScale, Row: 2, Criterion: key}},
		"missing":   {func(g []calibration.Graded) []calibration.Graded { delete(g[5].Scores, key); return g }, calibration.Fault{Code: calibration.Missing, Row: 5, Criterion: key}},
		"duplicate": {func(g []calibration.Graded) []calibration.Graded {
			g[4].Text = analyzed(" " + strings.ToUpper(g[1].Text.Raw) + "\n")
			return g
		}, calibration.Fault{Code: calibration.Duplicate, Row: 4}},
		"empty":   {func(g []calibration.Graded) []calibration.Graded { g[0].Text = analyzed(" \n"); return g }, calibration.Fault{Code: calibration.Empty, Row: 0}},
		"no text": {func(g []calibration.Graded) []calibration.Graded { g[0].Text = nil; return g }, calibration.Fault{Code: calibration.Empty, Row: 0}},
		"German": {func(g []calibration.Graded) []calibration.Graded {
			g[1].Text = analyzed("Der Schlüssel wird vor dem ersten Versuch erzeugt und bei jeder Wiederholung wieder mitgeschickt, damit er hilft.")
			return g
		}, calibration.Fault{Code: calibration.NotEnglish, Row: 1}},
		"groups": {func(g []calibration.Graded) []calibration.Graded {
			for i := range g {
				g[i].Group = fmt.Sprint(i)
			}
			return g
		}, calibration.Fault{Code: calibration.TooManyGroups, Row: -1}},
		"group": {func(g []calibration.Graded) []calibration.Graded { g[1].Group = strings.Repeat("x", 65); return g }, calibration.Fault{Code: calibration.LongGroup, Row: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := calibration.Fit(t.Context(), s.prepared, c.change(s.graded(t, hashing{}, 30)), calibration.Options{})
			var invalid *calibration.InvalidError
			require.ErrorAs(t, err, &invalid)
			require.LessOrEqual(t, len(invalid.Faults), calibration.MaxFaults)
			got := invalid.Faults[0]
			assert.NotEmpty(t, got.Message)
			got.Message = ""
			assert.Equal(t, c.want, got)
			assert.NotEmpty(t, err.Error())
		})
	}
}

// TestGivenUp: a fit ends with its context.
func TestGivenUp(t *testing.T) {
	s := question(t, hashing{}, 0, 0)
	graded := s.graded(t, hashing{}, 12)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err := calibration.Fit(ctx, s.prepared, graded, calibration.Options{})
	require.ErrorIs(t, err, context.Canceled)
}

func BenchmarkFit(b *testing.B) {
	for _, rows := range []int{5, 40, 200} {
		b.Run(fmt.Sprint(rows), func(b *testing.B) {
			s := question(b, hashing{}, 0, 0)
			graded := s.graded(b, hashing{}, rows)
			b.ResetTimer()
			for range b.N {
				_, _, err := calibration.Fit(b.Context(), s.prepared, graded, calibration.Options{})
				require.NoError(b, err)
			}
		})
	}
}

func BenchmarkScore(b *testing.B) {
	s := question(b, hashing{}, 0, 0)
	c, _ := fit(b, s, 40, calibration.Options{})
	e := engine(c)
	text, err := scoring.Analyze(b.Context(), hashing{}, s.texts[1])
	require.NoError(b, err)
	b.ResetTimer()
	for range b.N {
		_, err := e.Score(b.Context(), scoring.Request{Question: s.prepared, Answer: text})
		require.NoError(b, err)
	}
}
