// Command apidoc writes docs/api.md, the reference of the API for people, from the SDL and the
// examples:
//
//	go run ./internal/apidoc          # writes it
//	go run ./internal/apidoc -check   # exits 1 when it is not current
//
// What it says of a field is the field's description: mend that, not the page.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

// target is the page, below the root of the repository.
const target = "docs/api.md"

func main() {
	check := flag.Bool("check", false, "fail when the page is not current, and write nothing")
	root := flag.String("root", ".", "root of the repository")
	flag.Parse()
	if err := run(*root, *check); err != nil {
		fmt.Fprintln(os.Stderr, "apidoc:", err)
		os.Exit(1)
	}
}

func run(root string, check bool) error {
	page, err := render(root)
	if err != nil {
		return err
	}
	path := filepath.Join(root, target)
	if !check {
		return os.WriteFile(path, page, 0o644) //nolint:gosec // everyone may read documentation
	}
	have, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if !bytes.Equal(have, page) {
		return errors.New(target + " is not current: run `make docs`")
	}
	return nil
}
