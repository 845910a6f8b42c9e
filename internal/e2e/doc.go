// Package e2e holds tests of the whole: the binary as it is shipped, in processes that can be killed,
// with a real Postgres, the real model and workers, spoken to over HTTP, WebSocket and server-sent
// events.
package e2e
