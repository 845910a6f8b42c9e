// Package hostile makes the requests that hurt a GraphQL server: small ones that ask for very much, and
// large ones that make it parse, compare or repeat very much. The tests assert that each is refused in
// few words before anything runs, and `make bench-cost` prints what refusing it costs.
package hostile

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Request is one request that is to be refused.
type Request struct {
	Name string
	Body []byte // JSON
	// Code is the extensions.code of the refusal.
	Code string
	// Admin is set where a caller who may not introspect would be refused for that alone.
	Admin bool
}

const (
	tooLarge   = "DOCUMENT_TOO_LARGE"
	costs      = "COST_EXCEEDED"
	validation = "GRAPHQL_VALIDATION_FAILED"
	parse      = "GRAPHQL_PARSE_FAILED"
	bad        = "BAD_REQUEST"
)

func repeat(s string, n int) string { return strings.Repeat(s, n) }

// each joins what f makes of 0 to n-1.
func each(n int, f func(i int) string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(f(i))
	}
	return b.String()
}

// doubling is a chain of fragments of which each spreads the next one twice.
func doubling(n int, field func(spread string) string) string {
	return "{ ...F0 }" + each(n, func(i int) string {
		return fmt.Sprintf(" fragment F%d on Query { %s }", i, field(fmt.Sprintf("...F%d ...F%d", i+1, i+1)))
	}) + fmt.Sprintf(" fragment F%d on Query { __typename }", n)
}

