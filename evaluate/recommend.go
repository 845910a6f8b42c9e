package evaluate

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/rubrica/rubrica/recommend/collaborative"
	"github.com/rubrica/rubrica/recommend/generate"
)

// RecommendOptions say what recommending is measured on. Without Interactions it is measured on generated data.
type RecommendOptions struct {
	Interactions string // a CSV file: user, item, time, and rating or weight
	Items        string // a CSV file: item, teaches, level, vector; may be empty
	People       string // a CSV file: user, needs, level, vector; may be empty
	// MovieLens says that Interactions are MovieLens-100K, of which is known what to expect.
	MovieLens bool
	Progress  func(line string) // may be nil
}

func (o *RecommendOptions) say(format string, args ...any) {
	if o.Progress != nil {
		o.Progress(fmt.Sprintf(format, args...))
	}
}

// howMeasured is the protocol, for readers.
const howMeasured = "One random interaction of each user is left out (seed 1), models are fitted on the others, and all items that the user has " +
	"not seen are ranked. Settings (neighbours, shrinkage, λ) and the weights of the blend were chosen on other interactions: up to three " +
	"of each user, a tenth at most, drawn from what was left (seed 2); nothing was chosen on what is reported. In the blend each part is divided by its largest score for the user."

// Recommend measures recommending, part by part and blended, on files or on generated data.
func Recommend(ctx context.Context, o RecommendOptions) (*Report, error) {
	if o.Interactions != "" {
		return recommendFile(ctx, &o)
	}
	r := &Report{
		Name: "recommend", Title: "Recommendations: generated data", Command: "rubrica evaluate recommend --write docs/quality.md",
		About: "What the generator that ships (`rubrica generate interactions`) plants: people take up items by their interests, skill gaps, levels, " +
			"a taste that no attribute shows, and the items' fame. " + howMeasured + " Nobody's behaviour is in these data: they show that each " +
			"part finds what is there to be found, not how well it would do for real people.",
	}
	for _, made := range []struct {
		key, label string
		options    generate.Options
	}{{"standard", "standard size", generate.Standard}, {"movielens", "MovieLens-100K's size", generate.MovieLens100K}} {
		start := time.Now()
		c, err := planted(made.options)
		if err != nil {
			return nil, err
		}
		o.say("%d users × %d items, %d interactions", made.options.Users, made.options.Items, len(c.events))
		e, err := recommendOn(ctx, &o, c)
		if err != nil {
			return nil, err
		}
		blend, alone := e.by("blend"), e.bestAlone()
		popular := max(mean(e.by("popularity").ndcg), mean(e.by("popularity_damped").ndcg))
		r.Goals = append(r.Goals,
			AtLeast(made.key+"_over_best", fmt.Sprintf("nDCG@10 of the blend over that of its best part (%s), %s", alone.label, made.label), mean(blend.ndcg)/mean(alone.ndcg), 1),
			AtLeast(made.key+"_over_popularity", "nDCG@10 of the blend over that of popularity, "+made.label, mean(blend.ndcg)/popular, 1.5))
		e.tables(r, made.key+"_", fmt.Sprintf("%d users × %d items, %d ratings", made.options.Users, made.options.Items, len(c.events)))
		e.took(r, made.key+"_", time.Since(start))
	}
	return r, nil
}

func recommendFile(ctx context.Context, o *RecommendOptions) (*Report, error) {
	start := time.Now()
	c, err := readCatalogue(o)
	if err != nil {
		return nil, err
	}
	e, err := recommendOn(ctx, o, c)
	if err != nil {
		return nil, err
	}
	command := "rubrica evaluate recommend --interactions FILE"
	if o.Items != "" {
		command += " --items FILE"
	}
	if o.People != "" {
		command += " --people FILE"
	}
	r := &Report{
		Name: "recommend_file", Title: "Recommendations: " + filepath.Base(o.Interactions), Command: command + " --write docs/quality.md",
		About: fmt.Sprintf("%d rows of %d users and %d items. ", len(c.events), len(e.s.m.Users()), len(e.s.m.Items())) + howMeasured,
	}
	if len(e.without) > 0 {
		r.About += " Left out: " + strings.Join(e.without, "; ") + "."
	}
	if o.MovieLens {
		r.Goals = append(r.Goals,
			Between("popularity", "HR@10 of popularity, counted", mean(e.by("popularity").hit), .10, .16),
			AtLeast("item_knn", "HR@10 of item-KNN", mean(e.by("item_knn").hit), .25),
			AtLeast("user_knn", "HR@10 of user-KNN", mean(e.by("user_knn").hit), .27),
			AtLeast("ease", "HR@10 of EASE", mean(e.by("ease").hit), .33))
	}
	e.tables(r, "", "the file")
	e.took(r, "", time.Since(start))
	return r, nil
}

