// Package generate makes up people, items and interactions with a planted structure, of which recommenders
// can be measured without anybody's data: who takes up what follows from interests, skill gaps, levels, a
// taste that no attribute shows, and fame. What a recommender finds, it found in there.
package generate

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// Options say how much to make.
type Options struct {
	Users        int // 10 to 100 000
	Items        int // 50 to 100 000
	Interactions int // in all: at least LeastEach a user, at most a quarter of all pairs
	Seed         uint64
}

// Standard is a school of middle size.
var Standard = Options{Users: 2000, Items: 600, Interactions: 80_000, Seed: 1}

// MovieLens100K has the size, density and skew of the public rating set of that name, and nothing else of it.
var MovieLens100K = Options{Users: 943, Items: 1682, Interactions: 100_000, Seed: 1}

// LeastEach is how many interactions every user has.
const LeastEach = 20

// ErrOptions is a size that cannot be made.
var ErrOptions = errors.New("generate: impossible size")

const (
	mostPeople = 100_000
	mostPairs  = 200_000_000 // every pair is looked at: about 20 seconds
)

func (o Options) validate() error {
	switch {
	case o.Users < 10 || o.Users > mostPeople:
		return fmt.Errorf("%w: %d users, 10 to %d can be made", ErrOptions, o.Users, mostPeople)
	case o.Items < 50 || o.Items > mostPeople:
		return fmt.Errorf("%w: %d items, 50 to %d can be made", ErrOptions, o.Items, mostPeople)
	case o.Users*o.Items > mostPairs:
		return fmt.Errorf("%w: %d users × %d items, at most %d pairs", ErrOptions, o.Users, o.Items, mostPairs)
	case o.Interactions < LeastEach*o.Users:
		return fmt.Errorf("%w: %d interactions, at least %d for each of %d users", ErrOptions, o.Interactions, LeastEach, o.Users)
	case o.Interactions > o.Users*o.Items/4:
		return fmt.Errorf("%w: %d interactions, at most a quarter of %d × %d", ErrOptions, o.Interactions, o.Users, o.Items)
	}
	return nil
}

// Data is what was made.
type Data struct {
	Interactions []Interaction // by user, then by time
	Items        []Item
	People       []Person
}

// Interaction is one person's use of one item; no pair comes twice.
type Interaction struct {
	User, Item string
	Rating     int // 1 to 5
	At         time.Time
}

// Item is what a catalogue tells of an item.
type Item struct {
	ID      string
	Teaches []string  // skills, most central first, 1 to 3
	Level   int       // 0 foundation, 1 intermediate, 2 advanced
	Vector  []float64 // of its text, as it were: Dimensions values

	field   int
	fame    float64
	quality float64
	taste   []float64
}

// Person is what an assessment tells of a person; it errs.
type Person struct {
	ID     string
	Needs  []Need    // largest first, then by skill
	Level  float64   // where the person stands, 0 to 2
	Vector []float64 // of what the person wrote of their aims, as it were

	field []float64 // interest in each
	needs map[string]float64
	level float64
	taste []float64
}

// Need is a gap that an assessment found.
type Need struct {
	Skill string
	Size  float64 // 0 to 1
}

// Dimensions of vectors.
const Dimensions = 24

const (
	fields         = 12
	skillsOfField  = 6
	tastes         = 8
	fieldsOfPerson = 3
)

// How much each part of the structure counts, in units of the noise (a standard Gumbel variable).
const (
	fameSpread    = 2.4
	byField       = 2.0
	byGap         = 3.5
	byLevel       = 2.5
	byTaste       = 1.5
	byQuality     = 0.4
	assessmentErr = 0.08 // of a need and of a level, standard deviation
	textErr       = 0.20 // of each component of a vector, next to a unit vector's
)

// world is what all people and items share.
type world struct {
	random *rand.Rand
	field  [][]float64 // direction of each in the space of texts
	skill  map[string][]float64
}

// Make makes the data: the same for the same options. It fails with ErrOptions.
func Make(o Options) (*Data, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	w := &world{random: rand.New(rand.NewPCG(o.Seed, 0x5eed)), skill: map[string][]float64{}} //nolint:gosec // repeatable, not secret
	for f := range fields {
		w.field = append(w.field, w.direction(Dimensions))
		for s := range skillsOfField {
			w.skill[skillName(f, s)] = w.direction(Dimensions)
		}
	}
	d := &Data{}
	for i := range o.Items {
		d.Items = append(d.Items, w.item(fmt.Sprintf("item-%05d", i+1)))
	}
	for u := range o.Users {
		d.People = append(d.People, w.person(fmt.Sprintf("user-%05d", u+1)))
	}
	for u, n := range w.activity(o) {
		d.Interactions = append(d.Interactions, w.choose(&d.People[u], d.Items, n)...)
	}
	return d, nil
}

func skillName(field, skill int) string { return fmt.Sprintf("skill-%02d-%d", field+1, skill+1) }

// direction is a random unit vector.
func (w *world) direction(n int) []float64 {
	v := make([]float64, n)
	var sum float64
	for i := range v {
		v[i] = w.random.NormFloat64()
		sum += v[i] * v[i]
	}
	for i := range v {
		v[i] /= math.Sqrt(sum)
	}
	return v
}

func (w *world) normals(n int) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = w.random.NormFloat64()
	}
	return v
}

