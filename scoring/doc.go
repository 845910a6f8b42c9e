// Package scoring turns a learner's answer into scores and into reasons that can be checked.
//
// It takes and returns plain values: it knows neither the database nor GraphQL, so that it can be
// evaluated on a file of essays. The way through it is
//
//	Prepare (once a rubric) ─┐
//	Analyze (once an answer) ─┴─► Engine.Score ─► Explain
//
// All offsets inside the package are byte offsets into the answer exactly as it was submitted;
// Explain adds the offsets in Unicode code points and in UTF-16 units that people and browsers use.
package scoring
