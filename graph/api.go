package graph

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/graph/cost"
	"github.com/rubrica/rubrica/graph/exec"
	"github.com/rubrica/rubrica/graph/guard"
	"github.com/rubrica/rubrica/graph/load"
	"github.com/rubrica/rubrica/graph/transport"
	"github.com/rubrica/rubrica/graph/trusted"
	"github.com/rubrica/rubrica/internal/auth"
	"github.com/rubrica/rubrica/internal/calibrations"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/internal/importing"
	"github.com/rubrica/rubrica/internal/interactions"
	"github.com/rubrica/rubrica/internal/overrides"
	"github.com/rubrica/rubrica/internal/people"
	"github.com/rubrica/rubrica/internal/progress"
	"github.com/rubrica/rubrica/internal/server"
	"github.com/rubrica/rubrica/internal/submission"
	"github.com/rubrica/rubrica/internal/viewer"
	"github.com/rubrica/rubrica/jobs"
	"github.com/rubrica/rubrica/rag"
)

// Options is what the API is made of.
type Options struct {
	DB           *database.DB
	Submission   *submission.Service
	Overrides    *overrides.Service
	Calibrations *calibrations.Service
	Hub          *progress.Hub
	Authority    *auth.Authority
	Jobs         *jobs.Inspector
	Index        *rag.Index // what searches go by
	Advice       *jobs.Advice
	Interactions *interactions.Service
	Importing    *importing.Service
	System       Installation
	Log          *slog.Logger
	Development  bool                       // everyone may read the schema, by introspection and by suggestions
	AllowOrigin  func(r *http.Request) bool // which pages may open a WebSocket; nil: the server's own
	Trusted      *trusted.Store             // registered documents; nil: none
	TrustedOnly  bool                       // nobody but admins may send other documents
	Documents    guard.Limits               // of the documents that clients write
	Timeout      time.Duration              // of a query or a mutation; 0: 30 s
	Limits       *cost.Limits               // of what callers ask for; nil: cost.Default, and none with Instead
	// Address is where a request comes from, by which callers who did not sign in are told apart. Nil:
	// where the connection comes from.
	Address func(r *http.Request) netip.Addr
	// Instead answers the operations that are accepted, so that a tool can ask what is accepted without
	// a database; nil: the resolvers do.
	Instead graphql.OperationHandler
}

func (o *Options) limits() cost.Limits {
	switch {
	case o.Limits != nil:
		return *o.Limits
	case o.Instead != nil:
		return cost.Limits{}
	}
	return cost.Default
}

// API answers GraphQL over HTTP, WebSocket and server-sent events.
type API struct {
	server *handler.Server
	socket *transport.WebSocket
	events *transport.SSE

	address func(*http.Request) netip.Addr
}

// New makes the API. Its handler expects auth's middleware around it; WebSocket connections sign in
// with their connection_init.
func New(o Options) *API {
	root := &resolver{
		db: o.DB, hub: o.Hub, submission: o.Submission, overrides: o.Overrides, calibrations: o.Calibrations, people: people.New(o.DB), authority: o.Authority,
		jobs: o.Jobs, installation: o.System, index: o.Index, advice: o.Advice, interactions: o.Interactions, importing: o.Importing,
	}
	schema := exec.NewDirectSchema(exec.Config{Resolvers: root})
	srv := handler.New(schema)
	config := transport.Config{
		Logger:      o.Log,
		AllowOrigin: o.AllowOrigin,
		AllowUpload: allowUpload,
		Init:        connection(o.Authority),
		Limits:      transport.Limits{OperationTimeout: o.Timeout},
		Present: func(ctx context.Context, err *gqlerror.Error) *gqlerror.Error {
			if id := server.RequestID(ctx); id != "" && err.Extensions["code"] == transport.CodeInternal {
				err.Extensions["requestId"] = id
			}
			return err
		},
		ErrorStatus: map[string]int{
			codeUnauthenticated: http.StatusUnauthorized,
			cost.CodeLimited:    http.StatusTooManyRequests,
		},
	}
	api := &API{server: srv, socket: transport.NewWebSocket(config), events: transport.NewSSE(config), address: o.Address}
	if api.address == nil {
		api.address = server.ClientAddress(nil)
	}
	srv.AddTransport(api.socket)
	srv.AddTransport(api.events)
	srv.AddTransport(transport.NewHTTP(config))

	known := o.Trusted.Cache(guard.Cache{})
	srv.SetQueryCache(known)
	meter := cost.NewMeter(schema.Schema(), o.limits(), time.Now)
	srv.Use(meter.Gate())
	srv.Use(trusted.Documents{Store: o.Trusted, Free: func(ctx context.Context) bool { return !o.TrustedOnly || isAdmin(ctx) }})
	srv.Use(guard.Extension{
		Guard: guard.New(schema.Schema(), o.Documents), Trusted: known,
		Privileged: func(ctx context.Context) bool { return o.Development || isAdmin(ctx) },
	})
	srv.Use(meter)
	srv.SetErrorPresenter(present(o.Log))
	srv.SetRecoverFunc(func(ctx context.Context, p any) error {
		o.Log.ErrorContext(ctx, "a resolver panicked", "panic", p)
		return errors.New("panic in a resolver")
	})
	srv.AroundResponses(func(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
		return next(load.NewContext(ctx, o.DB))
	})
	if o.Instead != nil {
		srv.AroundOperations(func(ctx context.Context, _ graphql.OperationHandler) graphql.ResponseHandler { return o.Instead(ctx) })
	}
	return api
}

// Handler serves the endpoint.
func (a *API) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.server.ServeHTTP(w, r.WithContext(cost.WithAddress(r.Context(), a.address(r))))
	})
}

// Drain ends the live connections in good order: their clients subscribe again elsewhere.
func (a *API) Drain(ctx context.Context) error {
	done := make(chan error, 1)
	go func() { done <- a.events.Drain(ctx) }()
	return errors.Join(a.socket.Drain(ctx), <-done)
}

// connection signs a WebSocket in. A connection without a token stays anonymous, as a request does.
func connection(authority *auth.Authority) transport.InitFunc {
	return func(ctx context.Context, payload map[string]any) (transport.Session, error) {
		ctx, expires, err := authority.Connection(ctx, payload)
		if err != nil {
			return transport.Session{}, err
		}
		session := transport.Session{Context: ctx, ExpiresAt: expires}
		if v, ok := viewer.FromContext(ctx); ok {
			session.Key = v.ID.String()
		}
		return session, nil
	}
}

// allowUpload lets admins send files, as what takes files is theirs alone: nobody else gets to fill the
// memory with them.
func allowUpload(r *http.Request) *gqlerror.Error {
	var refused *fault
	if errors.As(allow(r.Context(), enums.RoleAdmin), &refused) {
		return &gqlerror.Error{Message: refused.message, Extensions: map[string]any{"code": refused.code}}
	}
	return nil
}

func isAdmin(ctx context.Context) bool {
	v, ok := viewer.FromContext(ctx)
	return ok && v.Is(enums.RoleAdmin)
}
