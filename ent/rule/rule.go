// Package rule holds the privacy policies that the ent schemas choose from. Every policy first lets
// the system pass and refuses who has not signed in; what no rule allows is denied.
//
// The package knows the generated models by small interfaces only: the schemas import it, and the
// generator could not load them while the models are out of date if it imported these.
package rule

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"

	"entgo.io/ent"
	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	"entgo.io/ent/privacy"
	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/visibility"
	"github.com/rubrica/rubrica/internal/bypass"
	"github.com/rubrica/rubrica/internal/viewer"
)

// Catalogue is for what everyone who signed in may read and admins write.
func Catalogue() ent.Policy { return policy(query(privacy.AlwaysAllowRule()), mutation(allowAdmin())) }

// Confidential is for what graders know and learners may not: key points and reference answers.
func Confidential() ent.Policy {
	return policy(query(allowRoles(enums.RoleAdvisor, enums.RoleAdmin)), mutation(allowAdmin()))
}

// Result is for what workers write about one learner's essay: read as the owner's rows are, written
// by the system alone.
func Result() ent.Policy { return policy(query(ownedRows()), mutation()) }

// Essay is for essays: as Result, and who signed in may add their own.
func Essay() ent.Policy { return policy(query(ownedRows()), mutation(allowOwnCreate())) }

// Own is for what people say of themselves: read as the owner's rows are, written and taken back by the
// owner alone.
func Own() ent.Policy {
	return policy(query(ownedRows()), mutation(allowOwnCreate(), allowOwnDelete()))
}

// Run is for scoring runs: as Result, and who may see an essay may add a run to it.
func Run() ent.Policy { return policy(query(ownedRows()), mutation(allowCreateForVisibleOwner())) }

// User is for accounts.
func User() ent.Policy {
	return policy(query(rows(func(v viewer.Viewer, s *sql.Selector) *sql.Predicate {
		return visibility.Users(v, s.C("id"))
	})), mutation(allowAdmin()))
}

// Cohort is for cohorts.
func Cohort() ent.Policy {
	return policy(query(rows(func(v viewer.Viewer, s *sql.Selector) *sql.Predicate {
		return visibility.Cohorts(v, s.C("id"))
	})), mutation(allowAdmin()))
}

// Membership is for the memberships of cohorts.
func Membership() ent.Policy {
	return policy(query(rows(func(v viewer.Viewer, s *sql.Selector) *sql.Predicate {
		return visibility.Memberships(v, s.C("cohort_id"), s.C("user_id"))
	})), mutation(allowAdmin()))
}

// Audit is for the audit trail: admins read it, everyone who signed in adds what they did, nobody
// changes it.
func Audit() ent.Policy { return policy(query(allowAdmin()), mutation(allowOwnAudit())) }

type rules struct {
	query    privacy.QueryPolicy
	mutation privacy.MutationPolicy
}

func policy(parts ...func(*rules)) ent.Policy {
	r := rules{
		query:    privacy.QueryPolicy{signedIn()},
		mutation: privacy.MutationPolicy{signedIn()},
	}
	for _, part := range parts {
		part(&r)
	}
	return privacy.Policy{Query: append(r.query, privacy.AlwaysDenyRule()), Mutation: append(r.mutation, privacy.AlwaysDenyRule())}
}

func query(list ...privacy.QueryRule) func(*rules) {
	return func(r *rules) { r.query = append(r.query, list...) }
}

func mutation(list ...privacy.MutationRule) func(*rules) {
	return func(r *rules) { r.mutation = append(r.mutation, list...) }
}

func signedIn() privacy.QueryMutationRule {
	return privacy.ContextQueryMutationRule(func(ctx context.Context) error {
		if bypass.Active(ctx) {
			return privacy.Allow
		}
		if _, ok := viewer.FromContext(ctx); !ok {
			return privacy.Denyf("nobody is signed in")
		}
		return privacy.Skip
	})
}

func allowAdmin() privacy.QueryMutationRule { return allowRoles(enums.RoleAdmin) }

func allowRoles(roles ...enums.Role) privacy.QueryMutationRule {
	return privacy.ContextQueryMutationRule(func(ctx context.Context) error {
		if v, ok := viewer.FromContext(ctx); ok && v.Is(roles...) {
			return privacy.Allow
		}
		return privacy.Skip
	})
}

