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
	"time"

	"github.com/rubrica/rubrica/internal/auth"
	"github.com/rubrica/rubrica/internal/bypass"
	"github.com/rubrica/rubrica/internal/graphiql"
)

// welcomeLifetime is how long the ready-made tokens of the development mode are valid.
const welcomeLifetime = 30 * 24 * time.Hour

// handoffFile tells commands of the same machine, such as demo, where the development server is and
// how to speak to it. It lies in the data folder and is its owner's alone.
const handoffFile = "server.json"

type handoff struct {
	URL    string            `json:"url"`
	Tokens map[string]string `json:"tokens"` // by short name
}

// welcome makes tokens for three people of the seeds, prints how to begin, and leaves the handoff.
func (s *stack) welcome(ctx context.Context, a *App, authority *auth.Authority, url string) ([]graphiql.Person, error) {
	var people []graphiql.Person
	h := handoff{URL: url, Tokens: map[string]string{}}
	for _, who := range []struct{ name, role string }{{"lena", "learner"}, {"arno", "advisor"}, {"ada", "admin"}} {
		person, err := findUser(bypass.Context(ctx), s.db.Ent, who.name)
		if err != nil {
			return nil, err
		}
		token, err := authority.Issue(person.ID, welcomeLifetime)
		if err != nil {
			return nil, err
		}
		people = append(people, graphiql.Person{Name: who.name, Role: who.role, Token: token.Raw})
		h.Tokens[who.name] = token.Raw
	}
	path := filepath.Join(s.dataDir, handoffFile)
	if err := h.write(path); err != nil {
		return nil, err
	}
	s.onClose("handoff", func(context.Context) error { return h.remove(path) })
	return people, a.printf("%s", welcomeText(url, people, s.private, s.dataDir))
}

func welcomeText(url string, people []graphiql.Person, private bool, dataDir string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\nRubrica is at %s/graphql\n\n", url)
	fmt.Fprintf(&b, "  GraphiQL   %s/graphiql?as=lena   (or as=arno, as=ada)\n", url)
	fmt.Fprintf(&b, "  Health     %s/readyz\n", url)
	if private {
		fmt.Fprintf(&b, "  Data       %s\n", dataDir)
	}
	fmt.Fprintf(&b, "\nTokens, valid for %d days (Authorization: Bearer …):\n", int(welcomeLifetime.Hours()/24))
	for _, p := range people {
		fmt.Fprintf(&b, "\n  %s, %s\n  %s\n", p.Name, p.Role, p.Token)
	}
	b.WriteString("\nTry `make demo` in another terminal. Ctrl-C stops everything.\n\n")
	return b.String()
}

func (h handoff) write(path string) error {
	text, err := json.Marshal(h)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+handoffFile+"-*") // mode 0600
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// remove takes the handoff away unless another server has put its own in its place.
func (h handoff) remove(path string) error {
	have, err := readHandoff(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && have.URL != h.URL {
		return nil
	}
	if err != nil {
		return err
	}
	return os.Remove(path)
}

func readHandoff(path string) (handoff, error) {
	var h handoff
	text, err := os.ReadFile(path)
	if err != nil {
		return h, err
	}
	if err := json.Unmarshal(text, &h); err != nil {
		return h, fmt.Errorf("%s is damaged: %w", path, err)
	}
	return h, nil
}
