package transport

import (
	"bytes"
	"fmt"
)

// What a request may hold besides its size in bytes. Decoding costs for each value and for each byte of
// a text, and a request that is refused for it later has cost that already.
const (
	// maxValues bounds the lists, objects and separators of a request: a little more than its values.
	maxValues = 20_000
	// maxParameterText bounds a text at the top, which only documents, names and ids are, as it is
	// written: a document of 100,000 bytes fits with every one of them escaped.
	maxParameterText = 600_000
)

// prescan looks a JSON text over without decoding it, and returns what is too much about it, or "". It
// jumps over strings and does not care whether the text is valid.
func prescan(text []byte) (problem string) {
	values, depth := 0, 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			end := stringEnd(text, i+1)
			if depth == 1 && end-i > maxParameterText {
				return fmt.Sprintf("a parameter of the request is a text of more than %d bytes", maxParameterText)
			}
			i = end
		case '[', '{':
			depth++
			values++
		case ']', '}':
			depth--
		case ',':
			values++
		}
		if values > maxValues {
			return fmt.Sprintf("the request holds more than %d JSON values", maxValues)
		}
	}
	return ""
}

// stringEnd is the index of the quotation mark that closes a string, or the length of the text.
func stringEnd(text []byte, from int) int {
	for i := from; ; i++ {
		n := bytes.IndexByte(text[i:], '"')
		if n < 0 {
			return len(text)
		}
		i += n
		escapes := 0
		for i-escapes > from && text[i-escapes-1] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			return i
		}
	}
}
