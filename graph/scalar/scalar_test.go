package scalar_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rubrica/rubrica/graph/scalar"
)

func TestTimeRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		zone := time.FixedZone("", rapid.IntRange(-14*60, 14*60).Draw(t, "minutes")*60)
		moment := time.UnixMicro(rapid.Int64Range(0, 250_000_000_000_000_000).Draw(t, "µs")).In(zone)
		var b strings.Builder
		scalar.MarshalTime(moment).MarshalGQL(&b)
		require.True(t, strings.HasSuffix(b.String(), `Z"`), b.String())
		got, err := scalar.UnmarshalTime(strings.Trim(b.String(), `"`))
		require.NoError(t, err)
		require.True(t, moment.Equal(got), "%s %s", moment, got)
	})
}

func TestTime(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"2026-01-31T12:00:00Z":             `"2026-01-31T12:00:00Z"`,
		"2026-01-31T12:00:00.5Z":           `"2026-01-31T12:00:00.5Z"`,
		"2026-01-31T12:00:00.123456+02:00": `"2026-01-31T10:00:00.123456Z"`,
	} {
		moment, err := scalar.UnmarshalTime(in)
		require.NoError(t, err)
		var b strings.Builder
		scalar.MarshalTime(moment).MarshalGQL(&b)
		require.Equal(t, want, b.String())
	}
	for _, in := range []any{"", "yesterday", "2026-01-31", "2026-02-30T12:00:00Z", "2026-01-31T12:00:00", 12, nil, true} {
		_, err := scalar.UnmarshalTime(in)
		require.Error(t, err, "%v", in)
	}
}

func TestSequence(t *testing.T) {
	t.Parallel()
	for _, in := range []any{json.Number("7"), int64(7), 7, int32(7), 7.0} {
		n, err := scalar.UnmarshalSequence(in)
		require.NoError(t, err)
		require.EqualValues(t, 7, n)
	}
	for _, n := range []int64{0, 1, scalar.MaxSequence} {
		var b strings.Builder
		scalar.MarshalSequence(n).MarshalGQL(&b)
		got, err := scalar.UnmarshalSequence(json.Number(b.String()))
		require.NoError(t, err)
		require.Equal(t, n, got)
	}
	for _, in := range []any{
		json.Number("-1"), json.Number("1.5"), json.Number("1e3"), json.Number("9007199254740992"), json.Number("99999999999999999999"),
		int64(scalar.MaxSequence) + 1, -1, 1.5, -1.0, 1e300, "7", nil, true,
	} {
		_, err := scalar.UnmarshalSequence(in)
		require.Error(t, err, "%v", in)
	}
}
