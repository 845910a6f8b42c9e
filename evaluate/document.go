package evaluate

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// heading opens a document of reports that is not there yet.
const heading = "# Quality\n\nHow well scores agree with people, measured on rows that were not used for fitting. " +
	"Each section is written by the command that it names; what is between its marks is not edited by hand.\n"

// WriteInto puts the report's section into a Markdown document, in place of the one that an earlier run left, and
// else at the end. The document is made where it is missing.
func (r *Report) WriteInto(path string) error {
	before, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		before = []byte(heading)
	} else if err != nil {
		return fmt.Errorf("evaluate: %w", err)
	}
	after, err := r.spliced(string(before))
	if err != nil {
		return fmt.Errorf("evaluate: %s: %w", path, err)
	}
	if err := os.WriteFile(path, []byte(after), 0o644); err != nil {
		return fmt.Errorf("evaluate: %w", err)
	}
	return nil
}

func (r *Report) spliced(document string) (string, error) {
	open, shut := "<!-- "+r.Name+" -->\n", "<!-- /"+r.Name+" -->\n"
	section := open + r.Markdown() + shut
	from := strings.Index(document, open)
	if from < 0 {
		return strings.TrimRight(document, "\n") + "\n\n" + section, nil
	}
	to := strings.Index(document[from:], shut)
	if to < 0 {
		return "", fmt.Errorf("the section that %q opens is not closed by %q", strings.TrimSpace(open), strings.TrimSpace(shut))
	}
	return document[:from] + section + document[from+to+len(shut):], nil
}
