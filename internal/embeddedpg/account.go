package embeddedpg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
	"time"
)

// account is the system user that the server runs as.
type account struct {
	name     string
	uid, gid int
}

func (a account) isSelf() bool { return a.uid == os.Geteuid() }

// credential is what a child process needs to run as the account, nil for ourselves.
func (a account) credential() *syscall.Credential {
	if a.isSelf() {
		return nil
	}
	return &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)} //nolint:gosec // user ids are not negative
}

// chooseAccount follows the package comment. An existing cluster decides for root, so that folders
// made by an ordinary user stay theirs.
func chooseAccount(ctx context.Context, p paths, say func(string, ...any)) (account, error) {
	self := account{uid: os.Geteuid(), gid: os.Getegid(), name: strconv.Itoa(os.Geteuid())}
	if u, err := user.LookupId(self.name); err == nil {
		self.name = u.Username
	}
	if self.uid != 0 {
		return self, nil
	}
	info, err := os.Lstat(p.server)
	switch {
	case err == nil:
		st := info.Sys().(*syscall.Stat_t) // this package is built for Unix only
		if st.Uid != 0 {
			acc := account{uid: int(st.Uid), gid: int(st.Gid), name: strconv.Itoa(int(st.Uid))}
			if u, err := user.LookupId(acc.name); err == nil {
				acc.name = u.Username
			}
			return acc, nil
		}
	case !errors.Is(err, fs.ErrNotExist):
		return account{}, fileError("look at the data folder", err)
	}
	if acc, ok := lookup(User); ok {
		return acc, nil
	}
	createErr := createUser(ctx)
	if acc, ok := lookup(User); ok {
		say("made the system user %s for PostgreSQL, which refuses to run as root", User)
		return acc, nil
	}
	if acc, ok := lookup("nobody"); ok {
		say("PostgreSQL runs as nobody, since the system user %s could not be made: %v", User, createErr)
		return acc, nil
	}
	return account{}, &Error{
		Problem: "PostgreSQL refuses to run as root, and there is no other user to run it as",
		Fix:     "make a system user named " + User + ", or start as an ordinary user",
		Err:     createErr,
	}
}

func lookup(name string) (account, bool) {
	u, err := user.Lookup(name)
	if err != nil {
		return account{}, false
	}
	uid, err1 := strconv.Atoi(u.Uid)
	gid, err2 := strconv.Atoi(u.Gid)
	return account{name: name, uid: uid, gid: gid}, err1 == nil && err2 == nil && uid > 0
}

// createUser makes the system user. useradd locks the user database and fails when another one
// holds the lock (several test processes start at once), so it is tried for a while.
func createUser(ctx context.Context) error {
	useradd, err := exec.LookPath("useradd")
	if err != nil {
		if useradd, err = exec.LookPath("/usr/sbin/useradd"); err != nil {
			return errors.New("there is no useradd")
		}
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		cmd := exec.CommandContext(ctx, useradd, "--system", "--user-group", "--no-create-home",
			"--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin", User)
		out, err := cmd.CombinedOutput()
		if err == nil {
			return nil
		}
		if _, ok := lookup(User); ok {
			return nil
		}
		err = fmt.Errorf("useradd: %w: %s", err, bytes.TrimSpace(out))
		if !bytes.Contains(out, []byte("lock")) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-tick.C:
		}
	}
}
