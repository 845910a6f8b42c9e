package evaluate

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/google/uuid"

	"github.com/rubrica/rubrica/evaluate/dataset"
	"github.com/rubrica/rubrica/recommend/collaborative"
	"github.com/rubrica/rubrica/recommend/generate"
)

// catalogue is what recommending is measured on.
type catalogue struct {
	events []collaborative.Event
	items  map[uuid.UUID]*dataset.CatalogueItem // nil without a file of items
	people map[uuid.UUID]*dataset.KnownPerson   // nil without a file of people
}

// idOf makes an id from a name of a file. Ids are in no order that means something, so that equal scores are
// not decided by how a file numbers its items.
func idOf(name string) uuid.UUID { return uuid.NewSHA1(uuid.NameSpaceOID, []byte(name)) }

// readCatalogue reads the files; those of items and people may be missing.
func readCatalogue(o *RecommendOptions) (*catalogue, error) {
	rows, err := dataset.Interactions(o.Interactions)
	if err != nil {
		return nil, err
	}
	c := &catalogue{}
	for _, r := range rows {
		kind := collaborative.Weighed
		if r.Rated {
			kind = collaborative.Rated
		}
		c.events = append(c.events, collaborative.Event{User: idOf(r.User), Item: idOf(r.Item), Kind: kind, Value: r.Value, At: r.At})
	}
	if o.Items != "" {
		items, err := dataset.Items(o.Items)
		if err != nil {
			return nil, err
		}
		c.items = map[uuid.UUID]*dataset.CatalogueItem{}
		for i := range items {
			c.items[idOf(items[i].ID)] = &items[i]
		}
	}
	if o.People != "" {
		people, err := dataset.People(o.People)
		if err != nil {
			return nil, err
		}
		c.people = map[uuid.UUID]*dataset.KnownPerson{}
		for i := range people {
			c.people[idOf(people[i].ID)] = &people[i]
		}
	}
	return c, nil
}

// planted makes a catalogue.
func planted(o generate.Options) (*catalogue, error) {
	d, err := generate.Make(o)
	if err != nil {
		return nil, err
	}
	c := &catalogue{items: map[uuid.UUID]*dataset.CatalogueItem{}, people: map[uuid.UUID]*dataset.KnownPerson{}}
	for _, x := range d.Interactions {
		c.events = append(c.events, collaborative.Event{
			User: idOf(x.User), Item: idOf(x.Item), Kind: collaborative.Rated, Value: float64(x.Rating), At: x.At,
		})
	}
	for _, i := range d.Items {
		c.items[idOf(i.ID)] = &dataset.CatalogueItem{ID: i.ID, Teaches: i.Teaches, Level: float64(i.Level), Vector: i.Vector}
	}
	for _, p := range d.People {
		known := &dataset.KnownPerson{ID: p.ID, Needs: map[string]float64{}, Level: p.Level, Vector: p.Vector}
		for _, n := range p.Needs {
			known.Needs[n.Skill] = n.Size
		}
		c.people[idOf(p.ID)] = known
	}
	return c, nil
}

// target is what was held out of one user's interactions, by number in the matrix that was left.
type target struct {
	user  int
	items []int   // to be found again
	seen  []int32 // not to be ranked, ascending: what the user took up or dismissed, and is known
}

// holdout is a matrix of what is known, and what is not.
type holdout struct {
	m       *collaborative.Interactions
	targets []target
}

// errTooFew is a file on which nothing can be measured.
var errTooFew = errors.New("evaluate: no user has taken up two items: there is nothing to hold out")

// pairs are events by user and item.
type pairs struct {
	users  []uuid.UUID // ascending
	items  []uuid.UUID
	events map[uuid.UUID]map[uuid.UUID][]collaborative.Event
}

func pairsOf(events []collaborative.Event) *pairs {
	p := &pairs{events: map[uuid.UUID]map[uuid.UUID][]collaborative.Event{}}
	items := map[uuid.UUID]bool{}
	for _, e := range events {
		if p.events[e.User] == nil {
			p.events[e.User] = map[uuid.UUID][]collaborative.Event{}
			p.users = append(p.users, e.User)
		}
		if !items[e.Item] {
			items[e.Item] = true
			p.items = append(p.items, e.Item)
		}
		p.events[e.User][e.Item] = append(p.events[e.User][e.Item], e)
	}
	slices.SortFunc(p.users, compareID)
	slices.SortFunc(p.items, compareID)
	return p
}

func compareID(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) }

// taken are the items that a user took up, ascending.
func (p *pairs) taken(user uuid.UUID) []uuid.UUID {
	var out []uuid.UUID
	for item, events := range p.events[user] {
		if slices.ContainsFunc(events, func(e collaborative.Event) bool { return e.Kind == collaborative.Rated || e.Value > 0 }) {
			out = append(out, item)
		}
	}
	slices.SortFunc(out, compareID)
	return out
}

// hold takes some of each user's items out: of each user with n items taken up, count(n), drawn at random with
// the seed. The items of the catalogue stay the same.
func (p *pairs) hold(seed uint64, count func(n int) int) (*holdout, *pairs, error) {
	random := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // repeatable, not secret
	left := &pairs{items: p.items, events: map[uuid.UUID]map[uuid.UUID][]collaborative.Event{}}
	held := map[uuid.UUID][]uuid.UUID{}
	var events []collaborative.Event
	for _, user := range p.users {
		taken := p.taken(user)
		random.Shuffle(len(taken), func(i, j int) { taken[i], taken[j] = taken[j], taken[i] })
		out := taken[:count(len(taken))]
		rest := map[uuid.UUID][]collaborative.Event{}
		for item, of := range p.events[user] {
			if !slices.Contains(out, item) {
				rest[item] = of
				events = append(events, of...)
			}
		}
		if len(rest) == 0 {
			continue
		}
		left.users, left.events[user] = append(left.users, user), rest
		held[user] = out
	}
	m, err := collaborative.NewInteractions(events, collaborative.Options{Items: p.items})
	if err != nil {
		return nil, nil, fmt.Errorf("evaluate: %w", err)
	}
	s := &holdout{m: m}
	for _, user := range left.users {
		if len(held[user]) == 0 {
			continue
		}
		t := target{}
		t.user, _ = m.User(user)
		for _, item := range held[user] {
			i, _ := m.Item(item)
			t.items = append(t.items, i)
		}
		for item := range left.events[user] {
			i, _ := m.Item(item)
			t.seen = append(t.seen, int32(i)) //nolint:gosec // MaxRows
		}
		slices.Sort(t.seen)
		s.targets = append(s.targets, t)
	}
	if len(s.targets) == 0 {
		return nil, nil, errTooFew
	}
	return s, left, nil
}

// one of each user who keeps one.
func one(n int) int {
	if n < 2 {
		return 0
	}
	return 1
}

// few are for choosing by: a tenth, at most three, of each user who keeps two.
func few(n int) int {
	if n < 3 {
		return 0
	}
	return min(3, max(1, n/10))
}
