package transport

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// operation is a request that passed everything that comes before execution.
type operation struct {
	core   *core
	exec   graphql.GraphExecutor
	opCtx  *graphql.OperationContext
	ending *ending
	// timed is the context with the operation's deadline; it is what execution sees.
	timed  context.Context
	cancel context.CancelFunc
}

// prepare parses, validates and checks a request. It returns either an operation, whose end must be
// called, or the response that refuses it.
func (c *core) prepare(
	ctx context.Context, exec graphql.GraphExecutor, params *graphql.RawParams,
) (_ *operation, refusal *graphql.Response) {
	defer func() {
		if recovered := recover(); recovered != nil {
			c.logPanic(ctx, "before execution", recovered)
			refusal = c.errorResponse(ctx, CodeInternal, "internal error")
		}
	}()
	opCtx, errs := exec.CreateOperationContext(ctx, params)
	if len(errs) > 0 {
		return nil, exec.DispatchError(graphql.WithOperationContext(ctx, opCtx), errs)
	}
	op := &operation{core: c, exec: exec, opCtx: opCtx, ending: new(ending)}
	ctx = context.WithValue(ctx, endingKey{}, op.ending)
	if op.kind() != ast.Subscription && c.Limits.OperationTimeout > 0 {
		op.timed, op.cancel = context.WithTimeout(ctx, c.Limits.OperationTimeout)
	} else {
		op.timed, op.cancel = context.WithCancel(ctx)
	}
	return op, nil
}

func (op *operation) kind() ast.Operation { return op.opCtx.Operation.Operation }

// end releases the operation and cancels whatever still runs for it.
func (op *operation) end() { op.cancel() }

// execute runs the operation and gives every response to emit, one for a query or a mutation, until
// emit returns false. A response is only valid until emit returns: gqlgen writes the next event
// into the same bytes. Nothing more is emitted when the client is gone.
func (op *operation) execute(emit func(*graphql.Response) bool) {
	emitting := false
	guarded := func(resp *graphql.Response) bool {
		emitting = true
		defer func() { emitting = false }()
		return emit(resp)
	}
	defer func() {
		// Resolvers are recovered by gqlgen; this is for extensions.
		if recovered := recover(); recovered != nil {
			op.core.logPanic(op.timed, "execution", recovered)
			if !emitting {
				guarded(op.internalError())
			}
		}
	}()

	responses, ctx := op.exec.DispatchOperation(op.timed, op.opCtx)
	if op.kind() != ast.Subscription {
		if resp := op.single(responses(ctx)); resp != nil {
			guarded(resp)
		}
		return
	}
	for resp := responses(ctx); resp != nil; resp = responses(ctx) {
		if !guarded(resp) {
			return
		}
	}
	if op.timed.Err() != nil {
		return
	}
	if errs := op.ending.take(); len(errs) > 0 {
		guarded(op.exec.DispatchError(graphql.WithOperationContext(ctx, op.opCtx), errs))
	}
}

// single turns what the executor gave for a query or a mutation into what is sent; nil when nobody
// waits for it any more.
func (op *operation) single(resp *graphql.Response) *graphql.Response {
	if errors.Is(op.timed.Err(), context.DeadlineExceeded) {
		// A query that ran out of time is worth repeating and its remains are worth nothing. What a
		// mutation has to say is kept, because some of it may have been committed.
		isQuery := op.kind() == ast.Query
		if resp == nil || isQuery && len(resp.Errors) > 0 {
			return op.core.errorResponse(op.timed, CodeTimeout,
				fmt.Sprintf("the operation took longer than %s", op.core.Limits.OperationTimeout))
		}
		return resp
	}
	switch {
	case op.timed.Err() != nil:
		return nil
	case resp == nil:
		op.core.Logger.ErrorContext(op.timed, "the executor gave no response to a GraphQL operation")
		return op.internalError()
	case resp.HasNext != nil && *resp.HasNext:
		op.core.Logger.ErrorContext(op.timed, "an incremental response reached a transport that gives whole answers")
		return op.internalError()
	}
	return resp
}

func (op *operation) internalError() *graphql.Response {
	return op.core.errorResponse(op.timed, CodeInternal, "internal error")
}

// ending collects the errors with which a subscription ends.
type ending struct {
	mu   sync.Mutex
	errs gqlerror.List
}

type endingKey struct{}

func (e *ending) take() gqlerror.List {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.errs
}

// EndWithError makes a running subscription end with an error instead of completing: a resolver
// calls it with its own context before it closes its channel, for instance when access was revoked.
// The error passes the executor's error presenter. It reaches the client as an error message over
// WebSocket and as a last next event over server-sent events. It reports whether the context
// belongs to an operation of this package, and does nothing otherwise.
func EndWithError(ctx context.Context, err *gqlerror.Error) bool {
	e, ok := ctx.Value(endingKey{}).(*ending)
	if !ok {
		return false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.errs = append(e.errs, err)
	return true
}
