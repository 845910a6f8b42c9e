package config

import (
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
)

// Points is a limit of docs/cost.md, written as three numbers with slashes between them. The zero value,
// written none, allows everything.
type Points struct {
	Operation int // of one operation
	Capacity  int // that can be asked for at once
	Restore   int // that flow back in a second
}

const noLimit = "none"

// String gives the limit as it is written.
func (p Points) String() string {
	if p == (Points{}) {
		return noLimit
	}
	return fmt.Sprintf("%d/%d/%d", p.Operation, p.Capacity, p.Restore)
}

// UnmarshalText reads a limit; Validate judges the numbers.
func (p *Points) UnmarshalText(text []byte) error {
	if string(text) == noLimit {
		*p = Points{}
		return nil
	}
	parts := strings.Split(string(text), "/")
	numbers := make([]int, 0, 3)
	for _, part := range parts {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil {
			return fmt.Errorf("%q is not a number", part)
		}
		numbers = append(numbers, n)
	}
	if len(numbers) != 3 {
		return fmt.Errorf("three numbers are needed, such as 250000/5000000/50000, or none")
	}
	*p = Points{numbers[0], numbers[1], numbers[2]}
	return nil
}

func (p Points) fault() string {
	switch {
	case p == Points{}:
		return ""
	case p.Operation < 1 || p.Capacity < 1 || p.Restore < 1:
		return "each number is at least 1"
	case p.Operation > p.Capacity:
		return "one operation could not be paid from a full bucket"
	case p.Capacity > math.MaxInt32 || p.Restore > math.MaxInt32:
		return fmt.Sprintf("no number is above %d", math.MaxInt32)
	}
	return ""
}

// Proxies are the networks of TrustedProxies; an address alone stands for itself.
func (c *Config) Proxies() ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, text := range c.TrustedProxies {
		text = strings.TrimSpace(text)
		if a, err := netip.ParseAddr(text); err == nil {
			out = append(out, netip.PrefixFrom(a.Unmap().WithZone(""), a.Unmap().BitLen()))
			continue
		}
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("contains %q, which is no network", text)
		}
		out = append(out, p.Masked())
	}
	return out, nil
}
