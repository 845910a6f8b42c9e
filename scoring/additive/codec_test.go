package additive_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/scoring/additive"
)

func stored(t testing.TB) (*additive.Model, []additive.Row, []byte) {
	rows, y := world(60, 20)
	m := fit(t, rows, y).Model
	b, err := m.MarshalBinary()
	require.NoError(t, err)
	return m, rows, b
}

func TestStoredModelPredictsTheSame(t *testing.T) {
	m, rows, b := stored(t)
	var back additive.Model
	require.NoError(t, back.UnmarshalBinary(b))
	for _, r := range rows {
		assert.InDelta(t, m.Predict(r), back.Predict(r), 1e-3)
	}
	for i, e := range m.Parts {
		assert.Equal(t, e.Part, back.Parts[i].Part)
		assert.Equal(t, e.Standards, back.Parts[i].Standards)
		assert.Equal(t, e.Curves, back.Parts[i].Curves)
		if e.Kind != additive.Sparse {
			assert.Equal(t, e.Weights, back.Parts[i].Weights)
			continue
		}
		var largest float32
		for _, w := range e.Weights {
			largest = max(largest, w, -w)
		}
		for j, w := range e.Weights {
			assert.InDelta(t, w, back.Parts[i].Weights[j], float64(largest)*additive.QuantizationLoss*1.01)
		}
	}
	again, err := back.MarshalBinary()
	require.NoError(t, err)
	assert.Equal(t, b, again, "a model that was read is stored as it was")
}

func TestDamagedModelsAreRefused(t *testing.T) {
	_, _, b := stored(t)
	refused := func(data []byte) {
		t.Helper()
		m := additive.Model{Base: 7}
		require.ErrorIs(t, m.UnmarshalBinary(data), additive.ErrModelFormat)
		assert.Equal(t, additive.Model{Base: 7}, m, "what cannot be read changes nothing")
	}
	for n := range len(b) {
		refused(b[:n])
	}
	r := rand.New(rand.NewPCG(1, 1))
	for range 300 {
		bad := append([]byte{}, b...)
		bad[r.IntN(len(bad)-1)] ^= 1 << r.IntN(8) // not the last byte, which is padding
		var m additive.Model
		if err := m.UnmarshalBinary(bad); err != nil {
			require.ErrorIs(t, err, additive.ErrModelFormat)
		}
	}
	later := append([]byte{}, b...)
	later[5] = 9
	var m additive.Model
	require.ErrorContains(t, m.UnmarshalBinary(later), "of version 9, this program reads 1")
	refused([]byte("<html>"))
}

func FuzzUnmarshalModel(f *testing.F) {
	_, _, b := stored(f)
	f.Add(b)
	f.Add(b[:40])
	f.Fuzz(func(t *testing.T, data []byte) {
		var m additive.Model
		if err := m.UnmarshalBinary(data); err != nil {
			require.ErrorIs(t, err, additive.ErrModelFormat)
		}
	})
}
