package minilm

import "unicode"

// The character classes are those of the reference tokenizer; unicode_tables.go says how two of
// them were got.

func isBlank(r rune) bool {
	switch r {
	case ' ', '\t', '\n', '\r':
		return true
	}
	return r >= 0x80 && unicode.In(r, unicode.Z)
}

// isDropped is asked after isBlank.
func isDropped(r rune) bool {
	return (r < ' ' || r >= 0x7F) && unicode.Is(dropped, r)
}

func isPunctuation(r rune) bool {
	if r < 0x80 {
		return r >= '!' && r <= '/' || r >= ':' && r <= '@' || r >= '[' && r <= '`' || r >= '{' && r <= '~'
	}
	return unicode.Is(punctuation, r)
}

// isChinese says whether a character is a word of its own in the manner of Chinese.
func isChinese(r rune) bool {
	return r >= 0x3400 && (r <= 0x4DBF || r >= 0x4E00 && r <= 0x9FFF || r >= 0xF900 && r <= 0xFAFF ||
		r >= 0x20000 && r <= 0x2A6DF || r >= 0x2A700 && r <= 0x2B73F || r >= 0x2B740 && r <= 0x2B81F ||
		r >= 0x2B920 && r <= 0x2CEAF || r >= 0x2F800 && r <= 0x2FA1F)
}
