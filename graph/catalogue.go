package graph

import (
	"context"

	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/graph/load"
	"github.com/rubrica/rubrica/graph/model"
	"github.com/rubrica/rubrica/graph/page"
	"github.com/rubrica/rubrica/internal/catalogue"
	"github.com/rubrica/rubrica/internal/importing"
	"github.com/rubrica/rubrica/internal/problem"
)

// maxRefusals is how many reasons for refused rows an answer holds.
const maxRefusals = 100

func (r queryResolver) Skills(ctx context.Context, first *int, after *string, last *int, before *string) (*model.SkillConnection, error) {
	p, n, err := source[*ent.Skill]{
		typ: "Skill", name: "skills", by: skillsByName(),
		query: func(m ...func(*sql.Selector)) lister[*ent.Skill] {
			q := r.db.Ent.Skill.Query()
			q.Modify(m...)
			return q
		},
	}.read(ctx, page.Args{First: first, After: after, Last: last, Before: before}, everything)
	if err != nil {
		return nil, err
	}
	out := &model.SkillConnection{PageInfo: p.Info, TotalCount: n}
	for i, node := range p.Nodes {
		out.Edges = append(out.Edges, &model.SkillEdge{Cursor: p.Cursors[i], Node: node})
	}
	return out, nil
}

func (r mutationResolver) SkillSynonymsSet(ctx context.Context, in model.SkillSynonymsSetInput) (*model.SkillSynonymsSetPayload, error) {
	if err := allow(ctx, enums.RoleAdmin); err != nil {
		return nil, err
	}
	var skill *ent.Skill
	var id uuid.UUID
	id, err := input("skill", "skillId", in.SkillID, "There is no such skill.")
	if err == nil {
		skill, err = catalogue.SetSynonyms(ctx, r.db, id, in.Synonyms)
	}
	errs, err := userErrors(err)
	if err != nil || len(errs) > 0 {
		return &model.SkillSynonymsSetPayload{UserErrors: errs}, err
	}
	load.Renew(ctx)
	return &model.SkillSynonymsSetPayload{Skill: skill, UserErrors: errs}, nil
}

func (r mutationResolver) CatalogueImport(ctx context.Context, in model.CatalogueImportInput) (*model.CatalogueImportPayload, error) {
	if err := allow(ctx, enums.RoleAdmin); err != nil {
		return nil, err
	}
	report, err := r.takeIn(ctx, in)
	errs, err := userErrors(err)
	if err != nil || len(errs) > 0 {
		return &model.CatalogueImportPayload{UserErrors: errs}, err
	}
	load.Renew(ctx)
	return &model.CatalogueImportPayload{Import: imported(report), UserErrors: errs}, nil
}

func (r mutationResolver) takeIn(ctx context.Context, in model.CatalogueImportInput) (*importing.Report, error) {
	if in.HeadingLevel < 1 { // which the service takes for one that was left out
		return nil, problem.New("headingLevel", problem.Invalid, "Headings have levels 1 to 6.")
	}
	request := importing.Request{
		Kind: in.Kind, Name: in.File.Filename, Content: in.File.File, HeadingLevel: in.HeadingLevel,
		Atomic: in.Atomic, DryRun: in.DryRun, MaxBytes: importing.MaxUploadBytes,
	}
	if in.Format != nil {
		request.Format = *in.Format
	}
	if in.TrackID != nil {
		var err error
		if request.TrackID, err = input("track", "trackId", *in.TrackID, "There is no such track."); err != nil {
			return nil, err
		}
	}
	return r.importing.Import(ctx, request)
}

func imported(r *importing.Report) *model.CatalogueImport {
	out := &model.CatalogueImport{
		Kind: r.Kind, Format: r.Format, Name: r.Name, Atomic: r.Atomic, DryRun: r.DryRun, Written: r.Written,
		Rows: r.Rows, Taken: r.Taken, Changed: r.Changed, Unchanged: r.Unchanged, Refused: r.Refused,
		Refusals:     []*model.CatalogueImportRefusal{},
		MoreRefusals: r.MoreReasons + max(len(r.Reasons)-maxRefusals, 0),
	}
	for _, reason := range r.Reasons[:min(len(r.Reasons), maxRefusals)] {
		out.Refusals = append(out.Refusals, &model.CatalogueImportRefusal{
			Line: reason.Line, ExternalID: given(reason.ExternalID), Column: given(reason.Column), Code: reason.Code, Message: reason.Message,
		})
	}
	return out
}

// given is a text, or nil for none.
func given(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
