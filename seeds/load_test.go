package seeds_test

import (
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/seeds"
)

// validSeeds returns testdata/valid as files that a test may break.
func validSeeds(t testing.TB) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	dir := os.DirFS("testdata/valid")
	require.NoError(t, fs.WalkDir(dir, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(dir, name)
		files[name] = &fstest.MapFile{Data: content}
		return err
	}))
	return files
}

func TestLoadReadsWhatTheFilesSay(t *testing.T) {
	catalog, err := seeds.Load(validSeeds(t))
	require.NoError(t, err)

	require.Len(t, catalog.Skills, 2)
	assert.Equal(t, seeds.Skill{Slug: "baking", Name: "Baking", ONet: "Production"}, catalog.Skills[0])

	require.Len(t, catalog.Tracks, 1)
	track := catalog.Tracks[0]
	assert.Equal(t, "51-3011.00", track.Occupation)
	assert.Len(t, track.Passages, 8)
	require.Len(t, track.Questions, 4)
	question := track.Questions[0]
	assert.Equal(t, "crumb", question.Slug, "questions come by slug")
	assert.Equal(t, seeds.WordRange{Min: 80, Max: 300}, question.Words)
	assert.Equal(t, seeds.Scale{Min: 0, Max: 5, Step: 0.5}, question.Rubric.Criteria[3].Scale)
	assert.Len(t, question.Rubric.KeyPoints, 4)
	assert.NotContains(t, question.Samples.Strong, "\n", "one paragraph is one line")

	require.Len(t, catalog.Credentials, 2)
	assert.Equal(t, "food", catalog.Credentials[1].Area)
	assert.Equal(t, []string{"baking"}, catalog.Credentials[1].Requires)

	assert.Equal(t, seeds.RoleAdvisor, catalog.People.Users[1].Role)
	assert.Equal(t, []string{"lou"}, catalog.People.Cohorts[0].Learners)
}

func TestLoadWithoutPeople(t *testing.T) {
	files := validSeeds(t)
	delete(files, "people.yaml")
	catalog, err := seeds.Load(files)
	require.NoError(t, err)
	assert.Empty(t, catalog.People)
}

func TestLongestAddress(t *testing.T) {
	files := validSeeds(t)
	const name = "credentials/food.yaml"
	url := "https://example.org/" + strings.Repeat("a", 2028)
	files[name].Data = []byte(strings.Replace(string(files[name].Data), "price: FREE", "price: FREE\n    url: "+url, 1))
	catalog, err := seeds.Load(files)
	require.NoError(t, err)
	assert.Equal(t, url, catalog.Credentials[0].URL)
}

