// Package graphiql serves the GraphiQL page and everything that it loads. No other host is contacted,
// which its Content-Security-Policy enforces.
package graphiql

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"html/template"
	"io"
	"net"
	"net/http"
	"net/netip"
	"path"
	"strings"
)

//go:embed assets/*.gz examples/*.graphql page.html page.css page.js
var files embed.FS

// policy lets the page load from this server alone. Monaco sets styles on elements; fonts and icons
// are data URLs in the style sheet.
const policy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; " +
	"img-src 'self' data:; font-src 'self' data:; connect-src 'self'; worker-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Person is somebody whom a visitor of the page may act as.
type Person struct {
	Name  string // in the link: /graphiql?as=ada
	Role  string // for people
	Token string
}

// Options say what the page offers.
type Options struct {
	// Endpoint is the path of the API.
	Endpoint string
	// People are offered, with their tokens, to visitors of this machine only (loopback address and
	// loopback host name, which keeps out pages that had their name point here).
	People []Person
	// Examples are opened in tabs, each with the token of its person where people are offered.
	Examples []Example
	// Allow decides who gets the page; nil means everyone. Others are answered by it.
	Allow func(w http.ResponseWriter, r *http.Request) bool
}

type link struct {
	Name, Role string
	Current    bool
}

// Handler serves /graphiql and what lies below.
func Handler(o Options) http.Handler {
	page := template.Must(template.ParseFS(files, "page.html"))
	version := hash()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "GraphiQL is read with GET.", http.StatusMethodNotAllowed)
			return
		}
		if o.Allow != nil && !o.Allow(w, r) {
			return
		}
		w.Header().Set("Content-Security-Policy", policy)
		if name := path.Base(r.URL.Path); name != "graphiql" {
			asset(w, r, name)
			return
		}
		var offered []Person
		if local(r) {
			offered = o.People
		}
		examples, err := tabs(o.Examples, offered)
		if err != nil {
			http.Error(w, "The page could not be made.", http.StatusInternalServerError)
			return
		}
		options := map[string]any{
			"endpoint": o.Endpoint, "title": "Rubrica", "defaultTabs": examples,
			// Server-sent events carry the headers of the editor, which a WebSocket cannot.
			"subscriptionsProtocol": "SSE", "method": http.MethodPost,
			// A real token does not stay in the browser's storage.
			"shouldPersistHeaders": len(offered) > 0,
		}
		data := struct {
			As, Version string
			Nobody      bool
			People      []link
			Options     any
		}{Version: version, Nobody: r.URL.Query().Get("as") == "nobody", Options: options}
		tokens := map[string]string{}
		for _, p := range offered {
			current := p.Name == r.URL.Query().Get("as")
			if current {
				data.As = p.Name
				options["as"], options["defaultHeaders"] = p.Name, headers(p.Token)
			}
			tokens[p.Name] = p.Token
			data.People = append(data.People, link{p.Name, p.Role, current})
		}
		options["tokens"] = tokens
		var out bytes.Buffer
		if err := page.Execute(&out, data); err != nil {
			http.Error(w, "The page could not be made.", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store") // it may hold tokens
		_, _ = w.Write(out.Bytes())                 // whoever closed the connection does not want it
	})
}

// asset serves one file. The page names them with the version of all, so that they can be kept.
func asset(w http.ResponseWriter, r *http.Request, name string) {
	kind := "text/javascript; charset=utf-8"
	if strings.HasSuffix(name, ".css") {
		kind = "text/css; charset=utf-8"
	}
	var body []byte
	var zipped bool
	if b, err := files.ReadFile("assets/" + name + ".gz"); err == nil {
		body, zipped = b, true
	} else if b, err := files.ReadFile(name); err == nil && name != "page.html" {
		body = b
	} else {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Cache-Control", "private, max-age=86400")
	h.Add("Vary", "Accept-Encoding")
	if zipped {
		if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			unzipped(w, body)
			return
		}
		h.Set("Content-Encoding", "gzip")
	}
	_, _ = w.Write(body)
}

func unzipped(w http.ResponseWriter, body []byte) {
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		http.Error(w, "The file is damaged.", http.StatusInternalServerError)
		return
	}
	_, _ = io.Copy(w, z) //nolint:gosec // our own file, of a known size
}

// hash identifies all files together.
func hash() string {
	h := sha256.New()
	entries, _ := files.ReadDir("assets") // embedded: it can be read
	for _, e := range entries {
		b, _ := files.ReadFile("assets/" + e.Name())
		h.Write(b)
	}
	for _, name := range []string{"page.css", "page.js"} {
		b, _ := files.ReadFile(name)
		h.Write(b)
	}
	return hex.EncodeToString(h.Sum(nil)[:6])
}

// local tells whether the request was made on this machine, to a name of this machine, and not by the
// script of a page of another origin, which CORS may let read the answer.
func local(r *http.Request) bool {
	if r.Header.Get("Origin") != "" {
		return false
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !peer.Addr().Unmap().IsLoopback() {
		return false
	}
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}
