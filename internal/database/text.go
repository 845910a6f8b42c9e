package database

import (
	"strings"
	"unicode/utf8"
)

// Storable tells whether Postgres takes a text as it is: it takes neither what is not UTF-8 nor NUL. What
// callers send is asked this before it comes near a statement.
func Storable(text string) bool { return utf8.ValidString(text) && !strings.ContainsRune(text, 0) }
