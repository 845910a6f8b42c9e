// Package config is the configuration of the binary: flags, and environment variables where a flag is
// not given. The struct tags are those of kong; a command embeds Config and gets its flags.
package config

import (
	"log/slog"
	"time"
)

// Mode says whom the process serves.
type Mode string

// The modes. Development runs on one machine without preparation: it makes its own secret and, when
// no database is given, its own Postgres, and shows the schema to everyone. Production makes nothing
// up and refuses to start without what it needs.
const (
	Development Mode = "development"
	Production  Mode = "production"
)

// Config is everything that an installation can set. The zero value is not valid: kong fills in the
// defaults, and so does Default.
type Config struct {
	Mode Mode `enum:"development,production" default:"development" env:"RUBRICA_MODE" help:"development makes up what is missing; production refuses to start without it."`

	Address      string        `default:"127.0.0.1:8080" env:"RUBRICA_ADDRESS" help:"Host and port to serve on. Port 0 takes a free one."`
	CORSOrigins  []string      `name:"cors-origins" sep:"," env:"RUBRICA_CORS_ORIGINS" placeholder:"ORIGIN,…" help:"Origins of the web pages of other hosts that may call the API, such as https://app.example.org."`
	DrainTimeout time.Duration `default:"20s" env:"RUBRICA_DRAIN_TIMEOUT" help:"How long running requests and jobs may take to end when the process is stopped."`

	TrustedDocuments []string      `sep:"," env:"RUBRICA_TRUSTED_DOCUMENTS" placeholder:"PATH,…" help:"Manifests of registered documents, as client-preset, relay-compiler and Apollo write them: files, or folders of .json files."`
	FreeDocuments    FreeDocuments `enum:"auto,everyone,admins" default:"auto" env:"RUBRICA_FREE_DOCUMENTS" help:"Who may send documents that no manifest holds: everyone, admins, or auto, which is everyone in development and admins in production."`

	LimitAnonymous Points   `default:"50000/500000/10000" env:"RUBRICA_LIMIT_ANONYMOUS" placeholder:"OPERATION/CAPACITY/RESTORE" help:"What one network address may ask for without signing in, in points (docs/cost.md): for one operation, at once, and flowing back a second; none for no limit."`
	LimitLearner   Points   `default:"250000/5000000/50000" env:"RUBRICA_LIMIT_LEARNER" placeholder:"OPERATION/CAPACITY/RESTORE" help:"The same for a learner."`
	LimitAdvisor   Points   `default:"500000/10000000/100000" env:"RUBRICA_LIMIT_ADVISOR" placeholder:"OPERATION/CAPACITY/RESTORE" help:"The same for an advisor."`
	LimitAdmin     Points   `default:"1000000/20000000/200000" env:"RUBRICA_LIMIT_ADMIN" placeholder:"OPERATION/CAPACITY/RESTORE" help:"The same for an admin."`
	TrustedProxies []string `sep:"," env:"RUBRICA_TRUSTED_PROXIES" placeholder:"CIDR,…" help:"Networks of the proxies before the server, such as 10.0.0.0/8, whose X-Forwarded-For is believed. Without it, everyone behind a proxy shares one anonymous limit."`

	DatabaseURL         string `name:"database-url" env:"DATABASE_URL" placeholder:"URL" help:"Postgres 16 or newer with pgvector 0.8 or newer. Without it, development starts a private one."`
	DatabaseConnections int    `default:"20" env:"RUBRICA_DATABASE_CONNECTIONS" help:"Most connections that the process holds to the database."`
	DatabaseUnprepared  bool   `env:"RUBRICA_DATABASE_UNPREPARED" help:"Prepare no statements: for a proxy that hands out connections by the transaction and does not know them."`
	DataDir             string `env:"RUBRICA_DATA_DIR" placeholder:"FOLDER" help:"Folder of the private Postgres and of the generated secret. Default: one of the user, named after the folder of the project."`

	JWTSecret     Secret `name:"jwt-secret" env:"RUBRICA_JWT_SECRET" hidden:"" help:"Key that signs access tokens, at least 32 bytes. Give it by environment or by file: command lines are visible to other users."`
	JWTSecretFile string `name:"jwt-secret-file" env:"RUBRICA_JWT_SECRET_FILE" placeholder:"FILE" help:"File with the key that signs access tokens; $RUBRICA_JWT_SECRET gives the key itself."`

	Workers    int           `default:"0" env:"RUBRICA_WORKERS" help:"Essays that are scored at the same time; 0 stands for one a processor core."`
	JobTimeout time.Duration `default:"60s" env:"RUBRICA_JOB_TIMEOUT" help:"How long the scoring of one essay may take before it is tried again."`

	LLM LLM `embed:"" prefix:"llm-"`

	LogLevel  LogLevel  `enum:"debug,info,warn,error" default:"info" env:"RUBRICA_LOG_LEVEL" help:"Least severe messages to log: ${enum}."`
	LogFormat LogFormat `enum:"json,text" default:"json" env:"RUBRICA_LOG_FORMAT" help:"How to log: ${enum}."`
}

// Default is the configuration of a process that was told nothing.
func Default() Config {
	return Config{
		Mode:                Development,
		Address:             "127.0.0.1:8080",
		DrainTimeout:        20 * time.Second,
		FreeDocuments:       FreeByMode,
		LimitAnonymous:      Points{50_000, 500_000, 10_000},
		LimitLearner:        Points{250_000, 5_000_000, 50_000},
		LimitAdvisor:        Points{500_000, 10_000_000, 100_000},
		LimitAdmin:          Points{1_000_000, 20_000_000, 200_000},
		DatabaseConnections: 20,
		JobTimeout:          time.Minute,
		LLM:                 defaultLLM(),
		LogLevel:            "info",
		LogFormat:           FormatJSON,
	}
}

// IsProduction tells whether the process makes nothing up.
func (c *Config) IsProduction() bool { return c.Mode == Production }

// FreeDocuments says who may send documents that are not registered.
type FreeDocuments string

// Who may send documents that are not registered. FreeByMode is everyone in development and admins in
// production.
const (
	FreeByMode      FreeDocuments = "auto"
	FreeForEveryone FreeDocuments = "everyone"
	FreeForAdmins   FreeDocuments = "admins"
)

// TrustedOnly tells whether all but admins may run registered documents alone.
func (c *Config) TrustedOnly() bool {
	return c.FreeDocuments == FreeForAdmins || c.FreeDocuments == FreeByMode && c.IsProduction()
}

// LogLevel is the name of a level of log/slog.
type LogLevel string

// Slog is the level; info for a name that Validate refuses.
func (l LogLevel) Slog() slog.Level {
	var level slog.Level
	if err := level.UnmarshalText([]byte(l)); err != nil {
		return slog.LevelInfo
	}
	return level
}

// LogFormat is how log records are written.
type LogFormat string

// The formats: one JSON object a line, or key=value for people.
const (
	FormatJSON LogFormat = "json"
	FormatText LogFormat = "text"
)

// Secret is a text that must not be shown. Every way of printing it gives a placeholder; convert it
// to a string to use it.
type Secret string

const redacted = "[redacted]"

// String hides the secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return redacted
}

// GoString hides the secret from %#v.
func (s Secret) GoString() string { return `config.Secret("` + s.String() + `")` }

// LogValue hides the secret from logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText hides the secret from JSON.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText takes the secret as it is.
func (s *Secret) UnmarshalText(b []byte) error {
	*s = Secret(b)
	return nil
}
