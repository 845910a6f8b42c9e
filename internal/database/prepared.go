package database

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"github.com/lib/pq"
)

// ent sends every statement unprepared: lib/pq then parses and plans it anew and waits for the
// database twice. The connections made here keep what ent sends prepared, each its own statements, by
// their text, and so do those of the search. What others, such as River, send over the same pool stays as it
// was.

const (
	// keptStatements bounds what a connection remembers. Postgres holds some 20 KiB for one.
	keptStatements = 256
	// keptText is the longest text that is remembered, in bytes. What is longer is a bulk insert,
	// whose text is another for every number of rows.
	keptText = 8 << 10
)

type keepKey struct{}

// Keep marks the statements of a context as worth keeping prepared: their texts are few, and come again.
// Outside a transaction that sets plan_cache_mode, Postgres may come to plan them without their values.
func Keep(ctx context.Context) context.Context { return context.WithValue(ctx, keepKey{}, true) }

func kept(ctx context.Context, statement string, args []driver.NamedValue) bool {
	return len(args) > 0 && len(statement) <= keptText && ctx.Value(keepKey{}) != nil
}

// connection is what a connection of lib/pq can do.
type connection interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.NamedValueChecker
	driver.Pinger
	driver.QueryerContext
	driver.SessionResetter
	driver.Validator
}

// statement is what a prepared statement of lib/pq can do.
type statement interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// preparing opens connections that keep statements prepared.
type preparing struct {
	driver.Connector
	size int // of what a connection remembers
}

// Connect opens a connection.
func (p preparing) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := p.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	inner, ok := c.(connection)
	if !ok {
		return nil, errors.Join(fmt.Errorf("a connection of type %T cannot keep statements prepared", c), c.Close())
	}
	return newPreparedConn(inner, p.size)
}

// preparedConn is a connection that keeps statements prepared. database/sql lets one goroutine at a
// time at it.
type preparedConn struct {
	connection
	// memory has the statements that were used of late, by their text; nil for one that was used once.
	memory  *simplelru.LRU[string, statement]
	inTx    bool
	reading bool // rows are open
	// givenUp: a statement was cancelled. The cancellation may reach the database late and end the next
	// statement instead, so there is none. lib/pq sees to that itself where it does not prepare.
	givenUp bool
}

func newPreparedConn(c connection, size int) (*preparedConn, error) {
	memory, err := simplelru.NewLRU(size, func(_ string, s statement) {
		if s != nil {
			_ = s.Close() // a connection that cannot do it is of no further use, and says so itself
		}
	})
	return &preparedConn{connection: c, memory: memory}, err
}

// errReading is what lib/pq answers in the same place; where it prepares, it does not look, and what is
// read would mix.
var errReading = errors.New("the rows of the statement before are still open on this connection: close them first")

// statement returns the text prepared, or nil when it is used for the first time: what is sent once
// is not worth the memory.
func (c *preparedConn) statement(ctx context.Context, text string) (statement, error) {
	s, known := c.memory.Get(text)
	if s != nil {
		return s, nil
	}
	if !known {
		c.memory.Add(text, nil)
		return nil, nil //nolint:nilnil // it is sent as it is
	}
	prepared, err := c.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	s, ok := prepared.(statement)
	if !ok {
		return nil, errors.Join(fmt.Errorf("a statement of type %T cannot be kept", prepared), prepared.Close())
	}
	c.memory.Add(text, s)
	return s, nil
}

// QueryContext sends a statement that answers with rows.
func (c *preparedConn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	if err := c.ready(); err != nil {
		return nil, err
	}
	if !kept(ctx, text, args) {
		return c.read(ctx)(c.connection.QueryContext(ctx, text, args))
	}
	return c.read(ctx)(again(c, text, func() (driver.Rows, error) {
		s, err := c.statement(ctx, text)
		if err != nil {
			return nil, err
		}
		if s == nil {
			return c.connection.QueryContext(ctx, text, args)
		}
		return s.QueryContext(ctx, args)
	}))
}

