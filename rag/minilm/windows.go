package minilm

import "iter"

const (
	// WindowTokens is the most tokens that the model sees at once, [CLS] and [SEP] included.
	WindowTokens = 256
	// OverlapTokens is how many tokens of a text a window repeats from the end of the one before,
	// so that no sentence of ordinary length is only ever seen in halves.
	OverlapTokens = 64

	windowContent = WindowTokens - 2
)

// Tokens gives all tokens of a text, [CLS] and [SEP] around them, not cut to any length.
func (m *Model) Tokens(text string) []int {
	ids := []int{int(m.tokenizer.cls)}
	for id := range m.tokenizer.tokens(text) {
		ids = append(ids, int(id))
	}
	return append(ids, int(m.tokenizer.sep))
}

// Windows yields the token ids that the model is run on, one window after the other: each begins
// with [CLS], ends with [SEP], has at most WindowTokens, and but for the first begins with the
// last OverlapTokens of the one before. Every text has at least one. The slice is used again for
// the next window.
func (m *Model) Windows(text string) iter.Seq[[]int32] {
	return m.tokenizer.windows(text)
}

// windows makes a window as soon as it is known not to be the last, so that a text of any length
// takes the room of one.
func (t *tokenizer) windows(text string) iter.Seq[[]int32] {
	return func(yield func([]int32) bool) {
		buf := make([]int32, 1, WindowTokens)
		buf[0] = t.cls
		for id := range t.tokens(text) {
			if len(buf) == WindowTokens-1 { // full, and more to come
				if !yield(append(buf, t.sep)) {
					return
				}
				buf = append(buf[:1], buf[1+windowContent-OverlapTokens:1+windowContent]...)
			}
			buf = append(buf, id)
		}
		yield(append(buf, t.sep))
	}
}
