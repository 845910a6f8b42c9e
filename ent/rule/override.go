package rule

import (
	"context"
	stdsql "database/sql"
	"fmt"

	"entgo.io/ent"
	"entgo.io/ent/privacy"
	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/internal/viewer"
)

// Override is for what people change of scores: read as the owner's rows are, added by the advisors of
// the learner and by admins in their own name, changed by nobody.
func Override() ent.Policy { return policy(query(ownedRows()), mutation(allowGrader())) }

// Administration is for what admins do to the installation: they alone read and write it.
func Administration() ent.Policy { return policy(query(allowAdmin()), mutation(allowAdmin())) }

func allowGrader() privacy.MutationRule {
	return onCreate(func(ctx context.Context, v viewer.Viewer, m ent.Mutation) error {
		o, ok := m.(interface {
			owned
			ActorID() (uuid.UUID, bool)
			QueryContext(ctx context.Context, query string, args ...any) (*stdsql.Rows, error)
		})
		if !ok || !v.Is(enums.RoleAdvisor, enums.RoleAdmin) {
			return privacy.Skip
		}
		owner, owned := o.OwnerID()
		by, named := o.ActorID()
		if !owned || !named || by != v.ID {
			return privacy.Skip
		}
		visible, err := ownerVisible(ctx, o.QueryContext, v, owner)
		if err != nil {
			return fmt.Errorf("checking whose essay it is: %w", err)
		}
		if visible {
			return privacy.Allow
		}
		return privacy.Skip
	})
}
