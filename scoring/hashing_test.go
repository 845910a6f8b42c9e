package scoring

import (
	"context"
	"hash/fnv"
	"math"
)

// hashing embeds a text as its content words, each hashed to a direction: texts with words in common
// are near to each other, others are not. It is for tests of what holds whatever the vectors are.
type hashing struct{}

const hashingDimensions = 64

func (hashing) Model() string { return "hashing@1" }

func (hashing) Embed(_ context.Context, text string) ([]float32, error) {
	vector := make([]float32, hashingDimensions)
	vector[0] = 0.1 // never zero
	for _, term := range terms(tokenize(text)) {
		h := fnv.New64a()
		_, _ = h.Write([]byte(term))
		sum := h.Sum64()
		for range 4 {
			sign := float32(1)
			if sum&1 == 0 {
				sign = -1
			}
			vector[(sum>>1)%hashingDimensions] += sign
			sum = sum*6364136223846793005 + 1442695040888963407
		}
	}
	var norm float64
	for _, x := range vector {
		norm += float64(x) * float64(x)
	}
	for i := range vector {
		vector[i] = float32(float64(vector[i]) / math.Sqrt(norm))
	}
	return vector, nil
}

// retryQuestion is a small question of which the criteria have different scales.
func retryQuestion() Question {
	return Question{
		ID: "retry", Title: "Charging once", MinWords: 60, MaxWords: 300,
		Prompt: "The app sends a payment again when it gets no response, and some customers were charged twice. " +
			"Explain how you design the endpoint so that a purchase is charged once, and give your reasons.",
		Rubric: Rubric{
			ID: "r1", Version: 1,
			Criteria: []Criterion{
				{ID: "c1", Key: "content", Trait: TraitContent, Weight: 0.5, Scale: Scale{0, 5, 0.5}},
				{ID: "c2", Key: "reasoning", Trait: TraitReasoning, Weight: 0.2, Scale: Scale{1, 4, 1}},
				{ID: "c3", Key: "organization", Trait: TraitOrganization, Weight: 0.1, Scale: Scale{0, 100, 0}},
				{ID: "c4", Key: "clarity", Trait: TraitClarity, Weight: 0.1, Scale: Scale{-2, 2, 0.25}},
				{ID: "c5", Key: "style", Trait: "ELEGANCE", Weight: 0.1, Scale: Scale{0, 10, 1}},
			},
			KeyPoints: []KeyPoint{
				{ID: "k1", Key: "lost", Label: "What silence means", Weight: 1,
					Text: "Without an answer the client cannot tell whether the money was taken, because the reply alone may have been lost."},
				{ID: "k2", Key: "key", Label: "Recognising a repeat", Weight: 2,
					Text: "The client creates a unique idempotency key before the first attempt and sends it with every retry."},
				{ID: "k3", Key: "race", Label: "Two copies at once", Weight: 1,
					Text: "A unique constraint lets the database accept one of two simultaneous inserts, whereas checking first leaves a gap."},
			},
			ModelAnswers: []string{
				"Silence tells nothing: the reply alone may have been lost after the money was taken, so trying again has to be harmless. " +
					"Therefore the phone makes an idempotency key before its first attempt and puts it on every retry.\n\n" +
					"The server inserts the key under a unique constraint. If two inserts arrive together, the database accepts one of them; " +
					"to check first would leave a gap between looking and writing. A repeat is given the stored result.",
			},
		},
	}
}

const retryAnswer = "The client cannot tell whether the money was taken, because maybe only the reply was lost. " +
	"So a retry must be harmless.\n\nI would create a unique key for the purchase before the first attempt, and every retry sends it again. " +
	"The database has a unique constraint on the key. If two inserts come at the same moment then it accepts only one of them, " +
	"but if we checked first there would be a gap.\n\nFor example, a customer in a tunnel taps twice and is charged once."
