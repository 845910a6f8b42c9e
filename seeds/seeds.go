// Package seeds holds what a fresh installation shows (skills, tracks with their questions, rubrics
// and passages, micro-credentials, and the people of the development mode) and reads it strictly:
// every file against its JSON Schema, all of them against each other. README.md gives the formats.
package seeds

import (
	"embed"
	"io/fs"
)

//go:embed skills.yaml people.yaml credentials tracks
var data embed.FS

// Files returns the seed files that were built into the binary, as Load reads them.
func Files() fs.FS { return data }

// Default loads the seed files that were built into the binary.
func Default() (*Catalog, error) { return Load(data) }
