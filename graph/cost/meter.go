package cost

import (
	"context"
	"fmt"
	"math"
	"net/netip"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/internal/viewer"
)

// Values of extensions.code in the errors of this package.
const (
	// CodeExceeded: the operation costs more than one operation of the caller may.
	CodeExceeded = "COST_EXCEEDED"
	// CodeLimited: the caller's bucket is empty; extensions.retryAfter tells how many seconds to wait.
	CodeLimited = "RATE_LIMITED"
)

// RetryAfter is the key in an error's extensions under which the seconds to wait stand, as an int.
const RetryAfter = "retryAfter"

// refusalPoints is the price of a request that is refused before it has a price of its own.
const refusalPoints = 10

// Limits are the limits by role.
type Limits struct{ Anonymous, Learner, Advisor, Admin Limit }

// Default is what an installation has that sets nothing. The most for one operation leaves room for
// twice the dearest of examples/; the rates are those of a hundred busy screens a second.
var Default = Limits{
	Anonymous: Limit{Operation: 50_000, Capacity: 500_000, Restore: 10_000},
	Learner:   Limit{Operation: 250_000, Capacity: 5_000_000, Restore: 50_000},
	Advisor:   Limit{Operation: 500_000, Capacity: 10_000_000, Restore: 100_000},
	Admin:     Limit{Operation: 1_000_000, Capacity: 20_000_000, Restore: 200_000},
}

// callers bounds the buckets that are kept: some 200 bytes each.
const callers = 100_000

// Meter prices operations and keeps callers to their limits.
type Meter struct {
	schema  *ast.Schema
	limits  Limits
	buckets *Buckets
}

// NewMeter makes a meter. Now is time.Now but in tests.
func NewMeter(schema *ast.Schema, limits Limits, now func() time.Time) *Meter {
	return &Meter{schema: schema, limits: limits, buckets: NewBuckets(callers, now)}
}

type addressKey struct{}

// WithAddress returns a context in which a caller who did not sign in is known by an address; callers
// with IPv6 by their network of 64 bits, which is what one of them commands.
func WithAddress(ctx context.Context, address netip.Addr) context.Context {
	return context.WithValue(ctx, addressKey{}, address)
}

// caller is whose bucket an operation is paid from, and what they may.
func (m *Meter) caller(ctx context.Context) (string, Limit) {
	if v, ok := viewer.FromContext(ctx); ok {
		switch v.Role {
		case enums.RoleAdmin:
			return v.ID.String(), m.limits.Admin
		case enums.RoleAdvisor:
			return v.ID.String(), m.limits.Advisor
		default:
			return v.ID.String(), m.limits.Learner
		}
	}
	address, _ := ctx.Value(addressKey{}).(netip.Addr)
	address = address.Unmap()
	if address.Is6() {
		if network, err := address.Prefix(64); err == nil {
			return network.String(), m.limits.Anonymous
		}
	}
	return address.String(), m.limits.Anonymous
}

// Cost is what stands in extensions.cost of an answer.
type Cost struct {
	// RequestedQueryCost is the most that the operation could have cost; for a subscription, one event.
	RequestedQueryCost int `json:"requestedQueryCost"`
	// ActualQueryCost is what it did cost; null when it was refused.
	ActualQueryCost *int `json:"actualQueryCost"`
	// ThrottleStatus is the caller's bucket behind it; null when the caller has no limit.
	ThrottleStatus *Status `json:"throttleStatus"`
}

// Status is the state of a bucket, in points.
type Status struct {
	MaximumAvailable   int `json:"maximumAvailable"`
	CurrentlyAvailable int `json:"currentlyAvailable"` // 0 while in debt
	RestoreRate        int `json:"restoreRate"`        // a second
}

func status(limit Limit, left int) *Status {
	if limit.none() {
		return nil
	}
	return &Status{MaximumAvailable: limit.Capacity, CurrentlyAvailable: max(left, 0), RestoreRate: limit.Restore}
}

// key is where an operation's bill travels in its Stats.
const key = "cost"

// bill is what is known of an operation that was priced.
type bill struct {
	caller   string
	limit    Limit
	price    Price
	reserved int // points that were taken and not settled yet; 0 when the operation was refused
	refused  bool
	left     int
}

