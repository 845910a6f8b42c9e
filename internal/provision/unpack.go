package provision

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// manifestName marks an unpacked artefact as complete and lists what belongs to it.
const manifestName = ".rubrica-manifest.json"

type manifest struct {
	SHA256 string         `json:"sha256"`
	Unpack []string       `json:"unpack"`
	Files  []manifestFile `json:"files"`
}

type manifestFile struct {
	Path string `json:"path"` // below the artefact's folder, with slashes
	Size int64  `json:"size"`
}

// intact says whether dir holds the artefact, unpacked by the same rules, with every file there
// and of its full size. Contents are not read again: a start must not cost a second of hashing.
func intact(dir string, art artefact, w wheel) bool {
	data, err := os.ReadFile(filepath.Join(dir, manifestName))
	if err != nil {
		return false
	}
	var m manifest
	if json.Unmarshal(data, &m) != nil || m.SHA256 != w.SHA256 || !slices.Equal(m.Unpack, art.Unpack) {
		return false
	}
	for _, f := range m.Files {
		info, err := os.Lstat(filepath.Join(dir, filepath.FromSlash(f.Path)))
		if err != nil || !info.Mode().IsRegular() || info.Size() != f.Size {
			return false
		}
	}
	return true
}

// checkSHA256 reads all of f.
func checkSHA256(f *os.File, want string) error {
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return fmt.Errorf("read %s: %w", f.Name(), err)
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != want {
		return &ChecksumError{File: f.Name(), Expected: want, Got: got}
	}
	return nil
}

// unpack writes the wanted files of the wheel below tree, and the manifest last.
func (p *provisioner) unpack(ctx context.Context, f *os.File, art artefact, w wheel, tree string) error {
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("read the wheel: %w", err)
	}
	damaged := func(err error) error {
		return fmt.Errorf("%s is not a sound wheel, although its SHA-256 is the locked one: mend the entry in internal/provision/lock.json: %w", f.Name(), err)
	}
	archive, err := zip.NewReader(f, info.Size())
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) { // names are checked below
		return damaged(err)
	}
	var wanted []*zip.File
	var size int64
	for _, entry := range archive.File {
		if err := safe(entry); err != nil {
			return damaged(err)
		}
		if !entry.Mode().IsDir() && art.wants(entry.Name) {
			wanted = append(wanted, entry)
			size += int64(entry.UncompressedSize64)
		}
	}
	if len(wanted) == 0 {
		return damaged(errors.New("none of the wanted files is in it"))
	}
	if free, err := p.free(p.cache); err == nil && free < size {
		return noRoom(p.cache, fmt.Sprintf(" (%s is free, %s takes %s)", megabytes(free), art, megabytes(size)))
	}
	m := manifest{SHA256: w.SHA256, Unpack: art.Unpack}
	if err := makeReachable(tree); err != nil {
		return fmt.Errorf("make %s: %w", tree, err)
	}
	for _, entry := range wanted {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("unpack %s: %w", art, err)
		}
		if err := extract(entry, tree); err != nil {
			if errors.Is(err, zip.ErrFormat) || errors.Is(err, zip.ErrChecksum) || errors.Is(err, io.ErrUnexpectedEOF) {
				return damaged(err)
			}
			return fmt.Errorf("unpack %s: %w", art, err)
		}
		m.Files = append(m.Files, manifestFile{Path: entry.Name, Size: int64(entry.UncompressedSize64)})
	}
	data, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	if err := os.WriteFile(filepath.Join(tree, manifestName), data, 0o644); err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	return nil
}

// safe refuses names that would leave the folder, and everything but plain files and folders.
func safe(entry *zip.File) error {
	name := strings.TrimSuffix(entry.Name, "/")
	if !filepath.IsLocal(name) || strings.ContainsAny(name, "\\\x00") {
		return fmt.Errorf("the path %q leads out of its folder", entry.Name)
	}
	if mode := entry.Mode(); !mode.IsDir() && !mode.IsRegular() {
		return fmt.Errorf("%q is neither a file nor a folder", entry.Name)
	}
	return nil
}

// extract writes one file, readable by everyone, executable by everyone if it was by its owner.
func extract(entry *zip.File, tree string) (err error) {
	path := filepath.Join(tree, filepath.FromSlash(entry.Name))
	if err := makeReachable(filepath.Dir(path)); err != nil {
		return err
	}
	mode := os.FileMode(0o644)
	if entry.Mode()&0o100 != 0 {
		mode = 0o755
	}
	in, err := entry.Open()
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // read only
	out, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if _, err := io.Copy(out, in); err != nil {
		return fmt.Errorf("%s: %w", entry.Name, err)
	}
	return out.Chmod(mode) // whatever the umask
}
