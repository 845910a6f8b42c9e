package seeding

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/cohort"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/membership"
	"github.com/rubrica/rubrica/ent/user"
)

var userTraits = traits[ent.User]{
	kind:    Users,
	id:      func(r *ent.User) uuid.UUID { return r.ID },
	key:     func(r *ent.User) string { return r.Email },
	content: func(r *ent.User) []any { return []any{r.Name, r.Email, r.Role} },
}

func (l *loader) users(ctx context.Context) error {
	var want []*ent.User
	var mine []uuid.UUID
	var emails []string
	for _, u := range l.catalog.People.Users {
		want = append(want, &ent.User{ID: UserID(u.Slug), Name: u.Name, Email: u.Email, Role: enums.Role(u.Role)})
		mine, emails = append(mine, UserID(u.Slug)), append(emails, u.Email)
	}
	have, err := l.db.User.Query().Where(user.Or(user.IDIn(mine...), user.EmailIn(emails...))).All(ctx)
	if err != nil {
		return fmt.Errorf("users: %w", err)
	}
	d, err := compare(userTraits, have, want)
	if err != nil {
		return err
	}
	return l.record(d.count(Users), inBatches(d.write(), func(rows []*ent.User) error {
		create := make([]*ent.UserCreate, len(rows))
		for i, r := range rows {
			create[i] = l.db.User.Create().SetID(r.ID).SetName(r.Name).SetEmail(r.Email).SetRole(r.Role)
		}
		// Not UpdateNewValues: that would set active to its default.
		return l.db.User.CreateBulk(create...).OnConflictColumns(user.FieldID).
			Update(func(u *ent.UserUpsert) { u.UpdateName().UpdateEmail().UpdateRole() }).Exec(ctx)
	}))
}

var cohortTraits = traits[ent.Cohort]{
	kind:    Cohorts,
	id:      func(r *ent.Cohort) uuid.UUID { return r.ID },
	key:     func(r *ent.Cohort) string { return r.Slug },
	content: func(r *ent.Cohort) []any { return []any{r.Name, r.TrackID} },
}

func (l *loader) cohorts(ctx context.Context) error {
	var want []*ent.Cohort
	for _, c := range l.catalog.People.Cohorts {
		track := TrackID(c.Track)
		want = append(want, &ent.Cohort{ID: CohortID(c.Slug), Slug: c.Slug, Name: c.Title, TrackID: &track})
	}
	have, err := l.db.Cohort.Query().All(ctx)
	if err != nil {
		return fmt.Errorf("cohorts: %w", err)
	}
	d, err := compare(cohortTraits, have, want)
	if err != nil {
		return err
	}
	return l.record(d.count(Cohorts), inBatches(d.write(), func(rows []*ent.Cohort) error {
		create := make([]*ent.CohortCreate, len(rows))
		for i, r := range rows {
			create[i] = l.db.Cohort.Create().SetID(r.ID).SetSlug(r.Slug).SetName(r.Name).SetTrackID(*r.TrackID)
		}
		return l.db.Cohort.CreateBulk(create...).OnConflictColumns(cohort.FieldID).UpdateNewValues().Exec(ctx)
	}))
}

func membershipKey(r *ent.Membership) string { return r.CohortID.String() + "/" + r.UserID.String() }

var membershipTraits = traits[ent.Membership]{
	kind:    Memberships,
	id:      func(r *ent.Membership) uuid.UUID { return r.ID },
	key:     membershipKey,
	content: func(r *ent.Membership) []any { return []any{r.Role} },
}

// memberships puts the people into their cohorts, and takes those out whom the seeds put in before.
// Where an admin added somebody by hand, that membership stays as it is.
func (l *loader) memberships(ctx context.Context) error {
	var want []*ent.Membership
	var cohorts []uuid.UUID
	for _, c := range l.catalog.People.Cohorts {
		cohorts = append(cohorts, CohortID(c.Slug))
		add := func(users []string, role enums.MembershipRole) {
			for _, u := range users {
				want = append(want, &ent.Membership{
					ID: membershipID(c.Slug, u), CohortID: CohortID(c.Slug), UserID: UserID(u), Role: role,
				})
			}
		}
		add(c.Advisors, enums.MemberAdvisor)
		add(c.Learners, enums.MemberLearner)
	}
	have, err := l.db.Membership.Query().Where(membership.CohortIDIn(cohorts...)).All(ctx)
	if err != nil {
		return fmt.Errorf("memberships: %w", err)
	}
	byHand := map[string]bool{}
	for _, m := range have {
		if !seeded(m.ID) {
			byHand[membershipKey(m)] = true
		}
	}
	want = slices.DeleteFunc(want, func(m *ent.Membership) bool { return byHand[membershipKey(m)] })
	d, err := compare(membershipTraits, have, want)
	if err != nil {
		return err
	}
	count := d.count(Memberships)
	err = inBatches(d.write(), func(rows []*ent.Membership) error {
		create := make([]*ent.MembershipCreate, len(rows))
		for i, r := range rows {
			create[i] = l.db.Membership.Create().SetID(r.ID).SetCohortID(r.CohortID).SetUserID(r.UserID).SetRole(r.Role)
		}
		return l.db.Membership.CreateBulk(create...).OnConflictColumns(membership.FieldID).UpdateNewValues().Exec(ctx)
	})
	if err != nil || len(d.gone) == 0 {
		return l.record(count, err)
	}
	count.Deleted, err = l.db.Membership.Delete().
		Where(membership.IDIn(ids(d.gone, membershipTraits.id, nil)...)).Exec(ctx)
	return l.record(count, err)
}
