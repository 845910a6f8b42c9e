package model

// SearchNode is what a search finds: a row of one of several types.
type SearchNode interface{ IsNode() }
