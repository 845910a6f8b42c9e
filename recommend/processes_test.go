package recommend

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/rag"
	"github.com/rubrica/rubrica/rag/ragtest"
)

// processURL tells a child process which database to recommend from.
const processURL = "RECOMMEND_TEST_PROCESS_URL"

// manyLists are the lists of twenty learners, as text.
func manyLists(t *testing.T, db *database.DB) string {
	t.Helper()
	index := rag.New(db, ragtest.Model(t), nil)
	r := New(db, index, nil)
	var lists []*List
	for n, track := range ragtest.Catalog(t).Tracks {
		for i, q := range track.Questions[:min(len(track.Questions), 5)] {
			l := learner(track, q, q.Samples.Middling, []float64{0.8, 0.1, 0.5})
			l.ID = member(n*5 + i)
			list, err := r.Recommend(system(t), l)
			require.NoError(t, err)
			lists = append(lists, list)
		}
	}
	text, err := json.MarshalIndent(lists, "", " ")
	require.NoError(t, err)
	return string(text)
}

// Ten processes give the same lists, to the last digit of the scores, and so does one that comes later.
func TestTenProcessesAgree(t *testing.T) {
	if url := os.Getenv(processURL); url != "" { // a child
		db, err := database.Open(t.Context(), url, database.Options{})
		require.NoError(t, err)
		defer func() { require.NoError(t, db.Close()) }()
		_, err = fmt.Fprint(os.NewFile(3, "lists"), manyLists(t, db))
		require.NoError(t, err)
		return
	}
	_, db := ready(t, ragtest.Model(t))
	crowd(t, db, 60, 12)
	_, err := NewTrainer(db, nil).Refit(system(t))
	require.NoError(t, err)
	did(t, db, member(0), someCredential(t, db, 0), enums.InteractionDismissed)
	_, err = NewTrainer(db, nil).Update(system(t))
	require.NoError(t, err)
	want := manyLists(t, db)
	require.Contains(t, want, string(enums.SignalCollaborative))
	require.NotContains(t, want, uuid.Nil.String())
	for range 10 {
		read, write, err := os.Pipe()
		require.NoError(t, err)
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestTenProcessesAgree$", "-test.count", "1")
		child.Env = append(os.Environ(), processURL+"="+db.URL)
		child.ExtraFiles = []*os.File{write}
		got := make(chan string, 1)
		go func() {
			var text []byte
			buffer := make([]byte, 1<<16)
			for {
				n, err := read.Read(buffer)
				text = append(text, buffer[:n]...)
				if err != nil {
					got <- string(text)
					return
				}
			}
		}()
		out, err := child.CombinedOutput()
		require.NoError(t, write.Close())
		require.NoError(t, err, string(out))
		assert.Equal(t, want, <-got)
		require.NoError(t, read.Close())
	}
}
