package exec

// Answers come whole: @defer, which gqlparser puts into every schema, is no directive of this one. So
// validation refuses it, introspection does not list it, and the printed schema does not have it.
func init() { delete(parsedSchema.Directives, "defer") }
