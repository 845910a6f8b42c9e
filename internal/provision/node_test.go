package provision

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNodeBinLinksTheProgramsOnce(t *testing.T) {
	dir := t.TempDir()
	for name, target := range nodeLinks {
		path := filepath.Join(dir, filepath.FromSlash(target))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\necho "+name+"\n"), 0o755))
	}
	for range 2 {
		bin, err := NodeBin(dir)
		require.NoError(t, err)
		for name := range nodeLinks {
			out, err := exec.CommandContext(t.Context(), filepath.Join(bin, name)).Output()
			require.NoError(t, err)
			assert.Equal(t, name+"\n", string(out))
		}
	}
}

// What NodeBin links is what the lock file has unpacked.
func TestNodeLinksAreUnpacked(t *testing.T) {
	lock, err := embeddedLock()
	require.NoError(t, err)
	for _, target := range nodeLinks {
		assert.True(t, lock.Artefacts[Node].wants(target), target)
	}
}
