package graph_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/values"
	"github.com/rubrica/rubrica/internal/bypass"
	"github.com/rubrica/rubrica/internal/globalid"
	"github.com/rubrica/rubrica/internal/seeding"
)

// fitted fills a calibration in as a job would, all of its columns.
func fitted(create *ent.CalibrationCreate, state enums.CalibrationState) *ent.CalibrationCreate {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	agreement := values.Agreement{Rows: 6, Qwk: 0.7, Pearson: 0.8, Rmse: 0.5, Exact: 0.6, Adjacent: 0.9}
	return create.SetState(state).SetRows(6).SetDigest("0123456789abcdef").SetMethod("each answer left out in turn").
		SetFittedAt(at).SetActivatedAt(at).SetFailure("It was not tried.").
		SetCriteria([]values.CalibrationCriterion{{
			Key: "content", Level: enums.FewShot, Reason: "6 graded answers.", Engine: agreement, Human: &agreement, EngineThere: &agreement,
			Coverage: 0.9, Promised: 0.9, MeanWidth: 1.5,
			Bias:        []values.BiasGroup{{By: enums.BiasByLength, Group: "1 to 9 words", Rows: 6, Human: 2, Predicted: 2.1, Rmse: 0.5}},
			Reliability: []values.ReliabilityBin{{Rows: 6, Predicted: 2.1, Human: 2}},
		}}).
		SetPoints(values.CalibrationPoints{"content": {{Human: 2, Predicted: 2.1, Low: 1, High: 3}}})
}

// calibration writes a calibration of the first question, switched on, and returns its id.
func (w *world) calibration(t testing.TB) uuid.UUID {
	t.Helper()
	return w.calibrationIn(t, 1, enums.CalibrationActive)
}

// calibrationID is the id of a version of the first question's calibrations.
func calibrationID(version int) uuid.UUID { return uuid.NewSHA1(uuid.Nil, []byte{byte(version)}) }

// calibrationIn writes a version of the first question's calibrations in a state.
func (w *world) calibrationIn(t testing.TB, version int, state enums.CalibrationState) uuid.UUID {
	t.Helper()
	track, id := w.catalog.Tracks[0], calibrationID(version)
	slug := track.Questions[0].Slug
	require.NoError(t, fitted(w.db.Ent.Calibration.Create().SetID(id).SetVersion(version).
		SetQuestionID(seeding.QuestionID(track.Slug, slug)).SetRubricID(seeding.RubricID(track.Slug, slug, 1)), state).
		Exec(bypass.Context(t.Context())))
	return id
}

// crowdOfCalibrations gives each question of the crowd one that is on.
func (w *world) crowdOfCalibrations(t testing.TB, c crowd, db *ent.Client) {
	t.Helper()
	var rows []*ent.CalibrationCreate
	for i, question := range c["Question"] {
		_, id, err := globalid.Decode(question)
		require.NoError(t, err)
		rows = append(rows, fitted(db.Calibration.Create().SetID(c.add("Calibration", "calibration", newID())).
			SetQuestionID(id).SetRubricID(newID()).SetVersion(1+i%3), enums.CalibrationActive))
	}
	require.NoError(t, db.Calibration.CreateBulk(rows...).Exec(bypass.Context(t.Context())))
}

// gradedTable is n graded answers to the first question, by one of its criteria.
func (w *world) gradedTable(n int) string {
	key := w.catalog.Tracks[0].Questions[0].Rubric.Criteria[0].Key
	var b strings.Builder
	fmt.Fprintf(&b, "answer,%s\n", key)
	for i := range n {
		fmt.Fprintf(&b, "\"The answer with the number %d, of which nobody can say much.\",%d\n", i, 1+i%2)
	}
	return b.String()
}

const (
	uploadCalibration = `mutation($in: CalibrationUploadInput!) { calibrationUpload(input: $in) {
		calibration { id version state rows fittedAt criteria { key } question { title } } userErrors { code field message } } }`
	activateCalibration = `mutation($in: CalibrationActivateInput!) { calibrationActivate(input: $in) {
		calibration { id state question { calibration { id } } } userErrors { code field message } } }`
	rollbackCalibration = `mutation($in: CalibrationRollbackInput!) { calibrationRollback(input: $in) {
		calibration { id } retired { id state } userErrors { code field message } } }`
	questionCalibrations = `query($id: ID!) { node(id: $id) { ... on Question { calibration { id version points(criterion: "content") { human predicted low high } none: points(criterion: "taste") { human } }
		calibrations(first: 5) { totalCount edges { node { version state failure digest criteria { key engine { qwk } human { qwk } bias { by group } reliability { human } } } } } } } }`
)

