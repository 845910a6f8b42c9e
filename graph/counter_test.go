package graph_test

import (
	"context"
	"database/sql/driver"
	"net/http"
	"sync"

	"github.com/google/uuid"
)

// The statements of each request are counted apart, whatever other requests do meanwhile: the request
// names its counter in a header, the context carries it, and the connections find it there.
const counterHeader = "X-Test-Counter"

var counters sync.Map // of *counter, by id

type counter struct {
	mu         sync.Mutex
	statements []string
	arguments  [][]driver.NamedValue // of each statement
}

func newCounter() (id string, c *counter) {
	id, c = uuid.NewString(), new(counter)
	counters.Store(id, c)
	return id, c
}

func (c *counter) add(statement string, args []driver.NamedValue) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.statements = append(c.statements, statement)
	c.arguments = append(c.arguments, args)
}

func (c *counter) take() (statements []string, arguments [][]driver.NamedValue) {
	c.mu.Lock()
	defer c.mu.Unlock()
	statements, arguments = c.statements, c.arguments
	c.statements, c.arguments = nil, nil
	return statements, arguments
}

type counterKey struct{}

func counting(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, ok := counters.Load(r.Header.Get(counterHeader)); ok {
			r = r.WithContext(context.WithValue(r.Context(), counterKey{}, c))
		}
		next.ServeHTTP(w, r)
	})
}

func count(ctx context.Context, statement string, args []driver.NamedValue) {
	if c, ok := ctx.Value(counterKey{}).(*counter); ok {
		c.add(statement, args)
	}
}

// counted is database.Options.Wrap.
func counted(c driver.Connector) driver.Connector { return countingConnector{c} }

type countingConnector struct{ driver.Connector }

// Connect opens a connection.
func (c countingConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return countingConn{conn.(fullConn)}, nil
}

// fullConn is what a connection of lib/pq can do.
type fullConn interface {
	driver.Conn
	driver.QueryerContext
	driver.ExecerContext
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.SessionResetter
	driver.Validator
	driver.NamedValueChecker
	driver.Pinger
}

type countingConn struct{ fullConn }

// QueryContext counts.
func (c countingConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	count(ctx, query, args)
	return c.fullConn.QueryContext(ctx, query, args)
}

// ExecContext counts.
func (c countingConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	count(ctx, query, args)
	return c.fullConn.ExecContext(ctx, query, args)
}

// PrepareContext counts the statement once, however often it is used.
func (c countingConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	count(ctx, query, nil)
	return c.fullConn.PrepareContext(ctx, query)
}
