package minilm

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// tokenizer is BERT's: clean, split, strip accents, lower the case, then WordPiece. It is our own
// because the Go library that reads tokenizer.json (sugarme/tokenizer 0.3.0) gives other tokens
// than the reference: it takes the file's absent strip_accents for false, so that "café" becomes
// unknown; it misses special tokens written in a text, and panics on some inputs. This one agrees with the reference on every text of
// testdata/reference.json and testdata/tokens.json.
type tokenizer struct {
	first map[string]int32 // pieces that begin a word
	rest  map[string]int32 // pieces that continue one, without their "##"
	added []addedToken
	vocab []string // pieces by id, those that continue a word with their "##"
	// Lengths in bytes of the longest keys of first and rest: no longer piece need be looked up.
	longestFirst, longestRest int
	cls, sep, unk             int32
}

// addedToken is a token that is found in the raw text, before anything else is done to it.
type addedToken struct {
	text string
	id   int32
}

// maxWordRunes is the longest word that is cut into pieces; longer ones are unknown.
const maxWordRunes = 100

// newTokenizer reads a tokenizer.json. It refuses settings that it does not implement rather than
// give other tokens than the file asks for. The file's truncation and padding are not heeded:
// the windows are made here.
func newTokenizer(data []byte) (*tokenizer, error) {
	var file struct {
		AddedTokens []struct {
			ID                                     int32
			Content                                string
			SingleWord, LStrip, RStrip, Normalized bool
		} `json:"added_tokens"`
		Normalizer struct {
			Type               string
			CleanText          bool  `json:"clean_text"`
			HandleChineseChars bool  `json:"handle_chinese_chars"`
			StripAccents       *bool `json:"strip_accents"`
			Lowercase          bool
		}
		PreTokenizer struct{ Type string } `json:"pre_tokenizer"`
		Model        struct {
			Type                    string
			UnkToken                string           `json:"unk_token"`
			ContinuingSubwordPrefix string           `json:"continuing_subword_prefix"`
			MaxInputCharsPerWord    int              `json:"max_input_chars_per_word"`
			Vocab                   map[string]int32 `json:"vocab"`
		}
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("minilm: read tokenizer.json: %w", err)
	}
	n, m := file.Normalizer, file.Model
	strips := n.Lowercase && (n.StripAccents == nil || *n.StripAccents) // absent means: as lowercase
	if n.Type != "BertNormalizer" || !n.CleanText || !n.HandleChineseChars || !strips ||
		file.PreTokenizer.Type != "BertPreTokenizer" ||
		m.Type != "WordPiece" || m.ContinuingSubwordPrefix != "##" || m.MaxInputCharsPerWord != maxWordRunes {
		return nil, errors.New("minilm: tokenizer.json asks for more than uncased BERT WordPiece")
	}
	t := &tokenizer{first: make(map[string]int32, len(m.Vocab)), rest: make(map[string]int32), vocab: make([]string, len(m.Vocab))}
	for piece, id := range m.Vocab {
		if id < 0 || int(id) >= len(m.Vocab) {
			return nil, fmt.Errorf("minilm: tokenizer.json: %q has id %d of %d", piece, id, len(m.Vocab))
		}
		t.vocab[id] = piece
		if suffix, ok := strings.CutPrefix(piece, "##"); ok && suffix != "" {
			t.rest[suffix] = id
			t.longestRest = max(t.longestRest, len(suffix))
			continue
		}
		t.first[piece] = id
		t.longestFirst = max(t.longestFirst, len(piece))
	}
	for _, a := range file.AddedTokens {
		if a.SingleWord || a.LStrip || a.RStrip || a.Normalized || a.Content == "" {
			return nil, fmt.Errorf("minilm: tokenizer.json: the added token %q has options that are not implemented", a.Content)
		}
		t.added = append(t.added, addedToken{a.Content, a.ID})
	}
	for piece, id := range map[string]*int32{"[CLS]": &t.cls, "[SEP]": &t.sep, m.UnkToken: &t.unk} {
		var ok bool
		if *id, ok = t.first[piece]; !ok {
			return nil, fmt.Errorf("minilm: tokenizer.json has no %q", piece)
		}
	}
	return t, nil
}

