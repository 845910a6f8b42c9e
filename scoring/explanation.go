package scoring

// Explanation gives the reasons of one criterion's score. Base + Σ Contributions.Points is the
// displayed score, to 1e-9.
type Explanation struct {
	CriterionID   string
	Summary       string // two or three plain sentences, learner-safe
	Base          float64
	Contributions []Contribution
	Evidence      []Evidence        // strongest first, at most MaxEvidence
	KeyPoints     []KeyPointOutcome // for the CONTENT criterion, else empty
	Citations     []Citation
	Improvements  []Improvement // what Improve found; Explain leaves it empty
}

// MaxEvidence bounds the passages of the answer that one explanation quotes.
const MaxEvidence = 8

// Evidence is a passage of the answer that raised or lowered the score.
type Evidence struct {
	Start, End           int // bytes
	StartRune, EndRune   int // Unicode code points
	StartUTF16, EndUTF16 int // UTF-16 code units
	Quote                string
	Points               float64 // of the criterion's scale; negative lowers
	KeyPointID           string  // the key point it speaks to, or ""
	Reason               string  // learner-safe
}

// Citation is a retrieved reference passage that the answer was checked against.
type Citation struct {
	PassageID  string
	Similarity float64 // cosine to the answer
	Quote      string  // the sentence of the passage that is nearest to the answer
	Sentence   int     // the answer's sentence it is nearest to, or -1
}
