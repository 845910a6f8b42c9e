package scoring

import "strings"

// The word lists of the local engine. They are read-only. Words are lower-cased tokens.

func wordSet(words string) map[string]bool {
	set := map[string]bool{}
	for word := range strings.FieldsSeq(words) {
		set[word] = true
	}
	return set
}

// functionWords carry grammar rather than content; they never count as a match between two texts.
var functionWords = wordSet(`
	a an the this that these those such same other another each every all any some both either neither
	no not none nothing never nor n't and or but so if then else than as because since while when where
	whereas whether though although however therefore thus hence unless until once also too very quite
	rather just only even still yet already again ever always often usually sometimes perhaps maybe
	i me my mine myself we us our ours ourselves you your yours yourself he him his she her hers it its
	itself they them their theirs themselves one ones someone somebody something anyone anybody anything
	everyone everybody everything who whom whose which what why how there here
	am is are was were be been being do does did doing done have has had having will would shall should
	can could may might must ought need needs let lets get gets got getting
	of in on at by for with without within from to into onto out over under about above below between
	among through during before after against toward towards upon off up down per via like
	much many more most less least few fewer little lot lots several enough
	really actually basically simply mostly mainly well good bad better best worse worst big small
	make makes made making take takes took taken use uses used using go goes going went gone
	say says said thing things way ways kind kinds sort sorts etc ie eg vs
	i'm i'd i'll i've you're you'd you'll you've we're we'd we'll we've he's she's it's they're they'd
	they'll they've that's there's here's what's who's isn't aren't wasn't weren't don't doesn't didn't
	can't cannot couldn't won't wouldn't shouldn't mustn't haven't hasn't hadn't let's
	dont doesnt didnt cant wont isnt arent its im ive thats
`)

// commonEnglish are function words that hardly any English text of some length is without; none is
// frequent in other languages of Latin script.
var commonEnglish = wordSet(`
	the and of to is are was were it that this with for from have has had not but they their we you
	would should could can will be been because which when what there if then than or by at on as
	i my your our its it's don't doesn't isn't can't do does so no only who how into about more
`)

// shortForms are abbreviations that answers mix with the full word.
var shortForms = map[string]string{
	"db": "database", "dbs": "databases", "k8s": "kubernetes", "js": "javascript", "ts": "typescript",
	"auth": "authentication", "config": "configuration", "repo": "repository", "infra": "infrastructure",
	"env": "environment", "prod": "production", "perf": "performance", "deps": "dependencies",
	"2fa": "factor", "mfa": "factor", "ids": "id", "identifier": "id", "identifiers": "id", "uuid": "id",
	"uuids": "id", "info": "information", "admin": "administrator", "admins": "administrators",
}

// negations turn the words that follow them.
var negations = wordSet(`
	not no never without cannot can't don't doesn't didn't isn't aren't wasn't weren't won't wouldn't
	shouldn't couldn't mustn't haven't hasn't hadn't neither nor nothing none nobody hardly barely
	dont doesnt didnt isnt arent cant wont unnecessary needless
`)

// antonyms are pairs of stems of which an answer that has the other one says the opposite.
var antonyms = antonymPairs(
	"increase decrease", "raise lower", "fast slow", "faster slower", "safe unsafe", "safe dangerous",
	"possible impossible", "secure insecure", "secret public", "required optional", "strong weak",
	"accept reject", "allow forbid", "allow prevent", "cheap expensive", "encrypt plain", "valid invalid",
	"enable disable", "success failure", "early late", "before after", "always never", "above below",
	"synchronous asynchronous", "reversible irreversible", "internal external", "high low", "long short",
)

func antonymPairs(pairs ...string) map[string][]string {
	out := map[string][]string{}
	for _, pair := range pairs {
		a, b, _ := strings.Cut(pair, " ")
		a, b = stemOf(a), stemOf(b)
		if a == "" || b == "" {
			continue
		}
		out[a] = append(out[a], b)
		out[b] = append(out[b], a)
	}
	return out
}

// cueKind is what a connective signals.
type cueKind int

const (
	cueCause cueKind = iota
	cueConsequence
	cueCondition
	cueContrast
	cueExample
	cueComparison
	cuePurpose
	cueOrder
	cueAddition
	cueKinds
)

