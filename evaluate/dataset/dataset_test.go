package dataset_test

import (
	"compress/gzip"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/evaluate/dataset"
)

// folder holds one file with the content, gzipped.
func folder(t *testing.T, file, content string) string {
	dir := t.TempDir()
	path := filepath.Join(dir, file)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
	f, err := os.Create(path)
	require.NoError(t, err)
	w := gzip.NewWriter(f)
	_, err = w.Write([]byte(content))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	require.NoError(t, f.Close())
	return dir
}

const (
	asapFile   = "essays/asap_aes.csv.gz"
	asapHeader = "essay_id,prompt,fold,score,min_score,max_score,rater1,rater2,essay\n"
)

func TestASAP(t *testing.T) {
	got, err := dataset.ASAP(folder(t, asapFile, "\ufeff"+asapHeader+"7,3,1,2,0,3,2,1,\"Two lines,\nand a comma.\"\n"))
	require.NoError(t, err)
	require.Len(t, got, 1)
	e := got[0]
	assert.Equal(t, "7", e.ID)
	assert.Equal(t, 3, e.Prompt)
	assert.Equal(t, 1, e.Fold)
	assert.InDelta(t, 2, e.Score, 0)
	assert.InDelta(t, 3, e.Grid.Max, 0)
	assert.Equal(t, [2]float64{2, 1}, e.Raters)
	assert.Equal(t, "Two lines,\nand a comma.", e.Text)
}

func TestBadFiles(t *testing.T) {
	for name, c := range map[string]struct{ content, want string }{
		"no header":    {"", "has no header"},
		"no rows":      {asapHeader, "has no rows"},
		"column":       {"essay_id,prompt\n1,2\n", `has no column "fold"; it has essay_id, prompt`},
		"score":        {asapHeader + "1,3,0,good,0,3,2,1,text\n", `line 2: score is "good", not a number`},
		"off scale":    {asapHeader + "1,3,0,4,0,3,2,1,text\n", "line 2: score is 4, outside of 0 to 3"},
		"scale":        {asapHeader + "1,3,0,4,3,3,2,1,text\n", "the scale goes from 3 to 3"},
		"fold":         {asapHeader + "1,3,x,2,0,3,2,1,text\n", `fold is "x", not a whole number`},
		"twice":        {asapHeader + "1,3,0,2,0,3,2,1,a\n1,3,0,2,0,3,2,1,b\n", `line 3: "1" is already on line 2`},
		"empty":        {asapHeader + "1,3,0,2,0,3,2,1,  \n", "essay is empty"},
		"fields":       {asapHeader + "1,3\n", "wrong number of fields"},
		"not a number": {asapHeader + "1,3,0,NaN,0,3,2,1,text\n", "outside of 0 to 3"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := dataset.ASAP(folder(t, asapFile, c.content))
			require.ErrorContains(t, err, c.want)
		})
	}
	_, err := dataset.ASAP(t.TempDir())
	require.ErrorContains(t, err, "--data names the folder that holds essays/asap_aes.csv.gz")
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "essays"), 0o750))
	require.NoError(t, os.WriteFile(filepath.Join(dir, asapFile), []byte("plain"), 0o600))
	_, err = dataset.ASAP(dir)
	require.ErrorContains(t, err, "is not gzipped")
}

func TestELLIPSE(t *testing.T) {
	header := "essay_id,cohesion,syntax,vocabulary,phraseology,grammar,conventions,essay\n"
	got, err := dataset.ELLIPSE(folder(t, "essays/ellipse.csv.gz", header+"A,3.5,3,2.5,3,4,1,text\n"))
	require.NoError(t, err)
	assert.Equal(t, []float64{3.5, 3, 2.5, 3, 4, 1}, got[0].Scores)
	_, err = dataset.ELLIPSE(folder(t, "essays/ellipse.csv.gz", header+"A,3.5,3,2.5,3,5.5,1,text\n"))
	require.ErrorContains(t, err, "grammar is 5.5, outside of 1 to 5")
}

func TestAnswers(t *testing.T) {
	saf := "split,question_id,answer_id,question,reference_answer,answer,score,max_score,verification,feedback\n"
	got, err := dataset.SAF(folder(t, "short_answers/saf.csv.gz", saf+"training,1.1,1.1.1,Why?,Because.,So.,0.5,2,Partially correct,No.\n"))
	require.NoError(t, err)
	assert.InDelta(t, .25, got[0].Share(), 1e-12)
	assert.Equal(t, "No.", got[0].Feedback)
	_, err = dataset.SAF(folder(t, "short_answers/saf.csv.gz", saf+"training,1.1,1.1.1,Why?,Because.,So.,3,2,x,y\n"))
	require.ErrorContains(t, err, "score is 3, outside of 0 to 2")
	mohler := "assignment,question_id,question,reference_answer,answer,score,max_score,rater1,rater2\n"
	got, err = dataset.Mohler(folder(t, "short_answers/mohler.csv.gz", mohler+"1,1.1,Why?,Because.,So.,3.5,5,4,3\n1,1.1,Why?,Because.,So.,3.5,5,4,3\n"))
	require.NoError(t, err)
	require.Len(t, got, 2)
	assert.NotEqual(t, got[0].ID, got[1].ID)
	assert.Equal(t, []float64{4, 3}, got[0].Raters)
	_, err = dataset.Mohler(folder(t, "short_answers/mohler.csv.gz", mohler+"1,1.1,Why?,Because.,So.,3.5,0,4,3\n"))
	require.ErrorContains(t, err, "max_score is 0")
}
