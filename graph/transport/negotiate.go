package transport

import (
	"math"
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// mediaType is a form in which an answer can be given.
type mediaType string

const (
	mediaNone        mediaType = ""
	mediaJSON        mediaType = "application/json"
	mediaGraphQL     mediaType = "application/graphql-response+json"
	mediaEventStream mediaType = "text/event-stream"
)

// contentType is the value of the Content-Type header.
func (m mediaType) contentType() string { return string(m) + "; charset=utf-8" }

// offers are the forms of an answer in the server's order of preference, which decides between
// forms that the client likes equally: clients that say nothing, or */*, expect application/json.
var offers = []mediaType{mediaJSON, mediaGraphQL, mediaEventStream}

// How exactly a range of the Accept header names a media type.
const (
	matchAny = iota + 1
	matchType
	matchExact
)

// acceptRange is one element of the Accept header.
type acceptRange struct {
	typ, subtype string
	q            float64
}

// negotiate chooses the form of the answer by the Accept header: the highest weight, then the most
// exact range, then the range that comes first, then the server's preference. An event stream has
// to be asked for by name, since wildcards come from clients that want one JSON object. It answers
// mediaNone when nothing is acceptable.
func negotiate(h http.Header) mediaType {
	values := h.Values("Accept")
	if strings.TrimSpace(strings.Join(values, "")) == "" {
		return mediaJSON
	}
	ranges := parseAccept(strings.Join(values, ","))
	best, bestQ, bestMatch, bestAt := mediaNone, 0.0, 0, 0
	for _, offer := range offers {
		q, match, at := weigh(offer, ranges)
		if q <= 0 || (offer == mediaEventStream && match < matchExact) {
			continue
		}
		better := q > bestQ ||
			q == bestQ && (match > bestMatch || match == bestMatch && at < bestAt)
		if better {
			best, bestQ, bestMatch, bestAt = offer, q, match, at
		}
	}
	return best
}

// weigh returns the weight of the most exact range that covers the offer (the first of equals), how
// exact it is, and its place in the header. No range: weight 0.
func weigh(offer mediaType, ranges []acceptRange) (q float64, match, at int) {
	typ, subtype, _ := strings.Cut(string(offer), "/")
	for i, r := range ranges {
		m := 0
		switch {
		case r.typ == typ && r.subtype == subtype:
			m = matchExact
		case r.typ == typ && r.subtype == "*":
			m = matchType
		case r.typ == "*" && r.subtype == "*":
			m = matchAny
		}
		if m > match {
			q, match, at = r.q, m, i
		}
	}
	return q, match, at
}

// parseAccept reads the ranges of an Accept header and leaves out what it cannot read and what asks
// for another charset than UTF-8. Other parameters do not narrow a range.
func parseAccept(header string) []acceptRange {
	var ranges []acceptRange
	for _, part := range splitUnquoted(header) {
		full, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		typ, subtype, ok := strings.Cut(full, "/")
		if !ok || !isUTF8(params["charset"]) {
			continue
		}
		q := 1.0
		if s, given := params["q"]; given {
			q, err = strconv.ParseFloat(s, 64)
			if err != nil || math.IsNaN(q) || q < 0 || q > 1 {
				continue
			}
		}
		ranges = append(ranges, acceptRange{typ: typ, subtype: subtype, q: q})
	}
	return ranges
}

// splitUnquoted splits a header at the commas that stand outside quoted strings.
func splitUnquoted(s string) []string {
	var parts []string
	quoted, from := false, 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			quoted = !quoted
		case '\\':
			if quoted {
				i++
			}
		case ',':
			if !quoted {
				parts = append(parts, s[from:i])
				from = i + 1
			}
		}
	}
	return append(parts, s[from:])
}

// isUTF8 reports whether a charset parameter is absent or UTF-8 (of which ASCII is a part).
func isUTF8(charset string) bool {
	switch strings.ToLower(charset) {
	case "", "utf-8", "utf8", "us-ascii":
		return true
	}
	return false
}
