// Package evaluate measures how well scoring agrees with people, on data sets that are not part of the
// repository: each experiment takes a folder of data and gives a Report, which is printed as text, as
// Markdown for docs/quality.md, or as JSON.
//
// Every figure is of texts that the model in question had not seen. Experiments draw from seeded generators
// and sum in fixed orders: a second run on the same machine gives the same figures again, but for those of a Timing table.
package evaluate