// experiment is what was found on one catalogue.
type experiment struct {
	s       *holdout
	chosen  settings
	blended []part
	weights []float64
	found   []*found // parts, blend, and comparisons
	kept    []keptEASE
	without []string
	steps   []step
}

type keptEASE struct {
	kept  string
	found *found
}

// step is how long something took.
type step struct {
	name string
	took time.Duration
}

func (e *experiment) step(name string, since time.Time) {
	e.steps = append(e.steps, step{name, time.Since(since)})
}

// by is the part with a key; one without figures when there is none.
func (e *experiment) by(key string) *found {
	for _, f := range e.found {
		if f.key == key {
			return f
		}
	}
	return &found{}
}

// bestAlone is the part with the largest nDCG@10.
func (e *experiment) bestAlone() *found {
	best := e.found[0]
	for _, f := range e.found {
		if f.key != "blend" && mean(f.ndcg) > mean(best.ndcg) {
			best = f
		}
	}
	return best
}

func recommendOn(ctx context.Context, o *RecommendOptions, c *catalogue) (*experiment, error) {
	e := &experiment{}
	start := time.Now()
	s, left, err := pairsOf(c.events).hold(1, one)
	if err != nil {
		return nil, err
	}
	e.s = s
	e.step("reading and splitting", start)

	start = time.Now()
	e.chosen = settings{item: collaborative.ItemKNN, user: collaborative.UserKNN, ease: collaborative.EASEDefault}
	inner, _, err := left.hold(2, few)
	chosen := err == nil
	if chosen {
		if e.chosen, err = chooseSettings(ctx, o, inner); err != nil {
			return nil, err
		}
		e.step("choosing settings", start)
		start = time.Now()
		f, err := fitParts(ctx, c, inner, e.chosen)
		if err != nil {
			return nil, err
		}
		if e.weights, err = fitWeights(ctx, inner, blended(f.parts)); err != nil {
			return nil, err
		}
		e.step("fitting the blend's weights", start)
	}

	start = time.Now()
	f, err := fitParts(ctx, c, s, e.chosen)
	if err != nil {
		return nil, err
	}
	e.step("fitting all parts once", start)
	start = time.Now()
	e.without = f.content
	if f.noEASE != "" {
		e.without = append(e.without, f.noEASE)
	}
	e.blended = blended(f.parts)
	if !chosen {
		e.without = append(e.without, "users have too few items to choose weights by: all parts count alike")
		e.weights = make([]float64, len(e.blended))
		for i := range e.weights {
			e.weights[i] = 1 / float64(len(e.weights))
		}
	}
	parts := append(f.parts, blendOf(e.blended, e.weights), weighedPart(s, "item_knn_weighed", "item-KNN, by strength and age", f.item))
	if f.ease != nil {
		parts = append(parts, weighedPart(s, "ease_weighed", "EASE, as stored, by strength and age", f.ease))
	}
	for _, p := range parts {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		e.found = append(e.found, measurePart(s, p))
	}
	e.step("ranking and measuring", start)
	if f.whole != nil {
		for _, n := range []int{25, 50, 100, 200, 400} {
			e.kept = append(e.kept, keptEASE{strconv.Itoa(n), measurePart(s, listsPart(s, "", "", f.whole.Keep(n)))})
		}
		e.kept = append(e.kept, keptEASE{"all", e.by("ease")})
	}
	return e, nil
}

