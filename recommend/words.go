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

// rationale is one sentence from the parts and the facts: what the credential is, which gap it
// closes, and how its level fits. Of several missed points it names one that no item before has.
func rationale(p *Profile, s scored, told map[uuid.UUID]bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s by %s", capital(article(kind(s.Candidate))), s.Provider)
	lessons := taught(p, s.Candidate)
	lessons = lessons[:min(len(lessons), 2)]
	names := make([]string, 0, 2)
	for _, l := range lessons {
		names = append(names, p.name(l.Skill))
	}
	switch {
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
	case lessons[0].Next:
		fmt.Fprintf(&b, " that leads on to %s, which the track %s builds on", join(names), p.Track.Title)
	default:
		fmt.Fprintf(&b, " that deepens %s, the subject of your answer", join(names))
	}
	switch fit := s.value(enums.SignalLevelFit); {
	case fit >= 0.6:
		fmt.Fprintf(&b, "; its %s level suits your %s", word(s.Level), percent(p.Percent/100))
	case levels[s.Level] > standing(p.Learner):
		fmt.Fprintf(&b, "; its %s level is a stretch from your %s", word(s.Level), percent(p.Percent/100))
	default:
		fmt.Fprintf(&b, "; its %s level is easier than your %s calls for", word(s.Level), percent(p.Percent/100))
	}
	b.WriteString(".")
	return b.String()
}

// note says what should be known of the list as a whole.
func note(p *Profile, candidates []Candidate, chosen []scored, gaps []string) string {
	var say []string
	if len(gaps) > 0 {
		say = append(say, "Made with less than usual: "+strings.Join(gaps, "; ")+".")
	}
	switch {
	case len(candidates) == 0:
		return strings.Join(append(say, "The catalogue has no credentials yet."), " ")
	case p.Percent == 0:
		say = append(say, "There was little to go on, so the list starts from the foundations.")
	case !p.gaps():
		say = append(say, fmt.Sprintf("Your answer left no gap, so these are next steps in the track %s.", p.Track.Title))
	}
	var unserved []string
	for _, n := range p.Needs {
		if !n.Next && n.Size >= unservedFrom &&
			!slices.ContainsFunc(candidates, func(c Candidate) bool { return slices.Contains(c.Teaches, n.Skill) }) {
			unserved = append(unserved, p.name(n.Skill))
		}
	}
	if len(unserved) > 0 {
		say = append(say, fmt.Sprintf("Nothing in the catalogue teaches %s yet.", join(unserved)))
	}
	if len(chosen) < leastItems {
		say = append(say, fmt.Sprintf("Only %s fitted well enough; weak ones were left out.", plural(len(chosen), "credential")))
	}
	if s := sequence(p, chosen); s != "" {
		say = append(say, s)
	}
	return strings.Join(say, " ")
}

// sequence names the first two items of which one teaches what the other asks for, and the learner
// has not shown.
func sequence(p *Profile, chosen []scored) string {
	for _, later := range chosen {
		for _, skill := range later.Requires {
			if n := p.need(skill); n == nil && p.asked(skill) {
				continue
			}
			for _, first := range chosen {
				if first.ID != later.ID && first.teaches(skill) && levels[first.Level] <= levels[later.Level] {
					return fmt.Sprintf("Take “%s” before “%s”: it teaches %s, which the other asks for.",
						first.Title, later.Title, p.name(skill))
				}
			}
		}
	}
	return ""
}

// gaps tells whether the answer left something open that is worth naming.
func (p *Profile) gaps() bool {
	return slices.ContainsFunc(p.Needs, func(n Need) bool { return !n.Next && n.Size >= gapFrom })
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

func kind(c Candidate) string {
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
