// Package cost prices operations before they run, and keeps each caller to a budget. docs/cost.md is its
// contract: one point is one object of the answer.
package cost
