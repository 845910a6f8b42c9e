package logging

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strings"
	"unicode/utf8"
)

// The code that logs is written not to log secrets and texts. What stands here is the second line,
// for the day when somebody forgets: by the name of the attribute, by length, and by shape.

const redacted = "[redacted]"

// maxText is the length, in bytes, beyond which a value is cut: nothing that operators read is that
// long, and an essay is. Stacks are long and hold no values.
const maxText = 600

const stackKey = "stack"

// private are the attributes whose values are never written, in lower case without separators.
var private = map[string]bool{
	"authorization": true, "cookie": true, "setcookie": true, "token": true, "accesstoken": true,
	"jwt": true, "secret": true, "jwtsecret": true, "password": true, "apikey": true, "databaseurl": true,
	"body": true, "payload": true, "variables": true, "document": true, "querystring": true,
	"text": true, "essay": true, "essaytext": true, "answer": true, "modelanswer": true, "quote": true,
	"keypoint": true, "prompt": true,
}

var separators = strings.NewReplacer("_", "", "-", "", ".", "", " ", "")

func redact(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindGroup {
		return a
	}
	if private[separators.Replace(strings.ToLower(a.Key))] {
		return slog.String(a.Key, redacted)
	}
	if a.Key == stackKey {
		return a
	}
	switch a.Value.Kind() {
	case slog.KindString:
		return slog.String(a.Key, Cut(a.Value.String()))
	case slog.KindAny:
		switch v := a.Value.Any().(type) {
		case error:
			return slog.String(a.Key, Cut(v.Error()))
		case fmt.Stringer:
			return slog.String(a.Key, Cut(v.String()))
		}
	}
	return a
}

// Cut shortens a text that is too long for a log and says by how much.
func Cut(s string) string {
	if len(s) <= maxText {
		return s
	}
	end := maxText
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return fmt.Sprintf("%s… (%d bytes more)", s[:end], len(s)-end)
}

// shapes find secrets by their looks: JSON web tokens, bearer headers, passwords in URLs and in
// connection strings.
var shapes = []struct {
	hint    []byte // no match without it
	pattern *regexp.Regexp
	with    []byte
}{
	{[]byte("eyJ"), regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*(\.[A-Za-z0-9_-]*)?`), []byte(redacted)},
	{[]byte("earer "), regexp.MustCompile(`([Bb]earer )[A-Za-z0-9._~+/=-]+`), []byte("${1}" + redacted)},
	{[]byte("://"), regexp.MustCompile(`(://[^/\s:@"]*:)[^/\s@"]+@`), []byte("${1}" + redacted + "@")},
	{[]byte("password="), regexp.MustCompile(`(password=)('[^']*'|[^\s'"&]+)`), []byte("${1}" + redacted)},
}

// Scrub takes secrets out of a text that is shown to somebody, by their looks.
func Scrub(s string) string { return string(scrub([]byte(s))) }

func scrub(line []byte) []byte {
	for _, shape := range shapes {
		if bytes.Contains(line, shape.hint) {
			line = shape.pattern.ReplaceAll(line, shape.with)
		}
	}
	return line
}

// scrubber cleans each record as a whole, so that no type of value and no message is left out. The
// handlers of slog write a record at once.
type scrubber struct{ w io.Writer }

// Write is part of io.Writer.
func (s scrubber) Write(line []byte) (int, error) {
	if _, err := s.w.Write(scrub(line)); err != nil {
		return 0, err
	}
	return len(line), nil
}
