package rag

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/tmc/langchaingo/textsplitter"
)

// charactersPerToken is low for English (about 4.5), so that an estimate errs towards short chunks.
const charactersPerToken = 4

// chunk is a range of a document's body.
type chunk struct {
	body       string
	start, end int // in code points
}

// cut splits body into chunks of at most limit tokens (estimated) at paragraphs, lines, sentences or
// words, in this order of preference. A body that is short enough is one chunk. Chunks do not
// overlap: it would make their places ambiguous, and a best chunk gained nothing over whole texts
// where it was measured.
func cut(body string, limit int) ([]chunk, error) {
	size := limit * charactersPerToken
	if utf8.RuneCountInString(body) <= size {
		return []chunk{{body: body, end: utf8.RuneCountInString(body)}}, nil
	}
	texts, err := textsplitter.NewRecursiveCharacter(
		textsplitter.WithChunkSize(size),
		textsplitter.WithChunkOverlap(0),
		textsplitter.WithSeparators([]string{"\n\n", "\n", sentenceEnd, " ", ""}),
	).SplitText(body)
	if err != nil {
		return nil, fmt.Errorf("cutting a text of %d bytes: %w", len(body), err)
	}
	var chunks []chunk
	from, runes := 0, 0 // where the last chunk ended, in bytes and in code points
	for _, text := range texts {
		if strings.TrimSpace(text) == "" {
			continue
		}
		at := strings.Index(body[from:], text)
		if at < 0 {
			return nil, fmt.Errorf("cutting a text of %d bytes: a chunk is not a part of the text", len(body))
		}
		runes += utf8.RuneCountInString(body[from : from+at])
		from += at
		if strings.HasPrefix(body[from+len(text):], sentenceEnd) {
			text = body[from : from+len(text)+1] // the splitter has cut the full stop off
		}
		length := utf8.RuneCountInString(text)
		chunks = append(chunks, chunk{body: text, start: runes, end: runes + length})
		from, runes = from+len(text), runes+length
	}
	if len(chunks) == 0 { // white space only
		return []chunk{{body: body, end: utf8.RuneCountInString(body)}}, nil
	}
	return chunks, nil
}

const sentenceEnd = ". "

// indexed is the text that stands for a chunk: what is embedded and what BM25 reads.
func indexed(title, keywords, body string) string {
	parts := make([]string, 0, 3)
	for _, part := range []string{title, keywords, body} {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, "\n")
}

func hashOf(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}
