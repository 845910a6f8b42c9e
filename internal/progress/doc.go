// Package progress carries committed changes of scoring runs to live subscribers.
//
// What travels is state, not events. A worker or the API commits a change of a run, which raises the
// run's seq by one, and then tells the Notifier; the Notifier sends a NOTIFY with the run's id in a
// statement of its own. Each process has one Hub with one LISTEN connection. A notification only
// says which run to look at: the Hub reads whatever changed within some 20 ms with one statement and
// hands the newest state to everyone who follows it.
//
// Notifications may be lost (a connection breaks, a limiter holds one back, a process dies between
// its commit and the NOTIFY), so nothing relies on them: all that is subscribed is read again every
// five seconds, and at once when the LISTEN connection comes back. Without LISTEN the Hub polls.
//
// Reads are raw SQL, past ent's privacy rules; they apply the predicates of ent/visibility, when a
// subscription begins and again whenever something is handed out.
package progress
