package recommend

import (
	"math"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/ent/enums"
)

func point(label string, degree float64, skills ...string) KeyPoint {
	return KeyPoint{ID: uuid.NewSHA1(uuid.Nil, []byte(label)), Label: label, Degree: degree, Weight: 1, Skills: skills, Confidential: label + " in full"}
}

func TestNeeds(t *testing.T) {
	l := &Learner{
		Track:    Track{Title: "Cook", Skills: []string{"soup", "bread", "cake"}},
		Question: Question{Level: enums.LevelIntermediate, Skills: []string{"bread"}},
		KeyPoints: []KeyPoint{
			point("yeast", 0, "bread"), point("rest", 0.5, "bread"), point("knife", 0, "cutting"), point("salt", 1, "salting"),
		},
		Criteria: []Criterion{
			{Title: "What", Trait: enums.TraitContent, Score: 0.5, Weight: 0.5},
			{Title: "Why", Trait: enums.TraitReasoning, Score: 0.9, Weight: 0.3},
			{Title: "Style", Trait: enums.TraitClarity, Score: 0, Weight: 0.2},
		},
		Percent: 50,
	}
	needs := needsOf(l, nil)
	bySkill := map[string]Need{}
	for _, n := range needs {
		bySkill[n.Skill] = n
	}
	assert.InDelta(t, 0.75, bySkill["bread"].Size, 1e-12, "1.5 of 2 points lost, all of the question's weight")
	assert.Equal(t, "yeast", bySkill["bread"].Missed[0].Label)
	assert.Len(t, bySkill["bread"].Missed, 2)
	require.NotNil(t, bySkill["bread"].Low)
	assert.Equal(t, "What", bySkill["bread"].Low.Title)
	assert.InDelta(t, 0.75, bySkill["cutting"].Size, 1e-12, "all lost, half as much of the question")
	assert.True(t, bySkill["soup"].Next)
	assert.InDelta(t, 0.275, bySkill["soup"].Size, 1e-12)
	assert.InDelta(t, 0.275*(1-1.0/3), bySkill["cake"].Size, 1e-12)
	assert.NotContains(t, bySkill, "salting")
	assert.Equal(t, []string{"bread", "cutting", "soup", "cake"}, []string{needs[0].Skill, needs[1].Skill, needs[2].Skill, needs[3].Skill})
}

func TestSkillGapValues(t *testing.T) {
	p := &Profile{
		Learner: &Learner{Question: Question{Level: enums.LevelFoundation, Skills: []string{"known"}}},
		Needs:   []Need{{Skill: "a", Size: 0.9}, {Skill: "b", Size: 0.5}, {Skill: "c", Size: 0.1, Next: true}},
	}
	p.index()
	c := &Catalogue{Candidates: []Candidate{
		{ID: uuid.UUID{1}, Teaches: []string{"a", "b"}},
		{ID: uuid.UUID{2}, Teaches: []string{"b", "a"}},
		{ID: uuid.UUID{3}, Teaches: []string{"a"}, Requires: []string{"known"}},
		{ID: uuid.UUID{4}, Teaches: []string{"a"}, Requires: []string{"b", "unheard-of"}},
		{ID: uuid.UUID{5}, Teaches: []string{"other"}},
		{ID: uuid.UUID{6}, Teaches: []string{"a", "b", "c", "other"}},
		{ID: uuid.UUID{7}, Teaches: []string{"a"}, Level: enums.LevelIntermediate},
		{ID: uuid.UUID{8}, Teaches: []string{"a"}, Level: enums.LevelAdvanced},
	}}
	c.number()
	j, err := SkillGap{}.Judge(t.Context(), p, c)
	require.NoError(t, err)
	ideal := 0.9 + 0.5*0.8 + 0.1*0.64
	for id, want := range map[byte]float64{
		1: (0.9 + 0.5*0.8) / ideal, 2: (0.5 + 0.9*0.8) / ideal, 3: 0.9 / ideal, 4: 0.9 / ideal * (1 - 0.5*(0.5+0.25)/2), 5: 0, 6: 1,
		7: 0.9 / ideal * 0.75, 8: 0.9 / ideal * 0.5,
	} {
		assert.InDelta(t, want, j.Values[id-1], 1e-12, id)
	}
}

func TestStanding(t *testing.T) {
	for _, c := range []struct {
		level   enums.Level
		percent float64
		want    float64
	}{
		{enums.LevelFoundation, 0, 0}, {enums.LevelFoundation, 60, 0}, {enums.LevelFoundation, 100, 1},
		{enums.LevelIntermediate, 0, 0}, {enums.LevelIntermediate, 30, 0.5}, {enums.LevelIntermediate, 80, 1.5},
		{enums.LevelAdvanced, 0, 0}, {enums.LevelAdvanced, 30, 1}, {enums.LevelAdvanced, 100, 2},
	} {
		l := &Learner{Question: Question{Level: c.level}, Percent: c.percent}
		assert.InDelta(t, c.want, standing(l), 1e-12, "%v at %v", c.level, c.percent)
	}
}

func TestSelectionAvoidsRepetition(t *testing.T) {
	same := func(id int, score float64) scored {
		return scored{Candidate: &Candidate{ID: uuid.UUID{byte(id)}, Provider: "P", Teaches: []string{"a"}}, place: id, score: score}
	}
	from := []scored{same(1, 0.9), same(2, 0.89), same(3, 0.88), same(4, 0.87), same(5, 0.86), same(6, 0.85), same(7, 0.84),
		{Candidate: &Candidate{ID: uuid.UUID{8}, Provider: "Q", Teaches: []string{"b"}}, place: 8, score: 0.6}}
	p := &Profile{Learner: &Learner{}, Past: &Past{}}
	picked := pick(from, p)
	require.Len(t, picked, usualItems)
	assert.Equal(t, uuid.UUID{1}, picked[0].ID, "the best stays first")
	assert.Equal(t, uuid.UUID{8}, picked[len(picked)-1].ID, "another one is in, ranked by its score")

	far := []scored{same(1, 0.9), same(2, 0.3), same(3, 0.2), same(4, 0.1)}
	assert.Len(t, pick(far, p), leastItems, "what is far behind only makes up the least number")
	assert.Empty(t, pick(nil, p))
}

func TestImpossibleInputIsRefused(t *testing.T) {
	good := func() *Learner {
		return &Learner{Question: Question{Level: enums.LevelFoundation}, KeyPoints: []KeyPoint{point("a", 0.5)},
			Criteria: []Criterion{{Score: 0.5, Weight: 1}}}
	}
	require.NoError(t, good().check())
	for name, spoil := range map[string]func(*Learner){
		"percent": func(l *Learner) { l.Percent = 101 },
		"NaN":     func(l *Learner) { l.Percent = math.NaN() },
		"level":   func(l *Learner) { l.Question.Level = "" },
		"degree":  func(l *Learner) { l.KeyPoints[0].Degree = -0.1 },
		"weight":  func(l *Learner) { l.KeyPoints[0].Weight = math.Inf(1) },
		"score":   func(l *Learner) { l.Criteria[0].Score = 1.1 },
	} {
		l := good()
		spoil(l)
		assert.ErrorIs(t, l.check(), ErrLearner, name)
	}
}

func TestShorten(t *testing.T) {
	assert.Equal(t, "two words", shorten(" two\n words "))
	long := shorten(strings.Repeat("wörter ", 60))
	assert.LessOrEqual(t, len([]rune(long)), quoteLength+1)
	assert.Contains(t, long, "…")
}
