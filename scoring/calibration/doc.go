// Package calibration learns from people's scores how the answers to one question are scored, and
// scores further answers so.
//
// Fit takes the graded answers of a question and gives a Calibration, which NewEngine's engine scores
// with, and a Report of how well it agrees with the people on answers that it has not seen. All values
// are plain: it knows neither the database nor GraphQL.
//
// # What is learnt
//
// One additive model a criterion (package additive), whose parts are
//
//   - rules: what the local engine's rules make of the answer, before clamping. What the rules
//     counted (key points, connectives, …) is scaled through, so that it stays visible;
//   - pack: the share of the points that the shipped model gives for likeness to the model answer,
//     where there is one;
//   - others: the share that the installation's other calibrated questions would give for how the
//     answer is written (package prior), where there are some;
//   - features: measures of the text (package feature), each by a curve of its own; and
//   - grams: character n-grams, each by a weight, shown as what each sentence adds.
//
// The first three know something before there is any score, and are the only parts from MinRows to
// EnoughRows-1 graded answers (few-shot). The model is shrunk towards Anchor times the best of them and not
// towards nothing: where the scores say little, the prior stands.
//
// A prior that would count against what it is about (a key point that lowers the score) is left out:
// with few answers chance does that, and it could be explained to nobody.
//
// # How sure it is
//
// Intervals are conformal: the quantile of the errors on answers that were left out, each divided by the
// difficulty of its answer (how far its measures lie from those of the graded answers). They hold 90 % of
// people's scores where there are at least nine graded answers; with fewer an interval is a range, and
// says so by a coverage of 0. A score whose interval is wider than WideShare of the scale is flagged for
// a person.
package calibration
