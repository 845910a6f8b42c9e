package scoring

// Prepared is a question made ready for scoring: its texts cut and embedded once, to be reused for
// every answer. It is safe for concurrent use.
type Prepared struct {
	Question Question
}
