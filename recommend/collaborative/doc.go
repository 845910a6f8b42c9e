// Package collaborative learns from what people took up which items go together: item-KNN, user-KNN,
// EASE, and popularity. It takes and gives plain values and knows neither a database nor a catalogue.
//
// Interactions are the people's events as a sparse matrix of users × items. From it a model gives Lists:
// to each item the items that speak for each other, with a weight. Lists are small, are stored, and
// suffice to recommend: Score needs the person's own items and the lists of those.
//
// Everything is deterministic: ids are sorted, sums run in their order, and events may come in any order.
package collaborative
