// Package arch holds no code but tests: the import rules of docs/architecture.md, where generated code
// and privacy bypasses may be, and that every model is closed to who has not signed in.
package arch
