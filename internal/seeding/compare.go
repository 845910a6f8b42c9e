package seeding

import (
	"reflect"
	"slices"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// batch is how many rows one statement writes. Postgres takes 65 535 parameters, the widest kind has 14.
const batch = 500

// traits say how the rows of a kind are compared.
type traits[R any] struct {
	kind    Kind
	id      func(*R) uuid.UUID
	key     func(*R) string // what is unique besides the id
	content func(*R) []any  // everything that may change
}

// difference is what has to be done so that the rows become those of the seeds.
type difference[R any] struct {
	insert, update []*R
	unchanged      int
	gone           []*R // made by the seeds, and not in them any more
}

func (d *difference[R]) write() []*R { return append(slices.Clip(d.insert), d.update...) }

func (d *difference[R]) count(kind Kind) Count {
	return Count{Kind: kind, Inserted: len(d.insert), Updated: len(d.update), Unchanged: d.unchanged}
}

// compare holds what the database has against what the seeds want. It returns a *ClashError for a
// wanted row whose key a row of somebody else has.
func compare[R any](t traits[R], have, want []*R) (*difference[R], error) {
	byID := make(map[uuid.UUID]*R, len(have))
	byKey := make(map[string]*R, len(have))
	for _, row := range have {
		byID[t.id(row)] = row
		byKey[t.key(row)] = row
	}
	d := &difference[R]{}
	wanted := make(map[uuid.UUID]bool, len(want))
	for _, row := range want {
		id := t.id(row)
		wanted[id] = true
		if other, ok := byKey[t.key(row)]; ok && t.id(other) != id {
			return nil, &ClashError{Kind: t.kind, Key: t.key(row), ID: t.id(other)}
		}
		switch old, ok := byID[id]; {
		case !ok:
			d.insert = append(d.insert, row)
		case reflect.DeepEqual(t.content(old), t.content(row)):
			d.unchanged++
		default:
			d.update = append(d.update, row)
		}
	}
	for _, row := range have {
		if id := t.id(row); seeded(id) && !wanted[id] {
			d.gone = append(d.gone, row)
		}
	}
	return d, nil
}

// inBatches writes rows by statements of bounded size.
func inBatches[R any](rows []*R, write func([]*R) error) error {
	for part := range slices.Chunk(rows, batch) {
		if err := write(part); err != nil {
			return err
		}
	}
	return nil
}

// ids are the ids of the rows that keep says.
func ids[R any](rows []*R, id func(*R) uuid.UUID, keep func(*R) bool) []uuid.UUID {
	var out []uuid.UUID
	for _, row := range rows {
		if keep == nil || keep(row) {
			out = append(out, id(row))
		}
	}
	return out
}

// array is a list as the database returns it: empty, never nil.
func array(slugs []string) pq.StringArray { return append(pq.StringArray{}, slugs...) }
