// Command gen generates the API's executor: gqlgen's own code as gqlgen.yml says, and beside it one
// file more, exec/direct.generated.go, by which answers are executed (see package direct). gqlgen's
// code is left as it is: it unmarshals inputs, makes field contexts, executes introspection, and is
// what tests compare with.
//
// It is run by make generate, in the root of the repository.
package main

import (
	"fmt"
	"os"

	"github.com/99designs/gqlgen/api"
	"github.com/99designs/gqlgen/codegen/config"
)

func main() {
	if err := generate("gqlgen.yml"); err != nil {
		fmt.Fprintln(os.Stderr, "generate the API's executor:", err)
		os.Exit(1)
	}
}

func generate(file string) error {
	cfg, err := config.LoadConfig(file)
	if err != nil {
		return fmt.Errorf("read %s: %w", file, err)
	}
	cfg.SkipModTidy = true // dependencies are changed on purpose, not by generating code
	return api.Generate(cfg, api.AddPlugin(plugin{}))
}
