package llm

import (
	"fmt"
	"math"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/rubrica/rubrica/scoring"
)

// The bounds of an answer. They keep a model that rambles from filling the explanation.
const (
	maxParts        = 8   // of one criterion
	maxQuote        = 600 // characters
	maxReason       = 240
	maxComment      = 500
	maxImprovements = 3
	// maxGrid is how many points of a scale are listed one by one; a finer scale is bounded only, and
	// held against its steps afterwards.
	maxGrid = 60
)

// criterionName, keyPointName and passageName are what the prompt calls the parts of a question: short,
// and telling nothing of the database.
func criterionName(i int) string { return fmt.Sprintf("c%d", i+1) }
func keyPointName(i int) string  { return fmt.Sprintf("k%d", i+1) }
func passageName(i int) string   { return fmt.Sprintf("p%d", i+1) }

type object = map[string]any

// answerSchema is the JSON Schema of the answer to one request. Criteria and key points are named, so
// that each has to be there once and has its own scale. With bounds it also says how long texts and
// lists may be, which several providers do not accept in a schema.
func answerSchema(req scoring.Request, bounds bool) object {
	rubric := req.Question.Question.Rubric
	text := func(most int) object {
		s := object{"type": "string"}
		if bounds {
			s["maxLength"] = most
		}
		return s
	}
	list := func(items object, most int) object {
		s := object{"type": "array", "items": items}
		if bounds {
			s["maxItems"] = most
		}
		return s
	}
	names := func(n int, name func(int) string) []any {
		out := make([]any, n)
		for i := range out {
			out[i] = name(i)
		}
		return out
	}
	part := object{"quote": text(maxQuote), "points": object{"type": "number"}, "reason": text(maxReason)}
	if n := len(rubric.KeyPoints); n > 0 {
		part["key_point"] = object{"type": "string", "enum": append(names(n, keyPointName), "")}
	}
	criteria := object{}
	for i, c := range rubric.Criteria {
		criteria[criterionName(i)] = closed(object{
			"parts":        list(closed(part), maxParts),
			"score":        scoreSchema(c.Scale),
			"comment":      text(maxComment),
			"improvements": list(text(maxReason), maxImprovements),
		})
	}
	answer := object{"criteria": closed(criteria)}
	if n := len(rubric.KeyPoints); n > 0 {
		points := object{}
		for i := range rubric.KeyPoints {
			points[keyPointName(i)] = closed(object{
				"status": object{"type": "string", "enum": []any{"MET", "PARTLY", "MISSED"}}, "quote": text(maxQuote),
			})
		}
		answer["key_points"] = closed(points)
	}
	if len(req.Passages) > 0 {
		// No enum: a citation that was not retrieved is dropped and counted, not argued about.
		answer["citations"] = list(text(maxReason), 20)
	}
	return closed(answer)
}

// closed is an object that has all of the properties and no others.
func closed(properties object) object {
	required := make([]any, 0, len(properties))
	keys := make([]string, 0, len(properties))
	for key := range properties {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		required = append(required, key)
	}
	return object{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
}

// grid lists the points of a scale; nil for one that is too fine or has no steps.
func grid(s scoring.Scale) []float64 {
	if s.Step <= 0 || s.Width()/s.Step > maxGrid {
		return nil
	}
	var out []float64
	for i := 0; ; i++ {
		v := s.Min + float64(i)*s.Step
		if v > s.Max+s.Step/1e6 {
			return out
		}
		out = append(out, math.Round(s.Clamp(v)*1e9)/1e9)
	}
}

func scoreSchema(s scoring.Scale) object {
	if points := grid(s); points != nil {
		list := make([]any, len(points))
		for i, v := range points {
			list[i] = v
		}
		return object{"type": "number", "enum": list}
	}
	return object{"type": "number", "minimum": s.Min, "maximum": s.Max}
}

// onGrid is the point of the scale that a score means; false if it means none.
func onGrid(s scoring.Scale, v float64) (float64, bool) {
	if math.IsNaN(v) || v < s.Min-1e-9 || v > s.Max+1e-9 {
		return 0, false
	}
	near := s.Round(v)
	return near, math.Abs(near-v) <= 1e-6*math.Max(1, s.Width())
}

// compile makes a validator of the schema.
func compile(schema object) (*jsonschema.Schema, error) {
	c := jsonschema.NewCompiler()
	if err := c.AddResource("answer.json", schema); err != nil {
		return nil, fmt.Errorf("llm: the schema of the answer: %w", err)
	}
	s, err := c.Compile("answer.json")
	if err != nil {
		return nil, fmt.Errorf("llm: compiling the schema of the answer: %w", err)
	}
	return s, nil
}
