package scoring

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Texts of every sort that an answer may be, written for this test.
func TestEnglishIsTold(t *testing.T) {
	for name, text := range map[string]string{
		"one word":     "Idempotency.",
		"three words":  "Use unique keys.",
		"short":        "Unique constraint on key column, retry returns stored response.",
		"terms":        "TCP, UDP, retransmission window, congestion avoidance, slow start, fast recovery, sequence numbers, acknowledgements, checksum",
		"headings":     "- Request timeout\n- Retry budget\n- Exponential backoff\n- Circuit breaker\n- Dead letter queue\n- Alert threshold",
		"names":        "José Müller and Zoë met François Lefèvre at the café in São Paulo, where Łukasz gave a talk on naïve Bayes.",
		"code":         "Run this:\n```go\nfor i := range n {\n\tif err := db.Exec(query, id); err != nil {\n\t\treturn err\n\t}\n}\n```",
		"inline":       "SELECT id FROM orders WHERE customer_id = $1 ORDER BY created_at DESC LIMIT 20 uses index scan orders_customer_created",
		"formulas":     "With α = 0.05 and β = 0.2 the test needs n = 2(z_α + z_β)² σ² / δ² users in each group, so we cannot stop on Tuesday.",
		"learner":      "I am think that server must to save key before it pay money, because customer is press button many time and internet was lost.",
		"a quotation":  "The sign said “Eingang nur für Mitarbeiter”, which the visitor could not read, and so he went in and was told to leave the building.",
		"place names":  "El Niño is a warm phase. Los Angeles and Las Vegas are in the south, and San José is in the north of it.",
		"pupil":        "computers is good becuse u can find alot of stuff on them and you dont have too go to the libary no more so thats why i like em",
		"a trace":      strings.Repeat("(A, B, forward) (B, C, drop) (C, E, forward) ", 12),
		"numbers":      "42 17 9 1000 3.5 88 12 7 64 1024 65536 0 1 2 3",
		"names of law": "GDPR, CCPA, HIPAA, PCI DSS, ISO 27001, SOC 2",
	} {
		assert.Truef(t, isEnglish(Read(text)), "%s: %.60q", name, text)
	}
	for name, text := range map[string]string{
		"German":            "Der Server speichert den Schlüssel, bevor er die Karte belastet, weil der Kunde sonst zweimal zahlt.",
		"German, short":     "Das ist nicht möglich.",
		"German, no umlaut": "Ich kann das nicht sagen, weil es davon abhängt wie oft der Kunde auf den Knopf drückt und ob das Netz dann da ist.",
		"Dutch":             "De server bewaart de sleutel voordat hij de kaart belast, omdat de klant anders twee keer moet betalen.",
		"Swedish":           "Servern sparar nyckeln innan den drar pengarna, eftersom kunden annars kan betala två gånger och det är inte bra.",
		"Danish":            "Serveren gemmer nøglen, før den trækker pengene, fordi kunden ellers kan komme til at betale to gange.",
		"French":            "Le serveur enregistre la clé avant de débiter la carte, parce que le client paierait sinon deux fois.",
		"French, short":     "Je ne sais pas pourquoi cela est utile.",
		"Spanish":           "El servidor guarda la clave antes de cobrar, porque de otro modo el cliente paga dos veces por la misma compra.",
		"Spanish, short":    "No sé, pero creo que es una buena idea para los clientes.",
		"Portuguese":        "O servidor guarda a chave antes de cobrar, porque senão o cliente paga duas vezes pela mesma compra.",
		"Italian":           "Il server salva la chiave prima di addebitare la carta, perché altrimenti il cliente paga due volte.",
		"Romanian":          "Serverul păstrează cheia înainte de a lua banii, pentru că altfel clientul plătește de două ori.",
		"Polish":            "Serwer zapisuje klucz, zanim pobierze pieniądze, bo w przeciwnym razie klient zapłaci dwa razy.",
		"Czech":             "Server uloží klíč dříve, než strhne peníze, protože jinak by zákazník zaplatil dvakrát.",
		"Hungarian":         "A szerver eltárolja a kulcsot, mielőtt levonja a pénzt, mert különben a vevő kétszer fizet.",
		"Finnish":           "Palvelin tallentaa avaimen ennen veloitusta, koska muuten asiakas maksaa kaksi kertaa ja se ei ole hyvä.",
		"Turkish":           "Sunucu parayı çekmeden önce anahtarı kaydeder, çünkü yoksa müşteri iki kez öder.",
		"Indonesian":        "Server menyimpan kunci sebelum menagih kartu, karena jika tidak pelanggan akan membayar dua kali.",
		"Swahili":           "Seva huhifadhi ufunguo kabla ya kutoza kadi, kwa sababu mteja anaweza kulipa mara mbili katika duka hii.",
		"Vietnamese":        "Máy chủ lưu khóa trước khi trừ tiền, vì nếu không khách hàng sẽ trả hai lần.",
		"Russian":           "Сервер сохраняет ключ до списания денег, иначе клиент заплатит дважды.",
		"Greek":             "Ο διακομιστής αποθηκεύει το κλειδί πριν χρεώσει την κάρτα.",
		"Chinese":           "服务器在扣款之前保存密钥，否则客户会付两次钱。",
		"Japanese":          "サーバーは請求する前に鍵を保存します。",
		"Korean":            "서버는 요금을 청구하기 전에 키를 저장한다.",
		"Arabic":            "يحفظ الخادم المفتاح قبل خصم المبلغ حتى لا يدفع الزبون مرتين.",
		"Hindi":             "सर्वर पैसे लेने से पहले कुंजी सहेजता है।",
		"of no list": "Zorbu klamet vinta porelu santeko brimu dalova kesti. Vompi trulen gasto merik olanda puros kindal veshu. " +
			"Halmo betri sunko vandel prisa motul kerga dilno. Fasko rundi telmo hobra givan lurte sompa drelk. Nirsu palto vekim " +
			"brosh atuli menka zolti gerfa. Kuvra timel dosna hekri polba sarun vitek luman.",
	} {
		assert.Falsef(t, isEnglish(Read(text)), "%s: %.60q", name, text)
	}
}
