package scoring

import "unicode"

// Bounds of what is taken for English.
const (
	englishShare  = 0.12 // of common function words, which English prose of some length exceeds (median 0.4)
	unknownShare  = 0.04 // below it, a text is not English prose, whatever else it is,
	unknownWords  = 40   // if it has so many different words: a few may be names, code or headings
	foreignWords  = 2    // so many words of another language are no chance
	foreignMargin = 2    // times as many as English ones, in a text that has few of these
)

// isEnglish tells by script and by function words, which any prose is full of. Of short texts and of
// lists of terms, which have hardly any, only what speaks for another language is believed: an answer of
// three words or one full of code is not called foreign.
func isEnglish(text *Text) bool {
	words, common, foreign, strange, script := 0, 0, 0, 0, 0
	different := map[string]bool{} // longer words: traces and tables repeat a few
	for i := range text.Sentences {
		if text.Sentences[i].Code {
			continue
		}
		for _, token := range text.Sentences[i].Tokens {
			words++
			if len(token) > 2 {
				different[token] = true
			}
			switch {
			case beyondLatin(token):
				script++
			case commonEnglish[token]:
				common++
			case commonElsewhere[token]:
				foreign++
			case accented(token):
				strange++
			}
		}
	}
	share := float64(common) / float64(max(1, words))
	switch {
	case 2*script > words:
		return false
	case share >= englishShare:
		return foreign <= common // words with accents may be names
	case foreign+strange >= foreignWords && foreign+strange > foreignMargin*common:
		return false
	}
	return len(different) < unknownWords || share >= unknownShare
}

// beyondLatin tells whether a word has a letter of another script. Greek letters by themselves are
// signs of formulas.
func beyondLatin(token string) bool {
	n := 0
	for _, c := range token {
		n++
		if c > 0x24F && unicode.IsLetter(c) && !(c >= 0x1E00 && c <= 0x1EFF) && (n > 1 || len(token) > 2 || !unicode.Is(unicode.Greek, c)) {
			return true
		}
	}
	return false
}

// accented tells whether a word has a Latin letter that English words do not have.
func accented(token string) bool {
	for _, c := range token {
		if c >= 0xDF && c <= 0x24F && c != 0xF7 || c >= 0x1E00 && c <= 0x1EFF {
			return true
		}
	}
	return false
}

// commonElsewhere are frequent function words of other languages of Latin script that are no English
// words: German, Dutch, Swedish, Danish, Norwegian, French, Spanish, Portuguese, Italian, Romanian, Polish,
// Czech, Croatian, Hungarian, Finnish, Turkish, Indonesian, Tagalog and Swahili.
var commonElsewhere = wordSet(`
	der das und ist nicht ein eine einen einem einer des dem mit auf für sich auch wird werden sie es wir aber oder wenn
	weil dass kann haben sein nur noch durch nach bei zum zur vom wie ich mich
	het een niet zijn voor aan dat wordt worden deze naar maar ook omdat als heeft hebben kan wij uit wel geen moet
	och att det som inte på är från eller detta den ett kommer eftersom ikke jeg og af til fra også fordi blir skal hvis når
	les une est pas que qui dans pour avec ce cette sont aux mais ou où nous vous ils du leur parce donc peut être
	el los las una es por para del que lo como pero sus porque cuando está este esta son muy también ya puede
	não uma os das na nos ao pelo pela mais mas isso ele ela são tem quando muito pode
	il lo gli è che di della dei nel nella sono non si anche perché quando questo questa più alla dal ma
	și în nu este sunt din cu pentru să mai dar acest
	nie się jest na że do który która oraz przez dla tylko jak są gdy może
	není jako které který kde když také pokud jsou nebo by
	je su ne što koji koja kako nije samo ako iz kod zbog biti
	nem és az hogy egy csak meg mert vagy kell lehet ez azt
	ja ei että se joka kun mutta myös niin tai koska hän sekä
	ve bir bu için ile olarak da ne daha çok gibi değil ama veya eğer kadar olan
	yang dan dengan untuk tidak dari ini itu pada adalah akan atau karena juga dalam jika bisa
	ang mga ng sa ay hindi na ito kung para dahil
	ya na wa kwa ni katika hii si kama lakini ili yake hiyo pia
`)
