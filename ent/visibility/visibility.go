// Package visibility decides which rows a viewer may see. It is the one place that does: the privacy
// rules of the ent schemas apply these predicates, and so does every statement that bypasses ent
// (progress, activity, search), built with the same SQL builder.
package visibility

import (
	"entgo.io/ent/dialect/sql"

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/internal/viewer"
)

// Owned keeps the rows whose column owner names a learner that the viewer may see: a learner sees
// their own, an advisor also those of the learners in their cohorts, an admin all.
func Owned(v viewer.Viewer, owner string) *sql.Predicate {
	switch v.Role {
	case enums.RoleAdmin:
		return nil
	case enums.RoleAdvisor:
		return sql.Or(sql.EQ(owner, v.ID), sql.In(owner, advisedLearners(v)))
	default:
		return sql.EQ(owner, v.ID)
	}
}

// Users keeps the people that the viewer may see: themselves, for an advisor also everybody in their
// cohorts, for an admin all.
func Users(v viewer.Viewer, id string) *sql.Predicate {
	switch v.Role {
	case enums.RoleAdmin:
		return nil
	case enums.RoleAdvisor:
		members := sql.Table("memberships").As("vm")
		return sql.Or(sql.EQ(id, v.ID), sql.In(id, sql.Dialect(dialect).Select(members.C("user_id")).From(members).
			Where(sql.In(members.C("cohort_id"), advisedCohorts(v)))))
	default:
		return sql.EQ(id, v.ID)
	}
}

// Cohorts keeps the cohorts that the viewer may see: an advisor those they advise, a learner those
// they are in, an admin all.
func Cohorts(v viewer.Viewer, id string) *sql.Predicate {
	if v.Role == enums.RoleAdmin {
		return nil
	}
	mine := sql.Table("memberships").As("vc")
	return sql.In(id, sql.Dialect(dialect).Select(mine.C("cohort_id")).From(mine).
		Where(sql.EQ(mine.C("user_id"), v.ID)))
}

// Memberships keeps the memberships that the viewer may see: a learner their own, an advisor all of
// the cohorts they advise, an admin all.
func Memberships(v viewer.Viewer, cohort, user string) *sql.Predicate {
	switch v.Role {
	case enums.RoleAdmin:
		return nil
	case enums.RoleAdvisor:
		return sql.Or(sql.EQ(user, v.ID), sql.In(cohort, advisedCohorts(v)))
	default:
		return sql.EQ(user, v.ID)
	}
}

const dialect = "postgres"

func advisedCohorts(v viewer.Viewer) *sql.Selector {
	t := sql.Table("memberships").As("va")
	return sql.Dialect(dialect).Select(t.C("cohort_id")).From(t).
		Where(sql.And(sql.EQ(t.C("user_id"), v.ID), sql.EQ(t.C("role"), string(enums.MemberAdvisor))))
}

func advisedLearners(v viewer.Viewer) *sql.Selector {
	t := sql.Table("memberships").As("vl")
	return sql.Dialect(dialect).Select(t.C("user_id")).From(t).
		Where(sql.And(
			sql.EQ(t.C("role"), string(enums.MemberLearner)),
			sql.In(t.C("cohort_id"), advisedCohorts(v)),
		))
}
