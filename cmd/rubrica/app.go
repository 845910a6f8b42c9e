package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os/signal"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"
	"golang.org/x/sys/unix"

	"github.com/rubrica/rubrica/internal/config"
	"github.com/rubrica/rubrica/internal/logging"
)

// Exit codes of the binary.
const (
	exitOK    = 0
	exitError = 1
)

// App is one call of the binary; tests make their own.
type App struct {
	Stdout io.Writer // what a command is asked for
	Stderr io.Writer // logs, progress and errors

	// Serving, if set, is called with the URL of the API as soon as serve answers.
	Serving func(url string)
}

// commands is the command line.
type commands struct {
	Serve     serveCmd     `cmd:"" help:"Serve the API, and score in the same process."`
	Worker    workerCmd    `cmd:"" help:"Score, without the API."`
	Migrate   migrateCmd   `cmd:"" help:"Bring the database to this version's schema."`
	Seed      seedCmd      `cmd:"" help:"Load the tracks, questions, credentials and, in development, the people."`
	Setup     setupCmd     `cmd:"" help:"Fetch what the binary does not hold: Postgres, ONNX Runtime and a table of English words."`
	Demo      demoCmd      `cmd:"" help:"Submit an essay to the running server and show what comes of it."`
	Token     tokenCmd     `cmd:"" help:"Print an access token for a person."`
	User      userCmd      `cmd:"" help:"Manage people."`
	Cohort    cohortCmd    `cmd:"" help:"Manage cohorts."`
	Index     indexCmd     `cmd:"" help:"Look after the search index: its embedding models and their vectors."`
	Rescore   rescoreCmd   `cmd:"" help:"Score all essays of a question or a track again, and say what changed."`
	Calibrate calibrateCmd `cmd:"" help:"Learn from graded answers to a question how it is scored, and report how well."`
	Import    importCmd    `cmd:"" help:"Import credentials or reference material from files, and report row by row."`
	Schema    schemaCmd    `cmd:"" help:"Print the GraphQL schema."`
	Health    healthCmd    `cmd:"" help:"Ask a server whether it is ready; exits with 1 when it is not."`
	Bench     benchCmd     `cmd:"" help:"Measure."`
	Evaluate  evaluateCmd  `cmd:"" help:"Measure how well scores agree with people, on data sets of your own."`
	Generate  generateCmd  `cmd:"" help:"Make data up."`
	Fit       fitCmd       `cmd:"" help:"Fit the models that ship."`
	Version   versionCmd   `cmd:"" help:"Print the version."`
}

// Run parses the arguments and runs the command until it ends or a signal asks it to: the first
// SIGINT or SIGTERM for an orderly stop, a second one for an end at once. It returns the exit code.
func (a *App) Run(ctx context.Context, args []string) int {
	ctx, stop := signal.NotifyContext(ctx, unix.SIGINT, unix.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // from now on a signal ends the process

	exited, code := false, exitOK
	var c commands
	parser, err := kong.New(&c, kong.Name("rubrica"),
		kong.Description("Scores essays, explains the scores and recommends what to learn next."),
		kong.Writers(a.Stdout, a.Stderr),
		kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, FlagsLast: true}),
		kong.Exit(func(status int) { exited, code = true, status }),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(a))
	if err != nil {
		return a.fail(fmt.Errorf("the command line: %w", err))
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	k, err := parser.Parse(args)
	if exited { // --help
		return code
	}
	if err != nil {
		return a.fail(err)
	}
	if err := k.Run(); err != nil && !(errors.Is(err, context.Canceled) && ctx.Err() != nil) {
		return a.fail(err)
	}
	return exitOK
}

// fail prints an error for people: what is wrong and what to do, without a stack.
func (a *App) fail(err error) int {
	fmt.Fprintf(a.Stderr, "rubrica: %s\n", strings.TrimSpace(err.Error()))
	return exitError
}

// progress tells of a long step.
func (a *App) progress(line string) { fmt.Fprintln(a.Stderr, "rubrica: "+line) }

func (a *App) printf(format string, args ...any) error {
	if _, err := fmt.Fprintf(a.Stdout, format, args...); err != nil {
		return fmt.Errorf("write to the standard output: %w", err)
	}
	return nil
}

func (a *App) logger(c *config.Config) *slog.Logger {
	return logging.New(a.Stderr, logging.Options{Level: c.LogLevel.Slog(), Text: c.LogFormat == config.FormatText})
}

// databaseFlags are what commands need that work on the database and do not serve. They ask for no signing
// key, which a machine that migrates need not have.
type databaseFlags struct {
	Mode        config.Mode      `enum:"development,production" default:"development" env:"RUBRICA_MODE" help:"development makes up what is missing; production refuses to start without it."`
	DatabaseURL string           `name:"database-url" env:"DATABASE_URL" placeholder:"URL" help:"Postgres 16 or newer with pgvector 0.8 or newer. Without it, development uses its private one."`
	DataDir     string           `env:"RUBRICA_DATA_DIR" placeholder:"FOLDER" help:"Folder of the private Postgres."`
	LogLevel    config.LogLevel  `enum:"debug,info,warn,error" default:"warn" env:"RUBRICA_LOG_LEVEL" help:"Least severe messages to log: ${enum}."`
	LogFormat   config.LogFormat `enum:"json,text" default:"text" env:"RUBRICA_LOG_FORMAT" help:"How to log: ${enum}."`
}

// config is a configuration with the flags in it and the rest by default.
func (f *databaseFlags) config() (*config.Config, error) {
	c := config.Default()
	c.Mode, c.DatabaseURL, c.DataDir = f.Mode, f.DatabaseURL, f.DataDir
	c.LogLevel, c.LogFormat = f.LogLevel, f.LogFormat
	var faults config.Faults
	if errors.As(c.Validate(), &faults) {
		faults = slices.DeleteFunc(faults, func(f config.Fault) bool {
			return strings.HasPrefix(f.Setting, "RUBRICA_JWT_SECRET") // judged where something is signed
		})
	}
	if len(faults) > 0 {
		return nil, faults
	}
	return &c, nil
}

// concurrency is the number of essays that are scored at a time.
func concurrency(c *config.Config) int {
	if c.Workers > 0 {
		return c.Workers
	}
	return runtime.GOMAXPROCS(0)
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}
