package rag

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/google/uuid"

	"github.com/rubrica/rubrica/internal/database"
)

// Duplicate is a text that an essay is compared with, and how near the two are.
type Duplicate struct {
	Kind      Kind      // ESSAY, MODEL_ANSWER or EXEMPLAR
	RefID     uuid.UUID // of the essay or reference answer
	OwnerID   uuid.UUID // of the essay; zero for a reference answer
	SameOwner bool      // the learner's own other essay, most likely an earlier attempt

	// Cosine says how alike they are in meaning: for each chunk of the essay the greatest cosine with a
	// chunk of the other text, and of these the mean, weighted by the chunks' lengths. -1…1; two
	// answers to one question that know nothing of each other often reach 0.8.
	Cosine float64
	// Containment is the share of the shorter text's runs of three words that stand in the other one too,
	// 0…1, Jaccard the share of all runs that both have. A run is three words as they follow each other,
	// whatever their case and the signs between them, counted once. Runs that the question itself has
	// count for neither.
	Containment float64
	Jaccard     float64
	Shared      int // runs that both have

	// Score is half the cosine (0 where it is negative) and half the containment, 0…1.
	Score float64
	// Near is the signal: Score is at least NearScore and Shared at least NearShared. It says that
	// somebody should read both, not that anybody has copied.
	Near bool
}

const (
	// NearScore separates copies from answers to the same question that know nothing of each other.
	// Among the seeds, with all-MiniLM-L6-v2, no sample answer scores above 0.40 against its
	// question's model answer, and a copy of a model answer in which every tenth word was replaced,
	// dropped or added scores at least 0.75; every fifth word, 0.59. Where a prompt hands out a text to
	// quote from, one pair of independent essays in some hundreds comes close to it.
	NearScore = 0.6
	// NearShared is how many runs both have at least: short answers say the same in the same words.
	NearShared = 20
)

// Bounds of a comparison.
const (
	// DefaultDuplicates and MaxDuplicates bound how many texts are given.
	DefaultDuplicates = 5
	MaxDuplicates     = 20

	comparedTexts = 40 // nearest by meaning, whose words are compared
	runWords      = 3
)

// ErrNotIndexed means that an essay has no document or lacks vectors yet, or that the reader may not
// read it: which of these it is, is not told. An essay is indexed within a minute after it was
// submitted, when workers have time.
var ErrNotIndexed = errors.New("there is no indexed essay of this id")