// ready tells whether a statement may be sent now.
func (c *preparedConn) ready() error {
	switch {
	case c.givenUp:
		return driver.ErrBadConn
	case c.reading:
		return errReading
	}
	return nil
}

// ended notes that a statement was sent and is done with.
func (c *preparedConn) ended(ctx context.Context) { c.givenUp = c.givenUp || ctx.Err() != nil }

// IsValid tells whether the connection can be used again.
func (c *preparedConn) IsValid() bool { return !c.givenUp && c.connection.IsValid() }

// ResetSession prepares the connection for another user.
func (c *preparedConn) ResetSession(ctx context.Context) error {
	if c.givenUp {
		return driver.ErrBadConn
	}
	return c.connection.ResetSession(ctx)
}

// read watches rows until they are closed.
func (c *preparedConn) read(ctx context.Context) func(driver.Rows, error) (driver.Rows, error) {
	return func(r driver.Rows, err error) (driver.Rows, error) {
		if err != nil {
			c.ended(ctx)
			return nil, err
		}
		full, ok := r.(rowsOfPQ)
		if !ok {
			return nil, errors.Join(fmt.Errorf("rows of type %T cannot be watched", r), r.Close())
		}
		c.reading = true
		return &watchedRows{full, c, ctx}, nil
	}
}

// ExecContext sends a statement that answers with no rows.
func (c *preparedConn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	if err := c.ready(); err != nil {
		return nil, err
	}
	defer c.ended(ctx)
	if !kept(ctx, text, args) {
		return c.connection.ExecContext(ctx, text, args)
	}
	return again(c, text, func() (driver.Result, error) {
		s, err := c.statement(ctx, text)
		if err != nil {
			return nil, err
		}
		if s == nil {
			return c.connection.ExecContext(ctx, text, args)
		}
		return s.ExecContext(ctx, args)
	})
}

// again sends, and once more when the plan that was kept serves no longer: Postgres refuses such a plan
// before it does anything. In a transaction, which the refusal has broken off, InTx begins anew.
func again[T any](c *preparedConn, text string, send func() (T, error)) (T, error) {
	out, err := send()
	if err == nil || !stale(err) {
		return out, err
	}
	c.memory.Remove(text)
	if c.inTx {
		return out, err
	}
	return send()
}

// stale tells whether a prepared statement has to be prepared anew: a table that it reads was altered
// since, or a proxy has led to another connection.
func stale(err error) bool {
	var e *pq.Error
	return errors.As(err, &e) && (e.Code == "0A000" && e.Routine == "RevalidateCachedQuery" || e.Code == "26000")
}

// BeginTx begins a transaction.
func (c *preparedConn) BeginTx(ctx context.Context, options driver.TxOptions) (driver.Tx, error) {
	tx, err := c.connection.BeginTx(ctx, options)
	if err != nil {
		return nil, err
	}
	c.inTx = true
	return preparedTx{tx, c}, nil
}

type preparedTx struct {
	driver.Tx
	conn *preparedConn
}

// Commit ends the transaction.
func (t preparedTx) Commit() error { t.conn.inTx = false; return t.Tx.Commit() }

// Rollback ends the transaction.
func (t preparedTx) Rollback() error { t.conn.inTx = false; return t.Tx.Rollback() }

// rowsOfPQ is what rows of lib/pq can do.
type rowsOfPQ interface {
	driver.Rows
	driver.RowsColumnTypeDatabaseTypeName
	driver.RowsColumnTypeLength
	driver.RowsColumnTypePrecisionScale
	driver.RowsColumnTypeScanType
	driver.RowsNextResultSet
}

// watchedRows tell their connection when they are closed.
type watchedRows struct {
	rowsOfPQ
	conn *preparedConn
	ctx  context.Context //nolint:containedctx // of the statement, whose rows end with it
}

// Close ends the reading.
func (r *watchedRows) Close() error {
	r.conn.reading = false
	defer r.conn.ended(r.ctx)
	return r.rowsOfPQ.Close()
}
