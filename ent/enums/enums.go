// Package enums holds the closed vocabularies that the database and the API share.
package enums

// Role is what an account may do.
type Role string

// The roles.
const (
	RoleLearner Role = "LEARNER"
	RoleAdvisor Role = "ADVISOR"
	RoleAdmin   Role = "ADMIN"
)

// Values lists the roles.
func (Role) Values() []string { return strings(RoleLearner, RoleAdvisor, RoleAdmin) }

// MembershipRole is what a person is in a cohort.
type MembershipRole string

// The roles in a cohort.
const (
	MemberLearner MembershipRole = "LEARNER"
	MemberAdvisor MembershipRole = "ADVISOR"
)

// Values lists the roles in a cohort.
func (MembershipRole) Values() []string { return strings(MemberLearner, MemberAdvisor) }

// Level is how much a question or a credential asks for.
type Level string

// The levels, ascending.
const (
	LevelFoundation   Level = "FOUNDATION"
	LevelIntermediate Level = "INTERMEDIATE"
	LevelAdvanced     Level = "ADVANCED"
)

// Values lists the levels, ascending.
func (Level) Values() []string {
	return strings(LevelFoundation, LevelIntermediate, LevelAdvanced)
}

// Trait is what a criterion measures.
type Trait string

// The traits.
const (
	TraitContent      Trait = "CONTENT"
	TraitReasoning    Trait = "REASONING"
	TraitOrganization Trait = "ORGANIZATION"
	TraitClarity      Trait = "CLARITY"
)

// Values lists the traits.
func (Trait) Values() []string {
	return strings(TraitContent, TraitReasoning, TraitOrganization, TraitClarity)
}

// ReferenceKind tells a model answer from the sample answers of a question.
type ReferenceKind string

// The kinds of reference answers.
const (
	ReferenceModel    ReferenceKind = "MODEL"
	ReferenceStrong   ReferenceKind = "STRONG"
	ReferenceMiddling ReferenceKind = "MIDDLING"
	ReferenceWeak     ReferenceKind = "WEAK"
)

// Values lists the kinds of reference answers.
func (ReferenceKind) Values() []string {
	return strings(ReferenceModel, ReferenceStrong, ReferenceMiddling, ReferenceWeak)
}

// CredentialKind is what a learner holds at the end.
type CredentialKind string

// The kinds of credentials.
const (
	CredentialCertification CredentialKind = "CERTIFICATION"
	CredentialCertificate   CredentialKind = "CERTIFICATE"
	CredentialCourse        CredentialKind = "COURSE"
)

// Values lists the kinds of credentials.
func (CredentialKind) Values() []string {
	return strings(CredentialCertification, CredentialCertificate, CredentialCourse)
}

// Duration is a class of learning time: SHORT below 10 hours, MEDIUM to 40, LONG above.
type Duration string

// The classes of duration.
const (
	DurationShort   Duration = "SHORT"
	DurationMedium  Duration = "MEDIUM"
	DurationLong    Duration = "LONG"
	DurationUnknown Duration = "UNKNOWN"
)

// Values lists the classes of duration.
func (Duration) Values() []string {
	return strings(DurationShort, DurationMedium, DurationLong, DurationUnknown)
}

// Price is a class of price.
type Price string

// The classes of price.
const (
	PriceFree    Price = "FREE"
	PricePaid    Price = "PAID"
	PriceUnknown Price = "UNKNOWN"
)

// Values lists the classes of price.
func (Price) Values() []string { return strings(PriceFree, PricePaid, PriceUnknown) }

// RunKind says why a scoring run exists.
type RunKind string

// The kinds of runs.
const (
	RunFirst   RunKind = "FIRST"
	RunRetry   RunKind = "RETRY"
	RunRescore RunKind = "RESCORE"
	// RunOverride holds what a person made of the run before it; no engine worked for it.
	RunOverride RunKind = "OVERRIDE"
)

// Values lists the kinds of runs.
func (RunKind) Values() []string { return strings(RunFirst, RunRetry, RunRescore, RunOverride) }

// Stage is how far a scoring run has come.
type Stage string

// The stages in their order; COMPLETED and FAILED are terminal.
const (
	StageQueued       Stage = "QUEUED"
	StageEmbedding    Stage = "EMBEDDING"
	StageScoring      Stage = "SCORING"
	StageExplaining   Stage = "EXPLAINING"
	StageRecommending Stage = "RECOMMENDING"
	StageCompleted    Stage = "COMPLETED"
	StageFailed       Stage = "FAILED"
)

// Values lists the stages in their order.
func (Stage) Values() []string {
	return strings(StageQueued, StageEmbedding, StageScoring, StageExplaining,
		StageRecommending, StageCompleted, StageFailed)
}

// Terminal tells whether a run in this stage has ended.
func (s Stage) Terminal() bool { return s == StageCompleted || s == StageFailed }

// Percent is the share of the work that is behind a run when it enters the stage.
func (s Stage) Percent() int {
	switch s {
	case StageEmbedding:
		return 5
	case StageScoring:
		return 40
	case StageExplaining:
		return 60
	case StageRecommending:
		return 75
	case StageCompleted, StageFailed:
		return 100
	default:
		return 0
	}
}

// Calibration says how far the scores of a question have been held against people's.
type Calibration string

// The levels of calibration.
const (
	Uncalibrated Calibration = "UNCALIBRATED"
	FewShot      Calibration = "FEW_SHOT"
	Calibrated   Calibration = "CALIBRATED"
)

