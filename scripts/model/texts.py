"""The texts of rag/minilm/testdata/reference.json, written for it: answers, questions and notes of
the kind that learners and teachers write, and what breaks tokenizers."""

SENTENCES = [
    "A retry is only safe when the second attempt cannot do the work twice.",
    "The server stores the idempotency key next to the result and returns that result again.",
    "What happens to a message if the consumer crashes after the write but before the acknowledgement?",
    "An index speeds up reads, yet every insert then has to maintain it.",
    "I would start by measuring, because guessing at the slow query has wasted my week before.",
    "Normalisation removes update anomalies; denormalisation trades them for fewer joins.",
    "The cache was stale for eleven minutes and nobody noticed until the invoices went out.",
    "Use a median rather than a mean when three salaries in the sample are enormous.",
    "Correlation between umbrellas and rain does not mean that umbrellas cause rain.",
    "A confidence interval tells how precise the estimate is, not how likely the hypothesis is.",
    "We dropped rows with missing ages, which quietly removed most of the oldest customers.",
    "The dashboard should answer one question, and its title should be that question.",
    "Keyboard users must be able to see where the focus is at every moment.",
    "An image that carries meaning needs a text alternative; a decorative one needs an empty one.",
    "Rendering on the server gives the reader something to look at before the script arrives.",
    "State that two components share belongs to their nearest common parent.",
    "The least privilege a job needs is usually much less than what it was given.",
    "Rotate the credential first, then look for who used it.",
    "Phishing works because it borrows urgency and authority from people we trust.",
    "A firewall rule that allows everything from inside assumes that nobody inside is compromised.",
    "Blue-green deployment keeps the old version running until the new one has proved itself.",
    "If a rollback takes an hour, deployments will be rare and large.",
    "Containers share the kernel of the host, virtual machines do not.",
    "The pager should wake somebody only for what a person has to decide tonight.",
    "Talk to five users before you write the requirement, and to five more after the prototype.",
    "A roadmap is a list of bets, ordered by what we would learn from losing them.",
    "Saying no to a feature is easier when the goal of the quarter is written down.",
    "Churn fell, but only because we stopped counting customers on the free plan.",
    "The bakery sells rye bread on Tuesdays and cinnamon rolls on Saturdays.",
    "My grandmother taught me to prune apple trees in late winter.",
    "Yes.",
    "No idea",
    "why",
    "7",
    "Photosynthesis",
]

PARAGRAPHS = [
    "Eventual consistency means that replicas may disagree for a while and will agree once writes "
    "stop. For a shopping basket that is fine. For the balance of an account it is not, unless the "
    "application can compensate later, for example by charging an overdraft fee or by calling the "
    "customer.",
    "My answer to the question of testing is that unit tests tell me which line is wrong and "
    "integration tests tell me whether anything is wrong. I want many of the first because they are "
    "quick, and enough of the second that I dare to release on a Friday. End-to-end tests I keep for "
    "the three journeys that earn the money.",
    "To find the cause I would compare the slow requests with the fast ones. Do they hit the same "
    "host? Do they come at the same time of day? Then I would read one trace from start to end. Most "
    "of the time it is a query in a loop, a lock that is held across a network call, or a pool that "
    "is too small.",
    "The study had 41 participants, 23 of them women, aged 19 to 64 (mean 33.7, SD 9.2). Response "
    "times fell from 1,204 ms to 987 ms, a difference of 18%, p < 0.01, although two participants "
    "left after the first session and were not replaced.",
    "First, inventory what is exposed to the internet. Second, patch what is known to be exploited. "
    "Third, turn on multi-factor authentication for everyone, administrators before anyone else. "
    "Only then is it worth buying another product, since the attackers we see do not use anything "
    "clever.",
]

