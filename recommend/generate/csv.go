package generate

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// WriteInteractions writes user,item,rating,time, the time as of RFC 3339.
func (d *Data) WriteInteractions(w io.Writer) error {
	return write(w, []string{"user", "item", "rating", "time"}, len(d.Interactions), func(n int) []string {
		x := &d.Interactions[n]
		return []string{x.User, x.Item, strconv.Itoa(x.Rating), x.At.Format(time.RFC3339)}
	})
}

// WriteItems writes item,teaches,level,vector: skills separated by semicolons, components by blanks.
func (d *Data) WriteItems(w io.Writer) error {
	return write(w, []string{"item", "teaches", "level", "vector"}, len(d.Items), func(n int) []string {
		i := &d.Items[n]
		return []string{i.ID, strings.Join(i.Teaches, ";"), strconv.Itoa(i.Level), vector(i.Vector)}
	})
}

// WritePeople writes user,needs,level,vector: needs as skill:size, separated by semicolons.
func (d *Data) WritePeople(w io.Writer) error {
	return write(w, []string{"user", "needs", "level", "vector"}, len(d.People), func(n int) []string {
		p := &d.People[n]
		needs := make([]string, len(p.Needs))
		for i, need := range p.Needs {
			needs[i] = need.Skill + ":" + strconv.FormatFloat(need.Size, 'f', 3, 64)
		}
		return []string{p.ID, strings.Join(needs, ";"), strconv.FormatFloat(p.Level, 'f', 3, 64), vector(p.Vector)}
	})
}

func vector(v []float64) string {
	parts := make([]string, len(v))
	for i, x := range v {
		parts[i] = strconv.FormatFloat(x, 'f', 4, 64)
	}
	return strings.Join(parts, " ")
}

func write(w io.Writer, header []string, n int, row func(int) []string) error {
	c := csv.NewWriter(w)
	if err := c.Write(header); err != nil {
		return fmt.Errorf("generate: %w", err)
	}
	for i := range n {
		if err := c.Write(row(i)); err != nil {
			return fmt.Errorf("generate: %w", err)
		}
	}
	c.Flush()
	if err := c.Error(); err != nil {
		return fmt.Errorf("generate: %w", err)
	}
	return nil
}
