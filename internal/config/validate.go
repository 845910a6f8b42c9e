package config

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Fault is one thing that is wrong with a setting.
type Fault struct {
	Setting string // name of the environment variable
	Problem string // what is wrong, after the name
	Remedy  string // what to do, a sentence
}

// Error gives the fault as one line.
func (f Fault) Error() string { return f.Setting + " " + f.Problem + ". " + f.Remedy }

// Faults is everything that is wrong with a configuration; it is the type of the errors of Validate.
type Faults []Fault

// Error gives one fault a line.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives the faults one by one to errors.As.
func (f Faults) Unwrap() []error {
	out := make([]error, len(f))
	for i, fault := range f {
		out[i] = fault
	}
	return out
}

// bounds keep slips of the keyboard from becoming settings.
const (
	maxConnections = 1000
	maxWorkers     = 256
	maxDrain       = 10 * time.Minute
	maxJob         = time.Hour
)

// Validate returns all faults at once, as Faults, or nil. kong calls it by itself for a command that
// embeds Config. It reads the file of JWTSecretFile and changes nothing.
func (c *Config) Validate() error {
	var f Faults
	add := func(setting, remedy, problem string, args ...any) {
		f = append(f, Fault{setting, fmt.Sprintf(problem, args...), remedy})
	}
	if c.Mode != Development && c.Mode != Production {
		add("RUBRICA_MODE", "Choose development or production.", "is %q", c.Mode)
	}
	if problem := badAddress(c.Address); problem != "" {
		add("RUBRICA_ADDRESS", "Give host and port, such as 127.0.0.1:8080, or :8080 for every interface.", "is %q: %s", c.Address, problem)
	}
	for _, origin := range c.CORSOrigins {
		if problem := badOrigin(origin, c.Mode); problem != "" {
			add("RUBRICA_CORS_ORIGINS", "List origins as browsers send them, such as https://app.example.org.", "contains %q: %s", origin, problem)
		}
	}
	if !slices.Contains([]FreeDocuments{FreeByMode, FreeForEveryone, FreeForAdmins}, c.FreeDocuments) {
		add("RUBRICA_FREE_DOCUMENTS", "Choose auto, everyone or admins.", "is %q", c.FreeDocuments)
	}
	if c.DrainTimeout <= 0 || c.DrainTimeout > maxDrain {
		add("RUBRICA_DRAIN_TIMEOUT", fmt.Sprintf("Choose up to %s, such as 20s.", maxDrain), "is %s", c.DrainTimeout)
	}
	if c.JobTimeout < time.Second || c.JobTimeout > maxJob {
		add("RUBRICA_JOB_TIMEOUT", fmt.Sprintf("Choose 1s to %s, such as 60s.", maxJob), "is %s", c.JobTimeout)
	}
	if c.DatabaseConnections < 2 || c.DatabaseConnections > maxConnections {
		add("RUBRICA_DATABASE_CONNECTIONS", fmt.Sprintf("Choose 2 to %d.", maxConnections), "is %d", c.DatabaseConnections)
	}
	if c.Workers < 0 || c.Workers > maxWorkers {
		add("RUBRICA_WORKERS", fmt.Sprintf("Choose 1 to %d, or 0 for one a processor core.", maxWorkers), "is %d", c.Workers)
	}
	if !slices.Contains([]LogLevel{"debug", "info", "warn", "error"}, c.LogLevel) {
		add("RUBRICA_LOG_LEVEL", "Choose debug, info, warn or error.", "is %q", c.LogLevel)
	}
	if c.LogFormat != FormatJSON && c.LogFormat != FormatText {
		add("RUBRICA_LOG_FORMAT", "Choose json or text.", "is %q", c.LogFormat)
	}
	if problem := badDatabaseURL(c.DatabaseURL); problem != "" {
		add("DATABASE_URL", "Give one such as postgres://user:password@host:5432/name.", "%s", problem)
	} else if c.DatabaseURL == "" && c.Mode == Production {
		add("DATABASE_URL", "Production runs on a database that somebody backs up; the private one is for development.", "is not set")
	}
	for setting, points := range map[string]Points{
		"RUBRICA_LIMIT_ANONYMOUS": c.LimitAnonymous, "RUBRICA_LIMIT_LEARNER": c.LimitLearner,
		"RUBRICA_LIMIT_ADVISOR": c.LimitAdvisor, "RUBRICA_LIMIT_ADMIN": c.LimitAdmin,
	} {
		if problem := points.fault(); problem != "" {
			add(setting, "Give OPERATION/CAPACITY/RESTORE, such as 250000/5000000/50000, or none.", "is %s: %s", points, problem)
		}
	}
	if _, err := c.Proxies(); err != nil {
		add("RUBRICA_TRUSTED_PROXIES", "List networks such as 10.0.0.0/8, or single addresses.", "%s", err)
	}
	if fault, bad := c.secretFault(); bad {
		f = append(f, fault)
	}
	f = append(f, c.LLM.faults(c.JobTimeout)...)
	if len(f) == 0 {
		return nil
	}
	return f
}

