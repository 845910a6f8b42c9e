package transport

import (
	"errors"
	"net/http"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// HTTP is GraphQL over HTTP by GET and POST. See the package documentation for the status of each
// answer.
type HTTP struct {
	*core
	inFlight atomic.Int64
	uploads  atomic.Int64
}

var _ graphql.Transport = (*HTTP)(nil)

// NewHTTP makes the HTTP transport. Add it last: it answers every request that is left to it.
func NewHTTP(cfg Config) *HTTP { return &HTTP{core: newCore(cfg)} }

// Supports takes every request, so that what is not served is refused with the right status.
func (t *HTTP) Supports(*http.Request) bool { return true }

// Do serves one request.
func (t *HTTP) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	media := negotiate(r.Header)
	defer func() { t.answerPanic(w, r, media, recover()) }()

	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		t.refuse(w, r, media, methodNotAllowed("GET, POST", "use GET or POST"))
		return
	}
	if media != mediaJSON && media != mediaGraphQL {
		t.refuse(w, r, media, &requestError{
			status: http.StatusNotAcceptable, code: CodeNotAcceptable,
			message: "accept application/graphql-response+json or application/json",
		})
		return
	}
	if n := t.inFlight.Add(1); !within(int(n), t.Limits.MaxInFlight) {
		t.inFlight.Add(-1)
		t.refuse(w, r, media, overloaded("too many requests are being served"))
		return
	}
	defer t.inFlight.Add(-1)

	form := isForm(r)
	var params *graphql.RawParams
	var refused *requestError
	if form {
		var done func()
		params, done, refused = t.formParams(w, r)
		defer done()
	} else {
		params, refused = readParams(w, r, t.Limits)
	}
	if refused != nil {
		t.refuse(w, r, media, refused)
		return
	}
	op, resp := t.prepare(r.Context(), exec, params)
	if resp != nil {
		t.respond(w, r, media, resp)
		return
	}
	defer op.end()
	switch kind := op.kind(); {
	case kind == ast.Subscription:
		t.refuse(w, r, media, &requestError{
			status: http.StatusNotAcceptable, code: CodeNotAcceptable,
			message: "subscriptions are served as text/event-stream or over graphql-transport-ws",
		})
		return
	case kind == ast.Mutation && r.Method == http.MethodGet:
		t.refuse(w, r, media, methodNotAllowed("POST", "send mutations by POST"))
		return
	case kind != ast.Mutation && form:
		t.refuse(w, r, media, badRequest("only a mutation comes with files; send a query as application/json"))
		return
	}
	op.execute(func(resp *graphql.Response) bool {
		t.respond(w, r, media, resp)
		return true
	})
}

// answerPanic answers what recover returned, if anything. Resolvers are recovered by gqlgen, and
// extensions where they are called: this is for faults of this package.
func (c *core) answerPanic(w http.ResponseWriter, r *http.Request, media mediaType, recovered any) {
	if recovered == nil {
		return
	}
	if err, ok := recovered.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(recovered)
	}
	c.logPanic(r.Context(), "http", recovered)
	c.refuse(w, r, media, &requestError{
		status: http.StatusInternalServerError, code: CodeInternal, message: "internal error",
	})
}
