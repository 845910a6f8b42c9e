package recommend

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent/enums"
)

const quoteLength = 200 // code points of the learner's own words that a trace repeats

// rationale is one sentence from the parts and the facts: what the credential is, which gap or interest it
// serves, how its level fits, what alike learners did, and what of the learner's wishes is open. Of several
// missed points it names one that no item before has.
func rationale(m *made, s scored, told map[uuid.UUID]bool) string {
	p := m.profile
	var b strings.Builder
	fmt.Fprintf(&b, "%s by %s", capital(article(kind(s.Candidate))), s.Provider)
	lessons := taught(p, s.Candidate)
	lessons = lessons[:min(len(lessons), 2)]
	names := make([]string, 0, 2)
	for _, l := range lessons {
		names = append(names, p.name(l.Skill))
	}
	also := m.because(s)
	switch {
	case len(lessons) == 0 && also != "":
		fmt.Fprintf(&b, " that learners who took up “%s” went on to", also)
		also = ""
	case len(lessons) == 0:
		b.WriteString(" whose description touches on what the question asks")
	case len(lessons[0].Missed) > 0:
		k := lessons[0].Missed[0]
		for _, other := range lessons[0].Missed {
			if !told[other.ID] {
				k = other
				break
			}
		}
		told[k.ID] = true
		fmt.Fprintf(&b, " that teaches %s, where your answer %s “%s”", join(names), verb(k), k.Label)
	case lessons[0].Low != nil:
		fmt.Fprintf(&b, " that teaches %s, where you reached %s on “%s”", join(names), percent(lessons[0].Low.Score), lessons[0].Low.Title)
	case lessons[0].Interest:
		fmt.Fprintf(&b, " that teaches %s, which you are interested in", names[0])
	case lessons[0].Next:
		fmt.Fprintf(&b, " that leads on to %s, which the track %s builds on", join(names), p.Track.Title)
	default:
		fmt.Fprintf(&b, " that deepens %s, the subject of your answer", join(names))
	}
	switch fit := m.value(enums.SignalLevelFit, s); {
	case fit >= 0.6:
		fmt.Fprintf(&b, "; its %s level suits your %s", word(s.Level), percent(p.Percent/100))
	case levels[s.Level] > standing(p.Learner):
		fmt.Fprintf(&b, "; its %s level is a stretch from your %s", word(s.Level), percent(p.Percent/100))
	default:
		fmt.Fprintf(&b, "; its %s level is easier than your %s calls for", word(s.Level), percent(p.Percent/100))
	}
	if also != "" {
		fmt.Fprintf(&b, "; learners who took up “%s” took it up too", also)
	}
	b.WriteString(open(&p.Wishes, s.Candidate))
	b.WriteString(".")
	return b.String()
}

// because is what the learner took up that speaks most for an item, where that is enough to be said.
func (m *made) because(s scored) string {
	for k := range m.signals {
		if value := m.signals[k].value(s.place); m.signals[k].Because != nil && known(value) && value >= weakBelow {
			return m.signals[k].Because(s.place)
		}
	}
	return ""
}

// value is what a signal says of an item; 0 when it says nothing.
func (m *made) value(name enums.Signal, s scored) float64 {
	for k := range m.signals {
		if value := m.signals[k].value(s.place); m.signals[k].name == name && known(value) {
			return value
		}
	}
	return 0
}

// open says what of the learner's wishes an item does not keep, or may not keep.
func open(w *Wishes, c *Candidate) string {
	var out strings.Builder
	for _, v := range w.violated(c) {
		out.WriteString(map[enums.Constraint]string{
			enums.ConstraintPrice:    "; it is not free",
			enums.ConstraintDuration: "; it takes longer than you asked for",
			enums.ConstraintLevel:    "; it is above the level that you asked for",
		}[v])
	}
	if w.FreeOnly && c.Price == enums.PriceUnknown {
		out.WriteString("; whether it is free is not known")
	}
	if w.Longest != "" && c.Duration == enums.DurationUnknown {
		out.WriteString("; how long it takes is not known")
	}
	return out.String()
}

