package graph

import (
	"context"

	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/track"
	"github.com/rubrica/rubrica/graph/load"
	"github.com/rubrica/rubrica/graph/model"
	"github.com/rubrica/rubrica/graph/page"
	"github.com/rubrica/rubrica/internal/globalid"
	"github.com/rubrica/rubrica/internal/viewer"
)

func (r queryResolver) Viewer(ctx context.Context) (*model.Viewer, error) {
	v, ok := viewer.FromContext(ctx)
	if !ok {
		return nil, nil //nolint:nilnil // nobody is signed in
	}
	u, err := load.For(ctx).User(ctx, v.ID)
	if err != nil {
		return nil, err
	}
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

func (r queryResolver) Node(ctx context.Context, id string) (model.Node, error) {
	list, err := r.Nodes(ctx, []string{id})
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return list[0], nil
}

func (r queryResolver) Essay(ctx context.Context, id string) (*ent.Essay, error) {
	key, err := globalid.DecodeAs("essay", id)
	if err != nil {
		return nil, err
	}
	e, err := load.For(ctx).Essay(ctx, key)
	if err == nil {
		below(ctx, "Essay", e)
	}
	return e, err
}

func (r queryResolver) Track(ctx context.Context, slug string) (*ent.Track, error) {
	t, err := r.db.Ent.Track.Query().Where(track.Slug(slug), track.Active(true)).Only(ctx)
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
		typ:   "Track",
		list:  page.List{Name: "tracks", Order: page.Order{Column: "title"}},
		query: func() lister[*ent.Track] { return r.db.Ent.Track.Query() },
		key:   func(t *ent.Track) (any, uuid.UUID) { return t.Title, t.ID },
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
		typ: "Essay",
		list: page.List{
			Name: "essays", Filter: filter,
			Order: page.Order{Column: "created_at", Desc: true, Kind: page.Moment},
		},
		query: func() lister[*ent.Essay] { return r.db.Ent.Essay.Query() },
		key:   func(e *ent.Essay) (any, uuid.UUID) { return e.CreatedAt, e.ID },
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
	p, n, err := source[*ent.Credential]{
		typ:   "Credential",
		list:  page.List{Name: "credentials", Filter: filter, Order: page.Order{Column: "title"}},
		query: func() lister[*ent.Credential] { return r.db.Ent.Credential.Query() },
		key:   func(c *ent.Credential) (any, uuid.UUID) { return c.Title, c.ID },
	}.read(ctx, page.Args{First: first, After: after, Last: last, Before: before}, credentialFilter(filter))
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
		typ:   "Cohort",
		list:  page.List{Name: "cohorts", Order: page.Order{Column: "name"}},
		query: func() lister[*ent.Cohort] { return r.db.Ent.Cohort.Query() },
		key:   func(c *ent.Cohort) (any, uuid.UUID) { return c.Name, c.ID },
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
		typ:   "User",
		list:  page.List{Name: "users", Order: page.Order{Column: "name"}},
		query: func() lister[*ent.User] { return r.db.Ent.User.Query() },
		key:   func(u *ent.User) (any, uuid.UUID) { return u.Name, u.ID },
	}.read(ctx, page.Args{First: first, After: after, Last: last, Before: before}, everything)
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
	p, n, err := source[*ent.AuditEvent]{
		typ: "AuditEvent",
		list: page.List{
			Name: "auditEvents", Order: page.Order{Column: "created_at", Desc: true, Kind: page.Moment},
		},
		query: func() lister[*ent.AuditEvent] { return r.db.Ent.AuditEvent.Query() },
		key:   func(a *ent.AuditEvent) (any, uuid.UUID) { return a.CreatedAt, a.ID },
	}.read(ctx, page.Args{First: first, After: after, Last: last, Before: before}, everything)
	if err != nil {
		return nil, err
	}
	out := &model.AuditEventConnection{PageInfo: p.Info, TotalCount: n}
	for i, node := range p.Nodes {
		out.Edges = append(out.Edges, &model.AuditEventEdge{Cursor: p.Cursors[i], Node: node})
	}
	return out, nil
}
