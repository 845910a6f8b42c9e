// Package guard decides which documents are worth validating: it parses a document within limits,
// measures it in one pass, validates it with bounded errors, and keeps what it accepted in a cache that
// is bounded in bytes. Whatever a client sends, the work before execution is bounded, and so is the
// answer that refuses it.
//
// The order is: bytes, tokens (while parsing), measures (see Limits), the rules of the specification,
// variables. Only then does anything run.
package guard
