package scoring

import "regexp"

// addressed are the ways in which an answer speaks to whoever grades it. The list cannot be complete, and
// need not be: no engine takes instructions from an answer. Of the 14 296 essays of ASAP-AES and ELLIPSE
// none matches.
var addressed = []*regexp.Regexp{
	regexp.MustCompile(`(?i)\b(ignore|disregard|forget|override|bypass)\b[^.\n]{0,40}\b(instructions?|rules|rubric|prompt|guidelines|criteria)\b`),
	regexp.MustCompile(`(?i)\b(give|award|assign|grant|return|output)\b[^.\n]{0,40}\b(full|maximum|max|highest|perfect|top|best)\b[^.\n]{0,20}\b(marks?|scores?|points?|grades?)\b`),
	regexp.MustCompile(`(?i)\byou are (now )?(a|an|the) [^.\n]{0,20}\b(grader|examiner|ai|assistant|language model|evaluator)\b`),
	regexp.MustCompile(`(?i)\b(dear|note to|message to|attention)\b[^.\n]{0,15}\b(grader|examiner|ai|model|evaluator|assistant)\b`),
	regexp.MustCompile(`(?im)^\s*(system|assistant|developer)\s*:`),
	regexp.MustCompile(`(?i)"(criteria|score|key_points)"\s*:`),
}

// AddressesGrader tells whether a text contains instructions to whoever grades it. A person should look at
// such an answer: its result has FlagPadded, and no language model is sent it.
func AddressesGrader(text string) bool {
	for _, way := range addressed {
		if way.MatchString(text) {
			return true
		}
	}
	return false
}
