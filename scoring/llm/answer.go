package llm

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/rubrica/rubrica/scoring"
)

// answer is what a model says of an essay.
type answer struct {
	Criteria  map[string]judgement `json:"criteria"`
	KeyPoints map[string]outcome   `json:"key_points"`
	Citations []string             `json:"citations"`
}

type judgement struct {
	Parts        []part   `json:"parts"`
	Score        float64  `json:"score"`
	Comment      string   `json:"comment"`
	Improvements []string `json:"improvements"`
}

type part struct {
	Quote    string  `json:"quote"`
	Points   float64 `json:"points"`
	Reason   string  `json:"reason"`
	KeyPoint string  `json:"key_point"`
}

type outcome struct {
	Status scoring.KeyPointStatus `json:"status"`
	Quote  string                 `json:"quote"`
}

// maxFaults bounds what a model is told of its faults.
const maxFaults = 8

// unusable is why an answer cannot be used, in words for the model. They name places and rules and
// repeat nothing of the answer.
type unusable struct{ faults []string }

func (u *unusable) Error() string { return "the answer is unusable: " + strings.Join(u.faults, "; ") }

// parse reads an answer and holds it against the schema and the scales.
func parse(text string, schema *jsonschema.Schema, rubric scoring.Rubric) (*answer, error) {
	raw, err := jsonIn(text)
	if err != nil {
		return nil, &unusable{[]string{err.Error()}}
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return nil, &unusable{[]string{"it is not valid JSON"}}
	}
	if err := schema.Validate(value); err != nil {
		return nil, &unusable{faultsOf(err)}
	}
	var a answer
	if err := json.Unmarshal(raw, &a); err != nil { // a number beyond float64
		return nil, &unusable{[]string{"a number is out of range"}}
	}
	var faults []string
	for i, c := range rubric.Criteria {
		if _, ok := onGrid(c.Scale, a.Criteria[criterionName(i)].Score); !ok {
			faults = append(faults, fmt.Sprintf("/criteria/%s/score is not one of %s", criterionName(i), scaleInWords(c.Scale)))
		}
	}
	if len(faults) > 0 {
		return nil, &unusable{faults[:min(len(faults), maxFaults)]}
	}
	return &a, nil
}

// jsonIn finds the object in what a model wrote around it: a fence, or a sentence of courtesy.
func jsonIn(text string) ([]byte, error) {
	start := strings.IndexByte(text, '{')
	if start < 0 {
		return nil, errors.New("it holds no JSON object")
	}
	var raw json.RawMessage
	if err := json.NewDecoder(strings.NewReader(text[start:])).Decode(&raw); err != nil {
		return nil, errors.New("it is not one whole JSON object; it may have been too long")
	}
	return raw, nil
}

var english = message.NewPrinter(language.English)

// faultsOf lists the leaves of a validation error by place and rule.
func faultsOf(err error) []string {
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return []string{"it does not match the schema"}
	}
	var out []string
	var walk func(*jsonschema.ValidationError)
	walk = func(e *jsonschema.ValidationError) {
		if len(e.Causes) == 0 && len(out) < maxFaults {
			out = append(out, fmt.Sprintf("/%s: %s", strings.Join(e.InstanceLocation, "/"), cut(e.ErrorKind.LocalizedString(english), 300)))
		}
		for _, cause := range e.Causes {
			walk(cause)
		}
	}
	walk(invalid)
	return out
}
