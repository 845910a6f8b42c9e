package enums

// InteractionKind is what a learner did with a credential.
type InteractionKind string

// The kinds, from the weakest sign of interest to the strongest, and the one against it.
const (
	InteractionOpened    InteractionKind = "OPENED"
	InteractionSaved     InteractionKind = "SAVED"
	InteractionEnrolled  InteractionKind = "ENROLLED"
	InteractionCompleted InteractionKind = "COMPLETED"
	InteractionRated     InteractionKind = "RATED"
	InteractionDismissed InteractionKind = "DISMISSED"
)

// Values lists the kinds.
func (InteractionKind) Values() []string {
	return strings(InteractionOpened, InteractionSaved, InteractionEnrolled, InteractionCompleted,
		InteractionRated, InteractionDismissed)
}

// Verdict is what an advisor thinks of a recommendation.
type Verdict string

// The verdicts.
const (
	VerdictAccepted Verdict = "ACCEPTED"
	VerdictRejected Verdict = "REJECTED"
)

// Values lists the verdicts.
func (Verdict) Values() []string { return strings(VerdictAccepted, VerdictRejected) }

// Constraint is what a learner's preferences ask of a credential, and what is given up, in this order,
// when too few are left.
type Constraint string

// The constraints.
const (
	ConstraintPrice    Constraint = "PRICE"
	ConstraintDuration Constraint = "DURATION"
	ConstraintLevel    Constraint = "LEVEL"
)
