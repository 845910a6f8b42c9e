package minilm

import _ "embed"

// ModelONNX is the int8 model as it is given to ONNX Runtime; model/NOTICE says where it is from.
// It is exported for comparisons on the same bytes and must not be changed.
//
//go:embed model/model-int8.onnx
var ModelONNX []byte

//go:embed model/tokenizer.json
var tokenizerJSON []byte
