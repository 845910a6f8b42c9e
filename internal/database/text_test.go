package database_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/internal/database"
)

// What is storable comes back from the database as it was; what is not, the database refuses.
func TestStorable(t *testing.T) {
	t.Parallel()
	db, ctx := open(t)
	for _, text := range []string{"", "a", "a\x01b", "\u0085", "ﬀ", "\U0010ffff", "\ufffd", "a\x00", "\x00", "\xff", "a\xed\xa0\x80"} {
		var back string
		err := db.SQL.QueryRowContext(ctx, `SELECT $1::text`, text).Scan(&back)
		if database.Storable(text) {
			require.NoError(t, err, "%q", text)
			require.Equal(t, text, back)
		} else {
			require.Error(t, err, "%q", text)
		}
	}
}
