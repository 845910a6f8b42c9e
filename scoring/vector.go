package scoring

import "math"

// cosine is the inner product of two unit-length vectors, or 0 when either is missing or they are
// of different lengths.
func cosine(a, b []float32) float64 {
	if len(a) == 0 || len(a) != len(b) {
		return 0
	}
	var sum float32
	for i, x := range a {
		sum += x * b[i]
	}
	return float64(sum)
}

// maxCosine is the greatest cosine of v to any of the sentences, and which it is; -1 and 0 when
// there is nothing to compare.
func maxCosine(v []float32, sentences []Sentence) (best int, similarity float64) {
	best = -1
	for i := range sentences {
		if c := cosine(v, sentences[i].Vector); best < 0 || c > similarity {
			best, similarity = i, c
		}
	}
	return best, similarity
}

// meanVector is the unit-length mean of the sentences' vectors, each weighted by its words.
func meanVector(sentences []Sentence) []float32 {
	var sum []float64
	for i := range sentences {
		s := &sentences[i]
		if len(s.Vector) == 0 {
			continue
		}
		if sum == nil {
			sum = make([]float64, len(s.Vector))
		}
		if len(s.Vector) != len(sum) {
			continue
		}
		weight := float64(max(1, len(s.Tokens)))
		for k, x := range s.Vector {
			sum[k] += weight * float64(x)
		}
	}
	var norm float64
	for _, x := range sum {
		norm += x * x
	}
	if norm == 0 {
		return nil
	}
	norm = math.Sqrt(norm)
	mean := make([]float32, len(sum))
	for k, x := range sum {
		mean[k] = float32(x / norm)
	}
	return mean
}

// ramp rises linearly from 0 at low to 1 at high and is flat outside.
func ramp(x, low, high float64) float64 {
	switch {
	case x <= low:
		return 0
	case x >= high:
		return 1
	}
	return (x - low) / (high - low)
}
