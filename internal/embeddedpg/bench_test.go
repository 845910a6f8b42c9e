package embeddedpg

import (
	"context"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkFirstStart makes a durable cluster, starts and stops it.
func BenchmarkFirstStart(b *testing.B) {
	root := dataDir(b)
	for i := 0; b.Loop(); i++ {
		s, err := Start(context.Background(), Config{DataDir: filepath.Join(root, strconv.Itoa(i))})
		require.NoError(b, err)
		b.StopTimer()
		require.NoError(b, s.Stop(context.Background()))
		b.StartTimer()
	}
}

// BenchmarkSecondStart starts an existing cluster.
func BenchmarkSecondStart(b *testing.B) {
	dir := dataDir(b)
	for b.Loop() {
		s, err := Start(context.Background(), Config{DataDir: dir})
		require.NoError(b, err)
		b.StopTimer()
		require.NoError(b, s.Stop(context.Background()))
		b.StartTimer()
	}
}

// BenchmarkStop shuts a server down that has nothing to do.
func BenchmarkStop(b *testing.B) {
	dir := dataDir(b)
	for b.Loop() {
		b.StopTimer()
		s, err := Start(context.Background(), Config{DataDir: dir})
		require.NoError(b, err)
		b.StartTimer()
		require.NoError(b, s.Stop(context.Background()))
	}
}
