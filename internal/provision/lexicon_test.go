package provision

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What LexiconTables names is what the lock file has unpacked.
func TestLexiconTablesAreUnpacked(t *testing.T) {
	lock, err := embeddedLock()
	require.NoError(t, err)
	words, pairs := LexiconTables("dir")
	for _, file := range []string{words, pairs} {
		inside, err := filepath.Rel("dir", file)
		require.NoError(t, err)
		assert.True(t, lock.Artefacts[Lexicon].wants(filepath.ToSlash(inside)), inside)
	}
}
