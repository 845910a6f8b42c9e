package seeds

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Load reads and checks the seed files of fsys, whose root holds skills.yaml, credentials/, tracks/
// and, if there are people to make, people.yaml. Any error is of type Faults and names all that is
// wrong, so that one run is enough to mend it.
func Load(fsys fs.FS) (*Catalog, error) {
	l := &loader{fsys: fsys}
	l.skills()
	l.tracks()
	l.credentials()
	l.people()
	if len(l.faults) > 0 {
		return nil, l.faults.sorted()
	}
	return &l.catalog, nil
}

// loader gathers the catalogue and the faults of one Load.
type loader struct {
	fsys    fs.FS
	catalog Catalog
	faults  Faults

	skillSlugs map[string]bool // nil when skills.yaml is broken: then no reference is a fault of its own
	trackSlugs map[string]bool // of every folder, broken ones too, for the same reason
}

func (l *loader) add(f ...Fault) { l.faults = append(l.faults, f...) }

// read parses a file, holds it against its schema and fills v. It returns nil when that failed;
// then the faults are already noted.
func (l *loader) read(file string, k fileKind, v any) *document {
	src, err := fs.ReadFile(l.fsys, file)
	if err != nil {
		l.add(Fault{File: file, Message: readMessage(err)})
		return nil
	}
	doc, faults := parse(file, src)
	if len(faults) == 0 {
		faults = doc.conform(k)
	}
	if len(faults) > 0 {
		l.add(faults...)
		return nil
	}
	if fault := doc.decode(v); fault != nil {
		l.add(*fault)
		return nil
	}
	return doc
}

func readMessage(err error) string {
	if errors.Is(err, fs.ErrNotExist) {
		return "the file is missing"
	}
	return fmt.Sprintf("cannot be read: %v", err)
}

// list returns the entries of a folder that are folders (or files), sorted, and notes a fault for
// each of the others: a misnamed file would otherwise be left out silently.
func (l *loader) list(dir string, folders bool, allowed ...string) []string {
	entries, err := fs.ReadDir(l.fsys, dir)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			l.add(Fault{File: dir, Message: "the folder is missing"})
		} else {
			l.add(Fault{File: dir, Message: readMessage(err)})
		}
		return nil
	}
	var names []string
	for _, entry := range entries {
		switch name := entry.Name(); {
		case slices.Contains(allowed, name):
		case folders && entry.IsDir():
			names = append(names, name)
		case !folders && !entry.IsDir() && strings.HasSuffix(name, ".yaml"):
			names = append(names, name)
		case folders:
			l.add(Fault{File: path.Join(dir, name), Message: "nothing reads this; a folder is expected here"})
		default:
			l.add(Fault{File: path.Join(dir, name), Message: "nothing reads this; a file that ends in .yaml is expected here"})
		}
	}
	return names
}

func (l *loader) skills() {
	var content struct {
		Skills []Skill `yaml:"skills"`
	}
	doc := l.read("skills.yaml", kindSkills, &content)
	if doc == nil {
		return
	}
	l.skillSlugs = map[string]bool{}
	for i, skill := range content.Skills {
		if l.skillSlugs[skill.Slug] {
			l.add(doc.at(fmt.Sprintf("/skills/%d/slug", i), "the skill %q is there already", skill.Slug))
		}
		l.skillSlugs[skill.Slug] = true
	}
	l.catalog.Skills = content.Skills
}

func (l *loader) tracks() {
	l.trackSlugs = map[string]bool{}
	for _, folder := range l.list("tracks", true) {
		l.trackSlugs[folder] = true
		l.track(folder)
	}
}

func (l *loader) track(folder string) {
	dir := path.Join("tracks", folder)
	for _, extra := range l.list(dir, true, "track.yaml", "passages.yaml") {
		if extra != "questions" {
			l.add(Fault{File: path.Join(dir, extra), Message: "nothing reads this folder"})
		}
	}

	var track Track
	if doc := l.read(path.Join(dir, "track.yaml"), kindTrack, &track); doc != nil {
		if track.Slug != folder {
			l.add(doc.at("/slug", "the slug is %q, but the folder is %q", track.Slug, folder))
		}
		track.Summary = paragraphs(track.Summary)
		l.checkSkills(doc, "/skills", track.Skills)
	}

	var passages struct {
		Passages []Passage `yaml:"passages"`
	}
	if doc := l.read(path.Join(dir, "passages.yaml"), kindPassages, &passages); doc != nil {
		l.checkPassages(doc, passages.Passages)
		track.Passages = passages.Passages
	}

	files := l.list(path.Join(dir, "questions"), false)
	if len(files) < minQuestions {
		l.add(Fault{File: path.Join(dir, "questions"), Message: fmt.Sprintf("has %d questions, a track needs at least %d", len(files), minQuestions)})
	}
	for _, file := range files {
		var question Question
		doc := l.read(path.Join(dir, "questions", file), kindQuestion, &question)
		if doc == nil {
			continue
		}
		if want := strings.TrimSuffix(file, ".yaml"); question.Slug != want {
			l.add(doc.at("/slug", "the slug is %q, but the file is %q", question.Slug, file))
		}
		l.checkQuestion(doc, &question)
		track.Questions = append(track.Questions, question)
	}
	l.catalog.Tracks = append(l.catalog.Tracks, track)
}

func (l *loader) credentials() {
	slugs := map[string]string{} // slug → file
	names := map[string]string{} // provider and title → file
	for _, file := range l.list("credentials", false) {
		var content struct {
			Credentials []Credential `yaml:"credentials"`
		}
		file = path.Join("credentials", file)
		doc := l.read(file, kindCredentials, &content)
		if doc == nil {
			continue
		}
		for i := range content.Credentials {
			c := &content.Credentials[i]
			c.Area = strings.TrimSuffix(path.Base(file), ".yaml")
			ptr := fmt.Sprintf("/credentials/%d", i)
			if first, taken := slugs[c.Slug]; taken {
				l.add(doc.at(ptr+"/slug", "the credential %q is already in %s", c.Slug, first))
			}
			slugs[c.Slug] = file
			name := fold(c.Provider) + " / " + fold(c.Title)
			if first, taken := names[name]; taken {
				l.add(doc.at(ptr+"/title", "%s already awards a credential of this title, in %s", c.Provider, first))
			}
			names[name] = file
			l.checkCredential(doc, ptr, c)
		}
		l.catalog.Credentials = append(l.catalog.Credentials, content.Credentials...)
	}
}

func (l *loader) people() {
	const file = "people.yaml"
	if _, err := fs.Stat(l.fsys, file); errors.Is(err, fs.ErrNotExist) {
		return
	}
	var people People
	doc := l.read(file, kindPeople, &people)
	if doc == nil {
		return
	}
	l.checkPeople(doc, people)
	l.catalog.People = people
}
