package graph

import (
	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/auditevent"
	"github.com/rubrica/rubrica/ent/cohort"
	"github.com/rubrica/rubrica/ent/credential"
	"github.com/rubrica/rubrica/ent/essay"
	"github.com/rubrica/rubrica/ent/skill"
	"github.com/rubrica/rubrica/ent/track"
	"github.com/rubrica/rubrica/ent/user"
	"github.com/rubrica/rubrica/graph/model"
	"github.com/rubrica/rubrica/graph/page"
)

// ordering is an order of a list: in SQL, and the key of a row that was read. An index serves each; a
// test fails for one that has none.
type ordering[T any] struct {
	page.Order
	key func(T) (any, uuid.UUID)
}

func tracksByTitle() ordering[*ent.Track] {
	return ordering[*ent.Track]{
		page.Order{Column: track.FieldTitle},
		func(t *ent.Track) (any, uuid.UUID) { return t.Title, t.ID },
	}
}

func skillsByName() ordering[*ent.Skill] {
	return ordering[*ent.Skill]{
		page.Order{Column: skill.FieldName},
		func(s *ent.Skill) (any, uuid.UUID) { return s.Name, s.ID },
	}
}

func cohortsByName() ordering[*ent.Cohort] {
	return ordering[*ent.Cohort]{
		page.Order{Column: cohort.FieldName},
		func(c *ent.Cohort) (any, uuid.UUID) { return c.Name, c.ID },
	}
}

func newestAuditEvents() ordering[*ent.AuditEvent] {
	return ordering[*ent.AuditEvent]{
		page.Order{Column: auditevent.FieldCreatedAt, Desc: true, Kind: page.Moment},
		func(a *ent.AuditEvent) (any, uuid.UUID) { return a.CreatedAt, a.ID },
	}
}

// essayOrder is newest first when left out.
func essayOrder(o *model.EssayOrder) ordering[*ent.Essay] {
	if o == nil {
		o = &model.EssayOrder{Field: model.EssayOrderFieldSubmittedAt, Direction: model.OrderDirectionDesc}
	}
	if o.Field == model.EssayOrderFieldOverallPercent {
		return ordering[*ent.Essay]{
			page.Order{Column: essay.FieldOverallPercent, Desc: descends(o.Direction), Kind: page.Float, NullsLast: true},
			func(e *ent.Essay) (any, uuid.UUID) { return e.OverallPercent, e.ID },
		}
	}
	return ordering[*ent.Essay]{
		page.Order{Column: essay.FieldCreatedAt, Desc: descends(o.Direction), Kind: page.Moment},
		func(e *ent.Essay) (any, uuid.UUID) { return e.CreatedAt, e.ID },
	}
}

// credentialOrder is by title when left out.
func credentialOrder(o *model.CredentialOrder) ordering[*ent.Credential] {
	if o == nil {
		o = &model.CredentialOrder{Field: model.CredentialOrderFieldTitle, Direction: model.OrderDirectionAsc}
	}
	if o.Field == model.CredentialOrderFieldProvider {
		return ordering[*ent.Credential]{
			page.Order{Column: credential.FieldProvider, Desc: descends(o.Direction)},
			func(c *ent.Credential) (any, uuid.UUID) { return c.Provider, c.ID },
		}
	}
	return ordering[*ent.Credential]{
		page.Order{Column: credential.FieldTitle, Desc: descends(o.Direction)},
		func(c *ent.Credential) (any, uuid.UUID) { return c.Title, c.ID },
	}
}

// userOrder is by name when left out.
func userOrder(o *model.UserOrder) ordering[*ent.User] {
	if o == nil {
		o = &model.UserOrder{Field: model.UserOrderFieldName, Direction: model.OrderDirectionAsc}
	}
	if o.Field == model.UserOrderFieldCreatedAt {
		return ordering[*ent.User]{
			page.Order{Column: user.FieldCreatedAt, Desc: descends(o.Direction), Kind: page.Moment},
			func(u *ent.User) (any, uuid.UUID) { return u.CreatedAt, u.ID },
		}
	}
	return ordering[*ent.User]{
		page.Order{Column: user.FieldName, Desc: descends(o.Direction)},
		func(u *ent.User) (any, uuid.UUID) { return u.Name, u.ID },
	}
}

func descends(d model.OrderDirection) bool { return d == model.OrderDirectionDesc }
