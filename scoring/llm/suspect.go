package llm

import "github.com/rubrica/rubrica/scoring"

// AddressesGrader tells whether a text speaks to whoever grades it instead of answering, or to a model's
// server. Such a text is not sent: the essay is data for the model in any case, but the local engine
// follows no instructions at all.
func AddressesGrader(text string) bool {
	return special.MatchString(text) || scoring.AddressesGrader(text)
}
