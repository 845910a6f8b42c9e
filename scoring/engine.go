package scoring

import "context"

// Embedder maps a text to a unit-length vector. The vector depends on the text alone. It is safe for
// concurrent use: the sentences of an answer are embedded several at a time.
type Embedder interface {
	// Model names the model and its version; vectors of different models are not comparable.
	Model() string
	Embed(ctx context.Context, text string) ([]float32, error)
}

// WordEmbedder is an Embedder that also tells the words apart. Measures of short answers align them;
// without, an answer is compared by whole sentences and by spelling only.
type WordEmbedder interface {
	Embedder
	// EmbedWords gives the vector of the text, which is that of Embed, and its words (and punctuation
	// marks), lower-cased, each with its unit-length vector in this context.
	EmbedWords(ctx context.Context, text string) (vector []float32, words []string, vectors [][]float32, err error)
}

// Engine scores an answer by each criterion of a rubric. The same request gives the same result. It is safe
// for concurrent use.
type Engine interface {
	Info() EngineInfo
	// Score returns one CriterionScore for each criterion of the rubric, in its order.
	// An error means that nothing can be said of the answer; whether another try may help is told
	// by Retryable.
	Score(ctx context.Context, req Request) (*Result, error)
}

// EngineInfo names what gave a score, precisely enough to repeat it.
type EngineInfo struct {
	Name    string // "local", "llm", …
	Version string // of the engine's own rules and weights
	Model   string // of the embedding or language model behind it
	Prompt  string // version of the prompt; empty where none was used
}

// Request is all that an engine may look at.
type Request struct {
	Question *Prepared
	Answer   *Text
	Passages []Passage // reference passages retrieved for this answer, best first

	// ScoresOnly says that nobody will read the reasons: terms that are dear to tell apart may be put
	// together. Scores, their sums and flags are the same.
	ScoresOnly bool
}

// Passage is a reference passage that an answer is checked against.
type Passage struct {
	ID         string
	Title      string
	Text       string
	Similarity float64 // cosine to the answer, -1…1
}

// CalibrationLevel says how far the scores of a question have been held against people's.
type CalibrationLevel string

// The levels of calibration, from no human score to enough of them.
const (
	Uncalibrated CalibrationLevel = "UNCALIBRATED"
	FewShot      CalibrationLevel = "FEW_SHOT"
	Calibrated   CalibrationLevel = "CALIBRATED"
)

// Result is what an engine says of one answer.
type Result struct {
	Engine         EngineInfo
	Scores         []CriterionScore
	Overall        Overall
	KeyPoints      []KeyPointOutcome
	Flags          []Flag
	Degraded       bool   // a lesser engine than the one asked for gave the scores
	DegradedReason string // why, for people; empty unless Degraded
	// Cited are the ids of the passages that the engine relied on; nil: it does not say, and all that
	// were retrieved are cited.
	Cited []string
	// Dropped counts what an engine claimed and could not prove: quotes that are not in the answer,
	// passages that were not retrieved, remarks that would reveal a key point.
	Dropped int
}

// Overall is the weighted mean of the criteria, each mapped from its own scale to 0…100.
type Overall struct {
	Percent  float64
	Interval Interval // in percent
}

// CriterionScore is the score of one criterion and the sum that makes it:
// Base + Σ Contributions.Points = Value, to 1e-9.
type CriterionScore struct {
	CriterionID   string
	Value         float64 // displayed, on the scale's grid
	Raw           float64 // before clamping and rounding, on the continuous scale
	Interval      Interval
	Calibration   CalibrationLevel
	Base          float64
	Contributions []Contribution
	// Comment and Advice are the engine's own words on the score and on what would raise it, for
	// engines that have any. Explain shows them unless they reveal a key point.
	Comment string
	Advice  []string
	// Effects is, for each sentence of the answer, what Raw loses when it is taken out; nil where that was
	// not tried. Evidence is quoted by it, since what a sentence does for the whole (that it makes a text
	// longer, or its word a repetition) stands in no term of its own.
	Effects []float64
}

// Interval is a range of scores. Coverage is the share of human scores that such intervals are
// calibrated to contain (0.9), or 0 where nothing was calibrated and it is a range only.
type Interval struct {
	Low, High, Coverage float64
}

// ContributionKind says what a term of a score stands for.
type ContributionKind string

// The kinds of terms. CALIBRATION, CLAMP and ROUNDING are the steps between what was measured and
// what is displayed; the others were measured in the answer.
const (
	ContributionKeyPoint    ContributionKind = "KEY_POINT"
	ContributionSentence    ContributionKind = "SENTENCE"
	ContributionFeature     ContributionKind = "FEATURE"
	ContributionPenalty     ContributionKind = "PENALTY"
	ContributionCalibration ContributionKind = "CALIBRATION"
	ContributionClamp       ContributionKind = "CLAMP"
	ContributionRounding    ContributionKind = "ROUNDING"
	// ContributionOverride is what a person added or took away.
	ContributionOverride ContributionKind = "OVERRIDE"
)

// Contribution is one term of a score, in points of the criterion's scale.
type Contribution struct {
	Kind       ContributionKind
	Key        string // stable, for machines: "key_point:lost-response", "connectives", …
	Label      string // learner-safe, for people
	Points     float64
	Sentence   int    // index into Text.Sentences, or -1
	KeyPointID string // set for KEY_POINT
	// Start and End are the bytes of Text.Raw that are meant, where it is not the whole sentence;
	// End 0: the sentence.
	Start, End int
}

// KeyPointStatus says whether an answer makes a point.
type KeyPointStatus string

// A key point is met, partly met or missed.
const (
	KeyPointMet    KeyPointStatus = "MET"
	KeyPointPartly KeyPointStatus = "PARTLY"
	KeyPointMissed KeyPointStatus = "MISSED"
)

// KeyPointOutcome is what became of one key point, with the sentence that decided it.
type KeyPointOutcome struct {
	KeyPointID string
	Label      string
	Status     KeyPointStatus
	Degree     float64 // 0…1, what the score counts
	Similarity float64 // cosine of the deciding sentence to the key point
	Sentence   int     // index into Text.Sentences, or -1 when no sentence comes near
}

// Flag marks an answer that a person should look at.
type Flag string

// The flags.
const (
	FlagEmpty          Flag = "EMPTY"
	FlagOffTopic       Flag = "OFF_TOPIC"
	FlagCopiedQuestion Flag = "COPIED_QUESTION"
	FlagPadded         Flag = "PADDED"
	FlagNotEnglish     Flag = "NOT_ENGLISH"
	FlagTooShort       Flag = "TOO_SHORT"
)
