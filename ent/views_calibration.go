package ent

import "github.com/rubrica/rubrica/ent/values"

// The methods in this file are hand-written, as those of views.go are.

// WhyFailed is why the calibration could not be fitted; nil when it could, or is still to be.
func (c *Calibration) WhyFailed() *string { return told(&c.Failure) }

// ModelDigest names the model; nil before there is one.
func (c *Calibration) ModelDigest() *string { return told(&c.Digest) }

// HeldOutBy says how answers were held out; nil before they were.
func (c *Calibration) HeldOutBy() *string { return told(&c.Method) }

// PointsOf are the points of a criterion; none for one that was not graded.
func (c *Calibration) PointsOf(criterion string) []values.CalibrationPoint {
	if points := c.Points[criterion]; points != nil {
		return points
	}
	return []values.CalibrationPoint{}
}

// told is a text, or nil when it is empty.
func told(s *string) *string {
	if *s == "" {
		return nil
	}
	return s
}