// TestLoadNamesFileLineAndFault breaks one thing at a time. Where a fault concerns more than one
// place, want lists all of it: nothing else may be reported.
func TestLoadNamesFileLineAndFault(t *testing.T) {
	const (
		crumb       = "tracks/baker/questions/crumb.yaml"
		passages    = "tracks/baker/passages.yaml"
		track       = "tracks/baker/track.yaml"
		credentials = "credentials/food.yaml"
		people      = "people.yaml"
	)
	cases := []struct {
		name     string
		file     string
		old, new string // the first old of the file becomes new; with an empty old, new is the file
		want     []string
	}{
		{"empty file", "skills.yaml", "", "\n", []string{"skills.yaml:1:1: the file is empty"}},
		{"only a comment", "skills.yaml", "", "# nothing\n", []string{"skills.yaml:1:1: "}},
		{"not YAML", "skills.yaml", "slug: baking", "slug: [baking", []string{"skills.yaml:3:5: ',' or ']' must be specified"}},
		{"duplicate property", "skills.yaml", "    name: Baking\n", "    name: Baking\n    name: Cooking\n", []string{"skills.yaml:4:5: mapping key \"name\" already defined"}},
		{"two documents", "skills.yaml", "  - slug: tasting", "---\n  - slug: tasting", []string{"skills.yaml:1:1: the file holds several YAML documents"}},
		{"not UTF-8", "skills.yaml", "Tasting", "Tast\xffing", []string{"skills.yaml:6:15: not valid UTF-8"}},
		{"NUL", "skills.yaml", "Tasting", "Tast\x00ing", []string{"skills.yaml:6:15: control character U+0000"}},
		{"anchor", "skills.yaml", "name: Baking", "name: &b Baking", []string{"skills.yaml:3:11: a YAML anchor is not read here"}},
		{"alias", "skills.yaml", "name: Baking", "name: *b", []string{"skills.yaml:3:11: "}},
		{"tag", "skills.yaml", "name: Baking", "name: !!str Baking", []string{"skills.yaml:3:11: a YAML tag is not read here"}},
		{"number as name", "skills.yaml", "name: Baking", "1: Baking", []string{"skills.yaml:3:5: a property's name must be plain text"}},
		{"a list where an object belongs", "skills.yaml", "", "- a\n", []string{"skills.yaml:1:1: got array, want object"}},
		{"unknown property", "skills.yaml", "    name: Tasting\n", "    name: Tasting\n    colour: red\n", []string{"skills.yaml:7:5: unknown property \"colour\""}},
		{"missing property", "skills.yaml", "    name: Tasting\n", "", []string{"skills.yaml:5:5: missing property \"name\""}},
		{"wrong type", "skills.yaml", "name: Tasting", "name: 7", []string{"skills.yaml:6:11: got number, want string"}},
		{"nothing said", "skills.yaml", "name: Tasting", "name:", []string{"skills.yaml:6:10: got null, want string"}},
		{"slug in capitals", "skills.yaml", "slug: tasting", "slug: Tasting", []string{"skills.yaml:5:11: 'Tasting' does not match pattern"}},
		{"skill twice", "skills.yaml", "slug: tasting", "slug: baking", []string{
			"credentials/food.yaml:24:15: skills.yaml has no skill \"tasting\"",
			"skills.yaml:5:11: the skill \"baking\" is there already",
			"tracks/baker/track.yaml:5:18: skills.yaml has no skill \"tasting\"",
		}},

		{"track slug is not the folder", track, "slug: baker", "slug: bread", []string{track + ":1:7: the slug is \"bread\", but the folder is \"baker\""}},
		{"occupation", track, "51-3011.00", "51-3011", []string{track + ":4:13: '51-3011' does not match pattern"}},
		{"unknown skill of a track", track, "tasting", "frying", []string{track + ":5:18: skills.yaml has no skill \"frying\""}},
		{"skill listed twice", track, "tasting", "baking", []string{track + ":5:18: is listed twice"}},

		{"passage slug twice", passages, "slug: passage-2", "slug: passage-1", []string{passages + ":17:11: the track has a passage \"passage-1\" already"}},
		{"too few passages", passages, "", "passages: []\n", []string{passages + ":1:1: has 0 entries, needs at least 8"}},
		{"question slug is not the file", crumb, "slug: crumb", "slug: loaf", []string{crumb + ":1:7: the slug is \"loaf\", but the file is \"crumb.yaml\""}},
		{"title too long", crumb, "title: About the crumb", "title: " + strings.Repeat("long ", 13) + "title", []string{crumb + ":2:8: has 70 characters, takes at most 60"}},
		{"unknown level", crumb, "level: FOUNDATION", "level: EASY", []string{crumb + ":8:8: value must be one of 'FOUNDATION', 'INTERMEDIATE', 'ADVANCED'"}},
		{"words the wrong way round", crumb, "{min: 80, max: 300}", "{min: 300, max: 80}", []string{crumb + ":10:14: min 300 is not below max 80"}},
		{"words of a half", crumb, "min: 80", "min: 80.5", []string{crumb + ":10:14: got number, want integer"}},
		{"a number beyond its type", crumb, "min: 80", "min: 18446744073709551615", []string{crumb + ":10:14: "}},
		{"weights", crumb, "weight: 0.25", "weight: 0.3", []string{crumb + ":13:3: the weights add up to 1.05, not to 1"}},
		{"two criteria for a trait", crumb, "trait: REASONING", "trait: CONTENT", []string{crumb + ":25:14: the rubric has a criterion for CONTENT already"}},
		{"criterion key twice", crumb, "key: reasoning", "key: content", []string{crumb + ":24:12: the rubric has a criterion \"content\" already"}},
		{"infinite weight", crumb, "weight: 0.25", "weight: .inf", []string{crumb + ":18:15: a YAML infinity is not read here"}},
		{"levels descend", crumb, "{score: 2.5,", "{score: 0,", []string{crumb + ":22:19: levels ascend, but 0 follows 0"}},
		{"level beside the scale", crumb, "{score: 2.5,", "{score: 2.6,", []string{crumb + ":22:19: 2.6 is not a score of the scale 0…5 in steps of 0.5"}},
		{"first level", crumb, "{score: 0,", "{score: 1,", []string{crumb + ":21:19: the first level stands at 1, but the scale begins at 0"}},
		{"last level", crumb, "{score: 5,", "{score: 4,", []string{crumb + ":23:19: the last level stands at 4, but the scale ends at 5"}},
		{"scale upside down", crumb, "{min: 0, max: 5, step: 0.5}", "{min: 5, max: 0, step: 0.5}", []string{crumb + ":19:20: min 5 is not below max 0"}},
		{"step", crumb, "{min: 0, max: 5, step: 0.5}", "{min: 0, max: 5, step: 0.7}", []string{crumb + ":19:37: steps of 0.7 do not lead from 0 to 5"}},
		{"step of nothing", crumb, "step: 0.5", "step: 0", []string{crumb + ":19:37: must be above 0"}},
		{"label too long", crumb, "label: What heat does", "label: " + strings.Repeat("a ", 40) + "b", []string{crumb + ":56:14: has 81 characters, takes at most 70"}},
		{"label gives the answer", crumb, "label: What heat does", "label: Too little heat spoils the loaf", []string{crumb + ":56:14: the label repeats the key point's text"}},
		{"key point twice", crumb, "key: steam", "key: heat", []string{crumb + ":60:12: the rubric has a key point \"heat\" already"}},
		{"unknown skill of a key point", crumb, "      skills: [baking]", "      skills: [frying]", []string{crumb + ":59:16: skills.yaml has no skill \"frying\""}},
		{"sample missing", crumb, "  weak: |", "  poor: |", []string{crumb + ":93:3: missing property \"weak\"", crumb + ":117:3: unknown property \"poor\""}},

		{"credential slug twice", credentials, "slug: bread-master", "slug: bread-basics", []string{credentials + ":17:11: the credential \"bread-basics\" is already in " + credentials}},
		{"credential title twice", credentials, "title: Bread Master", "title: Bread basics", []string{credentials + ":18:12: Guild of Bakers already awards a credential of this title"}},
		{"requires what it teaches", credentials, "requires: []", "requires: [baking]", []string{credentials + ":10:16: \"baking\" is required and taught at once"}},
		{"unknown prerequisite", credentials, "requires: []", "requires: [frying]", []string{credentials + ":10:16: skills.yaml has no skill \"frying\""}},
		{"address without TLS", credentials, "price: FREE", "price: FREE\n    url: http://example.org/", []string{credentials + ":9:10: '"}},
		{"relative address", credentials, "price: FREE", "price: FREE\n    url: /bread", []string{credentials + ":9:10: '"}},
		{"address of nowhere", credentials, "price: FREE", "price: FREE\n    url: https:///bread", []string{credentials + ":9:10: this is no address of a page"}},
		{"address with a password", credentials, "price: FREE", "price: FREE\n    url: https://me:secret@example.org/", []string{credentials + ":9:10: this is no address of a page"}},
		{"address too long", credentials, "price: FREE", "price: FREE\n    url: https://example.org/" + strings.Repeat("a", 2029), []string{credentials + ":9:10: has 2049 characters, takes at most 2048"}},
		{"unknown price", credentials, "price: FREE", "price: 10", []string{credentials + ":8:12: value must be one of"}},

		{"user twice", people, "slug: lou", "slug: abe", []string{
			people + ":10:11: the user \"abe\" is there already",
			people + ":19:16: the role of \"abe\" is LEARNER, not ADVISOR",
			people + ":20:16: there is no user \"lou\"",
		}},
		{"address twice", people, "lou@example.org", "abe@example.org", []string{people + ":12:12: another user has this address"}},
		{"address elsewhere", people, "lou@example.org", "lou@example.com", []string{people + ":12:12: 'lou@example.com' does not match pattern"}},
		{"unknown track of a user", people, "tracks: [baker]", "tracks: [cook]", []string{people + ":14:14: there is no track \"cook\""}},
		{"unknown track of a cohort", people, "track: baker", "track: cook", []string{people + ":18:12: there is no track \"cook\""}},
		{"learner as advisor", people, "advisors: [abe]", "advisors: [lou]", []string{people + ":19:16: the role of \"lou\" is LEARNER, not ADVISOR"}},
		{"unknown learner", people, "learners: [lou]", "learners: [lea]", []string{people + ":20:16: there is no user \"lea\""}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			files := validSeeds(t)
			content := c.new
			if c.old != "" {
				before := string(files[c.file].Data)
				require.Contains(t, before, c.old)
				content = strings.Replace(before, c.old, c.new, 1)
			}
			files[c.file] = &fstest.MapFile{Data: []byte(content)}
			assertFaults(t, files, c.want)
		})
	}
}