func ownedRows() privacy.QueryRule {
	return rows(func(v viewer.Viewer, s *sql.Selector) *sql.Predicate {
		return visibility.Owned(v, s.C("owner_id"))
	})
}

// rows allows the query and keeps what the predicate lets the viewer see; nil keeps all.
func rows(predicate func(viewer.Viewer, *sql.Selector) *sql.Predicate) privacy.QueryRule {
	return queryRule(func(ctx context.Context, q ent.Query) error {
		v, ok := viewer.FromContext(ctx)
		if !ok {
			return privacy.Deny
		}
		filter, ok := q.(interface{ WhereP(...func(*sql.Selector)) })
		if !ok {
			return privacy.Denyf("%T cannot be filtered", q)
		}
		filter.WhereP(func(s *sql.Selector) {
			if p := predicate(v, s); p != nil {
				s.Where(p)
			}
		})
		return privacy.Allow
	})
}

type owned interface{ OwnerID() (uuid.UUID, bool) }

func allowOwnCreate() privacy.MutationRule {
	return onCreate(func(_ context.Context, v viewer.Viewer, m ent.Mutation) error {
		if o, ok := m.(owned); ok {
			if id, set := o.OwnerID(); set && id == v.ID {
				return privacy.Allow
			}
		}
		return privacy.Skip
	})
}

// allowOwnDelete deletes of what was asked for the rows of the viewer.
func allowOwnDelete() privacy.MutationRule {
	return privacy.MutationRuleFunc(func(ctx context.Context, m ent.Mutation) error {
		v, ok := viewer.FromContext(ctx)
		if !ok || !m.Op().Is(ent.OpDelete|ent.OpDeleteOne) {
			return privacy.Skip
		}
		filter, ok := m.(interface{ WhereP(...func(*sql.Selector)) })
		if !ok {
			return privacy.Denyf("%T cannot be filtered", m)
		}
		filter.WhereP(func(s *sql.Selector) { s.Where(sql.EQ(s.C("owner_id"), v.ID)) })
		return privacy.Allow
	})
}

func allowCreateForVisibleOwner() privacy.MutationRule {
	return onCreate(func(ctx context.Context, v viewer.Viewer, m ent.Mutation) error {
		o, ok := m.(interface {
			owned
			QueryContext(ctx context.Context, query string, args ...any) (*stdsql.Rows, error)
		})
		if !ok {
			return privacy.Skip
		}
		id, set := o.OwnerID()
		if !set {
			return privacy.Skip
		}
		visible, err := ownerVisible(ctx, o.QueryContext, v, id)
		if err != nil {
			return fmt.Errorf("checking whose essay it is: %w", err)
		}
		if visible {
			return privacy.Allow
		}
		return privacy.Skip
	})
}

func ownerVisible(ctx context.Context, query func(context.Context, string, ...any) (*stdsql.Rows, error), v viewer.Viewer, owner uuid.UUID) (visible bool, err error) {
	users := sql.Table("users")
	where := sql.EQ(users.C("id"), owner)
	if p := visibility.Owned(v, users.C("id")); p != nil {
		where = sql.And(where, p)
	}
	text, args := sql.Dialect(dialect.Postgres).Select(users.C("id")).From(users).Where(where).Query()
	rows, err := query(ctx, text, args...)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	visible = rows.Next()
	return visible, rows.Err()
}

func allowOwnAudit() privacy.MutationRule {
	return onCreate(func(_ context.Context, v viewer.Viewer, m ent.Mutation) error {
		if a, ok := m.(interface{ ActorID() (uuid.UUID, bool) }); ok {
			if id, set := a.ActorID(); set && id == v.ID {
				return privacy.Allow
			}
		}
		return privacy.Skip
	})
}

func onCreate(allow func(context.Context, viewer.Viewer, ent.Mutation) error) privacy.MutationRule {
	return mutationRule(func(ctx context.Context, m ent.Mutation) error {
		v, ok := viewer.FromContext(ctx)
		if !ok || !m.Op().Is(ent.OpCreate) {
			return privacy.Skip
		}
		return allow(ctx, v, m)
	})
}

type queryRule func(context.Context, ent.Query) error

func (f queryRule) EvalQuery(ctx context.Context, q ent.Query) error { return f(ctx, q) }

type mutationRule func(context.Context, ent.Mutation) error

func (f mutationRule) EvalMutation(ctx context.Context, m ent.Mutation) error { return f(ctx, m) }