// Admins alone change calibrations; advisors read what is reported, learners nothing of it.
func TestCalibrationsByRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := globalid.Encode("calibration", w.calibration(t))
	question := w.questionID(0, 0)
	for _, person := range []string{lena, arno} {
		for query, in := range map[string]vars{
			uploadCalibration:   {"questionId": question, "csv": w.gradedTable(6)},
			activateCalibration: {"calibrationId": id},
			rollbackCalibration: {"questionId": question},
		} {
			require.Equal(t, []string{"FORBIDDEN"}, w.ask(t, person, query, vars{"in": in}).codes(), person)
		}
	}
	for _, person := range []string{arno, ada} {
		a := w.ok(t, person, questionCalibrations, vars{"id": question})
		assert.Equal(t, id, a.at("node", "calibration", "id"))
		assert.Len(t, list(a.at("node", "calibration", "points")), 1)
		assert.Empty(t, list(a.at("node", "calibration", "none")))
		assert.EqualValues(t, 1, a.at("node", "calibrations", "totalCount"))
		assert.Equal(t, "content", a.at("node", "calibrations", "edges", 0, "node", "criteria", 0, "key"))
	}
	a := w.ask(t, lena, questionCalibrations, vars{"id": question})
	assert.Equal(t, []string{"FORBIDDEN", "FORBIDDEN"}, a.codes())
	assert.NotContains(t, a.raw, "0.7")
}

// What is uploaded waits for its job; what cannot be used is said by row, and nothing of it is kept.
func TestCalibrationUpload(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	question := w.questionID(0, 0)
	good := w.gradedTable(6)
	upload := func(csv string) *answer {
		return w.ok(t, ada, uploadCalibration, vars{"in": vars{"questionId": question, "csv": csv}})
	}
	bad := upload(strings.Replace(good, ",1\n", ",99\n", 1) + "\"One more of them.\",x\n")
	require.Nil(t, bad.at("calibrationUpload", "calibration"))
	require.NotEmpty(t, list(bad.at("calibrationUpload", "userErrors")))
	require.Equal(t, []any{"input", "csv"}, bad.at("calibrationUpload", "userErrors", 0, "field"))
	for version := 1; version <= 2; version++ {
		a := upload(good)
		require.EqualValues(t, version, a.at("calibrationUpload", "calibration", "version"))
		require.Equal(t, "UPLOADED", a.at("calibrationUpload", "calibration", "state"))
		require.EqualValues(t, 6, a.at("calibrationUpload", "calibration", "rows"))
		require.Empty(t, list(a.at("calibrationUpload", "calibration", "criteria")))
	}
	waiting := w.ok(t, ada, activateCalibration, vars{"in": vars{"calibrationId": upload(good).at("calibrationUpload", "calibration", "id")}})
	require.Equal(t, "WRONG_STATE", waiting.at("calibrationActivate", "userErrors", 0, "code"))
	jobs := w.ok(t, ada, `{ jobs(first: 9, filter: {kind: FIT_CALIBRATION}) { totalCount edges { node { kind state run { id } } } } }`, nil)
	require.EqualValues(t, 3, jobs.at("jobs", "totalCount"))
	audit := w.ok(t, ada, `{ auditEvents(first: 9, filter: {action: CALIBRATION_UPLOAD}) { totalCount edges { node { targetType targetId } } } }`, nil)
	require.EqualValues(t, 3, audit.at("auditEvents", "totalCount"))
	require.Equal(t, "CALIBRATION", audit.at("auditEvents", "edges", 0, "node", "targetType"))
}

// One calibration is on at a time; rolling back leaves the question as it was before.
func TestCalibrationOnAndOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.calibration(t)
	second := w.calibrationIn(t, 2, enums.CalibrationReady)
	of := func(id uuid.UUID) string { return globalid.Encode("calibration", id) }
	a := w.ok(t, ada, activateCalibration, vars{"in": vars{"calibrationId": of(second)}})
	require.Equal(t, of(second), a.at("calibrationActivate", "calibration", "question", "calibration", "id"))
	back := vars{"in": vars{"questionId": w.questionID(0, 0)}}
	a = w.ok(t, ada, rollbackCalibration, back)
	require.Equal(t, of(first), a.at("calibrationRollback", "calibration", "id"))
	require.Equal(t, of(second), a.at("calibrationRollback", "retired", "id"))
	a = w.ok(t, ada, rollbackCalibration, back)
	require.Nil(t, a.at("calibrationRollback", "calibration"))
	require.Equal(t, "RETIRED", a.at("calibrationRollback", "retired", "state"))
	a = w.ok(t, ada, rollbackCalibration, back)
	require.Equal(t, "WRONG_STATE", a.at("calibrationRollback", "userErrors", 0, "code"))
	a = w.ok(t, ada, activateCalibration, vars{"in": vars{"calibrationId": of(newID())}})
	require.Equal(t, "NOT_FOUND", a.at("calibrationActivate", "userErrors", 0, "code"))
}
