package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/criterion"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/rubric"
	"github.com/rubrica/rubrica/ent/values"
	"github.com/rubrica/rubrica/internal/bypass"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/internal/seeding"
	"github.com/rubrica/rubrica/seeds"
)

// learners have essays each; the first is who asks.
const learners = 10

// seed fills a migrated database with the catalogue and with scored essays, as workers leave them, and
// returns the learner who asks.
func seed(ctx context.Context, db *database.DB) (uuid.UUID, error) {
	catalog, err := seeds.Default()
	if err != nil {
		return uuid.Nil, err
	}
	if _, err := seeding.Load(ctx, db, catalog, seeding.Options{}); err != nil {
		return uuid.Nil, err
	}
	ctx = bypass.Context(ctx)
	questions, err := seedQuestions(ctx, db.Ent)
	if err != nil {
		return uuid.Nil, err
	}
	var first uuid.UUID
	for n := range learners {
		person, err := db.Ent.User.Create().SetName(fmt.Sprintf("Learner %d", n)).
			SetEmail(fmt.Sprintf("learner%d@example.org", n)).SetRole(enums.RoleLearner).Save(ctx)
		if err != nil {
			return uuid.Nil, fmt.Errorf("make a learner: %w", err)
		}
		if n == 0 {
			first = person.ID
		}
		for i := range essays {
			if err := seedEssay(ctx, db.Ent, person.ID, questions[i%len(questions)], i); err != nil {
				return uuid.Nil, fmt.Errorf("make an essay: %w", err)
			}
		}
	}
	// As autovacuum would have done by then: plans depend on it.
	_, err = db.SQL.ExecContext(ctx, "VACUUM ANALYZE")
	return first, err
}

// question is a question with a rubric of enough criteria.
type question struct {
	id, track, rubric uuid.UUID
	criteria          []*ent.Criterion
}

func seedQuestions(ctx context.Context, client *ent.Client) ([]question, error) {
	rubrics, err := client.Rubric.Query().WithQuestion().Order(rubric.ByID()).All(ctx)
	if err != nil {
		return nil, err
	}
	var out []question
	for _, r := range rubrics {
		list, err := client.Criterion.Query().Where(criterion.RubricID(r.ID)).Order(criterion.ByPosition()).Limit(criteria).All(ctx)
		if err != nil {
			return nil, err
		}
		if len(list) == criteria {
			out = append(out, question{r.QuestionID, r.Edges.Question.TrackID, r.ID, list})
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no rubric of the seeds has %d criteria", criteria)
	}
	return out, nil
}

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC)

func seedEssay(ctx context.Context, client *ent.Client, owner uuid.UUID, q question, i int) error {
	at := epoch.Add(time.Duration(i) * time.Hour)
	text := strings.Repeat("An index answers a query without a look at every row. ", 60) + strconv.Itoa(i)
	hash := sha256.Sum256([]byte(text))
	essay, err := client.Essay.Create().SetOwnerID(owner).SetQuestionID(q.id).SetText(text).
		SetWords(len(strings.Fields(text))).SetBodyHash(hash[:]).SetCreatedAt(at).SetOverallPercent(float64(i) * 4.5).Save(ctx)
	if err != nil {
		return err
	}
	run, err := client.ScoringRun.Create().SetEssayID(essay.ID).SetOwnerID(owner).SetRubricID(q.rubric).SetTrackID(q.track).
		SetNumber(1).SetKind(enums.RunFirst).SetSeq(7).SetCreatedAt(at).SetStage(enums.StageCompleted).SetPercent(100).
		SetChangedAt(at).SetStartedAt(at).SetScoredAt(at).SetFinishedAt(at).SetEngine("local").SetEngineVersion("1").SetEngineModel("model").
		SetOverallPercent(float64(i) * 4.5).SetOverallLow(0).SetOverallHigh(100).SetOverallCoverage(0.9).Save(ctx)
	if err != nil {
		return err
	}
	for p, c := range q.criteria {
		score, err := client.Score.Create().SetOwnerID(owner).SetRunID(run.ID).SetCriterionID(c.ID).SetPosition(p).
			SetValue(float64(p)).SetRaw(float64(p) + 0.375).SetLow(0).SetHigh(5).SetCoverage(0.9).
			SetCalibration(enums.Uncalibrated).SetProvisional(true).Save(ctx)
		if err != nil {
			return err
		}
		reason, err := client.Explanation.Create().SetOwnerID(owner).SetScoreID(score.ID).SetBase(1).
			SetContributions([]values.Contribution{}).
			SetSummary("The essay names the cost of writes and the \"order of columns\", and leaves out when an index is not used at all.").Save(ctx)
		if err != nil {
			return err
		}
		var evidence []*ent.EvidenceCreate
		for e := range evidenceOfOne {
			evidence = append(evidence, client.Evidence.Create().SetOwnerID(owner).SetExplanationID(reason.ID).SetPosition(e).
				SetStartCodePoint(e*50).SetEndCodePoint(e*50+48).SetStartUtf16(e*50).SetEndUtf16(e*50+48).
				SetQuote("An index answers a query without a look at every").SetPoints(0.25*float64(e)-0.125).
				SetReason("Says what is read instead."))
		}
		if err := client.Evidence.CreateBulk(evidence...).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}