// Requests are all of them.
func Requests() []Request {
	var list []Request
	add := func(name, code, query string) {
		list = append(list, Request{Name: name, Code: code, Body: body(query, "", "{}")})
	}

	add("fragments that double, 30 deep", tooLarge, doubling(30, func(s string) string { return s }))
	add("fragments that double below fields, 30 deep", tooLarge, "{ node(id: 1) { ...F0 } }"+each(30, func(i int) string {
		return fmt.Sprintf(" fragment F%d on Essay { a: question { track { id } } learner { id } latestRun { essay { ...F%d } x: essay { ...F%d } } }", i, i+1, i+1)
	})+" fragment F30 on Essay { id }")
	add("10,000 aliases", tooLarge, "{ "+each(10_000, func(i int) string { return fmt.Sprintf("a%d:__typename ", i) })+"}")
	add("2,000 aliases", tooLarge, "{ "+each(2_000, func(i int) string { return fmt.Sprintf("a%d:__typename ", i) })+"}")
	add("10,000 directives on a field", tooLarge, "{ __typename "+repeat("@aa", 10_000)+" }")
	add("4,000 directives on a field", tooLarge, "{ __typename "+repeat("@aa", 4_000)+" }")
	add("4,000 directives, one a field", tooLarge, "{ "+repeat("__typename @aa ", 2_400)+"}")
	add("100,000 tokens", tooLarge, "{ "+repeat("a ", 100_000)+"}")
	add("10,000 fields that are not there", tooLarge, "{ "+each(9_900, func(i int) string { return fmt.Sprintf("f%d ", i) })+"}")
	add("1,900 fields that are not there", validation, "{ "+each(1_900, func(i int) string { return fmt.Sprintf("f%d ", i) })+"}")
	add("90 KB string that is not closed", parse, `{ track(slug: "`+repeat("x", 90_000))
	add("500 KB string", tooLarge, `{ track(slug: "`+repeat("x", 500_000)+`") { id } }`)
	add("1 MB string", bad, `{ track(slug: "`+repeat("x", 1_000_000)+`") { id } }`)
	add("1 MB block string", bad, `{ track(slug: """`+repeat("x\n", 500_000)+`""") { id } }`)
	add("90 KB of a string of escapes", validation, `{ track(slug: "`+repeat(`\u0041`, 15_000)+`", x: 1) { id } }`)
	add("1 MB of commas", bad, "{ __typename "+repeat(",", 1_000_000)+"}")
	add("1 MB of comment", bad, "#"+repeat("x", 1_000_000)+"\n{ __typename }")
	add("9,000 comments", tooLarge, repeat("#\n", 9_000)+"{ __typename "+repeat("x ", 2_000)+"}")
	add("list of 100,000 values", tooLarge, "{ nodes(ids: ["+repeat("1,", 100_000)+"]) { id } }")
	add("list of 9,000 values", tooLarge, "{ nodes(ids: ["+repeat("1,", 9_000)+"]) { id } }")
	add("lists 100,000 deep", tooLarge, "{ nodes(ids: "+repeat("[", 100_000)+repeat("]", 100_000)+") { id } }")
	add("lists 4,000 deep", tooLarge, "{ nodes(ids: "+repeat("[", 4_000)+repeat("]", 4_000)+") { id } }")
	add("lists 900 deep", tooLarge, "{ nodes(ids: "+repeat("[", 900)+repeat("]", 900)+") { id } }")
	add("objects 900 deep", tooLarge, "{ essays(first: 1, filter: "+repeat("{a:", 900)+"1"+repeat("}", 900)+") { totalCount } }")
	add("object of 3,000 fields", tooLarge, "{ essays(first: 1, filter: {"+each(3_000, func(i int) string { return fmt.Sprintf("f%d:1,", i) })+"}) { totalCount } }")
	add("object of 1,900 fields", validation, "{ essays(first: 1, filter: {"+each(1_900, func(i int) string { return fmt.Sprintf("f%d:1,", i) })+"}) { totalCount } }")
	add("list types 900 deep", validation, "query($v: "+repeat("[", 900)+"Int"+repeat("]", 900)+") { __typename }")
	add("25,000 inline fragments", tooLarge, "{ "+repeat("...{__typename}", 25_000)+" }")
	add("2,400 inline fragments", tooLarge, "{ "+repeat("...{__typename}", 2_400)+" }")
	add("inline fragments 450 deep", tooLarge, "{ "+repeat("...{", 450)+"__typename"+repeat("}", 450)+" }")
	add("140 times the same field, in 48 inline fragments", tooLarge, "{ "+repeat("...{", 48)+repeat("__typename ", 140)+repeat("}", 48)+"}")
	add("20 operations that use the same 1,900 values", tooLarge, each(20, func(i int) string {
		return fmt.Sprintf("query Q%d($a:ID! $b:ID!) { ...F } ", i)
	})+"fragment F on Query { "+each(95, func(i int) string { return fmt.Sprintf("a%d:nodes(ids:[%s]){id} ", i, repeat("$a $b ", 10)) })+"}")
	add("5,000 times the same field", tooLarge, "{ "+repeat("__typename ", 5_000)+"}")
	add("1,900 times the same field", tooLarge, "{ "+repeat("__typename ", 1_900)+"}")
	add("80 times the same field, 3 deep", tooLarge, "{ "+repeat("node(id:1){ id ...on Essay { question { "+repeat("title ", 20)+"} } } ", 80)+"}")
	add("selections 100,000 deep", tooLarge, repeat("{a", 100_000)+repeat("}", 100_000))
	add("selections 900 deep", tooLarge, repeat("{a", 900)+repeat("}", 900))
	add("selections 300 deep, of the schema", tooLarge, "{ node(id: 1) { ... on Essay { "+repeat("latestRun { essay { ", 150)+"id"+repeat("} }", 150)+"} } }")
	add("name of 1 MB", bad, "{ "+repeat("n", 1_000_000)+" }")
	add("name of 90 KB", tooLarge, "{ "+repeat("n", 90_000)+" }")
	add("operation of a name of 90 KB", tooLarge, "query "+repeat("n", 90_000)+" { __typename }")
	add("90 names of 1 KB", tooLarge, "{ "+each(90, func(i int) string { return fmt.Sprintf("f%d%s ", i, repeat("n", 1_000)) })+"}")
	add("2,000 operations", tooLarge, each(2_000, func(i int) string { return fmt.Sprintf("query Q%d{__typename} ", i) }))
	add("1,600 variables", tooLarge, "query("+each(1_600, func(i int) string { return fmt.Sprintf("$v%d:Int ", i) })+") { __typename }")
	add("fragments in a circle", validation, "{ ...A } fragment A on Query { __typename ...B } fragment B on Query { ...A }")
	add("1,000 fragments in a circle", tooLarge, "{ ...F0 } "+each(1_000, func(i int) string {
		return fmt.Sprintf("fragment F%d on Query { ...F%d } ", i, (i+1)%1_000)
	}))
	add("120 fragments in a circle", validation, "{ ...F0 } "+each(120, func(i int) string {
		return fmt.Sprintf("fragment F%d on Query { __typename ...F%d } ", i, (i+1)%120)
	}))
	add("120 fragments that all spread all behind them", tooLarge, "{ ...F0 } "+each(120, func(i int) string {
		return fmt.Sprintf("fragment F%d on Query { __typename %s} ", i, each(119-i, func(j int) string { return fmt.Sprintf("...F%d ", i+j+1) }))
	}))
	add("100 large fragments that nobody uses", validation, "{ __typename } "+each(100, func(i int) string {
		return fmt.Sprintf("fragment F%d on Query { %s} ", i, each(80, func(j int) string { return fmt.Sprintf("f%dx%d ", i, j) }))
	}))
	add("a chain of 120 large fragments", tooLarge, "{ ...F0 } "+each(120, func(i int) string {
		return fmt.Sprintf("fragment F%d on Query { %s...F%d } ", i, each(60, func(j int) string { return fmt.Sprintf("f%d ", j) }), i+1)
	})+"fragment F120 on Query { __typename }")
	add("pages in pages in pages", costs, `{ cohorts(first: 100) { edges { node { members(first: 100) { edges { node { user { essays(first: 100) { edges { node {
		runs(first: 100) { edges { node { scores { explanation { contributions { points } } } } } } } } } } } } } } } } }`)
	add("90 aliases of a large page", costs, "{ "+each(90, func(i int) string {
		return fmt.Sprintf("a%d: essays(first: 100) { edges { node { runs(first: 100) { edges { node { id } } } } } } ", i)
	})+"}")
	list = append(list,
		Request{Name: "ofType 200 deep", Code: tooLarge, Admin: true, Body: body("{ __type(name: \"Essay\") { "+repeat("ofType { ", 200)+"name"+repeat("}", 200)+" } }", "", "{}")},
		Request{Name: "types of fields of types of fields", Code: validation, Admin: true, Body: body("{ __schema { types { "+repeat("fields { type { ", 7)+"name"+repeat("} }", 7)+" } } }", "", "{}")},
		Request{Name: "types of fields 100 deep", Code: tooLarge, Admin: true, Body: body("{ __schema { types { "+repeat("fields { type { ", 100)+"name"+repeat("} }", 100)+" } } }", "", "{}")},
		Request{Name: "90 times the whole schema", Code: costs, Admin: true, Body: body("{ "+each(90, func(i int) string {
			return fmt.Sprintf("a%d: __schema { types { fields { args { type { ofType { name } } } } } } ", i)
		})+"}", "", "{}")},
		Request{Name: "variables 100,000 deep", Code: bad, Body: body("{ __typename }", "", `{"v":`+repeat("[", 100_000)+repeat("]", 100_000)+"}")},
		Request{Name: "variables 9,000 deep", Code: tooLarge, Body: body("{ __typename }", "", `{"v":`+repeat("[", 9_000)+repeat("]", 9_000)+"}")},
		Request{Name: "variables 100 deep", Code: tooLarge, Body: body("{ __typename }", "", `{"v":`+repeat("[", 100)+repeat("]", 100)+"}")},
		Request{Name: "100,000 values in a variable", Code: bad, Body: body("query($v:[ID!]!) { nodes(ids: $v) { id } }", "", `{"v":[`+repeat(`"x",`, 100_000)+`"x"]}`)},
		Request{Name: "6,000 values in a variable", Code: tooLarge, Body: body("query($v:[ID!]!) { nodes(ids: $v) { id } }", "", `{"v":[`+repeat(`"x",`, 6_000)+`"x"]}`)},
		Request{Name: "1 MB in an enum's variable", Code: validation, Body: body("query($v: ScoringStage) { essays(first: 1, filter: {stage: $v}) { totalCount } }", "", `{"v":"`+repeat("x", 1_000_000)+`"}`)},
		Request{Name: "1 MB as the name of an input's field", Code: validation, Body: body("query($v: EssayFilter) { essays(first: 1, filter: $v) { totalCount } }", "", `{"v":{"`+repeat("x", 1_000_000)+`":1}}`)},
		Request{Name: "operationName of 1 MB", Code: bad, Body: body("query A { __typename } query B { __typename }", repeat("n", 1_000_000), "{}")},
		Request{Name: "operationName of 500 KB", Code: tooLarge, Body: body("query A { __typename } query B { __typename }", repeat("n", 500_000), "{}")},
		Request{Name: "2 MB of extensions", Code: bad, Body: []byte(`{"query":"{__typename}","extensions":{"a":[` + repeat("[],", 600_000) + `1]}}`)},
	)
	return list
}

func body(query, operationName, variables string) []byte {
	b, err := json.Marshal(map[string]any{
		"query": query, "operationName": operationName, "variables": json.RawMessage("{}"),
	})
	if err != nil {
		panic(err) // texts and an object always marshal
	}
	// Put in as it is: encoding/json would refuse what is nested as deep as some of these.
	return []byte(strings.Replace(string(b), `"variables":{}`, `"variables":`+variables, 1))
}