func TestLoadNamesMissingAndMisplacedFiles(t *testing.T) {
	cases := []struct {
		name   string
		remove string // a file, or a folder with all that is in it
		add    string
		want   []string
	}{
		{"no skills", "skills.yaml", "", []string{"skills.yaml: the file is missing"}},
		{"no credentials", "credentials", "", []string{"credentials: the folder is missing"}},
		{"no tracks", "tracks", "", []string{"people.yaml:", "people.yaml:", "tracks: the folder is missing"}},
		{"no passages", "tracks/baker/passages.yaml", "", []string{"tracks/baker/passages.yaml: the file is missing"}},
		{"a question less", "tracks/baker/questions/oven.yaml", "", []string{"tracks/baker/questions: has 3 questions, a track needs at least 4"}},
		{"other ending", "", "credentials/more.yml", []string{"credentials/more.yml: nothing reads this"}},
		{"file among the folders", "", "tracks/notes.txt", []string{"tracks/notes.txt: nothing reads this"}},
		{"file beside the track", "", "tracks/baker/questions.yaml", []string{"tracks/baker/questions.yaml: nothing reads this"}},
		{"folder beside the questions", "", "tracks/baker/drafts/one.yaml", []string{"tracks/baker/drafts: nothing reads this folder"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			files := validSeeds(t)
			for name := range files {
				if c.remove != "" && (name == c.remove || strings.HasPrefix(name, c.remove+"/")) {
					delete(files, name)
				}
			}
			if c.add != "" {
				files[c.add] = &fstest.MapFile{Data: []byte("a: 1\n")}
			}
			assertFaults(t, files, c.want)
		})
	}
}

