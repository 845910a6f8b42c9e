package graph

import (
	"context"
	"fmt"
	"math"
	"time"

	"entgo.io/ent/dialect/sql"
	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/values"
	"github.com/rubrica/rubrica/graph/load"
	"github.com/rubrica/rubrica/graph/model"
	"github.com/rubrica/rubrica/graph/page"
	"github.com/rubrica/rubrica/internal/globalid"
	"github.com/rubrica/rubrica/jobs"
	"github.com/rubrica/rubrica/migrations"
	"github.com/rubrica/rubrica/rag"
	"github.com/rubrica/rubrica/recommend"
	"github.com/rubrica/rubrica/scoring"
)

// maxModels is how many embedding models the field system tells of.
const maxModels = 20

// Installation is what the field system tells admins of the process.
type Installation struct {
	Version    string
	StartedAt  time.Time
	Engine     scoring.EngineInfo // what scores new essays
	Embedding  string             // the model whose vectors serve searches
	Dimensions int                // of its vectors
}

func (r queryResolver) Jobs(ctx context.Context, first *int, after *string, last *int, before *string, filter *model.JobFilter) (*model.JobConnection, error) {
	narrow, err := jobFilter(filter)
	if err != nil {
		return nil, err
	}
	p, n, err := source[*jobs.Job]{
		typ: "Job", name: "jobs", filter: filter, by: newestJobs(),
		// Its count stops by itself, and needs no modifier.
		query: func(...func(*sql.Selector)) lister[*jobs.Job] { return jobs.Jobs(r.db, narrow) },
	}.read(ctx, page.Args{First: first, After: after, Last: last, Before: before}, everything)
	if err != nil {
		return nil, err
	}
	out := &model.JobConnection{PageInfo: p.Info, TotalCount: n}
	for i, node := range p.Nodes {
		out.Edges = append(out.Edges, &model.JobEdge{Cursor: p.Cursors[i], Node: node})
	}
	return out, nil
}

func newestJobs() ordering[*jobs.Job] {
	return ordering[*jobs.Job]{
		page.Order{Column: jobs.ColumnNumber, Desc: true, Kind: page.Number},
		func(j *jobs.Job) (any, uuid.UUID) { return j.Number, j.UUID() },
	}
}

func jobFilter(f *model.JobFilter) (jobs.Filter, error) {
	if f == nil {
		return jobs.Filter{}, nil
	}
	if len(f.States) > jobs.MaxStates {
		return jobs.Filter{}, &fault{codeBadInput, fmt.Sprintf("Name at most %d states.", jobs.MaxStates)}
	}
	out := jobs.Filter{States: f.States, Kind: f.Kind}
	if f.RunID != nil {
		key, err := globalid.DecodeAs("scoring_run", *f.RunID)
		if err != nil {
			return jobs.Filter{}, err
		}
		out.RunID = &key
	}
	return out, nil
}

type jobResolver struct{}

func (jobResolver) Run(ctx context.Context, j *jobs.Job) (*ent.ScoringRun, error) {
	if j.RunID == nil {
		return nil, nil //nolint:nilnil // it works for no run
	}
	return load.For(ctx).Run(ctx, *j.RunID)
}

func (r mutationResolver) JobRetry(ctx context.Context, in model.JobRetryInput) (*model.JobRetryPayload, error) {
	job, errs, err := r.changeJob(ctx, in.JobID, r.jobs.Retry)
	return &model.JobRetryPayload{Job: job, UserErrors: errs}, err
}

func (r mutationResolver) JobCancel(ctx context.Context, in model.JobCancelInput) (*model.JobCancelPayload, error) {
	job, errs, err := r.changeJob(ctx, in.JobID, func(ctx context.Context, id uuid.UUID) (*jobs.Job, error) {
		return r.jobs.Cancel(ctx, id, in.Reason)
	})
	return &model.JobCancelPayload{Job: job, UserErrors: errs}, err
}

// changeJob changes a job and loads what the payload asks of it.
func (r mutationResolver) changeJob(ctx context.Context, jobID string, change func(context.Context, uuid.UUID) (*jobs.Job, error)) (*jobs.Job, []*model.UserError, error) {
	if err := allow(ctx, enums.RoleAdmin); err != nil {
		return nil, nil, err
	}
	var job *jobs.Job
	id, err := input("job", "jobId", jobID, "There is no such job.")
	if err == nil {
		job, err = change(ctx, id)
	}
	errs, err := userErrors(err)
	if err != nil || len(errs) > 0 {
		return nil, errs, err
	}
	load.Renew(ctx)
	load.WalkField(ctx, "job", "Job", job)
	return job, errs, nil
}

// System reads what is selected, each part with one statement.
func (r queryResolver) System(ctx context.Context) (*model.System, error) {
	if err := allow(ctx, enums.RoleAdmin); err != nil {
		return nil, err
	}
	in := r.installation
	out := &model.System{
		Version: in.Version, StartedAt: in.StartedAt,
		Engine: &values.Engine{Name: in.Engine.Name, Version: in.Engine.Version, Model: in.Engine.Model},
	}
	selections := graphql.GetFieldContext(ctx).Field.Selections
	if load.Selected(ctx, selections, "database") {
		s, err := migrations.ReadState(ctx, r.db.SQL)
		if err != nil {
			return nil, err
		}
		out.Database = &model.DatabaseState{
			Version: s.Server, VectorVersion: s.Vector, Migration: int(s.Migration), SizeKiB: kibibytes(s.Bytes),
		}
	}
	if load.Selected(ctx, selections, "languageModel") {
		var err error
		if out.LanguageModel, err = languageModel(ctx, r.db); err != nil {
			return nil, err
		}
		if m := out.LanguageModel; m != nil {
			load.WalkPath(ctx, "LanguageModelSpend", m.Spend, "languageModel", "spend")
			load.WalkPath(ctx, "LanguageModelEssay", m.Essays, "languageModel", "essays")
		}
	}
	if load.Selected(ctx, selections, "index") {
		s, err := rag.ReadState(ctx, r.db, in.Embedding)
		if err != nil {
			return nil, err
		}
		out.Index = &model.IndexState{
			Model: in.Embedding, Dimensions: in.Dimensions,
			Documents: s.Documents, Chunks: s.Chunks, Missing: s.Missing, SizeKiB: kibibytes(s.Bytes),
		}
	}
	if load.Selected(ctx, selections, "embeddingModels") {
		models, err := rag.ReadModels(ctx, r.db)
		if err != nil {
			return nil, err
		}
		out.EmbeddingModels = []*rag.ModelStatus{}
		for i := range models[:min(len(models), maxModels)] {
			out.EmbeddingModels = append(out.EmbeddingModels, &models[i])
		}
	}
	if load.Selected(ctx, selections, "collaborativeFit") {
		var err error
		if out.CollaborativeFit, err = recommend.ReadState(ctx, r.db); err != nil {
			return nil, err
		}
	}
	if load.Selected(ctx, selections, "jobs") {
		var err error
		if out.Jobs, err = jobs.Counts(ctx, r.db); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// kibibytes rounds to KiB. Beyond 2 TiB, which an Int of GraphQL cannot hold, it stays there.
func kibibytes(bytes int64) int {
	return int(min((bytes+512)/1024, math.MaxInt32))
}
