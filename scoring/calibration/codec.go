package calibration

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/gob"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/rubrica/rubrica/scoring/additive"
)

// format begins a stored calibration; its last byte is the version of what follows: the SHA-256 of the
// content, and the content compressed.
var format = []byte("rubrica-calibration\x01")

// maxStored bounds what is read of a stored calibration, unpacked.
const maxStored = 64 << 20

// stored is a calibration as it is kept. The weights of n-grams, which are most of it, are kept apart in
// 16 bits each: that moves no score by more than a hundredth of a hundredth of its scale.
type stored struct {
	Header header
	Models []model     // without the weights of n-grams
	Grams  []quantized // by model; empty for those without
}

// header is the exported fields of a Calibration, without its methods, which gob would call.
type header Calibration

// quantized are weights in 16 bits. The unit is a power of two: weights that were rounded to it once
// stay the same however often they are packed.
type quantized struct {
	Unit    float64
	Weights []int16
}

func coarse(weights []float32) quantized {
	var most float64
	for _, w := range weights {
		most = math.Max(most, math.Abs(float64(w)))
	}
	q := quantized{Weights: make([]int16, len(weights))}
	if most > 0 {
		q.Unit = math.Exp2(math.Ceil(math.Log2(most / math.MaxInt16)))
		for i, w := range weights {
			q.Weights[i] = int16(math.Round(float64(w) / q.Unit))
		}
	}
	return q
}

func (q quantized) fine() []float32 {
	if len(q.Weights) == 0 {
		return nil
	}
	out := make([]float32, len(q.Weights))
	for i, w := range q.Weights {
		out[i] = float32(float64(w) * q.Unit)
	}
	return out
}

// content is the calibration before it is packed.
func (c *Calibration) content() ([]byte, error) {
	s := stored{Header: header(*c)}
	for _, m := range c.models {
		kept := *m
		var q quantized
		kept.Sum.Parts = append([]additive.Effects(nil), m.Sum.Parts...)
		for i := range kept.Sum.Parts {
			if e := &kept.Sum.Parts[i]; e.Kind == additive.Sparse && e.Weights != nil {
				q = coarse(e.Weights)
				e.Weights = nil
			}
		}
		s.Models, s.Grams = append(s.Models, kept), append(s.Grams, q)
	}
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(s); err != nil {
		return nil, fmt.Errorf("calibration: writing: %w", err)
	}
	return b.Bytes(), nil
}

// seal sets the digest.
func (c *Calibration) seal() error {
	content, err := c.content()
	if err != nil {
		return err
	}
	c.digest = digestOf(content)
	return nil
}

func digestOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// MarshalBinary implements encoding.BinaryMarshaler: a few hundred kilobytes a criterion with n-grams,
// 50 kB with other questions as prior, a few hundred bytes with neither.
func (c *Calibration) MarshalBinary() ([]byte, error) {
	content, err := c.content()
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(content)
	b := bytes.NewBuffer(append(append([]byte(nil), format...), sum[:]...))
	w, err := flate.NewWriter(b, flate.DefaultCompression)
	if err != nil {
		return nil, fmt.Errorf("calibration: packing: %w", err)
	}
	if _, err = w.Write(content); err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("calibration: packing: %w", err)
	}
	return b.Bytes(), nil
}

// ErrFormat says that bytes are not a calibration of this version of the program. Fit it again.
var ErrFormat = errors.New("not a calibration that can be read: fit it again")

// UnmarshalBinary implements encoding.BinaryUnmarshaler. The error is an ErrFormat.
func (c *Calibration) UnmarshalBinary(data []byte) error {
	packed, ok := bytes.CutPrefix(data, format)
	if !ok || len(packed) < sha256.Size {
		return ErrFormat
	}
	sum, packed := packed[:sha256.Size], packed[sha256.Size:]
	content, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), maxStored))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if found := sha256.Sum256(content); !bytes.Equal(found[:], sum) {
		return fmt.Errorf("%w: it is damaged", ErrFormat)
	}
	var s stored
	if err := gob.NewDecoder(bytes.NewReader(content)).Decode(&s); err != nil {
		return fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if len(s.Grams) != len(s.Models) {
		return fmt.Errorf("%w: %d models and %d tables of n-grams", ErrFormat, len(s.Models), len(s.Grams))
	}
	out := Calibration(s.Header)
	for i := range s.Models {
		m := &s.Models[i]
		if err := m.restore(s.Grams[i], len(out.Features)); err != nil {
			return err
		}
		out.models = append(out.models, m)
	}
	out.digest = digestOf(content)
	*c = out
	return nil
}

// restore puts the weights of n-grams back and holds the shapes of the parts against each other.
func (c *model) restore(q quantized, features int) error {
	parts := len(c.Kinds)
	if c.Full {
		parts += 2
	}
	if len(c.Sum.Parts) != parts {
		return fmt.Errorf("%w: criterion %q has %d parts, not %d", ErrFormat, c.Key, len(c.Sum.Parts), parts)
	}
	for i := range c.Sum.Parts {
		if e := &c.Sum.Parts[i]; e.Kind == additive.Sparse {
			if n := len(q.Weights); n != 0 && n != 1<<gramOptions.Bits {
				return fmt.Errorf("%w: criterion %q has %d n-grams", ErrFormat, c.Key, n)
			}
			e.Weights = q.fine()
		}
	}
	if c.Full && len(c.Sum.Parts[len(c.Kinds)].Standards) != features {
		return fmt.Errorf("%w: criterion %q has other measures", ErrFormat, c.Key)
	}
	return nil
}
