package collaborative

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

var noon = time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC)

// id is an id that is in the order of its number and not of its kind alone.
func id(kind byte, n int) uuid.UUID {
	var out uuid.UUID
	out[0] = kind
	binary.BigEndian.PutUint32(out[12:], uint32(n))
	return out
}

func user(n int) uuid.UUID { return id('u', n) }
func item(n int) uuid.UUID { return id('i', n) }

// drawn are events of users who prefer few items, some of them twice, in no order.
func drawn(seed uint64, users, items, events int) []Event {
	r := rand.New(rand.NewPCG(seed, 0))
	kinds := []Kind{Opened, Saved, Enrolled, Completed, Rated, Dismissed}
	out := make([]Event, events)
	for n := range out {
		x := r.Float64()
		out[n] = Event{
			User: user(r.IntN(users)), Item: item(int(x * x * float64(items))), Kind: kinds[r.IntN(len(kinds))],
			Value: float64(1 + r.IntN(5)), At: noon.Add(-time.Duration(r.IntN(1000)) * time.Hour),
		}
	}
	return out
}

func matrix(tb testing.TB, events []Event) *Interactions {
	tb.Helper()
	m, err := NewInteractions(events, Options{Now: noon})
	require.NoError(tb, err)
	return m
}

// dense is the binary matrix, users × items.
func dense(m *Interactions) [][]float64 {
	x := make([][]float64, len(m.Users()))
	for u := range x {
		x[u] = make([]float64, len(m.Items()))
		for _, i := range m.Taken(u) {
			x[u][i] = 1
		}
	}
	return x
}

func transposed(x [][]float64) [][]float64 {
	y := make([][]float64, len(x[0]))
	for j := range y {
		y[j] = make([]float64, len(x))
		for i := range x {
			y[j][i] = x[i][j]
		}
	}
	return y
}

// naive is the definition of KNN: every pair of columns, and for each column those that fewer than k others
// are nearer than; 0 elsewhere.
func naive(x [][]float64, k KNN) [][]float64 {
	n := len(x[0])
	s := make([][]float64, n)
	for i := range s {
		s[i] = make([]float64, n)
		for j := range n {
			var c, ni, nj float64
			for u := range x {
				c, ni, nj = c+x[u][i]*x[u][j], ni+x[u][i], nj+x[u][j]
			}
			if i != j && c > 0 {
				s[i][j] = c / math.Sqrt(ni*nj) * c / (c + k.Shrink)
			}
		}
	}
	cut := make([][]float64, n)
	for i := range s {
		cut[i] = make([]float64, n)
		for j := range n {
			nearer := 0
			for other := range n {
				if s[i][other] > s[i][j] || (s[i][other] == s[i][j] && other < j) {
					nearer++
				}
			}
			if s[i][j] > 0 && nearer < k.K {
				cut[i][j] = s[i][j]
			}
		}
	}
	return cut
}

// benchmarkMatrix is a catalogue of the size that must be fitted quickly: 10 000 users × 5 000 items, 500 000 cells.
func benchmarkMatrix(b *testing.B) *Interactions {
	b.Helper()
	r := rand.New(rand.NewPCG(1, 1))
	var events []Event
	for u := range 10_000 {
		of := map[int]bool{}
		for len(of) < 50 {
			x := math.Pow(r.Float64(), 2.5) * 5000
			if i := int(x); !of[i] {
				of[i] = true
				events = append(events, Event{User: user(u), Item: item(i), Kind: Completed, At: noon})
			}
		}
	}
	m, err := NewInteractions(events, Options{})
	require.NoError(b, err)
	require.Equal(b, 500_000, m.Count(), "%d items", len(m.Items()))
	return m
}
