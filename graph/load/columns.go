package load

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// A row is read with the columns that the operation has a use for: an essay's text travels when text
// is selected somewhere in it, and not otherwise. The columns of a type are the union over the whole
// operation. That may read a column at one place that is selected only at another; in return every
// row of a type is as complete as every other, however it was loaded, under which alias, and for how
// many parents, and none is ever served with a column missing.

// row says of which columns the API's fields of a type are made, by field, apart by spaces. always
// are those that rows are joined to their parents by, and by which pages are cut.
type row struct {
	always string
	fields map[string]string
}

// rows holds every type of the API that stands for a table. A test holds it against the schema of the
// API, against the tables, and against what the API answers.
var rows = map[string]row{
	"AuditEvent": {"created_at", map[string]string{
		"id": "", "actor": "actor_id", "action": "action", "targetType": "target_type",
		"targetId": "target_type target_id", "detail": "detail", "requestId": "request_id", "createdAt": "",
	}},
	"Calibration": {"question_id version", map[string]string{
		"id": "", "question": "", "version": "", "state": "state", "rows": "rows", "createdAt": "created_at",
		"fittedAt": "fitted_at", "activatedAt": "activated_at", "failure": "failure", "digest": "digest", "method": "method",
		"criteria": "criteria", "points": "points",
	}},
	"Citation": {"explanation_id", map[string]string{
		"id": "", "passage": "passage_id", "similarity": "similarity", "quote": "quote",
	}},
	"Cohort": {"name", map[string]string{
		"id": "", "slug": "slug", "name": "", "track": "track_id", "members": "",
	}},
	"CohortMember": {"cohort_id created_at", map[string]string{
		"id": "", "role": "role", "user": "user_id", "joinedAt": "",
	}},
	"Credential": {"title provider", map[string]string{
		"id": "", "slug": "slug", "title": "", "provider": "", "kind": "kind", "level": "level", "duration": "duration",
		"price": "price", "teaches": "teaches", "requires": "requires", "description": "description", "url": "url",
		"hours": "hours", "viewerInteractions": "",
	}},
	"Criterion": {"rubric_id", map[string]string{
		"id": "", "key": "key", "title": "title", "description": "description", "trait": "trait", "weight": "weight",
		"scale": "scale_min scale_max scale_step", "levels": "levels",
	}},
	"Essay": {"owner_id created_at overall_percent", map[string]string{
		"id": "", "question": "question_id", "learner": "", "text": "text", "words": "words", "submittedAt": "",
		"latestRun": "", "runs": "",
	}},
	"Evidence": {"explanation_id", map[string]string{
		"id": "", "quote": "quote", "codePoints": "start_code_point end_code_point", "utf16": "start_utf16 end_utf16",
		"polarity": "points", "points": "points", "keyPointLabel": "key_point_label", "reason": "reason",
	}},
	"Explanation": {"score_id", map[string]string{
		"id": "", "summary": "summary", "base": "base", "contributions": "contributions", "evidence": "",
		"keyPoints": "", "citations": "", "improvements": "improvements",
	}},
	"Interaction": {"owner_id credential_id last_at", map[string]string{
		"id": "", "learner": "", "credential": "", "kind": "kind", "rating": "rating", "times": "times",
		"createdAt": "created_at", "lastAt": "",
	}},
	"KeyPoint": {"rubric_id", map[string]string{
		"id": "", "key": "key", "label": "label", "text": "text", "weight": "weight", "skills": "skills",
	}},
	"KeyPointOutcome": {"explanation_id", map[string]string{
		"id": "", "label": "label", "status": "status", "degree": "degree", "similarity": "similarity",
		"quote": "quote", "keyPoint": "key_point_id",
	}},
	"Override": {"run_id", map[string]string{
		"id": "", "by": "actor_id", "createdAt": "created_at", "reason": "reason", "from": "from_id",
		"keyPoints": "key_points", "criteria": "criteria",
	}},
	"Passage": {"", map[string]string{
		"id": "", "title": "title", "text": "text", "skills": "skills",
	}},
	"Preferences": {"owner_id", map[string]string{
		"id": "", "interests": "interests", "freeOnly": "free_only", "longest": "longest", "highest": "highest", "changedAt": "changed_at",
	}},
	"Question": {"track_id position", map[string]string{
		"id": "", "slug": "slug", "title": "title", "prompt": "prompt", "level": "level", "skills": "skills",
		"minWords": "min_words", "maxWords": "max_words", "track": "", "rubric": "", "calibration": "", "calibrations": "",
	}},
	"RecommendationDecision": {"item_id", map[string]string{
		"id": "", "by": "actor_id", "verdict": "verdict", "reason": "reason", "decidedAt": "decided_at",
	}},
	"RecommendationItem": {"list_id", map[string]string{
		"id": "", "rank": "rank", "credential": "credential_id", "score": "score", "parts": "parts",
		"rationale": "rationale", "traces": "traces", "closes": "closes",
		"step": "step", "relaxed": "relaxed", "decision": "",
	}},
	"RecommendationList": {"run_id owner_id created_at", map[string]string{
		"id": "", "run": "", "number": "number", "createdAt": "", "unserved": "unserved", "note": "note", "degraded": "degraded", "modelVersion": "model_version", "items": "",
	}},
	"ReferenceAnswer": {"rubric_id", map[string]string{
		"id": "", "kind": "kind", "text": "text",
	}},
	"Rescoring": {"created_at", map[string]string{
		"id": "", "question": "question_id", "track": "track_id", "reason": "reason", "by": "actor_id", "createdAt": "",
		"total": "total", "added": "added", "skipped": "skipped", "report": "",
	}},
	"Rubric": {"question_id", map[string]string{
		"id": "", "version": "version", "criteria": "", "keyPoints": "", "referenceAnswers": "",
	}},
	"Score": {"run_id", map[string]string{
		"id": "", "criterion": "criterion_id", "value": "value", "raw": "raw", "interval": "low high coverage",
		"calibration": "calibration", "provisional": "provisional", "explanation": "",
	}},
	"ScoringRun": {"essay_id number", map[string]string{
		"id": "", "essay": "", "number": "", "kind": "kind", "stage": "stage", "percent": "percent", "seq": "seq",
		"createdAt": "created_at", "changedAt": "changed_at", "startedAt": "started_at", "scoredAt": "scored_at",
		"finishedAt": "finished_at", "elapsed": "created_at finished_at", "engine": "engine engine_version engine_model engine_prompt",
		"degraded": "degraded", "degradedReason": "degraded degraded_reason", "failure": "failure_code failure_message",
		"flags": "flags", "overall": "overall_percent overall_low overall_high overall_coverage",
		"scores": "", "recommendations": "", "override": "",
	}},
	"Skill": {"slug name", map[string]string{
		"id": "", "slug": "", "name": "", "onet": "onet", "synonyms": "synonyms",
	}},
	"Track": {"title", map[string]string{
		"id": "", "slug": "slug", "title": "", "summary": "summary", "occupation": "occupation", "skills": "skills",
		"questions": "", "languageModelConsent": "llm_consent",
	}},
	"User": {"name created_at", map[string]string{
		"id": "", "name": "", "email": "email", "role": "role", "active": "active", "createdAt": "", "essays": "",
		"preferences": "", "interactions": "", "recommendationLists": "",
	}},
}

