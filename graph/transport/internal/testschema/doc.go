// Package testschema is a small GraphQL schema with which the transports are tested.
package testschema
