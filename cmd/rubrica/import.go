package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/rubrica/rubrica/internal/importing"
)

type importCmd struct {
	Credentials importCredentialsCmd `cmd:"" help:"Import credentials from CSV or JSON lines (docs/import.md)."`
	Passages    importPassagesCmd    `cmd:"" help:"Import reference material of a track from CSV, JSON lines, Markdown or plain text (docs/import.md)."`
}

// importFlags are those of both kinds.
type importFlags struct {
	databaseFlags
	Files  []string `arg:"" help:"Files; a folder stands for the Markdown and plain text files in it and below."`
	Format string   `enum:"csv,jsonl,markdown,text,auto" default:"auto" help:"How the files are written: ${enum}. auto goes by the name's ending, then by the content."`
	Atomic bool     `help:"Take nothing of a file of which a row is refused; otherwise the other rows are taken."`
	DryRun bool     `help:"Say what would come of it, and change nothing."`
	JSON   bool     `name:"json" help:"Print the reports as a JSON array."`
}

type importCredentialsCmd struct{ importFlags }

// Run imports credentials.
func (c *importCredentialsCmd) Run(ctx context.Context, a *App) error {
	return c.run(ctx, a, importing.Request{Kind: importing.Credentials})
}

type importPassagesCmd struct {
	importFlags
	Track    string `required:"" placeholder:"SLUG" help:"Whose reference material it is."`
	Headings int    `default:"2" help:"Headings of this level, 1 to 6, and above divide Markdown into passages."`
}

// Run imports reference material.
func (c *importPassagesCmd) Run(ctx context.Context, a *App) error {
	return c.run(ctx, a, importing.Request{Kind: importing.Passages, Track: c.Track, HeadingLevel: c.Headings})
}

// importFile is a file to import, by the name that it has in external ids: of one in a folder that was
// named, the way from there.
type importFile struct{ path, name string }

// fileReport is a report, or why there is none.
type fileReport struct {
	*importing.Report
	File  string `json:"file"`
	Error string `json:"error,omitempty"`
}

// run imports each file by itself, and goes on when one is refused.
func (c *importFlags) run(ctx context.Context, a *App, in importing.Request) error {
	files, err := importFiles(c.Files)
	if err != nil {
		return err
	}
	in.Atomic, in.DryRun, in.MaxBytes = c.Atomic, c.DryRun, importing.MaxFileBytes
	if c.Format != "auto" {
		in.Format = importing.Format(strings.ToUpper(c.Format))
	}
	var reports []fileReport
	var refused, failed int
	err = a.manage(ctx, &c.databaseFlags, func(ctx context.Context, s *stack) (string, error) {
		parts, err := s.startCommon(a)
		if err != nil {
			return "", err
		}
		written := false
		service := importing.New(s.db, func(context.Context) error { written = true; return nil }, s.log)
		for _, f := range files {
			report, err := importOne(ctx, service, in, f)
			var fault *importing.FileError
			switch {
			case errors.As(err, &fault):
				failed++
				reports = append(reports, fileReport{File: f.path, Error: fault.Error()})
			case err != nil:
				return "", fmt.Errorf("%s: %w", f.path, err)
			default:
				refused += report.Refused
				reports = append(reports, fileReport{Report: report, File: f.path})
			}
		}
		if written { // once for all files
			if err := parts.queue.RefreshIndex(ctx); err != nil {
				return "", err
			}
		}
		if c.JSON {
			text, err := json.MarshalIndent(reports, "", "  ")
			return string(text), err
		}
		return told(reports), nil
	})
	switch {
	case err != nil:
		return err
	case failed > 0 && refused > 0:
		return fmt.Errorf("%s and %s of others were refused", plural(failed, "file", "files"), plural(refused, "row", "rows"))
	case failed > 0:
		return fmt.Errorf("%s refused", plural(failed, "file was", "files were"))
	case refused > 0:
		return fmt.Errorf("%s refused", plural(refused, "row was", "rows were"))
	}
	return nil
}

func importOne(ctx context.Context, service *importing.Service, in importing.Request, f importFile) (_ *importing.Report, err error) {
	content, err := os.Open(f.path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, content.Close()) }()
	in.Name, in.Content = f.name, content
	return service.Import(ctx, in)
}

// importFiles are the files that were named, and those of folders in the order of their names.
func importFiles(named []string) ([]importFile, error) {
	var out []importFile
	for _, path := range named {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		if info.Mode().IsRegular() {
			out = append(out, importFile{path, filepath.Base(path)})
			continue
		}
		if !info.IsDir() {
			return nil, fmt.Errorf("%s is neither a file nor a folder", path)
		}
		before := len(out)
		err = filepath.WalkDir(path, func(at string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() {
				return err
			}
			switch importing.FormatOf(at) {
			case importing.Markdown, importing.Text:
			default:
				return nil
			}
			name, err := filepath.Rel(path, at)
			out = append(out, importFile{at, filepath.ToSlash(name)})
			return err
		})
		if err != nil {
			return nil, err
		}
		if len(out) == before {
			return nil, fmt.Errorf("the folder %s has no files that end in .md or .txt", path)
		}
	}
	// Markdown and plain text give their passages ids from the name: a second one would change the first's.
	for i, f := range out {
		switch importing.FormatOf(f.name) {
		case importing.Markdown, importing.Text:
			for _, g := range out[:i] {
				if f.name == g.name {
					return nil, fmt.Errorf("%s and %s have the same name, and their passages would have the same ids; name the folder that both lie in", g.path, f.path)
				}
			}
		}
	}
	return out, nil
}

// toldReasons is how many reasons of a file are printed; --json has more.
const toldReasons = 100

// told is what became of the files, for people.
func told(reports []fileReport) string {
	var b strings.Builder
	for i, r := range reports {
		if i > 0 {
			b.WriteByte('\n')
		}
		if r.Report == nil {
			fmt.Fprintf(&b, "%s: refused\n  %s", r.File, r.Error)
			continue
		}
		did := ""
		switch {
		case r.DryRun:
			did = " (a dry run: nothing is written)"
		case !r.Written:
			did = " (nothing is written: the import is atomic)"
		}
		fmt.Fprintf(&b, "%s: %s, %d new, %d changed, %d unchanged, %d refused%s", r.File, plural(r.Rows, "row", "rows"), r.Taken, r.Changed, r.Unchanged, r.Refused, did)
		for _, reason := range r.Reasons[:min(len(r.Reasons), toldReasons)] {
			fmt.Fprintf(&b, "\n  line %d", reason.Line)
			if reason.ExternalID != "" {
				fmt.Fprintf(&b, " (%s)", reason.ExternalID)
			}
			if reason.Column != "" {
				fmt.Fprintf(&b, ", %s", reason.Column)
			}
			fmt.Fprintf(&b, ": %s", reason.Message)
		}
		if more := len(r.Reasons) + r.MoreReasons - toldReasons; more > 0 {
			fmt.Fprintf(&b, "\n  … and %s", plural(more, "reason more", "reasons more"))
		}
	}
	return b.String()
}