func badAddress(address string) string {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return "it is not host:port"
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return "the port is not a number of 0 to 65535"
	}
	return ""
}

func badOrigin(origin string, mode Mode) string {
	if origin == "*" {
		if mode == Production {
			return "every page of the web could call the API"
		}
		return ""
	}
	u, err := url.Parse(origin)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return "it is not an origin"
	case u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "":
		return "an origin is scheme, host and port alone"
	case strings.Contains(origin, "*"):
		return "wildcards are not taken"
	}
	return ""
}

// badDatabaseURL accepts what lib/pq accepts: a URL, or key=value pairs. It never quotes the value,
// which may hold a password.
func badDatabaseURL(s string) string {
	if s == "" {
		return ""
	}
	if strings.Contains(s, "://") {
		u, err := url.Parse(s)
		if err != nil {
			return "is not a URL"
		}
		if u.Scheme != "postgres" && u.Scheme != "postgresql" {
			return "is not a URL of Postgres"
		}
		return ""
	}
	if !strings.Contains(s, "=") {
		return "is neither a URL nor a list of key=value pairs"
	}
	return ""
}

// secretFault judges the secret that is given; that development has none is no fault.
func (c *Config) secretFault() (Fault, bool) {
	given, setting, err := c.givenSecret()
	if err != nil {
		return Fault{setting, "cannot be used: " + err.Error(), "Name a file that holds the key and nothing else."}, true
	}
	if given == "" {
		if c.Mode != Production {
			return Fault{}, false
		}
		return Fault{"RUBRICA_JWT_SECRET", "is not set", howToMakeSecret}, true
	}
	if problem := weakness(given, c.Mode); problem != "" {
		return Fault{setting, problem, howToMakeSecret}, true
	}
	return Fault{}, false
}

// givenSecret is the secret that the user set, or "", and the name of the setting it came from.
func (c *Config) givenSecret() (secret, setting string, err error) {
	switch {
	case c.JWTSecret != "" && c.JWTSecretFile != "":
		return "", "RUBRICA_JWT_SECRET_FILE", fmt.Errorf("RUBRICA_JWT_SECRET is set as well")
	case c.JWTSecretFile != "":
		b, err := os.ReadFile(c.JWTSecretFile)
		if err != nil {
			return "", "RUBRICA_JWT_SECRET_FILE", err
		}
		secret = strings.TrimSpace(string(b))
		if secret == "" {
			return "", "RUBRICA_JWT_SECRET_FILE", fmt.Errorf("%s is empty", c.JWTSecretFile)
		}
		return secret, "RUBRICA_JWT_SECRET_FILE", nil
	default:
		return string(c.JWTSecret), "RUBRICA_JWT_SECRET", nil
	}
}
