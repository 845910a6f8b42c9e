package seeds_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/seeds"
)

func TestDefaultIsValid(t *testing.T) {
	_, err := seeds.Default()
	require.NoError(t, err)
}

// TestDefaultHasEnough holds what a fresh installation promises beyond validity.
func TestDefaultHasEnough(t *testing.T) {
	catalog, err := seeds.Default()
	require.NoError(t, err)

	tracks := map[string]seeds.Track{}
	for _, track := range catalog.Tracks {
		tracks[track.Slug] = track
	}
	for _, slug := range []string{"backend-engineer", "frontend-engineer", "data-analyst", "cloud-devops", "cyber-security", "product-manager"} {
		assert.Contains(t, tracks, slug)
	}
	assert.GreaterOrEqual(t, len(catalog.Credentials), 110)

	taught := map[string]int{}
	levels := map[string]map[seeds.Level]bool{} // skill → levels of the credentials that teach it
	for _, c := range catalog.Credentials {
		for _, skill := range c.Teaches {
			taught[skill]++
			if levels[skill] == nil {
				levels[skill] = map[seeds.Level]bool{}
			}
			levels[skill][c.Level] = true
		}
	}
	for _, skill := range catalog.Skills {
		assert.GreaterOrEqual(t, taught[skill.Slug], 2, "credentials that teach %s", skill.Slug)
	}
	for _, track := range catalog.Tracks {
		steps := map[seeds.Level]bool{}
		for _, skill := range track.Skills {
			for level := range levels[skill] {
				steps[level] = true
			}
		}
		assert.Len(t, steps, 3, "levels of credentials for %s", track.Slug)
	}
}

// TestDefaultHasTheReadyMadePeople: `make run` makes tokens for ada, arno and lena, and the rules of
// visibility are tried on them and on omar.
func TestDefaultHasTheReadyMadePeople(t *testing.T) {
	catalog, err := seeds.Default()
	require.NoError(t, err)

	roles := map[string]seeds.Role{}
	for _, user := range catalog.People.Users {
		roles[user.Slug] = user.Role
	}
	assert.Equal(t, seeds.RoleAdmin, roles["ada"])
	assert.Equal(t, seeds.RoleAdvisor, roles["arno"])
	assert.Equal(t, seeds.RoleLearner, roles["lena"])
	assert.Equal(t, seeds.RoleLearner, roles["omar"])

	var advised []string
	for _, cohort := range catalog.People.Cohorts {
		for _, advisor := range cohort.Advisors {
			if advisor == "arno" {
				advised = append(advised, cohort.Learners...)
			}
		}
	}
	assert.Contains(t, advised, "lena")
	assert.NotContains(t, advised, "omar")
}
