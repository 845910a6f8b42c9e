package database

import (
	"context"
	stdsql "database/sql"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
)

// keeping has what ent sends kept prepared.
type keeping struct{ entsql.ExecQuerier }

// ExecContext sends a statement that answers with no rows.
func (k keeping) ExecContext(ctx context.Context, statement string, args ...any) (stdsql.Result, error) {
	return k.ExecQuerier.ExecContext(Keep(ctx), statement, args...)
}

// QueryContext sends a statement that answers with rows.
func (k keeping) QueryContext(ctx context.Context, statement string, args ...any) (*stdsql.Rows, error) {
	return k.ExecQuerier.QueryContext(Keep(ctx), statement, args...)
}

func conn(c entsql.ExecQuerier) entsql.Conn { return entsql.Conn{ExecQuerier: keeping{c}} }

// entDriver is ent's driver on a pool.
type entDriver struct {
	*entsql.Driver
	pool *stdsql.DB
}

func newEntDriver(pool *stdsql.DB) entDriver {
	return entDriver{Driver: entsql.NewDriver(dialect.Postgres, conn(pool)), pool: pool}
}

// Tx begins a transaction of ent's own, for a write of several statements.
func (d entDriver) Tx(ctx context.Context) (dialect.Tx, error) { return d.BeginTx(ctx, nil) }

// BeginTx begins a transaction.
func (d entDriver) BeginTx(ctx context.Context, options *entsql.TxOptions) (dialect.Tx, error) {
	tx, err := d.pool.BeginTx(ctx, options)
	if err != nil {
		return nil, err
	}
	return &entsql.Tx{Conn: conn(tx), Tx: tx}, nil
}

// Close closes the pool.
func (d entDriver) Close() error { return d.pool.Close() }

// nested lets ent's own multi-statement writes take part in the transaction that is already open.
type nested struct{ *entsql.Driver }

func newNested(tx *stdsql.Tx) nested { return nested{entsql.NewDriver(dialect.Postgres, conn(tx))} }

// Tx is the open transaction; it is not committed by what takes part in it.
func (n nested) Tx(context.Context) (dialect.Tx, error) { return dialect.NopTx(n), nil }
