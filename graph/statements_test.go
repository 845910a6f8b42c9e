package graph_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/rubrica/rubrica/internal/bypass"
)

// screen is one page of a dashboard with everything below it, partly by fragments as clients write
// them. screenEdges are its selected edges, of which each costs one statement.
const screen = `query Screen($n: Int!) {
  essays(first: $n) { ...Page totalCount }
}
fragment Page on EssayConnection { edges { node { id text ...Result question { title track { title } } learner { name } } } }
fragment Result on Essay {
  latestRun {
    stage
    scores { value criterion { title } explanation {
      summary contributions { points } evidence { quote } keyPoints { label status } citations { quote passage { title } }
    } }
    recommendations { items { rank credential { title } closes { name } traces { text skill { name } criterion { title } } } }
  }
}`

const screenEdges = 1 + // essays
	1 + // totalCount
	3 + // question, its track, learner
	1 + // latestRun
	3 + // scores, criterion, explanation
	4 + // evidence, keyPoints, citations, passage
	2 + // recommendations, items
	3 + // credential, closes, traces' skill
	1 // traces' criterion

// advisorScreen is what advisors see besides.
const advisorScreen = `query Screen($n: Int!) {
  essays(first: $n) { edges { node { latestRun { scores { explanation { keyPoints { keyPoint { text skills { name } } } } } }
    runs(first: 2) { totalCount edges { node { number } } }
    question { skills { name } rubric { criteria { title } keyPoints { text } referenceAnswers { kind } } } } } } }`

const advisorEdges = 1 + 1 + 1 + 1 + 1 + 1 + 1 + // essays … keyPoint's skills
	2 + // runs and their number
	1 + 1 + 1 + 1 + 1 + 1 // question … referenceAnswers

func TestStatementsDoNotGrowWithRows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.essays(t, lena, 20)
	for _, n := range []int{1, 10, 20} {
		for _, c := range []struct {
			person, query string
			want          int
		}{{lena, screen, screenEdges}, {arno, screen, screenEdges}, {arno, advisorScreen, advisorEdges}} {
			a := w.ok(t, c.person, c.query, vars{"n": n})
			require.Len(t, list(a.at("essays", "edges")), n)
			requireStatements(t, c.want, a)
		}
	}

	t.Run("many clients at once", func(t *testing.T) {
		var g errgroup.Group
		for range 16 {
			g.Go(func() error {
				for range 3 {
					a := w.ask(t, lena, screen, vars{"n": 20})
					if len(a.Errors) > 0 || len(a.statements) != screenEdges {
						return fmt.Errorf("%d statements for %d edges; errors: %v", len(a.statements), screenEdges, a.Errors)
					}
				}
				return nil
			})
		}
		require.NoError(t, g.Wait())
	})
}

func TestStatementsOfNodes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var ids, runs []string
	for _, s := range w.essays(t, lena, 5) {
		ids, runs = append(ids, s.id("essay")), append(runs, s.id("scoring_run"))
	}
	const query = `query($ids: [ID!]!) { nodes(ids: $ids) { id
		... on Essay { question { title } }
		... on ScoringRun { scores { criterion { title } } } } }`
	requireStatements(t, 2, w.ok(t, lena, query, vars{"ids": ids}))
	requireStatements(t, 5, w.ok(t, lena, query, vars{"ids": append(ids, runs...)}))
	requireStatements(t, 1, w.ok(t, lena, `query($id: ID!) { node(id: $id) { id } }`, vars{"id": ids[0]}))
}

// What is skipped is not loaded, and what is asked for twice under two names is loaded for each.
func TestStatementsFollowTheSelection(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.essays(t, lena, 3)
	const query = `query($with: Boolean!) { essays(first: 3) { edges { node { id question @include(if: $with) { title } } } } }`
	requireStatements(t, 2, w.ok(t, lena, query, vars{"with": true}))
	requireStatements(t, 1, w.ok(t, lena, query, vars{"with": false}))
	a := w.ok(t, lena, `{ essays(first: 3) { edges { node { newest: runs(first: 1) { edges { node { number } } } oldest: runs(last: 1) { edges { node { number } } } } } } }`, nil)
	requireStatements(t, 3, a)
	requireStatements(t, 0, w.ok(t, lena, `{ __typename }`, nil))
}

func requireStatements(t *testing.T, want int, a *answer) {
	t.Helper()
	if len(a.statements) != want {
		for i, s := range a.statements {
			t.Logf("%d: %s", i+1, s)
		}
		require.Len(t, a.statements, want)
	}
}

func TestSubmitAnswersWithWhatIsBelow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.ok(t, lena, `mutation($in: EssaySubmitInput!) { essaySubmit(input: $in) { ...P userErrors { code } } }
		fragment P on EssaySubmitPayload { replayed essay { id text question { track { slug } } latestRun { id stage } } run { id essay { id } scores { value } } }`,
		vars{"in": vars{"questionId": w.questionID(0, 0), "text": "An answer."}})
	require.Empty(t, list(a.at("essaySubmit", "userErrors")), a.raw)
	require.Equal(t, "An answer.", a.at("essaySubmit", "essay", "text"))
	require.Equal(t, w.catalog.Tracks[0].Slug, a.at("essaySubmit", "essay", "question", "track", "slug"))
	require.Equal(t, a.at("essaySubmit", "run", "id"), a.at("essaySubmit", "essay", "latestRun", "id"))
	require.Equal(t, a.at("essaySubmit", "essay", "id"), a.at("essaySubmit", "run", "essay", "id"))
	require.Equal(t, []any{}, a.at("essaySubmit", "run", "scores"))
	var waiting int
	require.NoError(t, w.db.SQL.QueryRowContext(bypass.Context(context.Background()),
		`SELECT count(*) FROM river_job WHERE kind = 'score_essay'`).Scan(&waiting))
	require.Equal(t, 1, waiting)
}
