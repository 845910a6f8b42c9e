// Package transport carries GraphQL over HTTP, over WebSocket (graphql-transport-ws) and over
// server-sent events (graphql-sse, distinct connections mode), around the executor of gqlgen.
//
// Add the three to a handler.Server in this order, the HTTP transport last, because it answers
// whatever the other two leave:
//
//	srv.AddTransport(transport.NewWebSocket(cfg))
//	srv.AddTransport(transport.NewSSE(cfg))
//	srv.AddTransport(transport.NewHTTP(cfg))
//
// # Status of an answer over HTTP
//
// One rule separates the two kinds of failure: a result without a data entry is a request error
// (nothing was executed), a result with one, null included, is an execution result.
//
//	what happened                              application/json   graphql-response+json
//	executed, with or without field errors     200                200 (294 with errors, if Config.PartialSuccess)
//	parsing, validation, coercion, cost, …     200                400
//	an error whose code is in ErrorStatus      that status        that status
//	malformed JSON or parameter, no query      400                400
//	mutation by GET, other methods             405 and Allow      405 and Allow
//	subscription without text/event-stream     406                406
//	nothing acceptable                         406, as application/json
//	body not received in time                  408                408
//	body too large                             413                413
//	content type other than JSON in UTF-8      415                415
//	too many requests in flight                503 and Retry-After
//	operation past its time                    504                504
//
// A mutation may bring files, as a multipart form (Config.AllowUpload). A form is what a page of another
// origin can make a browser send without asking; it is therefore refused with 415, as before, unless it
// has a header that such a page cannot send: GraphQL-Preflight or Apollo-Require-Preflight.
//
// Server-sent events answer requests that are malformed in the same way; everything from the
// parsing of the document on arrives as a next event, because a browser's EventSource cannot read
// the body of another status.
//
// # Cancellation
//
// The context of each operation ends when its client leaves, completes it or stops reading, when
// the operation passes its time (queries and mutations only), and when the server drains.
package transport
