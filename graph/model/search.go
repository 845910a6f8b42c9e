package model

// SearchNode is what a search finds: a row of one of several types.
type SearchNode interface{ IsNode() }

// Answer is an answer to a question: an essay or a reference answer.
type Answer interface{ IsNode() }