// Duplicates compares an essay with the other essays that answer the same question, and with the
// question's model answer and sample answers. It returns the limit highest scores (0 means
// DefaultDuplicates), highest first, equal ones by id, of what the reader may read, whether near or
// not. Texts that have no vector yet are left out.
//
// All texts of the question are compared by their vectors, exactly: some 5 ms for a thousand essays.
// The words of the nearest 40 are compared then. Of long essays the first 32 768 code points count.
// It needs no embedder. Errors wrap ErrNotIndexed or, for a limit out of bounds, ErrQuery.
func (x *Index) Duplicates(ctx context.Context, essay uuid.UUID, reader Reader, limit int) ([]Duplicate, error) {
	if limit == 0 {
		limit = DefaultDuplicates
	}
	if limit < 1 || limit > MaxDuplicates {
		return nil, fmt.Errorf("rag: %w: limit is %d, it must be 1…%d", ErrQuery, limit, MaxDuplicates)
	}
	tx, err := x.db.SQL.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("rag: beginning a comparison: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // it only read
	list, err := x.duplicates(ctx, tx, essay, reader)
	if err != nil {
		return nil, fmt.Errorf("rag: comparing essay %s: %w", essay, err)
	}
	return list[:min(len(list), limit)], nil
}

// compared is the essay that others are compared with.
type compared struct {
	document uuid.UUID
	question uuid.UUID
	owner    uuid.UUID
	runs     map[string]bool
	prompt   map[string]bool
}

func (x *Index) duplicates(ctx context.Context, q querier, essay uuid.UUID, reader Reader) ([]Duplicate, error) {
	m, ok, err := x.findModel(ctx, q)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, ErrNotIndexed
	}
	mine, err := readCompared(ctx, q, m, essay, reader)
	if err != nil {
		return nil, err
	}
	var a arguments
	document := a.add(mine.document)
	text := fmt.Sprintf(`
		WITH mine AS MATERIALIZED (
		  SELECT c.ordinal, c.end_offset - c.start_offset AS weight, v.embedding::halfvec(%[1]d) AS embedding
		  FROM rag_chunks c JOIN %[2]s v ON v.chunk_id = c.id AND v.hash = c.hash WHERE c.document_id = %[3]s
		), theirs AS MATERIALIZED (
		  SELECT d.id, v.embedding::halfvec(%[1]d) AS embedding
		  FROM rag_documents d JOIN rag_chunks c ON c.document_id = d.id
		  JOIN %[2]s v ON v.chunk_id = c.id AND v.hash = c.hash
		  WHERE d.id <> %[3]s AND `, m.dimensions, m.table(), document) +
		Query{QuestionID: mine.question, Kinds: []Kind{KindEssay, KindModelAnswer, KindExemplar}, Reader: reader}.where(&a) +
		fmt.Sprintf(`
		), best AS (
		  SELECT t.id, m.ordinal, m.weight, max(1 - (t.embedding <=> m.embedding)) AS cosine
		  FROM theirs t, mine m GROUP BY t.id, m.ordinal, m.weight
		), near AS (
		  SELECT id, sum(cosine * weight ORDER BY ordinal) / sum(weight) AS cosine
		  FROM best GROUP BY id ORDER BY cosine DESC, id LIMIT %d
		)
		SELECT d.kind, d.ref_id, d.owner_id, d.body, n.cosine FROM near n JOIN rag_documents d ON d.id = n.id`, comparedTexts)
	rows, err := q.QueryContext(ctx, text, a...)
	if err != nil {
		return nil, fmt.Errorf("looking for the nearest texts: %w", err)
	}
	var list []Duplicate
	err = database.Each(rows, func() error {
		var d Duplicate
		var owner uuid.NullUUID
		var body string
		if err := rows.Scan(&d.Kind, &d.RefID, &owner, &body, &d.Cosine); err != nil {
			return err
		}
		d.OwnerID, d.SameOwner = owner.UUID, owner.Valid && owner.UUID == mine.owner
		d.compareWords(mine.runs, runsOf(body, mine.prompt))
		list = append(list, d)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the nearest texts: %w", err)
	}
	slices.SortFunc(list, func(a, b Duplicate) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), strings.Compare(a.RefID.String(), b.RefID.String()))
	})
	return list, nil
}

// readCompared reads the essay, all of whose chunks must have vectors.
func readCompared(ctx context.Context, q querier, m model, essay uuid.UUID, reader Reader) (compared, error) {
	var a arguments
	id := a.add(essay)
	var c compared
	var body, prompt string
	err := q.QueryRowContext(ctx, `
		SELECT d.id, d.question_id, d.owner_id, d.body, p.prompt
		FROM rag_documents d JOIN questions p ON p.id = d.question_id
		WHERE d.essay_id = `+id+` AND `+Query{Reader: reader}.where(&a)+`
		  AND NOT EXISTS (SELECT FROM rag_chunks c LEFT JOIN `+m.table()+` v ON v.chunk_id = c.id AND v.hash = c.hash
		                  WHERE c.document_id = d.id AND v.chunk_id IS NULL)`, a...).
		Scan(&c.document, &c.question, &c.owner, &body, &prompt)
	if errors.Is(err, sql.ErrNoRows) {
		return c, ErrNotIndexed
	}
	if err != nil {
		return c, fmt.Errorf("reading the essay: %w", err)
	}
	c.prompt = runsOf(prompt, nil)
	c.runs = runsOf(body, c.prompt)
	return c, nil
}

// compareWords fills in what the runs of both texts say, and the score.
func (d *Duplicate) compareWords(mine, theirs map[string]bool) {
	for run := range mine {
		if theirs[run] {
			d.Shared++
		}
	}
	if d.Shared > 0 {
		d.Containment = float64(d.Shared) / float64(min(len(mine), len(theirs)))
		d.Jaccard = float64(d.Shared) / float64(len(mine)+len(theirs)-d.Shared)
	}
	d.Score = (max(0, d.Cosine) + d.Containment) / 2
	d.Near = d.Score >= NearScore && d.Shared >= NearShared
}

// runsOf are the runs of three words of a text (w-shingling, Broder, On the resemblance and containment
// of documents, 1997), without those of another text.
func runsOf(text string, without map[string]bool) map[string]bool {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	runs := make(map[string]bool, len(words))
	for i := 0; i+runWords <= len(words); i++ {
		if run := strings.Join(words[i:i+runWords], " "); !without[run] {
			runs[run] = true
		}
	}
	return runs
}
