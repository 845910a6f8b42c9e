package graph

import (
	"context"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	"github.com/lib/pq"

	"github.com/rubrica/rubrica/ent/enums"
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
	equals := func(kind string, id *string, column string) error {
		if id == nil {
			return nil
		}
		key, err := globalid.DecodeAs(kind, *id)
		if err != nil {
			return err
		}
		conditions = append(conditions, func(s *sql.Selector) { s.Where(sql.EQ(s.C(column), key)) })
		return nil
	}
	if err := equals("question", f.QuestionID, "question_id"); err != nil {
		return nil, err
	}
	if err := equals("user", f.LearnerID, "owner_id"); err != nil {
		return nil, err
	}
	if f.TrackID != nil {
		key, err := globalid.DecodeAs("track", *f.TrackID)
		if err != nil {
			return nil, err
		}
		conditions = append(conditions, func(s *sql.Selector) {
			t := sql.Table("questions").As("fq")
			s.Where(sql.In(s.C("question_id"), sql.Dialect(dialect.Postgres).Select(t.C("id")).From(t).Where(sql.EQ(t.C("track_id"), key))))
		})
	}
	if f.CohortID != nil {
		key, err := globalid.DecodeAs("cohort", *f.CohortID)
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

func credentialFilter(f *model.CredentialFilter) func(*sql.Selector) {
	conditions := []func(*sql.Selector){active}
	if f != nil && f.Teaches != nil {
		conditions = append(conditions, func(s *sql.Selector) {
			s.Where(sql.P(func(b *sql.Builder) {
				b.WriteString(s.C("teaches")).WriteString(" @> ").Arg(pq.Array([]string{*f.Teaches}))
			}))
		})
	}
	if f != nil && f.Level != nil {
		conditions = append(conditions, func(s *sql.Selector) { s.Where(sql.EQ(s.C("level"), string(*f.Level))) })
	}
	if f != nil && f.Price != nil {
		conditions = append(conditions, func(s *sql.Selector) { s.Where(sql.EQ(s.C("price"), string(*f.Price))) })
	}
	return all(conditions)
}

func all(conditions []func(*sql.Selector)) func(*sql.Selector) {
	return func(s *sql.Selector) {
		for _, c := range conditions {
			c(s)
		}
	}
}
