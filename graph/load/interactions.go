package load

import (
	"context"

	"entgo.io/ent/dialect/sql"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/interaction"
	"github.com/rubrica/rubrica/ent/preference"
	"github.com/rubrica/rubrica/ent/recommendationdecision"
	"github.com/rubrica/rubrica/ent/recommendationlist"
	"github.com/rubrica/rubrica/ent/values"
	"github.com/rubrica/rubrica/graph/model"
	"github.com/rubrica/rubrica/graph/page"
	"github.com/rubrica/rubrica/internal/viewer"
)

// What learners did with credentials and want of them, what was recommended to them, and what people
// decided about it.
var (
	interactionRows = kind[ent.Interaction]{"Interaction", func(c *ent.Client) query[*ent.Interaction] { return c.Interaction.Query() }, func(v *ent.Interaction) id { return v.ID }}
	preferenceRows  = kind[ent.Preference]{"Preferences", func(c *ent.Client) query[*ent.Preference] { return c.Preference.Query() }, func(v *ent.Preference) id { return v.ID }}
	decisionRows    = kind[ent.RecommendationDecision]{"RecommendationDecision", func(c *ent.Client) query[*ent.RecommendationDecision] { return c.RecommendationDecision.Query() }, func(v *ent.RecommendationDecision) id { return v.ID }}

	interactions = interactionRows.byID()
	preferences  = preferenceRows.byID()
	decisions    = decisionRows.byID()

	preferenceOfUser = toOne(preferenceRows, preference.FieldOwnerID, func(v *ent.Preference) id { return v.OwnerID })
	decisionOfItem   = toOne(decisionRows, recommendationdecision.FieldItemID, func(v *ent.RecommendationDecision) id { return v.ItemID })

	interactionsOfUser = toPages(interactionRows, interaction.FieldOwnerID, func(v *ent.Interaction) id { return v.OwnerID },
		page.List{Name: "User.interactions", Order: page.Order{Column: interaction.FieldLastAt, Desc: true, Kind: page.Moment}},
		func(v *ent.Interaction) (any, id) { return v.LastAt, v.ID })

	listsOfUser = toPages(listRows, recommendationlist.FieldOwnerID, func(v *ent.RecommendationList) id { return v.OwnerID },
		page.List{Name: "User.recommendationLists", Order: page.Order{Column: recommendationlist.FieldCreatedAt, Desc: true, Kind: page.Moment}},
		func(v *ent.RecommendationList) (any, id) { return v.CreatedAt, v.ID })

	// viewerInteractionsOfCredential are those of who asks, whoever else's they may see.
	viewerInteractionsOfCredential = newEdge(func(ctx context.Context, s *Set, keys []id) (map[id][]*ent.Interaction, error) {
		v, ok := viewer.FromContext(ctx)
		if !ok {
			return nil, nil
		}
		q := interactionRows.read(s)
		q.WhereP(anyOf(interaction.FieldCredentialID, keys), func(s *sql.Selector) {
			s.Where(sql.EQ(s.C(interaction.FieldOwnerID), v.ID))
			s.OrderExpr(sql.P(func(b *sql.Builder) { byKind(b, s.C(interaction.FieldKind)) }))
		})
		list, err := interactionRows.all(ctx, q)
		return group(list, func(v *ent.Interaction) id { return v.CredentialID }), err
	})
)

// byKind orders interactions by their kinds, in the order of the kinds.
func byKind(b *sql.Builder, column string) {
	b.WriteString("array_position('{OPENED,SAVED,ENROLLED,COMPLETED,RATED,DISMISSED}'::text[], ").
		WriteString(column).WriteString("::text)")
}

// Preferences is what a person wants of the credentials that are recommended to them.
func (s *Set) Preferences(ctx context.Context, user id) (*ent.Preference, error) {
	return preferenceOfUser.load(ctx, s, user)
}

// Decision is what a person decided about an item of a list of recommendations.
func (s *Set) Decision(ctx context.Context, item id) (*ent.RecommendationDecision, error) {
	return decisionOfItem.load(ctx, s, item)
}

// InteractionsOf is a page of what a person did with credentials.
func (s *Set) InteractionsOf(ctx context.Context, user id, a page.Args) (*page.Page[*ent.Interaction], error) {
	return interactionsOfUser.page(ctx, s, user, a)
}

// InteractionCount is how many interactions a person has, as far as the viewer may see.
func (s *Set) InteractionCount(ctx context.Context, user id) (int, error) {
	return interactionsOfUser.totals.load(ctx, s, user)
}

// ListsOf is a page of the lists of recommendations that were made for a person.
func (s *Set) ListsOf(ctx context.Context, user id, a page.Args) (*page.Page[*ent.RecommendationList], error) {
	return listsOfUser.page(ctx, s, user, a)
}

// ListCount is how many lists of recommendations were made for a person, as far as the viewer may see.
func (s *Set) ListCount(ctx context.Context, user id) (int, error) {
	return listsOfUser.totals.load(ctx, s, user)
}

// ViewerInteractions are what the viewer did with a credential.
func (s *Set) ViewerInteractions(ctx context.Context, credential id) ([]*ent.Interaction, error) {
	return viewerInteractionsOfCredential.load(ctx, s, credential)
}

// interactionEdges are those of this file's types, for the table of all edges.
func interactionEdges() map[string]map[string]step {
	return map[string]map[string]step{
		"Interaction": {
			"learner":    one("User", users, always(func(v *ent.Interaction) id { return v.OwnerID })),
			"credential": one("Credential", credentials, always(func(v *ent.Interaction) id { return v.CredentialID })),
		},
		"RecommendationAbsence": {
			"credential": one("Credential", credentials, always(func(v *model.RecommendationAbsence) id { return v.CredentialID })),
			"inFavourOf": one("Credential", credentials, maybe(func(v *model.RecommendationAbsence) *id { return v.InFavourID })),
			"traces":     inside("RecommendationTrace", func(v *model.RecommendationAbsence) []values.Trace { return v.Traces }),
		},
		"Preferences":            {"interests": slugs(func(v *ent.Preference) []string { return v.Interests })},
		"RecommendationDecision": {"by": one("User", users, always(func(v *ent.RecommendationDecision) id { return v.ActorID }))},
	}
}
