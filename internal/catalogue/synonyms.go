package catalogue

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/lib/pq"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/internal/audit"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/internal/problem"
)

// Bounds of a skill's synonyms.
const (
	MaxSynonyms = 32 // of a skill
	MaxSynonym  = 64 // characters of one
)

// SetSynonyms sets the other words for a skill, for the viewer in the context, and records it. They are kept
// in lower case, with single blanks, each once, in their order. Searches go by them within half a minute;
// nothing is indexed anew, because they are added to what is searched for. Errors that the caller can put
// right are *problem.Problem.
func SetSynonyms(ctx context.Context, db *database.DB, id uuid.UUID, synonyms []string) (*ent.Skill, error) {
	words, err := normalized(synonyms)
	if err != nil {
		return nil, err
	}
	var out *ent.Skill
	err = db.InTx(ctx, func(tx *database.Tx) error {
		var err error
		out, err = tx.Ent.Skill.UpdateOneID(id).SetSynonyms(words).Save(ctx)
		if ent.IsNotFound(err) {
			return problem.New("skillId", problem.NotFound, "There is no such skill.")
		}
		if err != nil {
			return fmt.Errorf("changing the skill: %w", err)
		}
		return audit.Record(ctx, tx.Ent, enums.AuditSkillUpdate, enums.TargetSkill, id,
			map[string]string{"synonyms": strings.Join(words, ", ")})
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// normalized are the synonyms as they are kept.
func normalized(synonyms []string) (pq.StringArray, error) {
	if len(synonyms) > MaxSynonyms {
		return nil, problem.New("synonyms", problem.Invalid, fmt.Sprintf("A skill has at most %d synonyms.", MaxSynonyms))
	}
	out := pq.StringArray{}
	for _, s := range synonyms {
		if !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && !unicode.IsSpace(r) }) {
			return nil, problem.New("synonyms", problem.InvalidText, "A synonym holds characters that cannot be kept, such as NUL.")
		}
		word := strings.ToLower(strings.Join(strings.Fields(s), " "))
		if n := utf8.RuneCountInString(word); n < 1 || n > MaxSynonym {
			return nil, problem.New("synonyms", problem.Invalid, fmt.Sprintf("A synonym has 1 to %d characters.", MaxSynonym))
		}
		if !slices.Contains(out, word) {
			out = append(out, word)
		}
	}
	return out, nil
}
