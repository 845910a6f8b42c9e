// Package ent holds the models that the resolvers, the jobs and the search read and write. Everything but
// this file, entc.go and views.go is generated from ent/schema and ent/template.
package ent

//go:generate go run -mod=mod entc.go
