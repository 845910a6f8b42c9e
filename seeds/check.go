package seeds

import (
	"fmt"
	"math"
	"net/url"
	"slices"
)

// minQuestions is how many questions a track has at least; schema/passages.schema.json says it of
// passages.
const minQuestions = 4

// tolerance is how far numbers that were written in decimal may be off.
const tolerance = 1e-9

// checkSkills notes each slug of the list at ptr that skills.yaml does not have.
func (l *loader) checkSkills(doc *document, ptr string, slugs []string) {
	if l.skillSlugs == nil {
		return
	}
	for i, slug := range slugs {
		if !l.skillSlugs[slug] {
			l.add(doc.at(fmt.Sprintf("%s/%d", ptr, i), "skills.yaml has no skill %q", slug))
		}
	}
}

// prose tidies a text in place and checks its length.
func (l *loader) prose(doc *document, ptr string, text *string, want length) {
	*text = paragraphs(*text)
	if n := words(*text); !want.allows(n) {
		l.add(doc.at(ptr, "has %d words, should have %d to %d", n, want.min, want.max))
	}
}

func (l *loader) checkPassages(doc *document, passages []Passage) {
	seen := map[string]bool{}
	for i := range passages {
		p := &passages[i]
		ptr := fmt.Sprintf("/passages/%d", i)
		if seen[p.Slug] {
			l.add(doc.at(ptr+"/slug", "the track has a passage %q already", p.Slug))
		}
		seen[p.Slug] = true
		l.checkSkills(doc, ptr+"/skills", p.Skills)
		l.prose(doc, ptr+"/text", &p.Text, passageLength)
	}
}

func (l *loader) checkQuestion(doc *document, q *Question) {
	l.prose(doc, "/prompt", &q.Prompt, promptLength)
	l.checkSkills(doc, "/skills", q.Skills)
	if q.Words.Min >= q.Words.Max {
		l.add(doc.at("/words/min", "min %d is not below max %d", q.Words.Min, q.Words.Max))
	}
	l.checkCriteria(doc, q.Rubric.Criteria)
	l.checkKeyPoints(doc, q.Rubric.KeyPoints)
	l.prose(doc, "/rubric/modelAnswer", &q.Rubric.ModelAnswer, modelAnswerLength)
	l.prose(doc, "/samples/strong", &q.Samples.Strong, strongLength)
	l.prose(doc, "/samples/middling", &q.Samples.Middling, middlingLength)
	l.prose(doc, "/samples/weak", &q.Samples.Weak, weakLength)
}

// checkCriteria: the schema sees to it that there are four, so that four different traits are all.
func (l *loader) checkCriteria(doc *document, criteria []Criterion) {
	sum := 0.0
	keys, traits := map[string]bool{}, map[string]bool{}
	for i := range criteria {
		c := &criteria[i]
		ptr := fmt.Sprintf("/rubric/criteria/%d", i)
		c.Description = paragraphs(c.Description)
		if keys[c.Key] {
			l.add(doc.at(ptr+"/key", "the rubric has a criterion %q already", c.Key))
		}
		if traits[c.Trait] {
			l.add(doc.at(ptr+"/trait", "the rubric has a criterion for %s already; there is exactly one for each trait", c.Trait))
		}
		keys[c.Key], traits[c.Trait] = true, true
		sum += c.Weight
		l.checkScale(doc, ptr, c)
	}
	if math.Abs(sum-1) > tolerance {
		l.add(doc.atKey("/rubric/criteria", "the weights add up to %.10g, not to 1", sum))
	}
}

// checkScale checks the scale of a criterion and the levels that stand on it.
func (l *loader) checkScale(doc *document, ptr string, c *Criterion) {
	s := c.Scale
	if s.Min >= s.Max {
		l.add(doc.at(ptr+"/scale/min", "min %g is not below max %g", s.Min, s.Max))
		return
	}
	if !s.has(s.Max) {
		l.add(doc.at(ptr+"/scale/step", "steps of %g do not lead from %g to %g", s.Step, s.Min, s.Max))
		return
	}
	for i := range c.Levels {
		level := &c.Levels[i]
		level.Descriptor = paragraphs(level.Descriptor)
		at := fmt.Sprintf("%s/levels/%d/score", ptr, i)
		switch {
		case i == 0 && level.Score != s.Min:
			l.add(doc.at(at, "the first level stands at %g, but the scale begins at %g", level.Score, s.Min))
		case i == len(c.Levels)-1 && level.Score != s.Max:
			l.add(doc.at(at, "the last level stands at %g, but the scale ends at %g", level.Score, s.Max))
		case !s.has(level.Score):
			l.add(doc.at(at, "%g is not a score of the scale %g…%g in steps of %g", level.Score, s.Min, s.Max, s.Step))
		}
		if i > 0 && level.Score <= c.Levels[i-1].Score {
			l.add(doc.at(at, "levels ascend, but %g follows %g", level.Score, c.Levels[i-1].Score))
		}
	}
}

