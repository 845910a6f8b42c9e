package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/internal/auth"
	"github.com/rubrica/rubrica/internal/globalid"
	"github.com/rubrica/rubrica/internal/graphiql"
	"github.com/rubrica/rubrica/internal/seeding"
	"github.com/rubrica/rubrica/internal/server"
	"github.com/rubrica/rubrica/internal/viewer"
	"github.com/rubrica/rubrica/seeds"
)

// exampleQuestion is the one whose sample answer the page and `rubrica demo` offer.
const exampleQuestion = "stale-product-cache"

// console says what GraphiQL offers: in development the examples with the tokens of three people,
// in production the examples that need no token, for admins.
func (c *serveCmd) console(ctx context.Context, a *App, s *stack, authority *auth.Authority, url string) (o graphiql.Options, err error) {
	o.Endpoint = "/graphql"
	if c.IsProduction() {
		o.Allow = adminsOnly
		o.Examples, err = graphiql.Examples(nil)
		o.Examples = slices.DeleteFunc(o.Examples, func(e graphiql.Example) bool { return e.Name == "submit" }) // a learner's
		return o, err
	}
	if o.People, err = s.welcome(ctx, a, authority, url); err != nil {
		return o, err
	}
	submit, err := exampleEssay()
	if err != nil {
		return o, err
	}
	o.Examples, err = graphiql.Examples(map[string]map[string]any{"submit": {"input": submit}})
	return o, err
}

// exampleEssay is an input of essaySubmit.
func exampleEssay() (map[string]any, error) {
	catalog, err := seeds.Default()
	if err != nil {
		return nil, err
	}
	for _, track := range catalog.Tracks {
		for _, q := range track.Questions {
			if q.Slug == exampleQuestion {
				id := globalid.Encode("question", seeding.QuestionID(track.Slug, q.Slug))
				return map[string]any{"questionId": id, "text": q.Samples.Middling}, nil
			}
		}
	}
	return nil, fmt.Errorf("the seeds have no question %q", exampleQuestion)
}

// adminsOnly guards the page in production. A browser sends no token with a page, so that admins use
// a client of their own, or a proxy or an extension that adds the header.
func adminsOnly(w http.ResponseWriter, r *http.Request) bool {
	v, signedIn := viewer.FromContext(r.Context())
	switch {
	case !signedIn:
		server.WriteError(w, r, http.StatusUnauthorized, server.CodeUnauthenticated,
			"In production GraphiQL is for admins: send an admin's token in the Authorization header.")
		return false
	case !v.Is(enums.RoleAdmin):
		server.WriteError(w, r, http.StatusForbidden, "FORBIDDEN", "In production GraphiQL is for admins.")
		return false
	}
	return true
}
