// Package trusted serves documents that were registered before the server started, and no others to
// those who may not write their own.
//
// A frontend's build writes its documents into a manifest; the operator gives the manifests of every
// frontend in the field to the server, which parses and validates all of them before it serves. Three
// forms are read, told apart by their content:
//
//	{"<hash>": "query A { … }"}                          client-preset's persistedDocuments, relay-compiler
//	{"format": "apollo-persisted-query-manifest", …}     Apollo's generate-persisted-query-manifest
//
// A request names a document by documentId ("sha256:<64 hexadecimal digits>", or the id of the
// manifest as it is), by doc_id or id (Relay), or by extensions.persistedQuery (Apollo). Nothing that
// a client sends is ever added: there is no automatic registration.
package trusted