func (w *world) item(id string) Item {
	// Some fields have many items: the smaller of two draws.
	i := Item{ID: id, field: min(w.random.IntN(fields), w.random.IntN(fields+6)), Level: w.random.IntN(3)}
	for range 1 + w.random.IntN(3) {
		f := i.field
		if w.random.Float64() < 0.1 {
			f = w.random.IntN(fields)
		}
		if s := skillName(f, w.random.IntN(skillsOfField)); !slices.Contains(i.Teaches, s) {
			i.Teaches = append(i.Teaches, s)
		}
	}
	i.fame, i.quality, i.taste = fameSpread*w.random.NormFloat64(), w.random.NormFloat64(), w.normals(tastes)
	i.Vector = w.text(w.field[i.field], i.Teaches, func(n int) float64 { return math.Pow(0.8, float64(n)) })
	return i
}

// text is the vector of a text about a field and skills, the n-th of which has a weight.
func (w *world) text(field []float64, skills []string, weight func(n int) float64) []float64 {
	v := make([]float64, Dimensions)
	for d := range v {
		v[d] = field[d] + textErr*w.random.NormFloat64()/math.Sqrt(Dimensions)*2
		for n, s := range skills {
			v[d] += weight(n) * w.skill[s][d]
		}
	}
	return v
}

func (w *world) person(id string) Person {
	p := Person{ID: id, field: make([]float64, fields), needs: map[string]float64{}, taste: w.normals(tastes), level: 2 * w.random.Float64()}
	interest := 1.0
	mixed := make([]float64, Dimensions)
	for range 1 + w.random.IntN(fieldsOfPerson) {
		f := min(w.random.IntN(fields), w.random.IntN(fields+6))
		p.field[f] = max(p.field[f], interest)
		for d := range mixed {
			mixed[d] += interest * w.field[f][d]
		}
		for s := range skillsOfField {
			if size := w.random.Float64(); size > 0.35 {
				p.needs[skillName(f, s)] = size
			}
		}
		interest *= 0.7
	}
	p.Level = min(2, max(0, p.level+assessmentErr*2*w.random.NormFloat64()))
	for f := range fields { // in a fixed order, for the generator's sake
		for s := range skillsOfField {
			size, ok := p.needs[skillName(f, s)]
			if !ok {
				continue
			}
			if found := min(1, size+assessmentErr*w.random.NormFloat64()); found > 0 {
				p.Needs = append(p.Needs, Need{Skill: skillName(f, s), Size: found})
			}
		}
	}
	slices.SortStableFunc(p.Needs, func(a, b Need) int { return cmp.Or(cmp.Compare(b.Size, a.Size), cmp.Compare(a.Skill, b.Skill)) })
	skills := make([]string, len(p.Needs))
	for i, n := range p.Needs {
		skills[i] = n.Skill
	}
	p.Vector = w.text(mixed, skills, func(n int) float64 { return 0.5 * p.Needs[n].Size })
	return p
}

// activity deals out the interactions: LeastEach to all, and the rest with a long tail.
func (w *world) activity(o Options) []int {
	shares, out := make([]float64, o.Users), make([]int, o.Users)
	var sum float64
	for u := range shares {
		shares[u] = math.Exp(1.25 * w.random.NormFloat64())
		sum += shares[u]
	}
	most := o.Items * 45 / 100
	left := o.Interactions
	for u := range out {
		out[u] = min(most, LeastEach+int(float64(o.Interactions-LeastEach*o.Users)*shares[u]/sum))
		left -= out[u]
	}
	for u := 0; left > 0; u = (u + 1) % o.Users {
		if out[u] < most {
			out[u]++
			left--
		}
	}
	return out
}

// begun is when the first people came.
var begun = time.Date(2023, 1, 9, 8, 0, 0, 0, time.UTC)

// choose picks a person's n items: those with the largest of utility plus Gumbel noise, which is a draw without
// replacement by a multinomial logit.
func (w *world) choose(p *Person, items []Item, n int) []Interaction {
	type choice struct {
		item          int
		liking, drawn float64
	}
	all := make([]choice, len(items))
	for i := range items {
		liking := p.liking(&items[i])
		all[i] = choice{i, liking, items[i].fame + byQuality*items[i].quality + liking - math.Log(w.random.ExpFloat64())}
	}
	slices.SortFunc(all, func(a, b choice) int { return cmp.Or(cmp.Compare(b.drawn, a.drawn), cmp.Compare(a.item, b.item)) })
	out := make([]Interaction, n)
	at := begun.Add(time.Duration(w.random.IntN(2*365*24)) * time.Hour)
	for _, i := range w.random.Perm(n) {
		c := all[i]
		rating := 3.1 + 0.2*(c.liking-3) + 0.45*items[c.item].quality + 0.7*w.random.NormFloat64()
		out[i] = Interaction{
			User: p.ID, Item: items[c.item].ID, Rating: int(min(5, max(1, math.Round(rating)))), At: at,
		}
		at = at.Add(time.Duration(1+w.random.ExpFloat64()*40*3600) * time.Second)
	}
	slices.SortFunc(out, func(a, b Interaction) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Item, b.Item)) })
	return out
}

// liking is what speaks for an item but for its fame.
func (p *Person) liking(i *Item) float64 {
	var gap, most, taste float64
	for n, s := range i.Teaches {
		gap += p.needs[s] * math.Pow(0.8, float64(n))
		most += math.Pow(0.8, float64(n))
	}
	for n := range tastes {
		taste += p.taste[n] * i.taste[n]
	}
	distance := math.Abs(float64(i.Level) - p.level)
	return byField*p.field[i.field] + byGap*gap/most + byLevel*max(0, 1-distance/1.5) + byTaste*taste/math.Sqrt(tastes)
}
