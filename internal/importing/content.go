package importing

import (
	"bytes"
	"fmt"
	"io"
	"unicode/utf8"
)

const byteOrderMark = "\xef\xbb\xbf"

// content reads a file and lets only text in UTF-8 through, of bounded size. A byte order mark of UTF-8 is
// left out.
type content struct {
	r     io.Reader
	limit int64
	row   int // bytes read since the last row ended; what is read ahead counts
	total int64
	line  int
	rest  []byte // the beginning of a character whose end was not yet read
	err   error  // the first; it stays
}

// readAhead is how far the readers of rows may be ahead of the row that they give.
const readAhead = 64 << 10

func newContent(r io.Reader, limit int64) *content { return &content{r: r, limit: limit, line: 1} }

// rowEnds tells that a row was read to its end.
func (c *content) rowEnds() { c.row = 0 }

// Read is io.Reader's. Its errors are *FileError where the file is to blame.
func (c *content) Read(p []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	first := c.total == 0
	var n int
	if first && len(p) >= 4 {
		n, c.err = io.ReadAtLeast(c.r, p, 4)
		if c.err == io.ErrUnexpectedEOF { //nolint:errorlint // ReadAtLeast returns it as it is
			c.err = io.EOF
		}
	} else {
		n, c.err = c.r.Read(p)
	}
	if c.err != nil && c.err != io.EOF { //nolint:errorlint // a Reader returns it as it is
		c.err = fmt.Errorf("reading the file: %w", c.err)
	}
	c.total += int64(n)
	c.row += n
	got := p[:n]
	if first {
		if fault := foreign(got); fault != nil {
			c.err = fault
			return 0, c.err
		}
		if bytes.HasPrefix(got, []byte(byteOrderMark)) {
			n = copy(p, got[len(byteOrderMark):])
			got = p[:n]
		}
	}
	if fault := c.check(got); fault != nil {
		c.err = fault
		return 0, c.err
	}
	if n > 0 {
		return n, nil
	}
	return 0, c.err
}

// check looks over what was read.
func (c *content) check(got []byte) *FileError {
	switch {
	case c.total > c.limit:
		return tooLarge(c.limit)
	case c.row > MaxRowBytes+readAhead:
		return fileError(RowTooLarge, c.line, "A row is larger than %d KiB. Is a quotation mark open?", MaxRowBytes>>10)
	}
	text := append(c.rest, got...)
	c.rest = nil
	for len(text) > 0 {
		switch b := text[0]; {
		case b == '\n':
			c.line++
		case b == 0:
			return fileError(NotText, c.line, "There is a NUL byte: the file is binary, or in UTF-16. Save it as text in UTF-8.")
		case b >= utf8.RuneSelf:
			if !utf8.FullRune(text) && c.err == nil {
				c.rest = bytes.Clone(text)
				return nil
			}
			_, n := utf8.DecodeRune(text)
			if n == 1 { // U+FFFD itself has three
				return fileError(BadEncoding, c.line, "The text is not UTF-8 here (byte 0x%02x). Save the whole file in UTF-8.", b)
			}
			text = text[n:]
			continue
		}
		text = text[1:]
	}
	return nil
}

// foreign tells what else than text in UTF-8 begins so.
func foreign(start []byte) *FileError {
	for _, f := range []struct{ magic, is string }{
		{"\xff\xfe", "text in UTF-16. Save it as UTF-8"},
		{"\xfe\xff", "text in UTF-16. Save it as UTF-8"},
		{"PK\x03\x04", "a spreadsheet, a word processor's document or an archive. Export it as CSV or as text"},
		{"%PDF", "a PDF. Export its text"},
		{"\x1f\x8b", "compressed. Unpack it"},
	} {
		if bytes.HasPrefix(start, []byte(f.magic)) {
			code := NotText
			if f.magic[0] >= 0xfe {
				code = BadEncoding
			}
			return fileError(code, 0, "The file is %s.", f.is)
		}
	}
	return nil
}

// whole reads a document that has no rows.
func whole(in *Request) (string, error) {
	c := newContent(in.Content, MaxDocumentBytes)
	var b bytes.Buffer
	part := make([]byte, 32<<10)
	for {
		n, err := c.Read(part)
		b.Write(part[:n])
		c.rowEnds()
		if err == io.EOF { //nolint:errorlint // as above
			return b.String(), nil
		}
		if err != nil {
			return "", err
		}
	}
}
