package scoring

// English tells whether a text may be taken for English, by its function words; texts of few words
// are given the benefit of the doubt. What is not is said (FlagNotEnglish) and not scored.
func English(text *Text) bool { return isEnglish(text) }