CODE = [
    "SELECT user_id, COUNT(*) AS n FROM orders WHERE created_at >= '2024-01-01' GROUP BY user_id HAVING COUNT(*) > 3;",
    "func (s *Store) Get(ctx context.Context, id string) (*Item, error) { return s.byID[id], nil }",
    "for (let i = 0; i < xs.length; i++) { if (xs[i] !== null) total += xs[i] ?? 0; }",
    "kubectl get pods -n kube-system -o jsonpath='{.items[*].metadata.name}' | tr ' ' '\\n'",
    "<button type=\"submit\" aria-label=\"Send\" disabled>Send</button>",
    "def mean(xs):\n\treturn sum(xs) / len(xs)  # fails on []\n",
    "The header was `Cache-Control: max-age=3600, must-revalidate` and the status 304.",
    "C++, C#, F# and .NET 8.0 run on x86_64 and arm64/v8.",
    "Write to /var/log/app-2024.10.31.log or mail root@localhost if $HOME is unset.",
]

UNICODE = [
    "The café’s naïve façade hid a Zürich jalapeño négligée and a piñata from São Tomé.",
    "“Curly quotes,” she said, ‘are not the same as straight ones’ — nor is an em dash… really.",
    "Decomposed cafe\u0301 and composed caf\u00e9 must be one word; so must A\u030angstro\u0308m and Ångström.",
    "Great work! 🎉🚀 The tests pass 👩🏽‍💻 and nobody was paged 😴.",
    "🙂🙃🤖👍🏿🇨🇭",
    "数据库 means database, 東京 is Tokyo and 서울 is Seoul.",
    "Prices: 5 €, £3.50, ¥700, ₹99 and 10 ¢; temperature −4 °C ± ½°; area 12 m².",
    "If x ≤ y and y ≤ z then x ≤ z, so ∑ᵢ xᵢ ≠ ∞; π ≈ 3.14159, λ → 0.",
    "İstanbul, ISTANBUL, ıstanbul and Straße, STRASSE, ŒUVRE, Łódź, Đà Nẵng.",
    "non\u00a0breaking\u2009thin\u3000wide spaces\u2028and\u2029separators, soft\u00adhyphen, zero\u200bwidth, mark\ufeffer",
    "control\x00 bytes\x07 and \x1b[31mescape\x7f sequences\x85 vanish\x0b here\x0c",
    "Привет, мир! Γειά σου Κόσμε. שָׁלוֹם عليكم नमस्ते สวัสดี",
    "ｆｕｌｌｗｉｄｔｈ　ｌｅｔｔｅｒｓ and ﬁne ﬂow ligatures, ①②③, Ⅳ, ™ and ©.",
    "[CLS] A learner may type [SEP] or [MASK], even [mask] or [UNK]nown [PAD]ding[SEP].",
    "x" * 100 + " is still a word, " + "x" * 101 + " is not, and neither is " + "ab" * 200,
    "Pneumonoultramicroscopicsilicovolcanoconiosis, antidisestablishmentarianism; floccinaucinihilipilification!",
    "ALL CAPS SHOUTING, CamelCaseWords, snake_case_words, kebab-case-words, don't, it's, o'clock, rock'n'roll",
    "   leading,\ttabbed,\r\nbroken\n\n\nand trailing   ",
    "!?!?... --- *** ((())) ~~~ ### @@@ \\\\ // || && ^^ `` '' \"\"",
    "https://example.org/a/b?q=1&lang=de#top and 192.168.0.1:8080, v1.2.3-rc.4+build.5",
]

# More than one window: 256 tokens, special ones included.
LONG = [
    " ".join(SENTENCES[:30]),
    " ".join(PARAGRAPHS + SENTENCES[:30] + PARAGRAPHS[::-1]),
    "\n\n".join(PARAGRAPHS + CODE + UNICODE),
    # One window exactly and one token more: "rain" is one token.
    " ".join(["rain"] * 254),
    " ".join(["rain"] * 255),
]

TEXTS = SENTENCES + PARAGRAPHS + CODE + UNICODE + LONG
