package scoring

// Changed is the text that an improvement was tried with.
func (x Improvement) Changed() string { return x.changed }
