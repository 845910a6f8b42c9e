package migrations

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"

	"github.com/lib/pq"
)

// settingConnector prepares each connection for migrating. The settings are sent as a statement,
// since connection poolers refuse unknown startup parameters.
type settingConnector struct{ *pq.Connector }

// Connect implements driver.Connector.
func (c settingConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	exec, ok := conn.(driver.ExecerContext)
	if !ok {
		return nil, errors.Join(errors.New("migrations: lib/pq cannot execute statements"), conn.Close())
	}
	settings := fmt.Sprintf(`SET lock_timeout = %d; SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET client_min_messages = warning`,
		lockTimeout.Milliseconds())
	if _, err := exec.ExecContext(ctx, settings, nil); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}
