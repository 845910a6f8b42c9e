package main

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/rubrica/rubrica/seeds"
)

// writer makes up sentences about the seeds' skills: of real words and grammatical. Most words stand in
// two or three of a hundred sentences, some in more, and a fourth of the sentences name a system, of
// which there are thousands.
type writer struct {
	random *rand.Rand
	skills []string
}

var (
	people = strings.Split("the platform team|an analyst|every engineer on call|the reviewer|a junior developer|the data steward|"+
		"our architect|the release manager|a consultant|the auditor|two maintainers|the support desk|a security officer|"+
		"the product owner|an apprentice|the operations group|a researcher|the tester|the compliance lead|a contractor", "|")
	acts = strings.Split("measures|documents|replaces|questions|reviews|automates|postpones|defends|simplifies|monitors|rewrites|"+
		"compares|explains|isolates|migrates|schedules|estimates|rejects|approves|benchmarks|restores|shards|encrypts|profiles|"+
		"deprecates|throttles|archives|reproduces|validates|annotates|partitions|replays|rotates|traces|consolidates|inspects", "|")
	things = strings.Split("the nightly backup|a slow query|the retry policy|an expired certificate|the message queue|a memory leak|"+
		"the feature flag|a broken dashboard|the payment ledger|an old index|the access policy|a noisy alert|the container image|"+
		"an unreliable sensor|the training set|a skewed histogram|the deployment script|a forgotten endpoint|the audit log|"+
		"a cold cache|the load balancer|an orphaned volume|the invoice export|a flaky test|the consent form|a duplicate record|"+
		"the routing table|a stale replica|the error budget|an unused permission|the encryption key|a corrupted archive|"+
		"the search ranking|a mislabelled column|the rollback plan|a circular dependency|the rate limit|a missing timeout", "|")
	reasons = strings.Split("because latency doubled after the upgrade|before the quarterly review|so that customers notice nothing|"+
		"although nobody had asked for it|while traffic moves to another region|after three incidents in one week|"+
		"until the vendor publishes a fix|because the contract demands evidence|when the disk is almost full|"+
		"in order to halve the monthly bill|as soon as the tests are green|since two regions disagreed about the clock|"+
		"without telling the finance department|whenever a partner sends malformed files|because the regulator changed a threshold|"+
		"before the holiday season begins|after reading the postmortem twice|so that newcomers can follow the reasoning|"+
		"although the documentation recommends the opposite|while the main site is read only|because a single row blocked the table|"+
		"until the last subscriber has reconnected|when the forecast and the measurement diverge|since manual approval takes a day", "|")
	places = strings.Split("in the warehouse|at the hospital|for the city library|in the railway office|on the factory floor|"+
		"at a small bank|for the weather service|in the call centre|at the university|for a chain of bakeries|in the harbour|"+
		"at the insurance company|for the tax office|in the laboratory|at the energy supplier|for a theatre", "|")
	onsets, vowels, codas = strings.Fields("b br c d dr f g gr h j k l m n p pr r s st t tr v w z"), strings.Fields("a e i o u ai ea io"), strings.Fields("n r l x s m nd rk st")
)

func newWriter(catalog *seeds.Catalog, seed uint64) *writer {
	w := &writer{random: rand.New(rand.NewPCG(seed, 1))} //nolint:gosec // repeatable, not secret
	for _, s := range catalog.Skills {
		w.skills = append(w.skills, s.Name)
	}
	return w
}

// pick takes any of a list: a word of a sentence is in one of some thirty sentences.
func (w *writer) pick(list []string) string { return list[w.random.IntN(len(list))] }

// skill prefers the first skills: some subjects are written about often.
func (w *writer) skill() string {
	u := w.random.Float64()
	return w.skills[int(u*u*float64(len(w.skills)))]
}

// system is a name that few other sentences have.
func (w *writer) system() string {
	n := int(w.random.Float64() * w.random.Float64() * 20_000)
	r := rand.New(rand.NewPCG(uint64(n), 2)) //nolint:gosec // a name for a number
	var name strings.Builder
	for range 2 + n%2 {
		name.WriteString(onsets[r.IntN(len(onsets))] + vowels[r.IntN(len(vowels))])
	}
	return strings.ToUpper(name.String()[:1]) + name.String()[1:] + codas[r.IntN(len(codas))]
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// passage is a title and one or two sentences.
func (w *writer) passage() (title, text string) {
	skill, thing := w.skill(), w.pick(things)
	title = skill + ": " + strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(thing, "the "), "an "), "a ")
	switch w.random.IntN(4) {
	case 0:
		text = fmt.Sprintf("%s %s %s %s %s.", capital(w.pick(people)), w.pick(acts), thing, w.pick(places), w.pick(reasons))
	case 1:
		text = fmt.Sprintf("%s, %s %s %s with %s.", capital(w.pick(reasons)), w.pick(people), w.pick(acts), thing, skill)
	case 2:
		text = fmt.Sprintf("In %s, %s %s %s %s.", w.system(), w.pick(people), w.pick(acts), thing, w.pick(reasons))
	default:
		text = fmt.Sprintf("%s %s %s, and %s %s %s %s.", capital(w.pick(people)), w.pick(acts), thing,
			w.pick(people), w.pick(acts), w.pick(things), w.pick(places))
	}
	return title, text
}

// query is a question such as a person would type.
func (w *writer) query() string {
	switch w.random.IntN(3) {
	case 0:
		return fmt.Sprintf("who %s %s %s", w.pick(acts), w.pick(things), w.pick(reasons))
	case 1:
		return fmt.Sprintf("%s and %s in %s", w.skill(), w.pick(things), w.system())
	default:
		return fmt.Sprintf("how %s %s %s %s", w.pick(people), w.pick(acts), w.pick(things), w.pick(places))
	}
}
