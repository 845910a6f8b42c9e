package evaluate

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/scoring"
)

// TestAttacksOnTheSeeds holds the local engine to it on a part of the seeds.
func TestAttacksOnTheSeeds(t *testing.T) {
	r, err := Attacks(t.Context(), Options{Quick: true})
	require.NoError(t, err)
	assert.Truef(t, r.Met(), "%s", r.Text())
	assert.Len(t, r.Tables, 3)
}

func TestUnseenGains(t *testing.T) {
	list := []attacked{
		{set: "x", attack: "injection", gain: 9, flags: []scoring.Flag{scoring.FlagPadded}},
		{set: "x", attack: "injection", gain: 3}, {set: "x", attack: "injection", gain: 5},
	}
	var r Report
	r.attacks(list)
	require.Len(t, r.Goals, 1)
	assert.InDelta(t, 3, r.Goals[0].Value, 1e-9)
	assert.False(t, r.Met())
}