// note says what should be known of the list as a whole.
func note(m *made, unserved []string) string {
	p := m.profile
	var say []string
	if len(m.gaps) > 0 {
		say = append(say, "Made with less than usual: "+strings.Join(m.gaps, "; ")+".")
	}
	switch {
	case len(m.catalogue.Candidates) == 0:
		return strings.Join(append(say, "The catalogue has no credentials yet."), " ")
	case p.Percent == 0:
		say = append(say, "There was little to go on, so the list starts from the foundations.")
	case !p.gaps():
		say = append(say, fmt.Sprintf("Your answer left no gap, so these are next steps in the track %s.", p.Track.Title))
	}
	if len(unserved) > 0 {
		names := make([]string, len(unserved))
		for i, skill := range unserved {
			names[i] = p.name(skill)
		}
		say = append(say, fmt.Sprintf("Nothing in the catalogue teaches %s yet.", join(names)))
	}
	if given := relaxed(m); len(given) > 0 {
		say = append(say, fmt.Sprintf("Too few credentials keep to all that you asked for, so what you said of %s is not kept everywhere.", join(given)))
	}
	if len(m.chosen) < leastItems {
		say = append(say, fmt.Sprintf("Only %s fitted well enough; weak ones were left out.", plural(len(m.chosen), "credential")))
	}
	if s := sequence(p, m.chosen); s != "" {
		say = append(say, s)
	}
	if len(m.quiet) > 0 {
		say = append(say, "What other learners chose does not count in full yet: "+strings.Join(m.quiet, "; ")+".")
	}
	return strings.Join(say, " ")
}

// relaxed names the wishes that were given up, in the order in which they are.
func relaxed(m *made) []string {
	var out []string
	for _, c := range relaxing {
		if slices.ContainsFunc(m.chosen, func(s scored) bool { return slices.Contains(m.profile.Wishes.violated(s.Candidate), c) }) {
			out = append(out, wish(c))
		}
	}
	return out
}

// wish is what people call a constraint.
func wish(c enums.Constraint) string {
	switch c {
	case enums.ConstraintPrice:
		return "the price"
	case enums.ConstraintDuration:
		return "the duration"
	default:
		return "the level"
	}
}

// gaps tells whether the answer left something open that is worth naming.
func (p *Profile) gaps() bool {
	return slices.ContainsFunc(p.Needs, func(n Need) bool { return n.gap() && n.Size >= gapFrom })
}

func unavailable(s enums.Signal) string {
	if s == enums.SignalSemantic {
		return "the texts of the credentials could not be compared with your answer's gaps"
	}
	return "the signal " + string(s) + " was not to be had"
}

func verb(k KeyPoint) string {
	if k.Degree < metFrom/2 {
		return "missed"
	}
	return "only touched on"
}

func kind(c *Candidate) string {
	switch c.Kind {
	case enums.CredentialCertification:
		return "certification"
	case enums.CredentialCourse:
		return "course"
	default:
		return "certificate"
	}
}

func word(l enums.Level) string { return strings.ToLower(string(l)) }

func percent(share float64) string { return fmt.Sprintf("%.0f %%", math.Floor(share*100+0.5)) }

func article(noun string) string {
	if strings.ContainsRune("aeiou", rune(noun[0])) {
		return "an " + noun
	}
	return "a " + noun
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

func plural(n int, noun string) string {
	switch n {
	case 0:
		return "no " + noun
	case 1:
		return "one " + noun
	default:
		return fmt.Sprintf("%d %ss", n, noun)
	}
}

func join(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// shorten cuts a quote at a word.
func shorten(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	runes := []rune(text)
	if len(runes) <= quoteLength {
		return text
	}
	cut := string(runes[:quoteLength])
	if space := strings.LastIndexByte(cut, ' '); space > 0 {
		cut = cut[:space]
	}
	return cut + "…"
}