// Values lists the levels of calibration.
func (Calibration) Values() []string { return strings(Uncalibrated, FewShot, Calibrated) }

// KeyPointStatus says whether an answer makes a point.
type KeyPointStatus string

// A key point is met, partly met or missed.
const (
	KeyPointMet    KeyPointStatus = "MET"
	KeyPointPartly KeyPointStatus = "PARTLY"
	KeyPointMissed KeyPointStatus = "MISSED"
)

// Values lists what may become of a key point.
func (KeyPointStatus) Values() []string {
	return strings(KeyPointMet, KeyPointPartly, KeyPointMissed)
}

// ContributionKind says what a term of a score stands for.
type ContributionKind string

// ImprovementKind says what a suggestion asks for.
type ImprovementKind string

// Signal is a source of a recommendation's score.
type Signal string

// The signals.
const (
	SignalCollaborative Signal = "COLLABORATIVE"
	SignalSemantic      Signal = "SEMANTIC"
	SignalSkillGap      Signal = "SKILL_GAP"
	SignalLevelFit      Signal = "LEVEL_FIT"
	SignalPopularity    Signal = "POPULARITY"
)

// FailureCode says why a run failed.
type FailureCode string

// The codes.
const (
	FailureInternal   FailureCode = "INTERNAL"
	FailureTimeout    FailureCode = "TIMEOUT"
	FailureUnscorable FailureCode = "UNSCORABLE"
	FailureCancelled  FailureCode = "CANCELLED"
)

// Flag marks a run that a person should look at.
type Flag string

// Polarity says whether a passage speaks for or against a score.
type Polarity string

// The polarities.
const (
	PolarityPositive Polarity = "POSITIVE"
	PolarityNegative Polarity = "NEGATIVE"
)

// CircuitState says whether requests are let through to something that may be broken.
type CircuitState string

// The states of a circuit breaker.
const (
	CircuitClosed   CircuitState = "CLOSED"
	CircuitHalfOpen CircuitState = "HALF_OPEN"
	CircuitOpen     CircuitState = "OPEN"
)

// AuditAction is what the audit trail keeps.
type AuditAction string

// The actions.
const (
	AuditEssayRetry          AuditAction = "ESSAY_RETRY"
	AuditEssayRescore        AuditAction = "ESSAY_RESCORE"
	AuditEssayOverride       AuditAction = "ESSAY_OVERRIDE"
	AuditEssayConfirm        AuditAction = "ESSAY_CONFIRM"
	AuditEssaysRescore       AuditAction = "ESSAYS_RESCORE"
	AuditUserCreate          AuditAction = "USER_CREATE"
	AuditCalibrationUpload   AuditAction = "CALIBRATION_UPLOAD"
	AuditCalibrationActivate AuditAction = "CALIBRATION_ACTIVATE"
	AuditCalibrationRollback AuditAction = "CALIBRATION_ROLLBACK"
	AuditCohortCreate        AuditAction = "COHORT_CREATE"
	AuditCohortMemberSet     AuditAction = "COHORT_MEMBER_SET"
	AuditCohortMemberRemove  AuditAction = "COHORT_MEMBER_REMOVE"
	AuditJobRetry            AuditAction = "JOB_RETRY"
	AuditJobCancel           AuditAction = "JOB_CANCEL"
	AuditTokenIssue          AuditAction = "TOKEN_ISSUE"
	AuditCatalogueSeed       AuditAction = "CATALOGUE_SEED"
	AuditTrackUpdate         AuditAction = "TRACK_UPDATE"
	AuditSkillUpdate         AuditAction = "SKILL_UPDATE"
	AuditCatalogueImport     AuditAction = "CATALOGUE_IMPORT"
	AuditRecommendationJudge AuditAction = "RECOMMENDATION_DECIDE"
)

// Values lists the actions.
func (AuditAction) Values() []string {
	return strings(AuditEssayRetry, AuditEssayRescore, AuditEssayOverride, AuditEssayConfirm, AuditEssaysRescore, AuditUserCreate, AuditCohortCreate, AuditCohortMemberSet,
		AuditCohortMemberRemove, AuditJobRetry, AuditJobCancel, AuditTokenIssue, AuditCatalogueSeed, AuditTrackUpdate,
		AuditCalibrationUpload, AuditCalibrationActivate, AuditCalibrationRollback,
		AuditSkillUpdate, AuditCatalogueImport, AuditRecommendationJudge)
}

// AuditTarget is the kind of the object that an audit event is about; in lower case it is the kind of
// the object's global id.
type AuditTarget string

// The targets.
const (
	TargetCalibration AuditTarget = "CALIBRATION"
	TargetCatalogue   AuditTarget = "CATALOGUE"
	TargetCohort      AuditTarget = "COHORT"
	TargetEssay       AuditTarget = "ESSAY"
	TargetJob         AuditTarget = "JOB"
	TargetRescoring   AuditTarget = "RESCORING"
	TargetSkill       AuditTarget = "SKILL"
	// TargetRecommendation is an item of a list.
	TargetRecommendation AuditTarget = "RECOMMENDATION_ITEM"
	TargetTrack          AuditTarget = "TRACK"
	TargetUser           AuditTarget = "USER"
)

// Values lists the targets.
func (AuditTarget) Values() []string {
	return strings(TargetCalibration, TargetCatalogue, TargetCohort, TargetEssay, TargetJob, TargetRecommendation, TargetRescoring, TargetSkill, TargetTrack, TargetUser)
}

func strings[T ~string](values ...T) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = string(v)
	}
	return out
}
