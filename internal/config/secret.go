package config

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
)

// MinSecretBytes is the least length of a signing key: that of an HMAC-SHA-256.
const MinSecretBytes = 32

// minSecretBits is the least entropy that a production secret must look like it has. 32 random
// hexadecimal digits, the poorest that is taken, measure about 110.
const minSecretBits = 80

const howToMakeSecret = "Make one with: head -c 48 /dev/urandom | base64 -w0"

// SecretFileName is the file in the data folder that keeps the secret of the development mode.
const SecretFileName = "jwt.secret"

// giveaways mark secrets that were copied from documentation or typed in a hurry. Random ones do not
// contain them: the chance is below one in a million.
var giveaways = []string{
	"secret", "changeme", "change-me", "change_me", "password", "passw0rd", "example", "default",
	"rubrica", "development", "your-256-bit", "placeholder", "supersafe", "letmein",
}

// weakness says what is wrong with a secret, or "". Development takes everything that is long enough.
func weakness(secret string, mode Mode) string {
	if len(secret) < MinSecretBytes {
		return fmt.Sprintf("has %d bytes and needs %d", len(secret), MinSecretBytes)
	}
	if mode != Production {
		return ""
	}
	lower := strings.ToLower(secret)
	for _, word := range giveaways {
		if strings.Contains(lower, word) {
			return "can be guessed: it is a known default or made of words"
		}
	}
	if entropy(secret) < minSecretBits {
		return "can be guessed: its characters repeat or follow one another"
	}
	return ""
}

// entropy estimates the bits of a text from how often its bytes occur. What repeats or continues what
// stands before it (aaaa, 1234, abab…) counts for nothing, so that length alone does not help.
func entropy(s string) float64 {
	unit := s[:period(s)]
	var counts [256]int
	var surprising int
	lastStep := 0x100 // of no two bytes
	for i := range len(unit) {
		if i > 0 {
			step := int(unit[i]) - int(unit[i-1])
			runs := step == lastStep && step >= -1 && step <= 1
			lastStep = step
			if runs {
				continue
			}
		}
		counts[unit[i]]++
		surprising++
	}
	var bits float64
	for _, n := range counts {
		if n > 0 {
			bits += float64(n) * math.Log2(float64(surprising)/float64(n))
		}
	}
	return bits
}

// period is the length of the shortest start of s whose repetition gives s.
func period(s string) int {
	for p := 1; p < len(s); p++ {
		if strings.HasPrefix(s, s[p:]) {
			return p
		}
	}
	return len(s)
}

// SigningKey is the key for access tokens: the one that is set, or, in development, one that is made
// at the first call and kept in dataDir (mode 0600), so that tokens outlive a restart. Processes that
// start at once agree on one. dataDir must exist; it is not used when a secret is set.
func (c *Config) SigningKey(dataDir string) ([]byte, error) {
	if fault, bad := c.secretFault(); bad {
		return nil, Faults{fault}
	}
	given, _, err := c.givenSecret()
	if err != nil {
		return nil, err
	}
	if given != "" {
		return []byte(given), nil
	}
	return keptSecret(filepath.Join(dataDir, SecretFileName))
}

func keptSecret(path string) ([]byte, error) {
	secret, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeSecret(path); err != nil {
			return nil, fmt.Errorf("keeping a secret for access tokens: %w", err)
		}
		secret, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the secret for access tokens: %w", err)
	}
	if len(secret) < MinSecretBytes {
		return nil, fmt.Errorf("the secret for access tokens in %s is damaged: delete that file and start again (the tokens that it signed end)", path)
	}
	return secret, nil
}

// makeSecret writes the whole file under another name first and links it into place, so that nobody
// ever reads half a secret; when another process was faster, its secret stays.
func makeSecret(path string) (err error) {
	random := make([]byte, 48)
	_, _ = rand.Read(random)                                                     // never fails
	temporary, err := os.CreateTemp(filepath.Dir(path), "."+SecretFileName+"-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(temporary.Name())) }()
	_, err = temporary.WriteString(base64.RawURLEncoding.EncodeToString(random))
	if err = errors.Join(err, temporary.Sync(), temporary.Close()); err != nil {
		return err
	}
	if err := os.Link(temporary.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}
