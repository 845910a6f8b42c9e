package importing

import (
	"context"
	"fmt"
	"reflect"

	"github.com/google/uuid"
	"github.com/lib/pq"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/passage"
)

// Bounds of a passage's values, in characters.
const (
	maxText        = 100_000
	maxPassageSlug = 64 // of the column
)

// passageRow is a row of reference material; skills are nil to leave what is there.
type passageRow struct {
	externalID, title, text string
	skills                  []string
}

func passages(words *vocabulary, track uuid.UUID) catalogue[passageRow] {
	return catalogue[passageRow]{
		columns: []column{
			{name: externalID, required: true}, {name: "title", required: true},
			{name: "text", required: true}, {name: "skills", list: true},
		},
		read: func(r *row) passageRow {
			return passageRow{
				externalID: r.id(),
				title:      deref(r.one("title", maxTitle, true)),
				text:       deref(r.prose("text", maxText, true)),
				skills:     r.skills("skills", words, false),
			}
		},
		store: func(ctx context.Context, db *ent.Client, batch []passageRow, dry bool) (outcome, error) {
			return storePassages(ctx, db, track, batch, dry)
		},
	}
}

func (p passageRow) over(track uuid.UUID, old *ent.Passage) *ent.Passage {
	out := &ent.Passage{TrackID: track, Skills: pq.StringArray{}}
	if old != nil {
		held := *old
		out = &held
	}
	out.ExternalID, out.Title, out.Text = &p.externalID, p.title, p.text
	if p.skills != nil {
		out.Skills = p.skills
	}
	return out
}

func storePassages(ctx context.Context, db *ent.Client, track uuid.UUID, batch []passageRow, dry bool) (outcome, error) {
	keys := make([]string, len(batch))
	for i, p := range batch {
		keys[i] = p.externalID
	}
	known, err := db.Passage.Query().Where(passage.TrackID(track), passage.ExternalIDIn(keys...)).All(ctx)
	if err != nil {
		return outcome{}, fmt.Errorf("reading the passages: %w", err)
	}
	old := map[string]*ent.Passage{}
	for _, row := range known {
		old[*row.ExternalID] = row
	}
	var n outcome
	var write, fresh []*ent.Passage
	for _, p := range batch {
		before := old[p.externalID]
		switch row := p.over(track, before); {
		case before == nil:
			n.taken++
			fresh = append(fresh, row)
		case before.Title == row.Title && before.Text == row.Text && reflect.DeepEqual(before.Skills, row.Skills):
			n.unchanged++
		default:
			n.changed++
			write = append(write, row)
		}
	}
	if dry || len(write)+len(fresh) == 0 {
		return n, nil
	}
	names := newSlugs("passage", maxPassageSlug)
	for _, row := range fresh {
		names.want(row.Title, *row.ExternalID)
	}
	taken, err := db.Passage.Query().Where(passage.TrackID(track), passage.SlugIn(names.candidates()...)).Select(passage.FieldSlug).Strings(ctx)
	if err != nil {
		return n, fmt.Errorf("reading slugs: %w", err)
	}
	names.taken(taken)
	create := make([]*ent.PassageCreate, 0, len(write)+len(fresh))
	add := func(row *ent.Passage) *ent.PassageCreate {
		c := db.Passage.Create().SetTrackID(track).SetSlug(row.Slug).SetTitle(row.Title).SetText(row.Text).
			SetSkills(row.Skills).SetNillableExternalID(row.ExternalID)
		create = append(create, c)
		return c
	}
	for _, row := range fresh {
		if row.Slug, err = names.give(*row.ExternalID); err != nil {
			return n, err
		}
		add(row)
	}
	for _, row := range write {
		add(row).SetID(row.ID)
	}
	if err := db.Passage.CreateBulk(create...).OnConflictColumns(passage.FieldID).UpdateNewValues().Exec(ctx); err != nil {
		return n, fmt.Errorf("storing passages: %w", err)
	}
	return n, nil
}
