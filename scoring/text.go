package scoring

// Text is an answer that was read once: cut into sentences, each with its tokens and vector.
type Text struct {
	Raw       string
	Sentences []Sentence
	Words     int
	Vector    []float32 // of the whole text; nil when it is empty
}

// Sentence is one sentence of a text.
type Sentence struct {
	Start, End int    // bytes in Text.Raw, without surrounding white space
	Text       string // Raw[Start:End]
	Tokens     []string
	Vector     []float32
}
