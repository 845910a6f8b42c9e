package recommend

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/rag"
	"github.com/rubrica/rubrica/rag/ragtest"
)

// enlarge copies the catalogue until it has n credentials.
func enlarge(b *testing.B, db *database.DB, n int) {
	b.Helper()
	_, err := db.SQL.ExecContext(b.Context(), `INSERT INTO credentials (id, created_at, slug, title, provider, kind, level, duration, price, teaches, requires, description, active)
		SELECT md5(c.slug || k)::uuid, now(), left(c.slug, 80) || '-' || k, c.title || ' ' || k, c.provider || ' ' || k % 7, c.kind, c.level, c.duration, c.price,
			CASE WHEN k % 2 = 0 THEN c.teaches ELSE c.teaches[2:] || c.teaches[1] END, c.requires, c.description || ' Part ' || k, true
		FROM credentials c CROSS JOIN generate_series(1, 100) k ORDER BY k, c.slug LIMIT $1 - (SELECT count(*) FROM credentials)`, n)
	require.NoError(b, err)
}

// Whole recommendations from warm neighbours, one after another: the learner's interactions and wishes are read
// from Postgres, every signal judges every credential, and the list is chosen, ordered and explained. With
// -cpu 1 it is what one core does; Postgres has its own processes.
func BenchmarkRecommend(b *testing.B) {
	for _, size := range []int{250, 1682, 5000} {
		b.Run(fmt.Sprintf("credentials=%d", size), func(b *testing.B) {
			db := ragtest.Open(b)
			ragtest.Load(system(b), b, db, ragtest.Catalog(b))
			enlarge(b, db, size)
			index := rag.New(db, ragtest.Words{Size: 384}, nil)
			_, err := index.Refresh(b.Context(), 1<<20)
			require.NoError(b, err)
			crowd(b, db, 400, 40)
			_, err = NewTrainer(db, nil).Refit(system(b))
			require.NoError(b, err)
			r := New(db, index, nil)
			var learners []*Learner
			for _, track := range ragtest.Catalog(b).Tracks {
				for _, q := range track.Questions {
					l := learner(track, q, q.Samples.Middling, []float64{0.8, 0.1, 0.5})
					l.ID = member(len(learners))
					require.NoError(b, vectors(b, index, l))
					learners = append(learners, l)
				}
			}
			_, err = r.Recommend(system(b), learners[0])
			require.NoError(b, err)
			ctx, n := system(b), 0
			used := cpu(b)
			for b.Loop() {
				if _, err := r.Recommend(ctx, learners[n%len(learners)]); err != nil {
					b.Fatal(err)
				}
				n++
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "recommendations/s")
			b.ReportMetric(float64(n)/(cpu(b)-used).Seconds(), "recommendations/core-s")
		})
	}
}

// cpu is the time that this process has computed, on any core. On a machine that does other things too, it is
// what counts: recommendations/core-s are those in a second of it.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u unix.Rusage
	require.NoError(b, unix.Getrusage(unix.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// vectors gives a learner the vectors that the jobs keep with the question.
func vectors(b *testing.B, index *rag.Index, l *Learner) (err error) {
	b.Helper()
	if l.Question.Vector, err = index.Embedder().Embed(b.Context(), l.Question.Prompt); err != nil {
		return err
	}
	for i := range l.KeyPoints {
		if l.KeyPoints[i].Vector, err = index.Embedder().Embed(b.Context(), l.KeyPoints[i].Confidential); err != nil {
			return err
		}
	}
	return nil
}

// A fit of the whole crowd.
func BenchmarkRefit(b *testing.B) {
	db := ragtest.Open(b)
	ragtest.Load(system(b), b, db, ragtest.Catalog(b))
	enlarge(b, db, 5000)
	crowd(b, db, 10_000, 50)
	b.ResetTimer()
	for b.Loop() {
		_, err := NewTrainer(db, nil).Refit(system(b))
		require.NoError(b, err)
	}
}
