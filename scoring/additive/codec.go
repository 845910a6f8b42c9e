package additive

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
)

// magic begins a stored model; its last byte is the version of the format.
const magic = "RBADD\x01"

// maxModelBytes bounds what a stored model unpacks to, and maxBits the size of a part, whatever its header says.
const (
	maxModelBytes = 256 << 20
	maxBits       = 22
)

// ErrModelFormat is matched by every error of UnmarshalBinary.
var ErrModelFormat = errors.New("not a stored additive model")

// QuantizationLoss bounds, as a share of the largest weight of a part of n-grams, how far a stored
// weight is from the fitted one. Weights are kept in 16 bits: a prediction moves by less than a ten-thousandth of
// the scale.
const QuantizationLoss = 0.5 / math.MaxInt16

// header is all of a model but its numbers, which follow in the order of the parts.
type header struct {
	Base  float64
	Parts []headerPart
}

type headerPart struct {
	Part
	Standards []Standard `json:",omitempty"`
	Offset    float64
	Empty     bool    // the part adds nothing
	Unit      float64 // Sparse: the weight that a stored 1 stands for
}

// MarshalBinary stores a model: curves and the weights of columns as they are, the weights of n-grams
// in 16 bits (see QuantizationLoss), compressed and with a checksum. A model of 2^17 n-grams takes about
// 200 kB.
func (m *Model) MarshalBinary() ([]byte, error) {
	h := header{Base: m.Base}
	var numbers bytes.Buffer
	for i := range m.Parts {
		e := &m.Parts[i]
		p := headerPart{Part: e.Part, Standards: e.Standards, Offset: e.Offset, Empty: e.Curves == nil && e.Weights == nil}
		if !p.Empty {
			p.Unit = e.write(&numbers)
		}
		h.Parts = append(h.Parts, p)
	}
	head, err := json.Marshal(h)
	if err != nil {
		return nil, fmt.Errorf("additive: store a model: %w", err)
	}
	var body bytes.Buffer
	body.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(head)))) //nolint:gosec // a header has kilobytes
	body.Write(head)
	body.Write(numbers.Bytes())
	var out bytes.Buffer
	out.WriteString(magic)
	out.Write(binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(body.Bytes())))
	w, err := flate.NewWriter(&out, flate.BestCompression)
	if err != nil {
		return nil, fmt.Errorf("additive: store a model: %w", err)
	}
	if _, err := w.Write(body.Bytes()); err != nil {
		return nil, fmt.Errorf("additive: store a model: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("additive: store a model: %w", err)
	}
	return out.Bytes(), nil
}

// write appends the numbers of a part, and gives the unit of quantised weights.
func (e *Effects) write(to *bytes.Buffer) (unit float64) {
	put := func(v float32) { to.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(v))) }
	for _, c := range e.Curves {
		for _, v := range c {
			put(v)
		}
	}
	if e.Kind != Sparse {
		for _, v := range e.Weights {
			put(v)
		}
		return 0
	}
	var largest float64
	for _, v := range e.Weights {
		largest = math.Max(largest, math.Abs(float64(v)))
	}
	unit = largest / math.MaxInt16
	if unit == 0 {
		unit = 1
	}
	for _, v := range e.Weights {
		to.Write(binary.LittleEndian.AppendUint16(nil, uint16(int16(math.Round(float64(v)/unit))))) //nolint:gosec // within MaxInt16 by the choice of unit
	}
	return unit
}

// UnmarshalBinary reads a stored model. What is cut off, changed, of another version or no model at all is
// refused with an error that matches ErrModelFormat; it never panics and never takes more than maxModelBytes.
func (m *Model) UnmarshalBinary(data []byte) error {
	if len(data) < len(magic)+4 || string(data[:len(magic)-1]) != magic[:len(magic)-1] {
		return fmt.Errorf("additive: %w: it does not begin like one", ErrModelFormat)
	}
	if v := data[len(magic)-1]; v != magic[len(magic)-1] {
		return fmt.Errorf("additive: %w: it is of version %d, this program reads %d: fit it again", ErrModelFormat, v, magic[len(magic)-1])
	}
	sum := binary.LittleEndian.Uint32(data[len(magic):])
	body, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(data[len(magic)+4:])), maxModelBytes+1))
	switch {
	case err != nil:
		return fmt.Errorf("additive: %w: it is cut off or damaged: %w", ErrModelFormat, err)
	case len(body) > maxModelBytes:
		return fmt.Errorf("additive: %w: it unpacks to more than %d bytes", ErrModelFormat, maxModelBytes)
	case crc32.ChecksumIEEE(body) != sum:
		return fmt.Errorf("additive: %w: the checksum is wrong", ErrModelFormat)
	case len(body) < 4:
		return fmt.Errorf("additive: %w: it is empty", ErrModelFormat)
	}
	n := int(binary.LittleEndian.Uint32(body))
	if n > len(body)-4 {
		return fmt.Errorf("additive: %w: the header is cut off", ErrModelFormat)
	}
	var h header
	if err := json.Unmarshal(body[4:4+n], &h); err != nil {
		return fmt.Errorf("additive: %w: the header: %w", ErrModelFormat, err)
	}
	read := numbers(body[4+n:])
	out := Model{Base: h.Base}
	for i := range h.Parts {
		e, err := read.part(&h.Parts[i])
		if err != nil {
			return fmt.Errorf("additive: %w: part %s: %w", ErrModelFormat, h.Parts[i].Name, err)
		}
		out.Parts = append(out.Parts, e)
	}
	if len(read) > 0 {
		return fmt.Errorf("additive: %w: %d bytes are left over", ErrModelFormat, len(read))
	}
	*m = out
	return nil
}

// numbers is what is still to be read.
type numbers []byte

func (b *numbers) part(p *headerPart) (Effects, error) {
	e := Effects{Part: p.Part, Standards: p.Standards, Offset: p.Offset}
	if p.Kind != Sparse && len(p.Standards) != len(p.Columns) {
		return e, fmt.Errorf("%d standards for %d columns", len(p.Standards), len(p.Columns))
	}
	if p.Empty {
		return e, nil
	}
	var err error
	switch p.Kind {
	case Smooth:
		e.Curves = make([][]float32, len(p.Columns))
		for j := range e.Curves {
			if e.Curves[j], err = b.floats(Knots); err != nil {
				return e, err
			}
		}
	case Linear:
		e.Weights, err = b.floats(len(p.Columns))
	case Sparse:
		e.Weights, err = b.quantized(p.Bits, p.Unit)
	default:
		return e, fmt.Errorf("the kind %q is not known", p.Kind)
	}
	return e, err
}

var errCutOff = errors.New("its numbers are cut off")

func (b *numbers) floats(n int) ([]float32, error) {
	if len(*b) < 4*n {
		return nil, errCutOff
	}
	out := make([]float32, n)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32((*b)[4*i:]))
		if v := float64(out[i]); math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("number %d is %v", i, v)
		}
	}
	*b = (*b)[4*n:]
	return out, nil
}

func (b *numbers) quantized(bits uint, unit float64) ([]float32, error) {
	if bits > maxBits {
		return nil, fmt.Errorf("it has 2^%d weights, more than 2^%d", bits, maxBits)
	}
	n := 1 << bits
	if len(*b) < 2*n {
		return nil, errCutOff
	}
	out := make([]float32, n)
	for i := range out {
		out[i] = float32(unit * float64(int16(binary.LittleEndian.Uint16((*b)[2*i:])))) //nolint:gosec // as it was written
	}
	*b = (*b)[2*n:]
	return out, nil
}
