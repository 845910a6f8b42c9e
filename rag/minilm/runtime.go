package minilm

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"sync"

	ort "github.com/yalue/onnxruntime_go"
	"golang.org/x/sys/cpu"

	"github.com/rubrica/rubrica/internal/provision"
)

// LibraryVariable names the environment variable that points at a shared library of ONNX Runtime
// to be used instead of the pinned one.
const LibraryVariable = "RUBRICA_ONNXRUNTIME_LIB"

// ONNX Runtime's environment belongs to the process. It is made by the first Open and never
// unmade: the library may not be unloaded while any session of the process lives, and making it
// costs nothing that would be worth counting sessions for.
var environment struct {
	sync.Mutex
	library string // "" until it is made
}

// useRuntime makes the environment with the given library, or with the pinned one where library
// is "". A later call with another library is refused, as a process can only hold one.
func useRuntime(ctx context.Context, library string, progress func(string)) error {
	environment.Lock()
	defer environment.Unlock()
	if library == "" {
		library = os.Getenv(LibraryVariable)
	}
	if environment.library != "" {
		if library != "" && library != environment.library {
			return fmt.Errorf("minilm: ONNX Runtime is already loaded from %s, it cannot be loaded from %s too",
				environment.library, library)
		}
		return nil
	}
	if library == "" {
		dir, err := provision.Ensure(ctx, provision.ONNXRuntime, progress)
		if err != nil {
			return fmt.Errorf("minilm: ONNX Runtime: %w", err)
		}
		if library, err = provision.ONNXRuntimeLibrary(dir); err != nil {
			return err
		}
	} else if _, err := os.Stat(library); err != nil { // dlopen's own message names no remedy
		return fmt.Errorf("minilm: the ONNX Runtime library that %s or Options.LibraryPath names cannot be read: %w",
			LibraryVariable, err)
	}
	ort.SetSharedLibraryPath(library)
	if err := ort.InitializeEnvironment(ort.WithLogLevelError()); err != nil {
		return fmt.Errorf("minilm: load ONNX Runtime from %s: %w", library, err)
	}
	environment.library = library
	return nil
}

// SessionConfig gives the entries of ONNX Runtime's session configuration that suit this machine,
// for comparisons under the same conditions.
//
// x86 processors without VNNI add the products of 8-bit numbers in 16 bits, which overflow and
// spoil the vectors: they are told to be exact. The others are so anyway, and would be slowed to
// half by it.
func SessionConfig() map[string]string {
	if runtime.GOARCH != "amd64" || cpu.X86.HasAVX512VNNI || cpu.X86.HasAVXVNNI {
		return nil
	}
	return map[string]string{"session.x64quantprecision": "1"}
}

// newSession opens the model on one thread: texts run beside each other, not inside each other,
// which gives more texts a second and the same bits whatever the number of cores.
func newSession(model []byte) (*ort.DynamicAdvancedSession, error) {
	options, err := ort.NewSessionOptions()
	if err != nil {
		return nil, fmt.Errorf("minilm: session options: %w", err)
	}
	defer func() { _ = options.Destroy() }() // never fails
	for _, set := range []func() error{
		func() error { return options.SetIntraOpNumThreads(1) },
		func() error { return options.SetInterOpNumThreads(1) },
		func() error { return options.SetGraphOptimizationLevel(ort.GraphOptimizationLevelEnableAll) },
	} {
		if err := set(); err != nil {
			return nil, fmt.Errorf("minilm: session options: %w", err)
		}
	}
	for key, value := range SessionConfig() {
		if err := options.AddSessionConfigEntry(key, value); err != nil {
			return nil, fmt.Errorf("minilm: session option %s: %w", key, err)
		}
	}
	session, err := ort.NewDynamicAdvancedSessionWithONNXData(model,
		[]string{"input_ids", "attention_mask", "token_type_ids"}, []string{"output_0"}, options)
	if err != nil {
		return nil, fmt.Errorf("minilm: open the model: %w", err)
	}
	return session, nil
}
