package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/rubrica/rubrica/internal/server"
)

type versionCmd struct{}

// Run prints the module's version, or the commit of a build from a clone.
func (versionCmd) Run(a *App) error { return a.printf("rubrica %s\n", version()) }

func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	out := info.Main.Version
	if out == "" || out == "(devel)" {
		out = "development"
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				return out + " " + s.Value[:min(12, len(s.Value))]
			}
		}
	}
	return out
}

type healthCmd struct {
	Address string        `default:"127.0.0.1:8080" env:"RUBRICA_ADDRESS" help:"Host and port of the server; without a host, this machine."`
	Timeout time.Duration `default:"3s" help:"How long to wait for the answer."`
}

// Run asks /readyz and prints one line for each dependency.
func (c *healthCmd) Run(ctx context.Context, a *App) error {
	client := &http.Client{Timeout: c.Timeout}
	url := baseURL(c.Address) + "/readyz"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("%q is not an address: %w", c.Address, err)
	}
	res, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("no server answers on %s (%w): start one with `make run` or `rubrica serve`", c.Address, err)
	}
	defer res.Body.Close()
	var ready server.Readiness
	if err := json.NewDecoder(io.LimitReader(res.Body, 1<<20)).Decode(&ready); err != nil {
		return fmt.Errorf("%s is not a Rubrica: it answered %s", url, res.Status)
	}
	var out strings.Builder
	fmt.Fprintln(&out, ready.State)
	for _, check := range ready.Checks {
		fmt.Fprintf(&out, "  %-12s %-5s %7.1f ms  %s\n", check.Name, check.State, check.LatencyMS, check.Detail)
	}
	if err := a.printf("%s", out.String()); err != nil {
		return err
	}
	if !ready.Serving() {
		return errors.New("the server is not ready")
	}
	return nil
}

// baseURL is where a client of this machine reaches a server of the address: one that listens on
// every interface is reached by loopback.
func baseURL(address string) string {
	if strings.Contains(address, "://") {
		return strings.TrimRight(address, "/")
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "http://" + address
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}