// rowBits is a row with its optional columns numbered.
type rowBits struct {
	always, optional []string
	fields           map[string]uint64 // of optional, by field
}

var bits = number(rows)

func number(rows map[string]row) map[string]*rowBits {
	out := make(map[string]*rowBits, len(rows))
	for typ, r := range rows {
		b := &rowBits{always: strings.Fields(r.always), fields: make(map[string]uint64, len(r.fields))}
		place := map[string]int{}
		for _, field := range slices.Sorted(maps.Keys(r.fields)) { // the same text in every process
			var set uint64
			for _, c := range strings.Fields(r.fields[field]) {
				if _, ok := place[c]; !ok {
					place[c] = len(b.optional)
					b.optional = append(b.optional, c)
				}
				set |= 1 << place[c]
			}
			b.fields[field] = set
		}
		out[typ] = b
	}
	return out
}

// selection is which optional columns an operation has a use for, by type.
type selection map[string]uint64

// selected reads an operation, each of its fragments once.
func selected(o *graphql.OperationContext) selection {
	s := selection{}
	if o == nil || o.Operation == nil {
		return s
	}
	seen := map[*ast.FragmentDefinition]bool{}
	var visit func(ast.SelectionSet)
	visit = func(set ast.SelectionSet) {
		for _, item := range set {
			switch item := item.(type) {
			case *ast.Field:
				if !included(item.Directives, o.Variables) {
					continue
				}
				if item.ObjectDefinition != nil {
					if b := bits[item.ObjectDefinition.Name]; b != nil {
						s[item.ObjectDefinition.Name] |= b.fields[item.Name]
					}
				}
				visit(item.SelectionSet)
			case *ast.InlineFragment:
				if included(item.Directives, o.Variables) {
					visit(item.SelectionSet)
				}
			case *ast.FragmentSpread:
				if f := item.Definition; f != nil && !seen[f] && included(item.Directives, o.Variables) {
					seen[f] = true
					visit(f.SelectionSet)
				}
			}
		}
	}
	visit(o.Operation.SelectionSet)
	return s
}

// included evaluates @skip and @include.
func included(directives ast.DirectiveList, variables map[string]any) bool {
	for _, d := range directives {
		if d.Name != "skip" && d.Name != "include" {
			continue
		}
		if on, ok := d.ArgumentMap(variables)["if"].(bool); ok && on == (d.Name == "skip") {
			return false
		}
	}
	return true
}

// columns are those that rows of a type are read with, besides the id.
func (s selection) columns(typ string) []string {
	b := bits[typ]
	set := s[typ]
	out := make([]string, 0, len(b.always)+len(b.optional)+1)
	out = append(append(out, "id"), b.always...)
	for i, c := range b.optional {
		if set&(1<<i) != 0 {
			out = append(out, c)
		}
	}
	return out
}

// Narrow has a query read the columns that the operation has a use for. typ is the GraphQL type of its
// rows; code that goes on to work with them must not use it.
func Narrow(ctx context.Context, typ string, q interface{ Columns(names ...string) }) {
	q.Columns(For(ctx).selection.columns(typ)...)
}
