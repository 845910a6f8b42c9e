package seeds_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/seeds"
)

func TestDefaultIsValid(t *testing.T) {
	_, err := seeds.Default()
	require.NoError(t, err)
}
