package llm

import "regexp"

// addressed are the ways in which an essay speaks to whoever grades it instead of answering. The list
// cannot be complete, and need not be: the essay is data for the model in any case. What it catches is
// scored by the local engine, which follows no instructions, and is marked for a person.
var addressed = []*regexp.Regexp{
	regexp.MustCompile(`(?i)\b(ignore|disregard|forget|override|bypass)\b[^.\n]{0,40}\b(instructions?|rules|rubric|prompt|guidelines|criteria)\b`),
	regexp.MustCompile(`(?i)\b(give|award|assign|grant|return|output)\b[^.\n]{0,40}\b(full|maximum|max|highest|perfect|top|best)\b[^.\n]{0,20}\b(marks?|scores?|points?|grades?)\b`),
	regexp.MustCompile(`(?i)\byou are (now )?(a|an|the) [^.\n]{0,20}\b(grader|examiner|ai|assistant|language model|evaluator)\b`),
	regexp.MustCompile(`(?i)\b(dear|note to|message to|attention)\b[^.\n]{0,15}\b(grader|examiner|ai|model|evaluator|assistant)\b`),
	regexp.MustCompile(`(?im)^\s*(system|assistant|developer)\s*:`),
	regexp.MustCompile(`(?i)"(criteria|score|key_points)"\s*:`),
	special,
}

// addressesGrader tells whether a text contains instructions to whoever grades it.
func addressesGrader(text string) bool {
	for _, way := range addressed {
		if way.MatchString(text) {
			return true
		}
	}
	return false
}
