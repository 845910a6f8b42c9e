package attack_test

import (
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rubrica/rubrica/scoring/attack"
)

const answer = "If the reply is lost, the client can't know whether it was charged. The server keeps the key because a repeat must cost nothing. " +
	"It does not charge twice. A job asks the provider about old payments."

var setting = attack.Setting{
	Prompt: "Design the endpoint so that a purchase is charged once.", Terms: []string{"Idempotency keys", "Unique constraints"},
	Foreign: "Tomatoes want sun. They want water in July, too.", Model: "The client makes a key before its first attempt.",
}

func TestEveryAttackChangesTheAnswer(t *testing.T) {
	keys := map[string]bool{}
	for _, a := range attack.All {
		changed := a.Apply(answer, setting, 3)
		assert.NotEqual(t, answer, changed, a.Key)
		assert.Equal(t, changed, a.Apply(answer, setting, 3), a.Key)
		assert.False(t, keys[a.Key])
		keys[a.Key] = true
		assert.NotEmpty(t, a.Title)
	}
}

func TestAnythingCanBeAttacked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "answer")
		for _, a := range attack.All {
			for _, s := range []attack.Setting{{}, setting} {
				require.True(t, utf8.ValidString(a.Apply(text, s, rapid.Uint64().Draw(t, "seed"))), a.Key)
			}
		}
	})
}

func TestNoise(t *testing.T) {
	byKey := map[string]attack.Attack{}
	for _, a := range attack.All {
		byKey[a.Key] = a
	}
	assert.Equal(t, "If the reply is lost, the client can't know whether it was charged. The server keeps the key because a repeat must cost nothing. "+
		"It doesn't charge twice. A job asks the provider about old payments.", byKey["contractions"].Apply(answer, setting, 1))
	assert.Equal(t, "The client can't know whether it was charged if the reply is lost. Because a repeat must cost nothing, the server keeps the key. "+
		"It does not charge twice. A job asks the provider about old payments.", byKey["clauses"].Apply(answer, setting, 1))
}
