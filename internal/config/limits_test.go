package config_test

import (
	"math"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/internal/config"
)

func TestPoints(t *testing.T) {
	for text, want := range map[string]config.Points{
		"none": {}, "1/2/3": {Operation: 1, Capacity: 2, Restore: 3}, " 10 / 20 / 5": {Operation: 10, Capacity: 20, Restore: 5},
	} {
		var p config.Points
		require.NoError(t, p.UnmarshalText([]byte(text)), text)
		require.Equal(t, want, p)
		var again config.Points
		require.NoError(t, again.UnmarshalText([]byte(p.String())))
		require.Equal(t, p, again)
	}
	for _, text := range []string{"", "1", "1/2", "1/2/3/4", "a/b/c", "1e3/2/3"} {
		require.Error(t, new(config.Points).UnmarshalText([]byte(text)), text)
	}
}

func TestPointsAreJudged(t *testing.T) {
	for points, good := range map[config.Points]bool{
		{}: true, {Operation: 1, Capacity: 1, Restore: 1}: true, {Operation: 1, Capacity: math.MaxInt32, Restore: 1}: true,
		{Operation: 2, Capacity: 1, Restore: 1}: false, {Operation: 0, Capacity: 1, Restore: 1}: false,
		{Operation: 1, Capacity: 1, Restore: 0}: false, {Operation: 1, Capacity: math.MaxInt32 + 1, Restore: 1}: false,
		{Operation: -1, Capacity: 5, Restore: 1}: false,
	} {
		c := config.Default()
		c.LimitLearner = points
		require.Equal(t, good, c.Validate() == nil, points)
	}
}

func TestProxies(t *testing.T) {
	c := config.Default()
	c.TrustedProxies = []string{"10.1.2.3/8", "192.0.2.1", "2001:db8::/32"}
	got, err := c.Proxies()
	require.NoError(t, err)
	require.Equal(t, []netip.Prefix{
		netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.1/32"), netip.MustParsePrefix("2001:db8::/32"),
	}, got)
	require.NoError(t, c.Validate())
	c.TrustedProxies = []string{"proxy.example.org"}
	require.ErrorContains(t, c.Validate(), "RUBRICA_TRUSTED_PROXIES")
}
