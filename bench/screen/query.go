package main

// The screen is 20 essays with the scores of each, the reason for each score, and the passages that it
// rests on: four levels, about 1,900 values.
const (
	essays        = 20
	criteria      = 4 // of each essay
	evidenceOfOne = 3 // score
)

// ourQuery asks Rubrica. What it may see is the learner's own.
const ourQuery = `query Screen {
  essays(first: 20) { edges { node { id words submittedAt
    latestRun { id stage scores { id value raw criterion { title }
      explanation { id summary evidence { id quote points reason } } } } } } } }`

// peerQuery asks PostGraphile for the same, by its own names; %s is the learner.
const peerQuery = `query Screen {
  essays: allEssays(first: 20, orderBy: CREATED_AT_DESC, condition: {ownerId: %q}) { edges { node { id: rowId words submittedAt: createdAt
    latestRun: scoringRunByEssayId { id: rowId stage scores: scoresByRunIdList(orderBy: POSITION_ASC) { id: rowId value raw criterion: criterionByCriterionId { title }
      explanation: explanationByScoreId { id: rowId summary evidence: evidencesByExplanationIdList(orderBy: POSITION_ASC) { id: rowId quote points reason } } } } } } } }`