// has tells whether a score is one of the scale's.
func (s Scale) has(score float64) bool {
	steps := (score - s.Min) / s.Step
	return score >= s.Min && score <= s.Max && math.Abs(steps-math.Round(steps)) < 1e-6
}

func (l *loader) checkKeyPoints(doc *document, points []KeyPoint) {
	seen := map[string]bool{}
	for i := range points {
		p := &points[i]
		ptr := fmt.Sprintf("/rubric/keyPoints/%d", i)
		p.Text = paragraphs(p.Text)
		if seen[p.Key] {
			l.add(doc.at(ptr+"/key", "the rubric has a key point %q already", p.Key))
		}
		seen[p.Key] = true
		if givesAway(p.Label, p.Text) {
			l.add(doc.at(ptr+"/label", "the label repeats the key point's text; learners see it, so it may only name the topic"))
		}
		l.checkSkills(doc, ptr+"/skills", p.Skills)
	}
}

func (l *loader) checkCredential(doc *document, ptr string, c *Credential) {
	l.prose(doc, ptr+"/description", &c.Description, descriptionLength)
	if u, err := url.Parse(c.URL); c.URL != "" && (err != nil || u.Host == "" || u.User != nil) {
		l.add(doc.at(ptr+"/url", "this is no address of a page"))
	}
	l.checkSkills(doc, ptr+"/teaches", c.Teaches)
	l.checkSkills(doc, ptr+"/requires", c.Requires)
	for i, slug := range c.Requires {
		if slices.Contains(c.Teaches, slug) {
			l.add(doc.at(fmt.Sprintf("%s/requires/%d", ptr, i), "%q is required and taught at once", slug))
		}
	}
}

func (l *loader) checkPeople(doc *document, people People) {
	roles, emails := map[string]Role{}, map[string]bool{}
	for i, u := range people.Users {
		ptr := fmt.Sprintf("/users/%d", i)
		if _, taken := roles[u.Slug]; taken {
			l.add(doc.at(ptr+"/slug", "the user %q is there already", u.Slug))
		}
		if emails[u.Email] {
			l.add(doc.at(ptr+"/email", "another user has this address"))
		}
		roles[u.Slug], emails[u.Email] = u.Role, true
		for j, track := range u.Tracks {
			l.checkTrack(doc, fmt.Sprintf("%s/tracks/%d", ptr, j), track)
		}
	}
	seen := map[string]bool{}
	for i, c := range people.Cohorts {
		ptr := fmt.Sprintf("/cohorts/%d", i)
		if seen[c.Slug] {
			l.add(doc.at(ptr+"/slug", "the cohort %q is there already", c.Slug))
		}
		seen[c.Slug] = true
		l.checkTrack(doc, ptr+"/track", c.Track)
		l.checkMembers(doc, ptr+"/advisors", c.Advisors, RoleAdvisor, roles)
		l.checkMembers(doc, ptr+"/learners", c.Learners, RoleLearner, roles)
	}
}

func (l *loader) checkTrack(doc *document, ptr, slug string) {
	if !l.trackSlugs[slug] {
		l.add(doc.at(ptr, "there is no track %q", slug))
	}
}

func (l *loader) checkMembers(doc *document, ptr string, slugs []string, want Role, roles map[string]Role) {
	for i, slug := range slugs {
		role, known := roles[slug]
		at := fmt.Sprintf("%s/%d", ptr, i)
		switch {
		case !known:
			l.add(doc.at(at, "there is no user %q", slug))
		case role != want:
			l.add(doc.at(at, "the role of %q is %s, not %s", slug, role, want))
		}
	}
}
