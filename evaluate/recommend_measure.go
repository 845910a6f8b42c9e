package evaluate

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
)

// listed is how many items a list has.
const listed = 10

// found is what a part did for every user.
type found struct {
	part
	hit, ndcg, reciprocal []float64 // by user
	diversity, novelty    []float64 // by user
	coverage              float64
}

// each calls work for 0 to n-1 on all cores, with scores of its own for size items.
func each(n, size int, work func(i int, scores []float64)) {
	workers := max(1, min(n, runtime.GOMAXPROCS(0)))
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			scores := make([]float64, size)
			for i := w; i < n; i += workers {
				work(i, scores)
			}
		})
	}
	all.Wait()
}

// hide puts what a user has seen behind everything.
func hide(t *target, scores []float64) {
	for _, i := range t.seen {
		scores[i] = math.Inf(-1)
	}
}

// rankOf is the place of an item, from 1, among what the user has not seen; of equal ones the smaller number
// comes first. Other targets of the user are not in the way.
func rankOf(t *target, scores []float64, item int) int {
	rank, at := 1, scores[item]
	for i, v := range scores {
		if v > at || (v == at && i < item) {
			rank++
		}
	}
	for _, i := range t.items {
		if v := scores[i]; i != item && (v > at || (v == at && i < item)) {
			rank--
		}
	}
	return rank
}

// best are the items with the largest scores, best first.
func best(scores []float64) []int {
	var list []int
	for i, v := range scores {
		if math.IsInf(v, -1) || (len(list) == listed && !(v > scores[list[listed-1]])) {
			continue
		}
		at, _ := slices.BinarySearchFunc(list, v, func(j int, v float64) int {
			if scores[j] >= v {
				return -1
			}
			return 1
		})
		list = slices.Insert(list, at, i)
		list = list[:min(len(list), listed)]
	}
	return list
}

// measurePart ranks all unseen items for every user.
func measurePart(s *holdout, p part) *found {
	n := len(s.targets)
	f := &found{part: p}
	for _, figures := range []*[]float64{&f.hit, &f.ndcg, &f.reciprocal, &f.diversity, &f.novelty} {
		*figures = make([]float64, n)
	}
	lists := make([][]int, n)
	each(n, len(s.m.Items()), func(u int, scores []float64) {
		t := &s.targets[u]
		p.scores(t, scores)
		hide(t, scores)
		rank := rankOf(t, scores, t.items[0])
		f.reciprocal[u] = 1 / float64(rank)
		if rank <= listed {
			f.hit[u], f.ndcg[u] = 1, gain(rank)
		}
		lists[u] = best(scores)
		f.diversity[u], f.novelty[u] = diversity(s, lists[u]), novelty(s, lists[u])
	})
	covered := map[int]bool{}
	for _, list := range lists {
		for _, i := range list {
			covered[i] = true
		}
	}
	f.coverage = float64(len(covered)) / float64(len(s.m.Items()))
	return f
}

// diversity is 1 minus the mean cosine of the audiences of two items of the list.
func diversity(s *holdout, list []int) float64 {
	var sum, n float64
	for x, i := range list {
		for _, j := range list[:x] {
			sum += cosine(s.m.Takers(i), s.m.Takers(j))
			n++
		}
	}
	if n == 0 {
		return math.NaN()
	}
	return 1 - sum/n
}

func cosine(a, b []int32) float64 {
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	both := 0
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] < b[j]:
			i++
		case a[i] > b[j]:
			j++
		default:
			both, i, j = both+1, i+1, j+1
		}
	}
	return float64(both) / math.Sqrt(float64(len(a))*float64(len(b)))
}

// novelty is the mean information of an item in bits: -log2 of the share of users who took it up. An item that
// nobody took up counts as if one had.
func novelty(s *holdout, list []int) float64 {
	var sum float64
	for _, i := range list {
		sum -= math.Log2(float64(max(1, len(s.m.Takers(i)))) / float64(len(s.m.Users())))
	}
	return sum / float64(len(list))
}

// mean leaves out what could not be measured.
func mean(values []float64) float64 {
	var sum, n float64
	for _, v := range values {
		if !math.IsNaN(v) {
			sum, n = sum+v, n+1
		}
	}
	return sum / n
}

// bootstrapMean is the middle 95 % of the mean over samples of users with replacement (Efron 1979). The samples
// are the same for figures of the same users.
func bootstrapMean(values []float64) (low, high float64) {
	random := rand.New(rand.NewPCG(1, uint64(len(values)))) //nolint:gosec // repeatable, not secret
	means := make([]float64, resamples)
	sample := make([]float64, len(values))
	for i := range means {
		for n := range sample {
			sample[n] = values[random.IntN(len(values))]
		}
		means[i] = mean(sample)
	}
	slices.Sort(means)
	return means[resamples*25/1000], means[resamples*975/1000-1]
}
