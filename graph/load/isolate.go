package load

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"slices"

	"entgo.io/ent/privacy"
	"github.com/lib/pq"
)

// maxIsolating bounds the statements by which the rows that cannot be read are found.
const maxIsolating = 64

// isolate is fetch, with a row that cannot be read, such as one with JSON of another shape, failing its
// own keys and no others: the keys are halved until those that fail stand alone, at most 2·log2(n)
// statements for one of n. The first statement is the only one as long as all is well.
func (e *edge[K, V]) isolate(ctx context.Context, s *Set, keys []K) (found map[K]V, failed map[K]error) {
	found, err := e.fetch(ctx, s, keys)
	if err == nil {
		return found, nil
	}
	found, failed = make(map[K]V, len(keys)), map[K]error{}
	statements := 0
	var halve func(keys []K, err error)
	halve = func(keys []K, err error) {
		if len(keys) == 1 || statements > maxIsolating-2 || !ofARow(err) {
			for _, k := range keys {
				failed[k] = err
			}
			return
		}
		statements += 2
		for _, half := range [][]K{keys[:len(keys)/2], keys[len(keys)/2:]} {
			part, err := e.fetch(ctx, s, half)
			if err != nil {
				halve(half, err)
				continue
			}
			for k, v := range part {
				found[k] = v
			}
		}
	}
	halve(keys, err)
	return found, failed
}

// ofARow tells an error that one row may be to blame for from those of the whole statement: those of
// the database and of the way to it, of privacy, and of an operation that was given up.
func ofARow(err error) bool {
	var refused *pq.Error
	var way net.Error
	if errors.As(err, &refused) || errors.As(err, &way) {
		return false
	}
	return !slices.ContainsFunc([]error{
		driver.ErrBadConn, sql.ErrConnDone, sql.ErrTxDone, io.EOF, io.ErrUnexpectedEOF,
		privacy.Deny, context.Canceled, context.DeadlineExceeded,
	}, func(e error) bool { return errors.Is(err, e) })
}