func billOf(ctx context.Context) *bill {
	if !graphql.HasOperationContext(ctx) {
		return nil
	}
	b, _ := graphql.GetOperationContext(ctx).Stats.GetExtension(key).(*bill)
	return b
}

// Gate is the part of a meter that stands before everything else: it turns callers away whose bucket is
// empty, before their document is read.
type Gate struct{ meter *Meter }

// Gate is the meter's.
func (m *Meter) Gate() Gate { return Gate{m} }

var _ interface {
	graphql.HandlerExtension
	graphql.OperationParameterMutator
} = Gate{}

// ExtensionName of the extension.
func (Gate) ExtensionName() string { return "CostGate" }

// Validate accepts every schema.
func (Gate) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationParameters refuses a caller who could not even pay for a refusal.
func (g Gate) MutateOperationParameters(ctx context.Context, _ *graphql.RawParams) *gqlerror.Error {
	caller, limit := g.meter.caller(ctx)
	if limit.none() {
		return nil
	}
	left := g.meter.buckets.Settle(caller, limit, 0)
	if left >= refusalPoints {
		return nil
	}
	graphql.GetOperationContext(ctx).Stats.SetExtension(key, &bill{caller: caller, limit: limit, refused: true, left: left})
	return limited(seconds(float64(refusalPoints-left), limit.Restore), left)
}

func limited(wait time.Duration, left int) *gqlerror.Error {
	after := max(int(math.Ceil(wait.Seconds())), 1)
	return &gqlerror.Error{
		Message:    fmt.Sprintf("Too much was asked for in a short time: %d points are left. Try again in %d s.", max(left, 0), after),
		Extensions: map[string]any{"code": CodeLimited, RetryAfter: after},
	}
}

var _ interface {
	graphql.HandlerExtension
	graphql.OperationContextMutator
	graphql.ResponseInterceptor
} = (*Meter)(nil)

// ExtensionName of the extension.
func (*Meter) ExtensionName() string { return "Cost" }

// Validate accepts every schema.
func (*Meter) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationContext prices the operation, holds it to the caller's limit, and takes its price from
// the caller's bucket. Use the meter behind whatever else may refuse an operation.
func (m *Meter) MutateOperationContext(ctx context.Context, o *graphql.OperationContext) *gqlerror.Error {
	b := &bill{price: Of(m.schema, o.Operation, o.Variables)}
	b.caller, b.limit = m.caller(ctx)
	o.Stats.SetExtension(key, b)
	if b.limit.none() {
		return nil
	}
	if b.price.Requested > b.limit.Operation {
		b.refused = true
		b.left = m.buckets.Settle(b.caller, b.limit, -refusalPoints)
		return &gqlerror.Error{
			Message: fmt.Sprintf("The operation may cost %d points; %d is the most that you may ask for at once. "+
				"Ask for smaller pages, or for less below them.", b.price.Requested, b.limit.Operation),
			Extensions: map[string]any{"code": CodeExceeded},
		}
	}
	left, wait := m.buckets.Take(b.caller, b.limit, b.price.Requested)
	b.left = left
	if wait > 0 {
		b.refused = true
		return limited(wait, left)
	}
	b.reserved = b.price.Requested
	return nil
}

// InterceptResponse settles the bill with what the answer holds, and shows it. Of a subscription each
// event is settled; those behind the first cannot be refused, and may put the caller into debt.
func (m *Meter) InterceptResponse(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	resp := next(ctx)
	if resp == nil {
		return nil
	}
	b := billOf(ctx)
	if b == nil {
		if caller, limit := m.caller(ctx); !limit.none() {
			m.buckets.Settle(caller, limit, -refusalPoints)
		}
		return resp
	}
	shown := Cost{RequestedQueryCost: b.price.Requested}
	if !b.refused {
		actual := min(b.price.Fixed+max(Objects(resp.Data), 1), b.price.Requested)
		shown.ActualQueryCost = &actual
		if !b.limit.none() {
			b.left = m.buckets.Settle(b.caller, b.limit, b.reserved-actual)
			b.reserved = 0
		}
	}
	shown.ThrottleStatus = status(b.limit, b.left)
	if resp.Extensions == nil {
		resp.Extensions = map[string]any{}
	}
	resp.Extensions["cost"] = shown
	return resp
}
