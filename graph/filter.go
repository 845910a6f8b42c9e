package graph

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"
	"github.com/lib/pq"

	"github.com/rubrica/rubrica/ent/auditevent"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/user"
	"github.com/rubrica/rubrica/ent/visibility"
	"github.com/rubrica/rubrica/graph/model"
	"github.com/rubrica/rubrica/internal/globalid"
	"github.com/rubrica/rubrica/internal/viewer"
)

// essayFilter narrows a list of essays. What the viewer may see is not its business, with one
// exception: a cohort that they may not see has no essays for them.
func essayFilter(ctx context.Context, f *model.EssayFilter) (func(*sql.Selector), error) {
	if f == nil {
		return everything, nil
	}
	var conditions []func(*sql.Selector)
	equals := func(field, kind string, id *string, column string) error {
		if id == nil {
			return nil
		}
		key, err := idOf("filter."+field, kind, *id)
		if err != nil {
			return err
		}
		conditions = append(conditions, is(column, key))
		return nil
	}
	if err := equals("questionId", "question", f.QuestionID, "question_id"); err != nil {
		return nil, err
	}
	if err := equals("learnerId", "user", f.LearnerID, "owner_id"); err != nil {
		return nil, err
	}
	if f.TrackID != nil {
		key, err := idOf("filter.trackId", "track", *f.TrackID)
		if err != nil {
			return nil, err
		}
		conditions = append(conditions, func(s *sql.Selector) {
			t := sql.Table("questions").As("fq")
			s.Where(sql.In(s.C("question_id"), sql.Dialect(dialect.Postgres).Select(t.C("id")).From(t).Where(sql.EQ(t.C("track_id"), key))))
		})
	}
	if f.CohortID != nil {
		key, err := idOf("filter.cohortId", "cohort", *f.CohortID)
		if err != nil {
			return nil, err
		}
		v, _ := viewer.FromContext(ctx)
		conditions = append(conditions, func(s *sql.Selector) {
			t := sql.Table("memberships").As("fm")
			where := sql.And(sql.EQ(t.C("cohort_id"), key), sql.EQ(t.C("role"), string(enums.MemberLearner)))
			if p := visibility.Cohorts(v, t.C("cohort_id")); p != nil {
				where = sql.And(where, p)
			}
			s.Where(sql.In(s.C("owner_id"), sql.Dialect(dialect.Postgres).Select(t.C("user_id")).From(t).Where(where)))
		})
	}
	if f.Stage != nil {
		stage := string(*f.Stage)
		conditions = append(conditions, func(s *sql.Selector) {
			s.Where(sql.P(func(b *sql.Builder) {
				b.WriteString("(SELECT stage FROM scoring_runs fr WHERE fr.essay_id = ").WriteString(s.C("id")).
					WriteString(" ORDER BY fr.number DESC LIMIT 1) = ").Arg(stage)
			}))
		})
	}
	return all(conditions), nil
}

func credentialFilter(f *model.CredentialFilter) (func(*sql.Selector), error) {
	if f == nil {
		return active, nil
	}
	conditions := []func(*sql.Selector){active}
	if f.Teaches != nil {
		if !isSlug(*f.Teaches) {
			return nil, &fault{codeBadInput, "filter.teaches takes the slug of a skill: 1 to 64 lower-case letters, digits and hyphens."}
		}
		conditions = append(conditions, func(s *sql.Selector) {
			s.Where(sql.P(func(b *sql.Builder) {
				b.WriteString(s.C("teaches")).WriteString(" @> ").Arg(pq.Array([]string{*f.Teaches}))
			}))
		})
	}
	if f.Level != nil {
		conditions = append(conditions, is("level", string(*f.Level)))
	}
	if f.Price != nil {
		conditions = append(conditions, is("price", string(*f.Price)))
	}
	return all(conditions), nil
}

func userFilter(f *model.UserFilter) func(*sql.Selector) {
	var conditions []func(*sql.Selector)
	if f != nil && f.Role != nil {
		conditions = append(conditions, is(user.FieldRole, string(*f.Role)))
	}
	if f != nil && f.Active != nil {
		conditions = append(conditions, is(user.FieldActive, *f.Active))
	}
	return all(conditions)
}

func auditEventFilter(f *model.AuditEventFilter) (func(*sql.Selector), error) {
	if f == nil {
		return everything, nil
	}
	var conditions []func(*sql.Selector)
	if f.Action != nil {
		conditions = append(conditions, is(auditevent.FieldAction, string(*f.Action)))
	}
	if f.ActorID != nil {
		key, err := idOf("filter.actorId", "user", *f.ActorID)
		if err != nil {
			return nil, err
		}
		conditions = append(conditions, is(auditevent.FieldActorID, key))
	}
	if f.TargetID != nil {
		kind, key, err := globalid.Decode(*f.TargetID)
		target := strings.ToUpper(kind)
		if err != nil || !slices.Contains(enums.AuditTarget("").Values(), target) || target == string(enums.TargetCatalogue) {
			return nil, &fault{codeBadInput, "filter.targetId takes the id of a cohort, an essay, a job or a user, as this API gave it."}
		}
		conditions = append(conditions, is(auditevent.FieldTargetID, key), is(auditevent.FieldTargetType, target))
	}
	return all(conditions), nil
}

// idOf is the row that a global id of the kind names; the fault for any other text says what the field
// takes.
func idOf(field, kind, id string) (uuid.UUID, error) {
	key, err := globalid.DecodeAs(kind, id)
	if err != nil {
		return key, &fault{codeBadInput, fmt.Sprintf("%s takes an id of kind %s, passed on as this API gave it.", field, kind)}
	}
	return key, nil
}

// isSlug tells whether a text can be the slug of a skill or a track. Others are not asked for:
// Postgres refuses some of them.
func isSlug(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') })
}

func is(column string, value any) func(*sql.Selector) {
	return func(s *sql.Selector) { s.Where(sql.EQ(s.C(column), value)) }
}

func all(conditions []func(*sql.Selector)) func(*sql.Selector) {
	return func(s *sql.Selector) {
		for _, c := range conditions {
			c(s)
		}
	}
}