// cues are connectives by what they signal, chosen after the relations of the Penn Discourse
// Treebank (Prasad et al. 2008). Words that mostly serve otherwise ("as", "and", "for") are left
// out. "since" and "while" are counted by their commoner sense in argument.
var cues = cueTable(map[cueKind]string{
	cueCause: `because|since|due to|owing to|caused by|the reason|reason is|that's why|this is why|which is why|
		as a result of|thanks to|comes from|stems from|given that|seeing that|the trouble is|the problem is`,
	cueConsequence: `therefore|thus|hence|consequently|as a result|leads to|lead to|led to|means that|mean that|
		this means|which means|that means|so that|results in|result in|in turn|otherwise|or else|end up|ends up|
		causes|implies|would then|will then|, so|and so|so the|so we|so it|so i|so they|so a|so you|so an|so no`,
	cueCondition: `if|unless|when|whenever|in case|provided that|as long as|assuming|suppose|depends on|depending on|
		only once|until|even if|whoever|whether|should the|without`,
	cueContrast: `but|however|although|though|whereas|while|on the other hand|in contrast|instead|rather than|despite|
		nevertheless|yet|trade-off|tradeoff|trade off|at the cost of|at the price|the downside|drawback|on the contrary|
		even though|still|except|not only|conversely|in return`,
	cueExample: `for example|for instance|e.g|such as|say,|imagine|like when|in practice|to illustrate|namely`,
	cueComparison: `more than|less than|better than|worse than|faster than|slower than|cheaper than|compared to|
		compared with|similar to|the same as|as opposed to|likewise|similarly|than the|than a|than it`,
	cuePurpose: `in order to|so as to|to avoid|to prevent|to make sure|to ensure|to keep|to protect|to reduce|
		to make|to find|to see|to know|to show|to tell|to check|for this reason`,
	cueOrder: `first|firstly|second|secondly|third|thirdly|next|then|finally|lastly|afterwards|later|before|after|
		meanwhile|at the same time|to begin with|at first|once|step|in the end|last|to start`,
	cueAddition: `also|in addition|moreover|furthermore|besides|additionally|as well|too|another|on top of|
		in particular|above all|in other words|that is|in short|overall|in conclusion|to sum up|i.e|in general`,
})

// cuePhrase is a connective of one or more words.
type cuePhrase struct {
	words []string
	kind  cueKind
}

// cueTable indexes the phrases by their first word, the longest first. A leading comma is kept out
// of the words, since tokens have none.
func cueTable(lists map[cueKind]string) map[string][]cuePhrase {
	table := map[string][]cuePhrase{}
	for kind := range cueKinds {
		for phrase := range strings.SplitSeq(lists[kind], "|") {
			words := strings.Fields(strings.NewReplacer(",", " ").Replace(phrase))
			if len(words) == 0 || phrase != strings.TrimLeft(phrase, " \t\n,") && len(words) == 1 && words[0] == "so" {
				continue
			}
			entries := table[words[0]]
			at := 0
			for at < len(entries) && len(entries[at].words) >= len(words) {
				at++
			}
			table[words[0]] = append(entries[:at:at], append([]cuePhrase{{words, kind}}, entries[at:]...)...)
		}
	}
	return table
}

// cuesOf counts the connectives of a sentence by kind; words of a found phrase are not used twice.
func cuesOf(tokens []string) (counts [cueKinds]int) {
	for i := 0; i < len(tokens); {
		step := 1
		for _, phrase := range cues[tokens[i]] {
			if hasPrefix(tokens[i:], phrase.words) {
				counts[phrase.kind]++
				step = len(phrase.words)
				break
			}
		}
		i += step
	}
	return counts
}

func hasPrefix(tokens, words []string) bool {
	if len(tokens) < len(words) {
		return false
	}
	for i, word := range words {
		if tokens[i] != word {
			return false
		}
	}
	return true
}

// neverEnds are abbreviations after which a sentence goes on; mayEnd are those that also close one.
var (
	neverEnds = wordSet(`e.g i.e eg ie dr mr mrs ms prof vs cf fig figs approx resp incl excl sec eq ref refs ver viz ca`)
	mayEnd    = wordSet(`etc al inc ltd co corp jr sr no nos st dept est max min avg u.s u.k a.m p.m hrs hr mins ph.d`)
)

// sentenceStarters are words that, with a capital, begin a sentence even where the blank after the
// full stop was forgotten.
var sentenceStarters = wordSet(`
	The This That These Those It If In We I You They He She But So And Then When While A An For However
	Because There Also To As With Another First Second Finally After Before Since Otherwise Therefore
	My Our Your Their Its Each Every Some All No Not On At By From What Why How Which Who
`)

// clauseStarters are words before which a run-on sentence may be cut.
var clauseStarters = wordSet(`
	and but so because then which when while if also however therefore although since whereas or unless
	otherwise after before finally first second another we they it i you this that
`)
