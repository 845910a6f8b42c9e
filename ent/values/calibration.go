package values

import "github.com/rubrica/rubrica/ent/enums"

// CalibrationCriterion is what is reported of one criterion, all of it of predictions for answers that
// the model had not seen.
type CalibrationCriterion struct {
	Key         string            `json:"key"`
	Level       enums.Calibration `json:"level"`
	Reason      string            `json:"reason"` // of the level, for people
	Engine      Agreement         `json:"engine"`
	Human       *Agreement        `json:"human,omitempty"`
	EngineThere *Agreement        `json:"engineThere,omitempty"` // on the answers that two people scored
	Coverage    float64           `json:"coverage"`              // share of scores within their interval
	Promised    float64           `json:"promised"`              // coverage that scores name
	MeanWidth   float64           `json:"meanWidth"`             // of intervals, in points
	Bias        []BiasGroup       `json:"bias"`
	Reliability []ReliabilityBin  `json:"reliability"`
}

// Agreement of two gradings of the same answers.
type Agreement struct {
	Rows     int     `json:"rows"`
	Qwk      float64 `json:"qwk"`
	Pearson  float64 `json:"pearson"`
	Rmse     float64 `json:"rmse"`
	Exact    float64 `json:"exact"`
	Adjacent float64 `json:"adjacent"`
}

// BiasGroup compares predictions with scores within a group of answers.
type BiasGroup struct {
	By        enums.BiasBy `json:"by"`
	Group     string       `json:"group"`
	Rows      int          `json:"rows"`
	Human     float64      `json:"human"`
	Predicted float64      `json:"predicted"`
	Rmse      float64      `json:"rmse"`
}

// ReliabilityBin are answers with neighbouring predictions.
type ReliabilityBin struct {
	Rows      int     `json:"rows"`
	Predicted float64 `json:"predicted"`
	Human     float64 `json:"human"`
}

// CalibrationPoints are the points of each criterion, by its key, in the order of the graded answers.
type CalibrationPoints map[string][]CalibrationPoint

// CalibrationPoint is one graded answer's score and the prediction for it.
type CalibrationPoint struct {
	Human     float64 `json:"h"`
	Predicted float64 `json:"p"`
	Low       float64 `json:"l"`
	High      float64 `json:"u"`
}