// tables adds what was found.
func (e *experiment) tables(r *Report, key, data string) {
	accuracy := Table{
		Key: key + "parts", Title: "Each part and the blend, " + data,
		Note: fmt.Sprintf("%d users. HR@10: the share of users whose left-out item is among the ten best; nDCG@10 counts it by its place; MRR is the mean of 1/rank. "+
			"From and to hold 95 %% of bootstrap samples of users. By strength and age: a user's items count by their value and not 1 each, to compare.", len(e.s.targets)),
		Columns: []Column{
			{"part", "part", 0}, {"hr", "HR@10", 3}, {"hr_low", "from", 3}, {"hr_high", "to", 3}, {"ndcg", "nDCG@10", 4}, {"ndcg_low", "from", 4}, {"ndcg_high", "to", 4},
			{"mrr", "MRR", 4}, {"mrr_low", "from", 4}, {"mrr_high", "to", 4},
		},
	}
	beyond := Table{
		Key: key + "beyond", Title: "Beyond accuracy, " + data,
		Note: "Coverage: the share of items that are in somebody's list of ten. Diversity: 1 minus the mean cosine of the audiences of two items of a list. " +
			"Novelty: bits, the mean of -log2 of the share of users who took an item up.",
		Columns: []Column{
			{"part", "part", 0}, {"coverage", "coverage", 3}, {"diversity", "diversity", 3}, {"diversity_low", "from", 3}, {"diversity_high", "to", 3},
			{"novelty", "novelty", 2}, {"novelty_low", "from", 2}, {"novelty_high", "to", 2},
		},
	}
	for _, f := range e.found {
		row := []any{f.label}
		for _, figures := range [][]float64{f.hit, f.ndcg, f.reciprocal} {
			low, high := bootstrapMean(figures)
			row = append(row, mean(figures), low, high)
		}
		accuracy.Add(row...)
		row = []any{f.label, f.coverage}
		for _, figures := range [][]float64{f.diversity, f.novelty} {
			low, high := bootstrapMean(figures)
			row = append(row, mean(figures), low, high)
		}
		beyond.Add(row...)
	}
	blend := Table{
		Key: key + "blend", Title: "The blend, " + data,
		Note: "Weights add up to 1. The gain is the blend's nDCG@10 minus the part's, of the same users; from and to hold 95 % of bootstrap samples.",
		Columns: []Column{
			{"part", "part", 0}, {"weight", "weight", 3}, {"gain", "gain of the blend", 4}, {"gain_low", "from", 4}, {"gain_high", "to", 4},
		},
	}
	whole := e.by("blend")
	for n, p := range e.blended {
		difference := make([]float64, len(whole.ndcg))
		for u, v := range e.by(p.key).ndcg {
			difference[u] = whole.ndcg[u] - v
		}
		low, high := bootstrapMean(difference)
		blend.Add(p.label, e.weights[n], mean(difference), low, high)
	}
	r.Tables = append(r.Tables, accuracy, beyond, blend, e.settingsTable(key, data))
	if len(e.kept) > 0 {
		kept := Table{
			Key: key + "ease", Title: "EASE by the number of weights kept, " + data,
			Note:    "The strongest of each item; what is stored is cut, EASE above is the whole model.",
			Columns: []Column{{"kept", "weights", 0}, {"hr", "HR@10", 3}, {"ndcg", "nDCG@10", 4}, {"mrr", "MRR", 4}},
		}
		for _, k := range e.kept {
			kept.Add(k.kept, mean(k.found.hit), mean(k.found.ndcg), mean(k.found.reciprocal))
		}
		r.Tables = append(r.Tables, kept)
	}
}

func (e *experiment) settingsTable(key, data string) Table {
	t := Table{
		Key: key + "settings", Title: "Settings, " + data,
		Note:    "As chosen; what is used where nobody chose stands beside.",
		Columns: []Column{{"setting", "setting", 0}, {"chosen", "chosen", 0}, {"usual", "usual", 0}},
	}
	t.Add("item-KNN, neighbours", float64(e.chosen.item.K), float64(collaborative.ItemKNN.K))
	t.Add("item-KNN, shrinkage", e.chosen.item.Shrink, collaborative.ItemKNN.Shrink)
	t.Add("user-KNN, neighbours", float64(e.chosen.user.K), float64(collaborative.UserKNN.K))
	t.Add("user-KNN, shrinkage", e.chosen.user.Shrink, collaborative.UserKNN.Shrink)
	t.Add("EASE, λ", e.chosen.ease.Lambda, collaborative.EASEDefault.Lambda)
	t.Add("EASE, weights kept", float64(e.chosen.ease.Keep), float64(collaborative.EASEDefault.Keep))
	return t
}

func (e *experiment) took(r *Report, key string, all time.Duration) {
	t := Table{
		Key: key + "time", Title: "Time", Timing: true,
		Columns: []Column{{"step", "step", 0}, {"seconds", "seconds", 2}},
	}
	for _, s := range e.steps {
		t.Add(s.name, s.took.Seconds())
	}
	t.Add("all", math.Round(all.Seconds()*1000)/1000)
	r.Tables = append(r.Tables, t)
}
