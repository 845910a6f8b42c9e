package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/graph/cost"
	"github.com/rubrica/rubrica/internal/config"
)

func TestLimitsOfAnInstallationThatSetsNothing(t *testing.T) {
	c := config.Default()
	require.Equal(t, cost.Default, *limits(&c))
}
