package evaluate

import (
	"context"
	"errors"
	"math"
	"slices"

	"github.com/rubrica/rubrica/recommend/collaborative"
)

// part is one reason to recommend: it gives every item a score for a user, by number.
type part struct {
	key, label string
	blended    bool // else it is only there to be compared with
	scores     func(t *target, into []float64)
}

// settings of the collaborative parts.
type settings struct {
	item, user collaborative.KNN
	ease       collaborative.EASE
}

// What the settings are chosen from.
var (
	itemNeighbours = []int{10, 20, 50, 100, 200}
	userNeighbours = []int{10, 20, 30, 50, 80, 120}
	shrinkages     = []float64{0, 5, 10, 30, 100}
	ridges         = []float64{100, 200, 400, 800}
)

// easeEverything is the largest catalogue on which EASE is fitted more often than needed.
const easeEverything = 2500

func allOnes(s *holdout, add func(scores []float64, profile []int32, user int)) func(*target, []float64) {
	return func(t *target, into []float64) {
		clear(into)
		add(into, s.m.Taken(t.user), t.user)
	}
}

func listsPart(s *holdout, key, label string, l *collaborative.Lists) part {
	return part{key, label, true, allOnes(s, func(scores []float64, profile []int32, _ int) { l.AddScores(scores, profile, nil) })}
}

// weighedPart counts each item of the profile by its value in place of 1.
func weighedPart(s *holdout, key, label string, l *collaborative.Lists) part {
	return part{key, label, false, allOnes(s, func(scores []float64, profile []int32, user int) {
		weights := make([]float64, len(profile))
		for n, i := range profile {
			weights[n] = s.m.Value(user, int(i))
		}
		l.AddScores(scores, profile, weights)
	})}
}

func usersPart(s *holdout, l *collaborative.Lists) part {
	return part{"user_knn", "user-KNN", true, allOnes(s, func(scores []float64, _ []int32, user int) { l.AddUserScores(scores, s.m, user) })}
}

func popularParts(s *holdout) []part {
	popular := s.m.Popularity(collaborative.Damping)
	of := func(key, label string, blended bool, value func(collaborative.Popular) float64) part {
		return part{key, label, blended, func(_ *target, into []float64) {
			for i := range popular {
				into[i] = value(popular[i])
			}
		}}
	}
	return []part{
		of("popularity", "popularity, counted", false, func(p collaborative.Popular) float64 { return float64(p.Count) }),
		of("popularity_damped", "popularity, damped", true, func(p collaborative.Popular) float64 { return p.Value }),
	}
}

// chooseSettings tries the settings on what was held out for it, by the mean of 1/log2(1 + rank).
func chooseSettings(ctx context.Context, o *RecommendOptions, s *holdout) (settings, error) {
	best := settings{item: collaborative.ItemKNN, user: collaborative.UserKNN, ease: collaborative.EASEDefault}
	most := -1.0
	for _, shrink := range shrinkages {
		for _, n := range itemNeighbours {
			k := collaborative.KNN{K: n, Shrink: shrink}
			if gain := meanGain(s, listsPart(s, "", "", k.Items(s.m))); gain > most {
				most, best.item = gain, k
			}
		}
		if err := ctx.Err(); err != nil {
			return best, err
		}
	}
	most = -1
	for _, shrink := range shrinkages {
		l := collaborative.KNN{K: slices.Max(userNeighbours), Shrink: shrink}.Users(s.m)
		for _, k := range userNeighbours {
			if gain := meanGain(s, usersPart(s, l.Keep(k))); gain > most {
				most, best.user = gain, collaborative.KNN{K: k, Shrink: shrink}
			}
		}
		if err := ctx.Err(); err != nil {
			return best, err
		}
	}
	if len(s.m.Items()) > easeEverything {
		o.say("more than %d items: EASE keeps its usual λ", easeEverything)
		return best, nil
	}
	most = -1
	for _, lambda := range ridges {
		ease := collaborative.EASE{Lambda: lambda, Keep: collaborative.EASEDefault.Keep}
		l, err := ease.Items(ctx, s.m)
		if err != nil {
			return best, err
		}
		if gain := meanGain(s, listsPart(s, "", "", l)); gain > most {
			most, best.ease = gain, ease
		}
	}
	return best, nil
}

// fitted are the parts on one matrix.
type fitted struct {
	parts   []part
	item    *collaborative.Lists
	ease    *collaborative.Lists // as stored; nil where the catalogue is too large
	whole   *collaborative.Lists // with all weights; nil on catalogues above easeEverything
	noEASE  string
	content []string // what the content parts had to do without
}

func fitParts(ctx context.Context, c *catalogue, s *holdout, chosen settings) (*fitted, error) {
	f := &fitted{parts: popularParts(s), item: chosen.item.Items(s.m)}
	f.parts = append(f.parts, listsPart(s, "item_knn", "item-KNN", f.item), usersPart(s, chosen.user.Users(s.m)))
	fit := chosen.ease
	if len(s.m.Items()) <= easeEverything {
		fit.Keep = 0
	}
	ease, err := fit.Items(ctx, s.m)
	switch {
	case errors.Is(err, collaborative.ErrTooLarge):
		f.noEASE = err.Error()
	case err != nil:
		return nil, err
	default:
		f.ease = ease.Keep(chosen.ease.Keep)
		if fit.Keep == 0 {
			f.whole = ease
			p := listsPart(s, "ease", "EASE", ease)
			p.blended = false
			f.parts = append(f.parts, p)
		}
		f.parts = append(f.parts, listsPart(s, "ease_stored", "EASE, as stored", f.ease))
	}
	content, without := contentParts(c, s)
	f.parts, f.content = append(f.parts, content...), without
	return f, nil
}

// gain of a rank from 1 is its share of the best one's, by the usual discount.
func gain(rank int) float64 { return 1 / math.Log2(1+float64(rank)) }

// meanGain is the mean gain of the targets' ranks.
func meanGain(s *holdout, p part) float64 {
	gains := make([]float64, len(s.targets))
	each(len(s.targets), len(s.m.Items()), func(n int, scores []float64) {
		t := &s.targets[n]
		p.scores(t, scores)
		hide(t, scores)
		for _, i := range t.items {
			gains[n] += gain(rankOf(t, scores, i)) / float64(len(t.items))
		}
	})
	return mean(gains)
}
