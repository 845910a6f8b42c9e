package transport

import "time"

// Limits bounds what a client can hold or delay. The zero value of a field stands for its default.
// A negative value of a field that says so switches that limit off.
type Limits struct {
	// MaxBodyBytes bounds the body of an HTTP request; beyond it the answer is 413. Default
	// 2,500,000: an essay of 200,000 characters fits with every one of them escaped as a pair.
	MaxBodyBytes int64
	// ReadTimeout bounds the time in which the body of an HTTP request arrives; after it the
	// answer is 408. Default 15 s.
	ReadTimeout time.Duration
	// MaxUploadBytes bounds the files of a multipart form together; beyond it the answer is 413.
	// Default 16 MiB.
	MaxUploadBytes int64
	// MaxUploads bounds the multipart forms that are read or executed at the same time, since their
	// files are held in memory; the next one is answered with 503. Default 4; negative: none.
	MaxUploads int
	// UploadTimeout bounds the time in which a multipart form arrives; after it the answer is 408.
	// Default 60 s.
	UploadTimeout time.Duration
	// WriteTimeout bounds one write to a client that does not read, on every transport; after it
	// the client is disconnected. Default 10 s.
	WriteTimeout time.Duration
	// OperationTimeout bounds a query or a mutation, on every transport, but no subscription.
	// Default 30 s; negative: none.
	OperationTimeout time.Duration
	// MaxInFlight bounds the HTTP requests that are served at the same time; the next one is
	// answered with 503 at once. Default 512; negative: none.
	MaxInFlight int

	// MaxStreams bounds the open event streams; the next one is answered with 503.
	// Default 20,000; negative: none.
	MaxStreams int
	// KeepAliveInterval is the pause between two comments on an event stream. Default 12 s.
	KeepAliveInterval time.Duration

	// MaxSockets bounds the open WebSockets; the next handshake is answered with 503.
	// Default 20,000; negative: none.
	MaxSockets int
	// MaxSocketsPerKey bounds the sockets of one Session.Key; the next one is closed with 4429.
	// Default 20; negative: none.
	MaxSocketsPerKey int
	// InitTimeout bounds the time from the handshake to the answer of Config.Init; then 4408.
	// Default 3 s.
	InitTimeout time.Duration
	// PingInterval is the pause between two ping messages to a client. Default 15 s.
	PingInterval time.Duration
	// PongTimeout is how long after a ping nothing at all may arrive from the client before the
	// socket is closed. Default 10 s.
	PongTimeout time.Duration
	// CloseTimeout bounds the closing handshake with a client that does not answer it. Default 2 s.
	CloseTimeout time.Duration
	// MaxOperations bounds the running operations of one socket; the next one is answered with an
	// error message for its id. Default 100.
	MaxOperations int
	// MaxMessageBytes bounds one message of a client (1009 beyond it), and twice as much bounds
	// the subscribe messages of a socket's running operations together. Default 2,500,000.
	MaxMessageBytes int64
	// MaxInitBytes bounds a message before the connection is acknowledged. Default 32 KiB.
	MaxInitBytes int64
	// OutgoingMessages is the length of a socket's queue. When it is full the operations wait, so
	// a socket never holds more than this plus one message an operation. Default 16.
	OutgoingMessages int

	// DrainSpread is the time over which Drain spreads the closing of the connections, so that
	// the clients do not return all at once. Default 5 s.
	DrainSpread time.Duration
}

// withDefaults returns the limits with every zero field replaced.
func (l Limits) withDefaults() Limits {
	orElse(&l.MaxBodyBytes, 2_500_000)
	orElse(&l.ReadTimeout, 15*time.Second)
	orElse(&l.MaxUploadBytes, 16<<20)
	orElse(&l.MaxUploads, 4)
	orElse(&l.UploadTimeout, 60*time.Second)
	orElse(&l.WriteTimeout, 10*time.Second)
	orElse(&l.OperationTimeout, 30*time.Second)
	orElse(&l.MaxInFlight, 512)
	orElse(&l.MaxStreams, 20_000)
	orElse(&l.KeepAliveInterval, 12*time.Second)
	orElse(&l.MaxSockets, 20_000)
	orElse(&l.MaxSocketsPerKey, 20)
	orElse(&l.InitTimeout, 3*time.Second)
	orElse(&l.PingInterval, 15*time.Second)
	orElse(&l.PongTimeout, 10*time.Second)
	orElse(&l.CloseTimeout, 2*time.Second)
	orElse(&l.MaxOperations, 100)
	orElse(&l.MaxMessageBytes, 2_500_000)
	orElse(&l.MaxInitBytes, 32<<10)
	orElse(&l.OutgoingMessages, 16)
	orElse(&l.DrainSpread, 5*time.Second)
	return l
}

func orElse[T comparable](v *T, fallback T) {
	var zero T
	if *v == zero {
		*v = fallback
	}
}

// within reports whether n is inside a limit of which a negative value means none.
func within(n, limit int) bool { return limit < 0 || n <= limit }