// piece is the text of a token, with "##" before it when it continues a word.
func (t *tokenizer) piece(id int32) string { return t.vocab[id] }

// tokens yields the tokens of a text without the special ones around it. It holds no more of the
// text than one word at a time.
func (t *tokenizer) tokens(text string) iter.Seq[int32] {
	return func(yield func(int32) bool) {
		w := words{t: t, yield: yield}
		for text != "" {
			at, token := t.nextAdded(text)
			if !w.split(text[:at]) {
				return
			}
			if token == nil {
				return
			}
			if !yield(token.id) {
				return
			}
			text = text[at+len(token.text):]
		}
	}
}

// nextAdded finds the first added token of a text, or gives the text's length and nil.
func (t *tokenizer) nextAdded(text string) (int, *addedToken) {
	// All of them begin with a bracket, which is rare: most texts are passed over once.
	for from := 0; ; {
		at := strings.IndexByte(text[from:], '[')
		if at < 0 {
			return len(text), nil
		}
		at += from
		for i := range t.added {
			if strings.HasPrefix(text[at:], t.added[i].text) {
				return at, &t.added[i]
			}
		}
		from = at + 1
	}
}

// words cuts a text into words and these into pieces. Its buffers are used again for every word.
type words struct {
	t       *tokenizer
	yield   func(int32) bool
	raw     []byte  // what stands between two blanks, cleaned
	decomp  []byte  // raw, decomposed
	word    []byte  // what stands between two splits of decomp, lowered, without accents
	ids     []int32 // pieces of word
	stopped bool
}

// split yields the tokens of a text that holds no added token, and says whether to go on.
func (w *words) split(text string) bool {
	for _, r := range text { // bytes that are not UTF-8 come as U+FFFD, which is dropped
		switch {
		case isBlank(r):
			w.normalize()
		case isDropped(r): // also below, where accents have come apart from their letters
		case isChinese(r): // a word of its own
			w.normalize()
			w.raw = utf8.AppendRune(w.raw, r)
			w.normalize()
		default:
			w.raw = utf8.AppendRune(w.raw, r)
		}
		if w.stopped {
			return false
		}
	}
	w.normalize()
	return !w.stopped
}

// normalize ends the stretch in raw: it strips its accents, lowers it, and yields the tokens of
// its words, of which every punctuation mark is one.
func (w *words) normalize() {
	if len(w.raw) == 0 || w.stopped {
		return
	}
	w.decomp = norm.NFD.Append(w.decomp[:0], w.raw...)
	w.raw = w.raw[:0]
	runes := 0
	flush := func() {
		w.pieces(runes)
		w.word, runes = w.word[:0], 0
	}
	for i := 0; i < len(w.decomp); {
		r, size := utf8.DecodeRune(w.decomp[i:])
		i += size
		if isDropped(r) {
			continue
		}
		r = unicode.ToLower(r)
		if isBlank(r) { // a decomposition may hold one
			flush()
			continue
		}
		if isPunctuation(r) {
			flush()
			w.word = utf8.AppendRune(w.word, r)
			runes = 1
			flush()
			continue
		}
		w.word = utf8.AppendRune(w.word, r)
		runes++
	}
	flush()
}

// pieces yields the pieces of word: from the left the longest that the vocabulary has. A word
// that cannot be covered is unknown as a whole.
func (w *words) pieces(runes int) {
	if runes == 0 || w.stopped {
		return
	}
	if runes > maxWordRunes {
		w.emit(w.t.unk)
		return
	}
	w.ids = w.ids[:0]
	vocab, longest := w.t.first, w.t.longestFirst
	for start := 0; start < len(w.word); {
		end := min(len(w.word), start+longest)
		found := false
		for ; end > start; end-- {
			if id, ok := vocab[string(w.word[start:end])]; ok {
				w.ids, found = append(w.ids, id), true
				break
			}
		}
		if !found {
			w.emit(w.t.unk)
			return
		}
		start = end
		vocab, longest = w.t.rest, w.t.longestRest
	}
	for _, id := range w.ids {
		w.emit(id)
	}
}

func (w *words) emit(id int32) {
	if !w.stopped && !w.yield(id) {
		w.stopped = true
	}
}
