package scoring

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"
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

	// WordVectors are the words by their vectors in this sentence; none when the embedder tells no words
	// apart, and none after the first maxWordVectors of a text.
	WordVectors []WordVector

	stems  []string        // of its content words; see contentStems
	turned map[string]bool // those that a negation reaches; see turnedStems
}

// contentStems are the terms of the sentence. Those of a text that was read are kept with it, since stemming is
// half of what a score takes, and a text is scored many times when reasons and suggestions are tried.
func (s *Sentence) contentStems() []string {
	if s.stems == nil {
		return terms(s.Tokens)
	}
	return s.stems
}

// turnedStems are the terms that stand in the reach of a negation.
func (s *Sentence) turnedStems() map[string]bool {
	if s.turned == nil {
		return negatedTerms(s.Text)
	}
	return s.turned
}

// WordVector is a word in its context.
type WordVector struct {
	Text   string // lower case
	Vector []float32
}

// maxWordVectors bounds the words of one text that vectors are kept of (1.5 KB each).
const maxWordVectors = 600

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
		sentence.stems, sentence.turned = terms(sentence.Tokens), negatedTerms(sentence.Text)
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

// embedSentences sets the vectors of sentences that have words. Each sentence is embedded by itself, and
// several at a time.
func embedSentences(ctx context.Context, embedder Embedder, sentences []Sentence) error {
	place := map[string]int{} // among the distinct ones
	var distinct []int
	var wanted []bool
	words := 0
	for i := range sentences {
		s := &sentences[i]
		if _, ok := place[s.Text]; ok || len(s.Tokens) == 0 {
			continue
		}
		place[s.Text] = len(distinct)
		distinct, wanted = append(distinct, i), append(wanted, words < 2*maxWordVectors) // more is cut off below
		words += len(s.Tokens)
	}
	found := make([]vectors, len(distinct))
	err := spread(ctx, len(distinct), func(ctx context.Context, k int) (err error) {
		i := distinct[k]
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("scoring: embedding sentence %d: %w", i, err)
		}
		if found[k].whole, found[k].words, err = embedWords(ctx, embedder, sentences[i].Text, wanted[k]); err != nil {
			return fmt.Errorf("scoring: embedding sentence %d with %s: %w", i, embedder.Model(), err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	kept := 0
	for k := range found {
		if kept >= maxWordVectors {
			found[k].words = nil
		}
		kept += len(found[k].words)
	}
	for i := range sentences {
		if s := &sentences[i]; len(s.Tokens) > 0 {
			v := found[place[s.Text]]
			s.Vector, s.WordVectors = v.whole, v.words
		}
	}
	return nil
}

// embedWords is the vector of a sentence and, where they are wanted and to be had, those of its words.
func embedWords(ctx context.Context, embedder Embedder, text string, wanted bool) ([]float32, []WordVector, error) {
	if known, ok := embedder.(*knownEmbedder); ok {
		return known.sentence(ctx, text, wanted)
	}
	by, ok := embedder.(WordEmbedder)
	if !ok || !wanted {
		whole, err := embedder.Embed(ctx, text)
		return whole, nil, err
	}
	whole, words, vectors, err := by.EmbedWords(ctx, text)
	if err != nil {
		return nil, nil, err
	}
	var out []WordVector
	for i, word := range words {
		if first, _ := utf8.DecodeRuneInString(word); isWordRune(first) {
			out = append(out, WordVector{Text: word, Vector: vectors[i]})
		}
	}
	return whole, out, nil
}

// Without is the text as it reads when the sentences with these indices are taken out, with the white
// space behind each. What is left keeps its words and vectors; only places move.
func (t *Text) Without(sentences ...int) *Text {
	out := make(map[int]bool, len(sentences))
	for _, i := range sentences {
		out[i] = true
	}
	left := &Text{Model: t.Model, Sentences: make([]Sentence, 0, len(t.Sentences))}
	var raw strings.Builder
	at, last := 0, -1
	for i := range t.Sentences {
		s := t.Sentences[i]
		if out[i] {
			raw.WriteString(t.Raw[at:s.Start])
			at = skipSpace(t.Raw, s.End, len(t.Raw))
			if strings.Contains(t.Raw[s.End:at], "\n") { // the end of a paragraph or line stays one
				at = s.End
			}
			continue
		}
		if s.Paragraph != last {
			left.Paragraphs++
			last = s.Paragraph
		}
		s.Paragraph = left.Paragraphs - 1
		raw.WriteString(t.Raw[at:s.Start])
		s.Start, s.End = raw.Len(), raw.Len()+len(s.Text)
		raw.WriteString(s.Text)
		at = t.Sentences[i].End
		left.Words += len(s.Tokens)
		left.Sentences = append(left.Sentences, s)
	}
	read := raw.Len() + max(0, t.ReadTo-at)
	raw.WriteString(t.Raw[at:])
	left.Raw, left.ReadTo = raw.String(), read
	left.Vector = meanVector(left.Sentences)
	return left
}
