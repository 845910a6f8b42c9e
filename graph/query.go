package graph

import (
	"context"

	"entgo.io/ent/dialect/sql"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/track"
	"github.com/rubrica/rubrica/graph/load"
	"github.com/rubrica/rubrica/graph/model"
	"github.com/rubrica/rubrica/graph/page"
	"github.com/rubrica/rubrica/internal/viewer"
)

func (r queryResolver) Viewer(ctx context.Context) (*model.Viewer, error) {
	v, ok := viewer.FromContext(ctx)
	if !ok {
		return nil, nil //nolint:nilnil // nobody is signed in
	}
	u, err := load.For(ctx).ReadUser(ctx, v.ID)
	if err != nil {
		return nil, err
	}
	load.WalkField(ctx, "user", "User", u)
	return &model.Viewer{User: u, Role: v.Role, Permissions: permissions(v.Role)}, nil
}

// permissions tells frontends what to offer; the rules themselves stand with the ent schemas and in
// the packages that act.
func permissions(role enums.Role) []model.Permission {
	switch role {
	case enums.RoleAdmin:
		return []model.Permission{
			model.PermissionReadGradingKeys, model.PermissionReadCohortWork, model.PermissionReadAllWork,
			model.PermissionRescore, model.PermissionManagePeople, model.PermissionReadAudit, model.PermissionIntrospect,
		}
	case enums.RoleAdvisor:
		return []model.Permission{model.PermissionReadGradingKeys, model.PermissionReadCohortWork, model.PermissionRescore}
	default:
		return []model.Permission{model.PermissionSubmitEssays}
	}
}

func (r queryResolver) Essay(ctx context.Context, id string) (*ent.Essay, error) {
	key, err := idOf("id", "essay", id)
	if err != nil {
		return nil, err
	}
	e, err := load.For(ctx).ReadEssay(ctx, key)
	if err == nil {
		below(ctx, "Essay", e)
	}
	return e, err
}

func (r queryResolver) Track(ctx context.Context, slug string) (*ent.Track, error) {
	if !isSlug(slug) {
		return nil, nil //nolint:nilnil // no track has such a name
	}
	q := r.db.Ent.Track.Query().Where(track.Slug(slug), track.Active(true))
	load.Narrow(ctx, "Track", q)
	t, err := q.Only(ctx)
	if ent.IsNotFound(err) {
		return nil, nil //nolint:nilnil // null is the answer
	}
	if err == nil {
		below(ctx, "Track", t)
	}
	return t, err
}

func (r queryResolver) Tracks(ctx context.Context, first *int, after *string, last *int, before *string) (*model.TrackConnection, error) {
	p, n, err := source[*ent.Track]{
		typ: "Track", name: "tracks", by: tracksByTitle(),
		query: func(m ...func(*sql.Selector)) lister[*ent.Track] {
			q := r.db.Ent.Track.Query()
			q.Modify(m...)
			return q
		},
	}.read(ctx, page.Args{First: first, After: after, Last: last, Before: before}, active)
	if err != nil {
		return nil, err
	}
	out := &model.TrackConnection{PageInfo: p.Info, TotalCount: n}
	for i, node := range p.Nodes {
		out.Edges = append(out.Edges, &model.TrackEdge{Cursor: p.Cursors[i], Node: node})
	}
	return out, nil
}

func active(s *sql.Selector) { s.Where(sql.EQ(s.C("active"), true)) }

func (r queryResolver) Essays(ctx context.Context, first *int, after *string, last *int, before *string, filter *model.EssayFilter, orderBy *model.EssayOrder) (*model.EssayConnection, error) {
	where, err := essayFilter(ctx, filter)
	if err != nil {
		return nil, err
	}
	p, n, err := source[*ent.Essay]{
		typ: "Essay", name: "essays", filter: filter, by: essayOrder(orderBy),
		query: func(m ...func(*sql.Selector)) lister[*ent.Essay] {
			q := r.db.Ent.Essay.Query()
			q.Modify(m...)
			return q
		},
	}.read(ctx, page.Args{First: first, After: after, Last: last, Before: before}, where)
	if err != nil {
		return nil, err
	}
	out := &model.EssayConnection{PageInfo: p.Info, TotalCount: n}
	for i, node := range p.Nodes {
		out.Edges = append(out.Edges, &model.EssayEdge{Cursor: p.Cursors[i], Node: node})
	}
	return out, nil
}

