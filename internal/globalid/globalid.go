// Package globalid makes the ids of the API: opaque to clients, and unique over all types.
package globalid

import (
	"encoding/hex"
	"errors"
	"strings"

	"github.com/google/uuid"
)

// ErrMalformed says that a text is not a global id.
var ErrMalformed = errors.New("not an id of this API: pass ids on as they came")

// Encode makes the global id of a row of a kind, such as "essay".
func Encode(kind string, id uuid.UUID) string {
	b := make([]byte, 0, len(kind)+1+32)
	b = append(b, kind...)
	b = append(b, '_')
	return string(hex.AppendEncode(b, id[:]))
}

// Decode takes a global id apart. It returns ErrMalformed for what Encode cannot have made.
func Decode(s string) (kind string, id uuid.UUID, err error) {
	i := strings.LastIndexByte(s, '_')
	if i <= 0 || len(s)-i-1 != 32 || strings.ToLower(s) != s {
		return "", uuid.UUID{}, ErrMalformed
	}
	if _, err := hex.Decode(id[:], []byte(s[i+1:])); err != nil {
		return "", uuid.UUID{}, ErrMalformed
	}
	return s[:i], id, nil
}

// DecodeAs returns the row that s names when it is of the kind, else ErrMalformed.
func DecodeAs(kind, s string) (uuid.UUID, error) {
	k, id, err := Decode(s)
	if err == nil && k != kind {
		err = ErrMalformed
	}
	return id, err
}
