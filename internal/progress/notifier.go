package progress

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"

	"github.com/rubrica/rubrica/internal/database"
)

// topic names the NOTIFY channel, see database.DB.Channel.
const topic = "progress"

const sendTimeout = 5 * time.Second

// Notifier tells all processes that a run changed. Its methods may be called by several goroutines.
//
// A NOTIFY takes a lock of the whole database cluster while its transaction commits, so that it must
// not ride on the transactions of the workers, and should be rare: what is pending goes out in one
// statement, and changes between the first and the last of a run pass a limiter (see limiter). A
// change that is held back is announced later; since an announcement carries no state, the newest
// state is what its receivers then read.
type Notifier struct {
	log  *slog.Logger
	send func(ctx context.Context, runs []uuid.UUID) error

	mu     sync.Mutex
	closed bool
	limits *limiter
	ready  map[uuid.UUID]struct{} // to be sent now

	wake chan struct{} // size 1
	stop chan struct{} // closed by Close
	done chan struct{} // closed when the last statement has returned
	kill context.CancelFunc
}

// NewNotifier returns a running notifier; Close stops it.
func NewNotifier(db *database.DB, log *slog.Logger) *Notifier {
	channel := db.Channel(topic)
	return newNotifier(log, func(ctx context.Context, runs []uuid.UUID) error {
		payloads := make([]string, len(runs))
		for i, run := range runs {
			payloads[i] = run.String()
		}
		_, err := db.SQL.ExecContext(ctx, `SELECT pg_notify($1, x) FROM unnest($2::text[]) x`, channel, pq.Array(payloads))
		return err
	})
}

func newNotifier(log *slog.Logger, send func(context.Context, []uuid.UUID) error) *Notifier {
	ctx, kill := context.WithCancel(context.Background())
	n := &Notifier{
		log: log, send: send, limits: newLimiter(), ready: map[uuid.UUID]struct{}{},
		wake: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}), kill: kill,
	}
	go n.run(ctx)
	return n
}

// Changed announces that a change of the run has been committed. Urgent ones, which a person waits
// for (the first state and the terminal one), are never held back. It does not block, and does
// nothing after Close.
func (n *Notifier) Changed(run uuid.UUID, urgent bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return
	}
	if n.limits.pass(run, urgent, time.Now()) {
		n.ready[run] = struct{}{}
	}
	signal(n.wake) // also for one held back: the loop's timer may be later than its time
}

// Close announces everything that is pending, also what was held back, and stops. When the context
// ends before, the rest is dropped and the error says so.
func (n *Notifier) Close(ctx context.Context) error {
	n.mu.Lock()
	if !n.closed {
		n.closed = true
		n.take(n.limits.held())
		close(n.stop)
	}
	n.mu.Unlock()
	defer n.kill()
	select {
	case <-n.done:
		return nil
	case <-ctx.Done():
		n.kill()
		<-n.done
		return fmt.Errorf("announcing the last changes of runs: %w; subscribers learn of them by polling", context.Cause(ctx))
	}
}

func (n *Notifier) run(ctx context.Context) {
	defer close(n.done)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-n.wake:
		case <-timer.C:
		case <-n.stop:
			n.flush(ctx)
			return
		}
		if next := n.flush(ctx); next > 0 {
			timer.Reset(next)
		}
	}
}

// flush sends what is ready and returns after how long to look again, 0 for not before a change.
func (n *Notifier) flush(ctx context.Context) time.Duration {
	n.mu.Lock()
	n.take(n.limits.due(time.Now()))
	runs := make([]uuid.UUID, 0, len(n.ready))
	for run := range n.ready {
		runs = append(runs, run)
	}
	clear(n.ready)
	n.mu.Unlock()

	if len(runs) > 0 {
		ctx, cancel := context.WithTimeout(ctx, sendTimeout)
		if err := n.send(ctx, runs); err != nil {
			n.log.Warn("changes of runs were not announced; subscribers learn of them by polling",
				"runs", len(runs), "error", err)
		}
		cancel()
	}

	n.mu.Lock()
	defer n.mu.Unlock()
	return n.limits.next(time.Now())
}

func (n *Notifier) take(runs []uuid.UUID) {
	for _, run := range runs {
		n.ready[run] = struct{}{}
	}
}

// signal sends on a channel of size 1 unless a signal is waiting there already.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
