// Package additive is the learner of the local engine: kernel ridge regression on a sum of kernels,
// each of which is itself a sum over single measures of a text. A prediction is therefore a sum over
// measures, and what each of them added can be told exactly.
//
// Three kinds of parts make the sum. A Smooth part has columns of numbers, each of which acts by a curve
// of its own (a Gaussian kernel on the one standardised column: a generalised additive model, Hastie
// and Tibshirani 1990). A Linear part has columns that act by a weight. A Sparse part has log-counts of
// n-grams, each of which acts by a weight.
//
// Every part's kernel is centred and divided by its mean trace, so that none drowns another (multiple
// kernel learning with equal weights); the ridge parameter is chosen by the leave-one-out error, which
// kernel ridge gives in closed form (Allen 1974, PRESS). Leave-one-out predictions are also what the
// map to the grid and the intervals are made from: no row is judged by a model that has seen it.
package additive
