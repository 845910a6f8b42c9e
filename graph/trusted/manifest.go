package trusted

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// apolloFormat is what Apollo's manifests call themselves.
const apolloFormat = "apollo-persisted-query-manifest"

// entry is a document as a manifest has it.
type entry struct {
	id, text string
	// operation is the name that the manifest gives; only Apollo's has one.
	operation string
}

// manifestFiles are the files that the paths stand for: a file itself, and of a folder the files
// directly in it whose names end in .json, by name.
func manifestFiles(paths []string) ([]string, error) {
	var files []string
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, fmt.Errorf("trusted documents: %w", err)
		}
		if !info.IsDir() {
			files = append(files, path)
			continue
		}
		// Entries may be links, as in a mounted ConfigMap.
		found, err := filepath.Glob(filepath.Join(escapeGlob(path), "*.json"))
		if err != nil {
			return nil, fmt.Errorf("trusted documents: %s: %w", path, err)
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("trusted documents: the folder %s holds no .json file", path)
		}
		files = append(files, found...)
	}
	return files, nil
}

// escapeGlob takes the meaning from the characters that mean something in a pattern.
func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// readManifest reads the entries of a file in their order.
func readManifest(path string) ([]entry, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	fields, err := pairs(text)
	if err != nil {
		return nil, err
	}
	for _, f := range fields {
		if f.key == "format" {
			var format string
			if err := json.Unmarshal(f.value, &format); err == nil && format == apolloFormat {
				return apolloEntries(text)
			}
		}
	}
	entries := make([]entry, 0, len(fields))
	for _, f := range fields {
		e := entry{id: f.key}
		if err := json.Unmarshal(f.value, &e.text); err != nil {
			return nil, fmt.Errorf("%q is not a text: expected {id: document}, as client-preset and relay-compiler write, or Apollo's manifest", f.key)
		}
		entries = append(entries, e)
	}
	return entries, nil
}

func apolloEntries(text []byte) ([]entry, error) {
	var manifest struct {
		Version    int `json:"version"`
		Operations []struct {
			ID   string `json:"id"`
			Name string `json:"name"`
			Body string `json:"body"`
		} `json:"operations"`
	}
	if err := json.Unmarshal(text, &manifest); err != nil {
		return nil, fmt.Errorf("not a manifest of Apollo: %w", err)
	}
	if manifest.Version != 1 {
		return nil, fmt.Errorf("version %d of Apollo's manifest is not known, only 1 is", manifest.Version)
	}
	entries := make([]entry, len(manifest.Operations))
	for i, o := range manifest.Operations {
		entries[i] = entry{id: o.ID, text: o.Body, operation: o.Name}
	}
	return entries, nil
}

type pair struct {
	key   string
	value json.RawMessage
}

// pairs are the members of a JSON object in their order. Unlike a map it does not lose one of two
// that have the same key.
func pairs(text []byte) ([]pair, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	notJSON := func(err error) error {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return fmt.Errorf("not valid JSON, near byte %d: %w", dec.InputOffset(), err)
	}
	first, err := dec.Token()
	if err != nil {
		return nil, notJSON(err)
	}
	if first != json.Delim('{') {
		return nil, errors.New("not a JSON object")
	}
	var list []pair
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, notJSON(err)
		}
		p := pair{key: key.(string)} //nolint:forcetypeassert // the decoder takes nothing else for a key
		if err := dec.Decode(&p.value); err != nil {
			return nil, notJSON(err)
		}
		list = append(list, p)
	}
	if _, err := dec.Token(); err != nil {
		return nil, notJSON(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("it goes on after its JSON object")
	}
	return list, nil
}
