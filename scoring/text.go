package scoring

import (
	"context"
	"fmt"
)

// Text is an answer that was read once: cut into sentences, each with its tokens and vector.
type Text struct {
	Raw        string
	Model      string // of the vectors; those of different models are not comparable
	Sentences  []Sentence
	Words      int // in all sentences
	Paragraphs int
	ReadTo     int       // bytes of Raw that were read; less than len(Raw) only beyond MaxSentences or MaxReadBytes
	Vector     []float32 // of the whole text; nil when it has no words
}

// Sentence is one sentence of a text.
type Sentence struct {
	Start, End int    // bytes in Text.Raw, without surrounding white space
	Text       string // Raw[Start:End]
	Tokens     []string
	Vector     []float32 // nil when it has no words
	Paragraph  int       // counted from 0
	Code       bool      // a block of code, which is not prose
}

// Analyze reads raw: it cuts it into sentences and words and embeds each sentence once, repeated
// sentences together. The vector of the whole text is the mean of the sentences' vectors weighted
// by words: it costs nothing, where embedding the text again would double the time, and unlike a
// model's own window it does not forget the end of a long text.
//
// Every text is read in bounded time: see MaxSentences and MaxReadBytes. Text beyond them is left
// unread, and ReadTo says so. Invalid UTF-8 is read around. The error is the embedder's or ctx's.
func Analyze(ctx context.Context, embedder Embedder, raw string) (*Text, error) {
	text := read(raw)
	if err := embedSentences(ctx, embedder, text.Sentences); err != nil {
		return nil, err
	}
	text.Model = embedder.Model()
	text.Vector = meanVector(text.Sentences)
	return text, nil
}

// read is Analyze without the vectors.
func read(raw string) *Text {
	spans, readTo := segment(raw)
	text := &Text{Raw: raw, ReadTo: readTo, Sentences: make([]Sentence, 0, len(spans))}
	last := -1
	for _, s := range spans {
		sentence := Sentence{
			Start: s.start, End: s.end, Text: raw[s.start:s.end],
			Tokens: tokenize(raw[s.start:s.end]), Code: s.code,
		}
		if s.paragraph != last {
			text.Paragraphs++
			last = s.paragraph
		}
		sentence.Paragraph = text.Paragraphs - 1
		text.Words += len(sentence.Tokens)
		text.Sentences = append(text.Sentences, sentence)
	}
	return text
}

// embedSentences sets the vectors of sentences that have words.
func embedSentences(ctx context.Context, embedder Embedder, sentences []Sentence) error {
	seen := map[string][]float32{}
	for i := range sentences {
		s := &sentences[i]
		if len(s.Tokens) == 0 {
			continue
		}
		vector, ok := seen[s.Text]
		if !ok {
			if err := ctx.Err(); err != nil {
				return fmt.Errorf("scoring: embedding sentence %d: %w", i, err)
			}
			var err error
			if vector, err = embedder.Embed(ctx, s.Text); err != nil {
				return fmt.Errorf("scoring: embedding sentence %d with %s: %w", i, embedder.Model(), err)
			}
			seen[s.Text] = vector
		}
		s.Vector = vector
	}
	return nil
}
