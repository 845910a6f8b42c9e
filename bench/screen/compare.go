package main

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"time"
)

// sameAnswers fails unless all servers answer with the same values at the same places. Ids, of which
// each server has its own form, are left out, and moments are compared as such.
func sameAnswers(ctx context.Context, servers []*server) error {
	var first any
	for i, s := range servers {
		b, err := s.ask(ctx)
		if err != nil {
			return err
		}
		var v struct{ Data any }
		if err := json.Unmarshal(b, &v); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		n := 0
		values := normal(v.Data, &n)
		// Without ids, an essay has three values, a score three, its reason one, and evidence three.
		if want := essays * (3 + criteria*(3+1+evidenceOfOne*3)); n != want {
			return fmt.Errorf("%s answers %d values and not %d: %.300s", s.name, n, want, b)
		}
		if i == 0 {
			first = values
		} else if !reflect.DeepEqual(first, values) {
			return fmt.Errorf("%s and %s do not answer the same: %.700v\n%.700v", servers[0].name, s.name, first, values)
		}
	}
	return nil
}

// normal is a value without ids, and counts the scalars in it.
func normal(v any, n *int) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, e := range v {
			if k != "id" {
				out[k] = normal(e, n)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = normal(e, n)
		}
		return out
	case string:
		*n++
		if t, err := time.Parse(time.RFC3339Nano, v); err == nil {
			return t.UnixMicro()
		}
		if f, err := strconv.ParseFloat(v, 64); err == nil { // PostGraphile's BigInt
			return f
		}
		return v
	default:
		*n++
		return v
	}
}
