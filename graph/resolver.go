// Package graph answers the API. It translates between GraphQL and the packages that decide: it holds
// no rules of its own.
package graph

import (
	"github.com/rubrica/rubrica/graph/exec"
	"github.com/rubrica/rubrica/internal/auth"
	"github.com/rubrica/rubrica/internal/calibrations"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/internal/importing"
	"github.com/rubrica/rubrica/internal/interactions"
	"github.com/rubrica/rubrica/internal/overrides"
	"github.com/rubrica/rubrica/internal/people"
	"github.com/rubrica/rubrica/internal/progress"
	"github.com/rubrica/rubrica/internal/submission"
	"github.com/rubrica/rubrica/jobs"
	"github.com/rubrica/rubrica/rag"
)

// resolver is the root of all resolvers.
type resolver struct {
	db           *database.DB
	hub          *progress.Hub
	submission   *submission.Service
	calibrations *calibrations.Service
	overrides    *overrides.Service
	people       *people.Service
	authority    *auth.Authority
	jobs         *jobs.Inspector
	index        *rag.Index
	advice       *jobs.Advice
	interactions *interactions.Service
	importing    *importing.Service

	installation Installation
}

var _ exec.ResolverRoot = (*resolver)(nil)

type (
	queryResolver        struct{ *resolver }
	mutationResolver     struct{ *resolver }
	subscriptionResolver struct{ *resolver }
)

func (r *resolver) Query() exec.QueryResolver               { return queryResolver{r} }
func (r *resolver) Mutation() exec.MutationResolver         { return mutationResolver{r} }
func (r *resolver) Subscription() exec.SubscriptionResolver { return subscriptionResolver{r} }

func (r *resolver) AuditEvent() exec.AuditEventResolver       { return auditEventResolver{} }
func (r *resolver) Calibration() exec.CalibrationResolver     { return calibrationResolver{} }
func (r *resolver) Citation() exec.CitationResolver           { return citationResolver{} }
func (r *resolver) Cohort() exec.CohortResolver               { return cohortResolver{} }
func (r *resolver) CohortMember() exec.CohortMemberResolver   { return cohortMemberResolver{} }
func (r *resolver) Credential() exec.CredentialResolver       { return credentialResolver{} }
func (r *resolver) Essay() exec.EssayResolver                 { return essayResolver{} }
func (r *resolver) EssayProgress() exec.EssayProgressResolver { return essayProgressResolver{} }
func (r *resolver) Explanation() exec.ExplanationResolver     { return explanationResolver{} }
func (r *resolver) Job() exec.JobResolver                     { return jobResolver{} }
func (r *resolver) LanguageModelEssay() exec.LanguageModelEssayResolver {
	return languageModelEssayResolver{}
}
func (r *resolver) LanguageModelSpend() exec.LanguageModelSpendResolver {
	return languageModelSpendResolver{}
}
func (r *resolver) KeyPoint() exec.KeyPointResolver               { return keyPointResolver{} }
func (r *resolver) KeyPointOutcome() exec.KeyPointOutcomeResolver { return keyPointOutcomeResolver{} }
func (r *resolver) CriterionOverride() exec.CriterionOverrideResolver {
	return criterionOverrideResolver{}
}
func (r *resolver) KeyPointOverride() exec.KeyPointOverrideResolver {
	return keyPointOverrideResolver{}
}
func (r *resolver) Override() exec.OverrideResolver   { return overrideResolver{} }
func (r *resolver) Rescoring() exec.RescoringResolver { return rescoringResolver{} }
func (r *resolver) Passage() exec.PassageResolver     { return passageResolver{} }
func (r *resolver) Question() exec.QuestionResolver   { return questionResolver{} }
func (r *resolver) RecommendationItem() exec.RecommendationItemResolver {
	return recommendationItemResolver{}
}
func (r *resolver) RecommendationList() exec.RecommendationListResolver {
	return recommendationListResolver{}
}
func (r *resolver) RecommendationTrace() exec.RecommendationTraceResolver {
	return recommendationTraceResolver{}
}
func (r *resolver) RecommendationAbsence() exec.RecommendationAbsenceResolver {
	return recommendationAbsenceResolver{}
}
func (r *resolver) RecommendationDecision() exec.RecommendationDecisionResolver {
	return recommendationDecisionResolver{}
}
func (r *resolver) Interaction() exec.InteractionResolver { return interactionResolver{} }
func (r *resolver) Preferences() exec.PreferencesResolver { return preferencesResolver{} }
func (r *resolver) Rubric() exec.RubricResolver           { return rubricResolver{} }
func (r *resolver) Score() exec.ScoreResolver             { return scoreResolver{} }
func (r *resolver) ScoringRun() exec.ScoringRunResolver   { return scoringRunResolver{} }
func (r *resolver) Track() exec.TrackResolver             { return trackResolver{} }
func (r *resolver) User() exec.UserResolver               { return userResolver{} }
