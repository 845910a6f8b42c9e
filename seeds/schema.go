package seeds

import (
	"embed"
	"errors"
	"fmt"
	"path"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

//go:embed schema/*.schema.json
var schemaFiles embed.FS

// fileKind is a kind of seed file; its value is the name of its schema.
type fileKind string

const (
	kindSkills      fileKind = "skills"
	kindTrack       fileKind = "track"
	kindPassages    fileKind = "passages"
	kindQuestion    fileKind = "question"
	kindCredentials fileKind = "credentials"
	kindPeople      fileKind = "people"
)

// schemas compiles the embedded schemas. An error is a mistake of ours, not of a seed file, and
// the tests would have seen it: hence the panic.
var schemas = sync.OnceValue(func() map[fileKind]*jsonschema.Schema {
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	entries, err := schemaFiles.ReadDir("schema")
	if err != nil {
		panic(fmt.Sprintf("seeds: %v", err))
	}
	const base = "seeds://schema/"
	for _, entry := range entries {
		f, err := schemaFiles.Open(path.Join("schema", entry.Name()))
		if err != nil {
			panic(fmt.Sprintf("seeds: %v", err))
		}
		doc, err := jsonschema.UnmarshalJSON(f)
		if err == nil {
			err = compiler.AddResource(base+entry.Name(), doc)
		}
		if err != nil {
			panic(fmt.Sprintf("seeds: schema/%s: %v", entry.Name(), err))
		}
	}
	compiled := map[fileKind]*jsonschema.Schema{}
	for _, k := range []fileKind{kindSkills, kindTrack, kindPassages, kindQuestion, kindCredentials, kindPeople} {
		compiled[k] = compiler.MustCompile(base + string(k) + ".schema.json")
	}
	return compiled
})

// conform checks the document against the schema of its kind.
func (d *document) conform(k fileKind) Faults {
	err := schemas()[k].Validate(d.value)
	if err == nil {
		return nil
	}
	var failed *jsonschema.ValidationError
	if !errors.As(err, &failed) {
		return Faults{d.at("", "%v", err)}
	}
	var faults Faults
	d.leaves(failed, &faults)
	return faults
}

// leaves collects the innermost errors: those around them only say that something inside failed.
func (d *document) leaves(e *jsonschema.ValidationError, faults *Faults) {
	for _, cause := range e.Causes {
		d.leaves(cause, faults)
	}
	if len(e.Causes) > 0 {
		return
	}
	ptr := pointer(e.InstanceLocation)
	switch k := e.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		for _, name := range k.Properties {
			*faults = append(*faults, d.atKey(ptr+"/"+pointerEscape(name), "unknown property %q", name))
		}
	case *kind.Required:
		for _, name := range k.Missing {
			*faults = append(*faults, d.at(ptr, "missing property %q", name))
		}
	case *kind.UniqueItems:
		*faults = append(*faults, d.at(fmt.Sprintf("%s/%d", ptr, k.Duplicates[1]), "is listed twice"))
	case *kind.MinItems:
		*faults = append(*faults, d.atKey(ptr, "has %d entries, needs at least %d", k.Got, k.Want))
	case *kind.MaxItems:
		*faults = append(*faults, d.atKey(ptr, "has %d entries, takes at most %d", k.Got, k.Want))
	case *kind.MinLength:
		*faults = append(*faults, d.at(ptr, "has %d characters, needs at least %d", k.Got, k.Want))
	case *kind.MaxLength:
		*faults = append(*faults, d.at(ptr, "has %d characters, takes at most %d", k.Got, k.Want))
	case *kind.ExclusiveMinimum:
		want, _ := k.Want.Float64()
		*faults = append(*faults, d.at(ptr, "must be above %g", want))
	default:
		*faults = append(*faults, d.at(ptr, "%s", e.ErrorKind.LocalizedString(message.NewPrinter(language.English))))
	}
}
