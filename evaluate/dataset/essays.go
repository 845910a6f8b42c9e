package dataset

import (
	"fmt"
	"slices"

	"github.com/rubrica/rubrica/scoring/additive"
)

// Essay is an essay of ASAP-AES.
type Essay struct {
	ID     string
	Prompt int // from 1
	Fold   int // from 0
	Score  float64
	Grid   additive.Grid // of Score
	// Raters are the two people's own scores, which are on another scale than Score where it is their sum.
	Raters [2]float64
	Text   string
}

// ASAP reads ASAP-AES (Hewlett Foundation 2012): eight prompts, each with a scale of its own.
func ASAP(folder string) ([]Essay, error) {
	var out []Essay
	seen := once{}
	columns := []string{"essay_id", "prompt", "fold", "score", "min_score", "max_score", "rater1", "rater2", "essay"}
	err := read(folder, "essays/asap_aes.csv.gz", columns, func(t *table) error {
		e := Essay{
			ID: t.text("essay_id"), Prompt: t.whole("prompt"), Fold: t.whole("fold"), Score: t.number("score"),
			Grid:   additive.Grid{Min: t.number("min_score"), Max: t.number("max_score"), Step: 1},
			Raters: [2]float64{t.number("rater1"), t.number("rater2")},
			Text:   t.text("essay"),
		}
		if e.Grid.Min >= e.Grid.Max {
			return fmt.Errorf("the scale goes from %v to %v", e.Grid.Min, e.Grid.Max)
		}
		t.within("score", e.Score, e.Grid.Min, e.Grid.Max)
		seen.add(t, e.ID)
		out = append(out, e)
		return nil
	})
	return out, err
}

// Traits are the criteria of ELLIPSE, in the order of its columns.
var Traits = []string{"cohesion", "syntax", "vocabulary", "phraseology", "grammar", "conventions"}

// TraitGrid is the scale of each trait.
var TraitGrid = additive.Grid{Min: 1, Max: 5, Step: 0.5}

// TraitEssay is an essay of ELLIPSE.
type TraitEssay struct {
	ID     string
	Scores []float64 // by Traits
	Text   string
}

// ELLIPSE reads ELLIPSE (Crossley et al. 2023): essays of learners of English, scored by six traits.
func ELLIPSE(folder string) ([]TraitEssay, error) {
	var out []TraitEssay
	seen := once{}
	columns := append(slices.Clone(Traits), "essay_id", "essay")
	err := read(folder, "essays/ellipse.csv.gz", columns, func(t *table) error {
		e := TraitEssay{ID: t.text("essay_id"), Text: t.text("essay")}
		for _, trait := range Traits {
			v := t.number(trait)
			t.within(trait, v, TraitGrid.Min, TraitGrid.Max)
			e.Scores = append(e.Scores, v)
		}
		seen.add(t, e.ID)
		out = append(out, e)
		return nil
	})
	return out, err
}
