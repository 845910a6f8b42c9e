package evaluate_test

import (
	"compress/gzip"
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/evaluate"
	"github.com/rubrica/rubrica/evaluate/dataset"
	"github.com/rubrica/rubrica/scoring/lexicon"
)

var (
	plain = strings.Fields("the a cat dog sat ran on in and it was big good then we saw them go")
	rich  = strings.Fields("therefore although magnificent landscape consequently observation particular imagination reliable evidence")
)

// essay writes better the higher the quality: longer, richer, with fewer slips.
func essay(r *rand.Rand, quality float64) string {
	var b strings.Builder
	for range 3 + int(6*quality) + r.IntN(2) {
		for w := range 6 + r.IntN(5) {
			word := plain[r.IntN(len(plain))]
			if r.Float64() < quality*.6 {
				word = rich[r.IntN(len(rich))]
			}
			if r.Float64() > .6+quality {
				word = "x" + word + "q"
			}
			if w > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(word)
		}
		b.WriteString(". ")
	}
	return b.String()
}

func write(t *testing.T, folder, file string, rows [][]string) {
	path := filepath.Join(folder, file)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
	f, err := os.Create(path)
	require.NoError(t, err)
	z := gzip.NewWriter(f)
	require.NoError(t, csv.NewWriter(z).WriteAll(rows))
	require.NoError(t, z.Close())
	require.NoError(t, f.Close())
}

func options(t *testing.T, folder string) evaluate.Options {
	var words strings.Builder
	for i, w := range append(slices.Clone(plain), rich...) {
		fmt.Fprintf(&words, "%s %d\n", w, 1_000_000_000/(i+1))
	}
	lex, err := lexicon.Read(strings.NewReader(words.String()), strings.NewReader("the cat 900000\n"))
	require.NoError(t, err)
	return evaluate.Options{Data: folder, Lexicon: lex}
}

func goal(t *testing.T, r *evaluate.Report, key string) float64 {
	i := slices.IndexFunc(r.Goals, func(g evaluate.Goal) bool { return g.Key == key })
	require.GreaterOrEqual(t, i, 0, key)
	return r.Goals[i].Value
}

// untimed are the tables of a report that a second run gives again.
func untimed(r *evaluate.Report) []evaluate.Table {
	return slices.DeleteFunc(slices.Clone(r.Tables), func(t evaluate.Table) bool { return t.Timing })
}

func TestASAP(t *testing.T) {
	folder := t.TempDir()
	r := rand.New(rand.NewPCG(1, 1))
	rows := [][]string{strings.Split("essay_id,prompt,fold,score,min_score,max_score,rater1,rater2,essay", ",")}
	for i := range 160 {
		quality := r.Float64()
		score := fmt.Sprint(int(quality * 5.99))
		other := fmt.Sprint(min(5, int(quality*5.99)+r.IntN(2)))
		rows = append(rows, []string{fmt.Sprint(i), fmt.Sprint(1 + i%2), fmt.Sprint(i / 2 % 2), score, "0", "5", score, other, essay(r, quality)})
	}
	write(t, folder, "essays/asap_aes.csv.gz", rows)
	report, err := evaluate.ASAP(t.Context(), options(t, folder))
	require.NoError(t, err)
	assert.Greater(t, goal(t, report, "qwk"), .85)
	assert.InDelta(t, .9, goal(t, report, "coverage"), .06)
	assert.Greater(t, goal(t, report, "qwk_25"), .75)
	assert.Greater(t, goal(t, report, "qwk_frozen"), .75)
	again, err := evaluate.ASAP(t.Context(), options(t, folder))
	require.NoError(t, err)
	assert.Equal(t, untimed(report), untimed(again))
}

func TestELLIPSE(t *testing.T) {
	folder := t.TempDir()
	r := rand.New(rand.NewPCG(2, 2))
	rows := [][]string{append([]string{"essay_id"}, append(slices.Clone(dataset.Traits), "essay")...)}
	for i := range 200 {
		quality := r.Float64()
		row := []string{fmt.Sprint(i)}
		for range dataset.Traits {
			row = append(row, fmt.Sprint(dataset.TraitGrid.Round(1+4*quality+r.NormFloat64()/3)))
		}
		rows = append(rows, append(row, essay(r, quality)))
	}
	write(t, folder, "essays/ellipse.csv.gz", rows)
	report, err := evaluate.ELLIPSE(t.Context(), options(t, folder))
	require.NoError(t, err)
	assert.Less(t, goal(t, report, "mcrmse"), .6)
	assert.InDelta(t, .9, goal(t, report, "coverage"), .05)
	again, err := evaluate.ELLIPSE(t.Context(), options(t, folder))
	require.NoError(t, err)
	assert.Equal(t, untimed(report), untimed(again))
}

func TestExperimentsNameWhatIsMissing(t *testing.T) {
	_, err := evaluate.ASAP(t.Context(), options(t, t.TempDir()))
	require.ErrorContains(t, err, "--data names the folder")
	_, err = evaluate.ELLIPSE(t.Context(), options(t, t.TempDir()))
	require.ErrorContains(t, err, "--data names the folder")
}
