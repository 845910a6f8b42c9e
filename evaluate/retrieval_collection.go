package evaluate

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// collection is a test collection for retrieval: documents, queries, and which documents people found
// relevant to which queries.
type collection struct {
	name      string
	documents []collected
	queries   []request
}

type collected struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Text  string `json:"text"`
}

type request struct {
	ID    string             `json:"id"`
	Text  string             `json:"text"`
	gains map[string]float64 // by document, above 0
}

// longestLine bounds a line of a collection, in bytes.
const longestLine = 16 << 20

// readCollection reads docs.jsonl (id, title, text), queries.jsonl (id, text) and qrels.tsv (a header,
// then query, document and gain, with tabs between them). Queries without a relevant document are left
// out.
func readCollection(folder string) (*collection, error) {
	c := &collection{name: filepath.Base(filepath.Clean(folder))}
	known := map[string]bool{}
	err := lines(folder, "docs.jsonl", func(line string) error {
		var d collected
		if err := json.Unmarshal([]byte(line), &d); err != nil {
			return err
		}
		if d.ID == "" || known[d.ID] {
			return fmt.Errorf("the document %q has no id, or the id of an earlier one", d.ID)
		}
		known[d.ID] = true
		c.documents = append(c.documents, d)
		return nil
	})
	if err != nil {
		return nil, err
	}
	gains := map[string]map[string]float64{}
	header := true
	err = lines(folder, "qrels.tsv", func(line string) error {
		if header {
			header = false
			return nil
		}
		fields := strings.Split(line, "\t")
		if len(fields) != 3 {
			return fmt.Errorf("%d fields where query, document and relevance were expected", len(fields))
		}
		gain, err := strconv.ParseFloat(fields[2], 64)
		if err != nil {
			return fmt.Errorf("the relevance %q is not a number", fields[2])
		}
		if !known[fields[1]] {
			return fmt.Errorf("there is no document %q", fields[1])
		}
		if gain <= 0 {
			return nil
		}
		if gains[fields[0]] == nil {
			gains[fields[0]] = map[string]float64{}
		}
		gains[fields[0]][fields[1]] = gain
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = lines(folder, "queries.jsonl", func(line string) error {
		var q request
		if err := json.Unmarshal([]byte(line), &q); err != nil {
			return err
		}
		if q.gains = gains[q.ID]; len(q.gains) > 0 {
			c.queries = append(c.queries, q)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(c.queries) == 0 {
		return nil, fmt.Errorf("evaluate: %s has no query with a relevant document", folder)
	}
	return c, nil
}

// lines calls each for every line of a file that is not blank.
func lines(folder, file string, each func(string) error) (err error) {
	path := filepath.Join(folder, file)
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("evaluate: %w (--collection names a folder with docs.jsonl, queries.jsonl and qrels.tsv)", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	s := bufio.NewScanner(f)
	s.Buffer(nil, longestLine)
	for n := 1; s.Scan(); n++ {
		if strings.TrimSpace(s.Text()) == "" {
			continue
		}
		if err := each(s.Text()); err != nil {
			return fmt.Errorf("evaluate: %s, line %d: %w", path, n, err)
		}
	}
	if err := s.Err(); err != nil {
		return fmt.Errorf("evaluate: %s: %w", path, err)
	}
	return nil
}