func TestLoadCountsWords(t *testing.T) {
	const name = "tracks/baker/questions/crumb.yaml"
	files := validSeeds(t)
	before, _, found := strings.Cut(string(files[name].Data), "  weak: |\n")
	require.True(t, found)
	for n, want := range map[int][]string{
		23:  {name + ":117:9: has 23 words, should have 30 to 90"},
		24:  nil, // a fifth below
		108: nil,
		109: {name + ":117:9: has 109 words, should have 30 to 90"},
	} {
		files[name] = &fstest.MapFile{Data: []byte(before + "  weak: |\n    " + strings.Repeat("word ", n) + "\n")}
		if want != nil {
			assertFaults(t, files, want)
			continue
		}
		_, err := seeds.Load(files)
		assert.NoError(t, err, "%d words", n)
	}
}

func TestBrokenSkillsBlameNobodyElse(t *testing.T) {
	files := validSeeds(t)
	files["skills.yaml"] = &fstest.MapFile{Data: []byte("skills: 3\n")}
	assertFaults(t, files, []string{"skills.yaml:1:9: got number, want array"})
}

func TestFaultsOfSeveralFilesComeSorted(t *testing.T) {
	files := validSeeds(t)
	for _, name := range []string{"tracks/baker/track.yaml", "people.yaml", "credentials/food.yaml"} {
		files[name] = &fstest.MapFile{Data: append(files[name].Data, "surplus: 1\n"...)}
	}
	assertFaults(t, files, []string{
		"credentials/food.yaml:32:1: unknown property",
		"people.yaml:21:1: unknown property",
		"tracks/baker/track.yaml:6:1: unknown property",
	})
}

// assertFaults loads the files and compares the beginning of each fault, in order.
func assertFaults(t *testing.T, files fs.FS, want []string) {
	t.Helper()
	catalog, err := seeds.Load(files)
	require.Nil(t, catalog)
	var faults seeds.Faults
	require.ErrorAs(t, err, &faults)
	require.Len(t, faults, len(want), "%v", err)
	for i, fault := range faults {
		assert.True(t, strings.HasPrefix(fault.Error(), want[i]), "want %q…\ngot  %q", want[i], fault.Error())
	}
}

// FuzzLoad holds that no content of a file makes Load panic or return an error without a place.
// Inputs are large: run it with -fuzzminimizetime 20x, or minimising takes all the time.
func FuzzLoad(f *testing.F) {
	valid := validSeeds(f)
	names := []string{"skills.yaml", "people.yaml", "credentials/food.yaml", "tracks/baker/track.yaml", "tracks/baker/passages.yaml", "tracks/baker/questions/crumb.yaml"}
	for i, name := range names {
		f.Add(uint8(i), valid[name].Data)
	}
	for _, odd := range []string{"", "\x00", "- ", "? a\n: b", "a: &a [*a]", "<<: {a: 1}", "a: |2-\n", "%YAML 1.2\n---\n", "{{{", "a: !!binary x", "\"\\u", "a:\n\t- b", "...", "--- >\n"} {
		f.Add(uint8(0), []byte(odd))
	}
	f.Fuzz(func(t *testing.T, which uint8, content []byte) {
		files := fstest.MapFS{}
		for name, file := range valid {
			files[name] = file
		}
		name := names[int(which)%len(names)]
		files[name] = &fstest.MapFile{Data: content}
		catalog, err := seeds.Load(files)
		if err == nil {
			require.NotNil(t, catalog)
			return
		}
		var faults seeds.Faults
		require.ErrorAs(t, err, &faults)
		require.NotEmpty(t, faults)
		for _, fault := range faults {
			require.NotEmpty(t, fault.File)
			require.NotEmpty(t, fault.Message)
		}
	})
}
