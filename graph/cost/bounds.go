package cost

import "github.com/vektah/gqlparser/v2/ast"

// MaxPage is the largest page; a larger one is refused before anything is read.
const MaxPage = 100

// bounds are the most objects that lists without pages hold, by field. They are what the descriptions
// of the fields promise; a test compares the two, and finds lists that are missing here.
var bounds = map[string]int{
	"Track.skills": 30, "Question.skills": 8, "KeyPoint.skills": 4, "Passage.skills": 8,
	"Credential.teaches": 12, "Credential.requires": 12, "RecommendationItem.closes": 12,
	"Rubric.criteria": 12, "Rubric.keyPoints": 20, "Rubric.referenceAnswers": 20, "Criterion.levels": 12,
	"ScoringRun.scores":         12,
	"Explanation.contributions": 500, "Explanation.evidence": 8, "Explanation.keyPoints": 20, "Explanation.citations": 5,
	"Explanation.improvements": 3,
	"Calibration.criteria":     12, "Calibration.points": 2000, "CalibrationCriterion.bias": 33, "CalibrationCriterion.reliability": 10,
	"RecommendationList.items": 10, "RecommendationItem.parts": 8, "RecommendationItem.traces": 20,
	"AuditEvent.detail": 20, "Job.errors": 25, "System.jobs": 64, "System.embeddingModels": 20,
	"LanguageModel.workers": 100, "LanguageModel.spend": 500, "LanguageModel.essays": 50,
	"Override.keyPoints": 20, "Override.criteria": 12, "RescoringReport.histogram": 10,
	"RecommendationList.unserved": 40, "Preferences.interests": 20, "Credential.viewerInteractions": 6, "SearchResults.hits": 100, "Query.essayDuplicates": 20,
	"RecommendationAbsence.parts": 8, "RecommendationAbsence.traces": 20, "CatalogueImport.refusals": 100,
	"ScoringActivity.stages": 7, "ScoringActivity.newest": 20,
	"*.userErrors": 10,
}

// paged are lists that hold as many objects as the argument first of the field that they stand in says:
// their bound would make every search as dear as the largest.
var paged = map[string]bool{"SearchResults.hits": true}

// flat are fields whose price is not what they hold: the schema is answered from memory.
var flat = map[string]int{"__schema": 20_000, "__type": 1_000}

// bound is the most objects that a list without pages holds; 0 for one that the table does not know.
func bound(parent *ast.Definition, field string) int {
	if parent == nil {
		return 0
	}
	if n := bounds[parent.Name+"."+field]; n > 0 {
		return n
	}
	return bounds["*."+field]
}
