package arch_test

import (
	"bytes"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// maxLines is the longest that a file may be that people write.
const maxLines = 800

// generators are the folders in which generated code may be; whoever reads anything else can rely on
// a person having written it.
var generators = []string{"ent/...", "graph/exec", "graph/model", "graph/transport/internal/testschema", "rag/minilm"}

// byHand are the folders below them in which it may not.
var byHand = []string{"ent/schema", "ent/rule", "ent/visibility", "ent/enums", "ent/values"}

var generated = regexp.MustCompile(`(?m)^// Code generated .* DO NOT EDIT\.$`)

// isGenerated tells what the header says, which Go wants before the package clause.
func isGenerated(source []byte) bool {
	head, _, _ := bytes.Cut(source, []byte("\npackage "))
	return generated.Match(head)
}

func TestFiles(t *testing.T) {
	root, files := sources(t)
	for _, file := range files {
		source, err := os.ReadFile(filepath.Join(root, file))
		require.NoError(t, err)
		if isGenerated(source) {
			dir := path.Dir(file)
			if !matches(dir, generators) || slices.Contains(byHand, dir) {
				t.Errorf("%s is generated: only %s may hold generated code", file, strings.Join(generators, ", "))
			}
			continue
		}
		if n := bytes.Count(source, []byte("\n")); n > maxLines {
			t.Errorf("%s has %d lines: more than %d hold more than one subject, split it", file, n, maxLines)
		}
	}
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	for _, p := range list(t) {
		if p.Doc != "" {
			continue
		}
		for _, file := range p.GoFiles {
			source, err := os.ReadFile(filepath.Join(p.Dir, file))
			require.NoError(t, err)
			if !isGenerated(source) {
				t.Errorf("package %s has no comment: say in one sentence above a package clause what it owns", p.Path)
				break
			}
		}
	}
}
