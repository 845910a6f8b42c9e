package globalid_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/internal/globalid"
)

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"essay", "key_point_outcome"} {
		key := uuid.New()
		got, id, err := globalid.Decode(globalid.Encode(kind, key))
		require.NoError(t, err)
		require.Equal(t, kind, got)
		require.Equal(t, key, id)
		id, err = globalid.DecodeAs(kind, globalid.Encode(kind, key))
		require.NoError(t, err)
		require.Equal(t, key, id)
		_, err = globalid.DecodeAs("user", globalid.Encode(kind, key))
		require.ErrorIs(t, err, globalid.ErrMalformed)
	}
}

func TestMalformed(t *testing.T) {
	t.Parallel()
	good := globalid.Encode("essay", uuid.New())
	for _, s := range []string{
		"", "_", "essay", "essay_", good[:len(good)-1], good + "0", strings.ToUpper(good), good[5:], "essay-" + good[6:],
		good[:len(good)-1] + "g", uuid.NewString(), " " + good + " ", "essay_\x00" + good[7:],
	} {
		_, _, err := globalid.Decode(s)
		require.ErrorIs(t, err, globalid.ErrMalformed, "%q", s)
	}
}

// What Decode takes is what Encode makes, letter by letter: an object has one id and no other.
func FuzzDecode(f *testing.F) {
	f.Add("essay_0190f0c0a1b27c3d8e4f5a6b7c8d9e0f")
	f.Add("key_point_0190f0c0a1b27c3d8e4f5a6b7c8d9e0F")
	f.Add("_")
	f.Fuzz(func(t *testing.T, s string) {
		kind, id, err := globalid.Decode(s)
		if err != nil {
			require.ErrorIs(t, err, globalid.ErrMalformed)
			return
		}
		require.Equal(t, s, globalid.Encode(kind, id))
	})
}