func (r queryResolver) Credentials(ctx context.Context, first *int, after *string, last *int, before *string, filter *model.CredentialFilter, orderBy *model.CredentialOrder) (*model.CredentialConnection, error) {
	where, err := credentialFilter(filter)
	if err != nil {
		return nil, err
	}
	p, n, err := source[*ent.Credential]{
		typ: "Credential", name: "credentials", filter: filter, by: credentialOrder(orderBy),
		query: func(m ...func(*sql.Selector)) lister[*ent.Credential] {
			q := r.db.Ent.Credential.Query()
			q.Modify(m...)
			return q
		},
	}.read(ctx, page.Args{First: first, After: after, Last: last, Before: before}, where)
	if err != nil {
		return nil, err
	}
	out := &model.CredentialConnection{PageInfo: p.Info, TotalCount: n}
	for i, node := range p.Nodes {
		out.Edges = append(out.Edges, &model.CredentialEdge{Cursor: p.Cursors[i], Node: node})
	}
	return out, nil
}

func (r queryResolver) Cohorts(ctx context.Context, first *int, after *string, last *int, before *string) (*model.CohortConnection, error) {
	p, n, err := source[*ent.Cohort]{
		typ: "Cohort", name: "cohorts", by: cohortsByName(),
		query: func(m ...func(*sql.Selector)) lister[*ent.Cohort] {
			q := r.db.Ent.Cohort.Query()
			q.Modify(m...)
			return q
		},
	}.read(ctx, page.Args{First: first, After: after, Last: last, Before: before}, everything)
	if err != nil {
		return nil, err
	}
	out := &model.CohortConnection{PageInfo: p.Info, TotalCount: n}
	for i, node := range p.Nodes {
		out.Edges = append(out.Edges, &model.CohortEdge{Cursor: p.Cursors[i], Node: node})
	}
	return out, nil
}

func (r queryResolver) Users(ctx context.Context, first *int, after *string, last *int, before *string, filter *model.UserFilter, orderBy *model.UserOrder) (*model.UserConnection, error) {
	p, n, err := source[*ent.User]{
		typ: "User", name: "users", filter: filter, by: userOrder(orderBy),
		query: func(m ...func(*sql.Selector)) lister[*ent.User] {
			q := r.db.Ent.User.Query()
			q.Modify(m...)
			return q
		},
	}.read(ctx, page.Args{First: first, After: after, Last: last, Before: before}, userFilter(filter))
	if err != nil {
		return nil, err
	}
	out := &model.UserConnection{PageInfo: p.Info, TotalCount: n}
	for i, node := range p.Nodes {
		out.Edges = append(out.Edges, &model.UserEdge{Cursor: p.Cursors[i], Node: node})
	}
	return out, nil
}

func (r queryResolver) AuditEvents(ctx context.Context, first *int, after *string, last *int, before *string, filter *model.AuditEventFilter) (*model.AuditEventConnection, error) {
	where, err := auditEventFilter(filter)
	if err != nil {
		return nil, err
	}
	p, n, err := source[*ent.AuditEvent]{
		typ: "AuditEvent", name: "auditEvents", filter: filter, by: newestAuditEvents(),
		query: func(m ...func(*sql.Selector)) lister[*ent.AuditEvent] {
			q := r.db.Ent.AuditEvent.Query()
			q.Modify(m...)
			return q
		},
	}.read(ctx, page.Args{First: first, After: after, Last: last, Before: before}, where)
	if err != nil {
		return nil, err
	}
	out := &model.AuditEventConnection{PageInfo: p.Info, TotalCount: n}
	for i, node := range p.Nodes {
		out.Edges = append(out.Edges, &model.AuditEventEdge{Cursor: p.Cursors[i], Node: node})
	}
	return out, nil
}
