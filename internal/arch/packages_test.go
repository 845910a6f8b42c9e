package arch_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/rubrica/rubrica"

// pkg is a package of the module, as `go list` tells it. Paths are relative to the module.
type pkg struct {
	Path    string
	Dir     string
	Doc     string
	GoFiles []string
	Imports []string // of the module only, without those of tests
}

// packages are all packages of the module by path, the same for every test.
var packages = sync.OnceValues(func() (map[string]*pkg, error) {
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Dir,Doc,GoFiles,CgoFiles,Imports", module+"/...")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w: %s", err, stderr.String())
	}
	all := map[string]*pkg{}
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			ImportPath, Dir, Doc       string
			GoFiles, CgoFiles, Imports []string
		}
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		q := &pkg{Path: relative(p.ImportPath), Dir: p.Dir, Doc: p.Doc, GoFiles: append(p.GoFiles, p.CgoFiles...)}
		for _, i := range p.Imports {
			if i == module || strings.HasPrefix(i, module+"/") {
				q.Imports = append(q.Imports, relative(i))
			}
		}
		if len(q.GoFiles) > 0 { // else tests alone
			all[q.Path] = q
		}
	}
})

func relative(path string) string {
	return strings.TrimPrefix(strings.TrimPrefix(path, module), "/")
}

func list(t *testing.T) map[string]*pkg {
	t.Helper()
	all, err := packages()
	require.NoError(t, err)
	require.Contains(t, all, "internal/arch", "the list is one of this module")
	return all
}

// matches tells whether a path is one of the patterns; "a/..." stands for a and all below it.
func matches(path string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		if root, ok := strings.CutSuffix(p, "/..."); ok {
			return path == root || strings.HasPrefix(path, root+"/")
		}
		return path == p
	})
}

// way is the shortest chain of imports from a package to one that matches, or nil.
func way(all map[string]*pkg, from string, to []string) []string {
	before := map[string]string{from: ""}
	for queue := []string{from}; len(queue) > 0; queue = queue[1:] {
		here := all[queue[0]]
		if here == nil {
			continue
		}
		for _, next := range here.Imports {
			if _, seen := before[next]; seen {
				continue
			}
			before[next] = here.Path
			if matches(next, to) {
				chain := []string{next}
				for p := here.Path; p != ""; p = before[p] {
					chain = append(chain, p)
				}
				slices.Reverse(chain)
				return chain
			}
			queue = append(queue, next)
		}
	}
	return nil
}

// sources are the Go files of the module, relative to its root, which is returned too.
func sources(t *testing.T) (root string, files []string) {
	t.Helper()
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	err = filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() && path != root && (strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata" || name == "node_modules") {
			return filepath.SkipDir
		}
		if strings.HasSuffix(name, ".go") && entry.Type().IsRegular() {
			file, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			files = append(files, filepath.ToSlash(file))
		}
		return nil
	})
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return root, files
}
