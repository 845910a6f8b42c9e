// Package audit records what admins and advisors do.
package audit

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/internal/server"
	"github.com/rubrica/rubrica/internal/viewer"
)

// Record adds an event to the trail, in the transaction of the client. The actor is the context's
// viewer; without one it is the command line, which must act for the system. The target is uuid.Nil for
// what has no id, such as the catalogue.
func Record(ctx context.Context, client *ent.Client, action enums.AuditAction, targetType enums.AuditTarget, target uuid.UUID, detail map[string]string) error {
	if detail == nil {
		detail = map[string]string{}
	}
	event := client.AuditEvent.Create().SetAction(action).SetTargetType(targetType).
		SetDetail(detail).SetRequestID(server.RequestID(ctx))
	if target != uuid.Nil {
		event.SetTargetID(target)
	}
	if v, ok := viewer.FromContext(ctx); ok {
		event.SetActorID(v.ID)
	}
	if err := event.Exec(ctx); err != nil {
		return fmt.Errorf("recording %s in the audit trail: %w", action, err)
	}
	return nil
}
