package minilm

import (
	"errors"
	"fmt"

	ort "github.com/yalue/onnxruntime_go"
)

// worker holds the buffers of one run of the model, so that a run allocates next to nothing.
type worker struct {
	ids, mask, types [WindowTokens]int64
	hidden           [WindowTokens * Dimensions]float32
}

func newWorker() *worker {
	w := &worker{}
	for i := range w.mask {
		w.mask[i] = 1 // one text at a time needs no padding
	}
	return w
}

// addWindow runs the model on one window, adds the outputs of all its tokens to sum, and shows each to
// see, if there is one; see may not keep them.
func (w *worker) addWindow(session *ort.DynamicAdvancedSession, ids []int32, sum *[Dimensions]float64, see func(token int, hidden []float32)) (err error) {
	n := len(ids)
	for i, id := range ids {
		w.ids[i] = int64(id)
	}
	var inputs []ort.Value
	defer func() {
		for _, v := range inputs {
			err = errors.Join(err, v.Destroy())
		}
	}()
	for _, buf := range [][]int64{w.ids[:n], w.mask[:n], w.types[:n]} {
		tensor, err := ort.NewTensor(ort.NewShape(1, int64(n)), buf)
		if err != nil {
			return fmt.Errorf("minilm: make an input: %w", err)
		}
		inputs = append(inputs, tensor)
	}
	output, err := ort.NewTensor(ort.NewShape(1, int64(n), Dimensions), w.hidden[:n*Dimensions])
	if err != nil {
		return fmt.Errorf("minilm: make the output: %w", err)
	}
	defer func() { err = errors.Join(err, output.Destroy()) }()
	if err := session.Run(inputs, []ort.Value{output}); err != nil {
		return fmt.Errorf("minilm: run the model on %d tokens: %w", n, err)
	}
	for at := 0; at < n*Dimensions; at += Dimensions {
		row := w.hidden[at : at+Dimensions : at+Dimensions]
		for d, v := range row {
			sum[d] += float64(v)
		}
		if see != nil {
			see(at/Dimensions, row)
		}
	}
	return nil
}
