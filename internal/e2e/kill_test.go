package e2e_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/internal/pgtest"
)

// learners of the seeds.
var learners = []string{"lena", "omar", "priya", "tomasz", "yuki", "chidi", "sofia", "henrik"}

// sent is an essay that a learner sent off; essay is empty until there was an answer.
type sent struct {
	sample
	who, key, essay string
}

// number reads a setting of these tests.
func number(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 63)
	require.NoError(t, err, name)
	return n
}

// The process is killed again and again, at random moments with essays in flight: none is lost, and
// nothing is doubled. $E2E_KILLS sets how often, $E2E_SEED repeats the moments of an earlier run.
func TestKilledProcessLosesNothing(t *testing.T) {
	t.Parallel()
	defer httpClient.CloseIdleConnections()
	kills := int(number(t, "E2E_KILLS", 5)) //nolint:gosec // small
	seed := number(t, "E2E_SEED", uint64(time.Now().UnixNano()))
	t.Logf("E2E_SEED=%d", seed)
	random := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // not a secret

	in := install(t, pgtest.New(t))
	samples := in.samples()
	p := in.start()
	var essays []*sent
	held := map[string]int{}
	for round := range kills {
		for range 2 + random.IntN(4) {
			n := len(essays)
			essays = append(essays, &sent{
				sample: samples[random.IntN(len(samples))], who: learners[n%len(learners)], key: fmt.Sprintf("%d-%d", round, n),
			})
		}
		moment := time.Duration(random.Int64N(int64(400 * time.Millisecond)))
		killed := make(chan struct{})
		time.AfterFunc(moment, func() { p.kill(); close(killed) })
		in.send(p, essays)
		<-killed
		in.held(held)
		p = in.start()
	}

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	in.send(p, essays)
	for _, e := range essays {
		require.NotEmpty(t, e.essay, "an essay was not taken")
		completed(ctx, t, in.client(p, e.who), e.essay)
	}
	assert.Equal(t, len(essays), in.count(`SELECT count(*) FROM essays`), "essays doubled")
	lost, doubled := in.audit()
	t.Logf("unfinished at the kills, by stage: %v", held)
	t.Logf("%d kills: %d essays, %d lost, %d doubled", kills, len(essays), lost, doubled)
	assert.Zero(t, lost)
	assert.Zero(t, doubled)
	p.stop()
}

// held counts, by stage, the runs that stand unfinished after a kill.
func (in *installation) held(held map[string]int) {
	in.t.Helper()
	rows, err := in.db.Query(`SELECT stage FROM scoring_runs WHERE stage NOT IN ('COMPLETED', 'FAILED')`)
	require.NoError(in.t, err)
	defer rows.Close()
	for rows.Next() {
		var stage string
		require.NoError(in.t, rows.Scan(&stage))
		held[stage]++
	}
	require.NoError(in.t, rows.Err())
}

// send sends the essays that had no answer, all at once, with their keys.
func (in *installation) send(p *process, essays []*sent) {
	var wg sync.WaitGroup
	for _, e := range essays {
		if e.essay != "" {
			continue
		}
		client, question := in.client(p, e.who), in.question(e.slug)
		wg.Go(func() {
			if answer, err := submit(in.t.Context(), client, question, e.text, e.key); err == nil && answer.Essay != nil {
				e.essay = answer.Essay.ID
			}
		})
	}
	wg.Wait()
}

// audit counts, in the tables, what finished essays lack and what they have twice.
func (in *installation) audit() (lost, doubled int) {
	in.t.Helper()
	for what, query := range map[string]string{
		"essays without a run":             `SELECT count(*) FROM essays e WHERE NOT EXISTS (SELECT FROM scoring_runs r WHERE r.essay_id = e.id)`,
		"runs without an essay":            `SELECT count(*) FROM scoring_runs r WHERE NOT EXISTS (SELECT FROM essays e WHERE e.id = r.essay_id)`,
		"runs that are not completed":      `SELECT count(*) FROM scoring_runs WHERE stage <> 'COMPLETED'`,
		"criteria without a score":         `SELECT count(*) FROM scoring_runs r JOIN criteria c ON c.rubric_id = r.rubric_id WHERE NOT EXISTS (SELECT FROM scores s WHERE s.run_id = r.id AND s.criterion_id = c.id)`,
		"scores without an explanation":    `SELECT count(*) FROM scores s WHERE NOT EXISTS (SELECT FROM explanations x WHERE x.score_id = s.id)`,
		"runs without recommendations":     `SELECT count(*) FROM scoring_runs r WHERE NOT EXISTS (SELECT FROM recommendation_lists l WHERE l.run_id = r.id)`,
		"lists of fewer than three":        `SELECT count(*) FROM recommendation_lists l WHERE (SELECT count(*) FROM recommendation_items i WHERE i.list_id = l.id) < 3`,
		"scores that point at no such run": `SELECT count(*) FROM scores s LEFT JOIN scoring_runs r ON r.id = s.run_id WHERE r.id IS NULL`,
	} {
		n := in.count(query)
		assert.Zero(in.t, n, what)
		lost += n
	}
	for what, query := range map[string]string{
		"runs":            `SELECT count(*) FROM (SELECT FROM scoring_runs GROUP BY essay_id HAVING count(*) > 1) d`,
		"scores":          `SELECT count(*) FROM (SELECT FROM scores GROUP BY run_id, criterion_id HAVING count(*) > 1) d`,
		"explanations":    `SELECT count(*) FROM (SELECT FROM explanations GROUP BY score_id HAVING count(*) > 1) d`,
		"lists":           `SELECT count(*) FROM (SELECT FROM recommendation_lists GROUP BY run_id HAVING count(*) > 1) d`,
		"recommendations": `SELECT count(*) FROM (SELECT FROM recommendation_items GROUP BY list_id, credential_id HAVING count(*) > 1) d`,
		"ranks":           `SELECT count(*) FROM (SELECT FROM recommendation_items GROUP BY list_id, rank HAVING count(*) > 1) d`,
	} {
		n := in.count(query)
		assert.Zero(in.t, n, "doubled "+what)
		doubled += n
	}
	return lost, doubled
}
