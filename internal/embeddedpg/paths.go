package embeddedpg

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// socketNumber is the "port" in the socket's file name. It is not 5432 so that a connection string
// that lost its host cannot reach the machine's own cluster.
const socketNumber = 54329

// maxSocketPath is the longest path of a Unix socket that Linux and macOS both take, in bytes.
const maxSocketPath = 103

// paths are the places in a data folder. Those of root are ours; server and what is below belongs
// to the account that the server runs as.
type paths struct {
	root, lock, log    string
	server, data, sock string
}

func pathsOf(root string) paths {
	server := filepath.Join(root, "postgres")
	return paths{
		root:   root,
		lock:   filepath.Join(root, "postgres.lock"),
		log:    filepath.Join(root, "postgres.log"),
		server: server,
		data:   filepath.Join(server, "data"),
		sock:   filepath.Join(server, "run"),
	}
}

func (p paths) pidFile() string { return filepath.Join(p.data, "postmaster.pid") }

func shortHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:6])
}

// makeDataDir makes the data folder and its missing parents so that the server's account can enter
// them, whatever the umask. Existing folders keep their modes.
func makeDataDir(dir string) error {
	info, err := os.Stat(dir)
	if err == nil {
		if !info.IsDir() {
			return &Error{Problem: dir + " is not a folder", Fix: "set RUBRICA_DATA_DIR to another path"}
		}
		return nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return fileError("look at the data folder", err)
	}
	if err := makeDataDir(filepath.Dir(dir)); err != nil {
		return err
	}
	mode := os.FileMode(0o700)
	if os.Geteuid() == 0 {
		mode = 0o755 // the account must pass; what is private is in folders and files of their own
	}
	if err := os.Mkdir(dir, mode); err != nil && !errors.Is(err, fs.ErrExist) {
		return fileError("make the data folder", err)
	}
	if err := os.Chmod(dir, mode); err != nil {
		return fileError("make the data folder", err)
	}
	return nil
}

// makeOwned makes a folder of mode 0700 that belongs to the account, or checks that it is one. It
// refuses what somebody else put there, a link included: root would write through it.
func makeOwned(dir string, acc account) error {
	err := os.Mkdir(dir, 0o700)
	made := err == nil
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return fileError("make a folder", err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return fileError("look at a folder", err)
	}
	if !info.IsDir() {
		return &Error{Problem: dir + " is not a folder", Fix: "move it away"}
	}
	st := info.Sys().(*syscall.Stat_t) // this package is built for Unix only
	if made || (int(st.Uid) == os.Geteuid() && os.Geteuid() == 0 && !acc.isSelf()) {
		if err := os.Lchown(dir, acc.uid, acc.gid); err != nil {
			return fileError("give a folder to "+acc.name, err)
		}
	} else if int(st.Uid) != acc.uid {
		return &Error{
			Problem: fmt.Sprintf("%s belongs to user %d, not to %s (%d)", dir, st.Uid, acc.name, acc.uid),
			Fix:     "run as that user, or set RUBRICA_DATA_DIR to another folder",
		}
	}
	if info.Mode().Perm() != 0o700 {
		if err := os.Chmod(dir, 0o700); err != nil {
			return fileError("protect a folder", err)
		}
	}
	return nil
}

// socketDir is the folder of the socket: in the data folder, or, where that path is too long for a
// socket, in the system's temporary folder under a name made from the path.
func socketDir(p paths, acc account) (string, error) {
	fits := func(dir string) bool {
		return len(filepath.Join(dir, ".s.PGSQL."+strconv.Itoa(socketNumber))) <= maxSocketPath
	}
	if fits(p.sock) && !strings.Contains(p.sock, ",") { // a comma separates folders in the setting
		return p.sock, nil
	}
	name := fmt.Sprintf("rubrica-pg-%d-%s", acc.uid, shortHash(p.root))
	for _, base := range []string{os.TempDir(), "/tmp"} {
		if dir := filepath.Join(base, name); fits(dir) && !strings.Contains(dir, ",") {
			return dir, nil
		}
	}
	return "", &Error{
		Problem: fmt.Sprintf("the path %s is too long for a socket (%d bytes at most)", p.sock, maxSocketPath),
		Fix:     "set RUBRICA_DATA_DIR to a shorter path",
	}
}

// removeSocketDir removes a socket folder outside of the data folder. What is in it goes with it,
// and a failure costs an empty folder only.
func removeSocketDir(p paths, dir string) {
	if dir != p.sock {
		_ = os.Remove(dir)
	}
}
