// Package importing takes catalogues of credentials and reference material from files: CSV, JSON lines,
// Markdown and plain text. docs/import.md describes the formats.
package importing

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path"
	"strconv"
	"strings"

	"entgo.io/ent/privacy"
	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/track"
	"github.com/rubrica/rubrica/internal/audit"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/internal/problem"
	"github.com/rubrica/rubrica/internal/viewer"
)

// Bounds of a file. Those of single fields are in docs/import.md and beside the fields.
const (
	// MaxFileBytes bounds a file at the command line.
	MaxFileBytes = 64 << 20
	// MaxUploadBytes bounds a file that comes through the API.
	MaxUploadBytes = 16 << 20
	// MaxDocumentBytes bounds a Markdown or plain text file, which is read as a whole.
	MaxDocumentBytes = 2 << 20
	// MaxRows bounds the rows of a file.
	MaxRows = 100_000
	// MaxRowBytes bounds a row as it stands in the file.
	MaxRowBytes = 1 << 20
	// maxName bounds the name of a file, in characters.
	maxName = 255
)

// Kind is what a file holds.
type Kind string

// The kinds.
const (
	Credentials Kind = "CREDENTIALS"
	Passages    Kind = "PASSAGES" // reference material of one track
)

// Format is how it is written down.
type Format string

// The formats.
const (
	CSV      Format = "CSV"
	JSONL    Format = "JSONL" // JSON lines: an object a line
	Markdown Format = "MARKDOWN"
	Text     Format = "TEXT"
)

// Request is one file to import.
type Request struct {
	Kind   Kind
	Format Format // "": by the name's ending, else by the content
	// Name of the file. It stands in the report and in the audit trail; Markdown and plain text take the
	// external ids of their passages from it, so that it should not change between imports.
	Name string
	// Content is read twice: nothing is written before all of it was checked.
	Content io.ReadSeeker
	// TrackID or Track (a slug) says whose reference material it is. Passages need one of them.
	TrackID uuid.UUID
	Track   string
	// HeadingLevel is that of the headings, 1 to 6, that divide Markdown into passages; 0: 2.
	HeadingLevel int
	// Atomic writes nothing when a single row is refused; otherwise the other rows are taken.
	Atomic bool
	// DryRun says what would come of it, and changes nothing.
	DryRun bool
	// MaxBytes bounds the file; 0: MaxFileBytes.
	MaxBytes int64
}

// Service imports. It acts for the viewer in the context, who has to be an admin, or for the system.
type Service struct {
	db      *database.DB
	refresh func(context.Context) error
	log     *slog.Logger
}

// New makes the service. When something was written, and that is committed, refresh is called to have the
// search index brought up to date; an error of it is logged, because the index is looked after regularly
// anyway.
func New(db *database.DB, refresh func(context.Context) error, log *slog.Logger) *Service {
	return &Service{db: db, refresh: refresh, log: log}
}

// Import reads a file, checks each row, and writes those that are new or changed, all in one transaction:
// a process that dies leaves nothing behind, and the same file can be imported again. Rows are known by
// their external id. None is deleted.
//
// What is wrong with rows stands in the report. What is wrong with the file is a *FileError, with the
// request a *problem.Problem; nothing is written then. Who is no admin gets privacy.Deny.
func (s *Service) Import(ctx context.Context, in Request) (*Report, error) {
	if v, ok := viewer.FromContext(ctx); ok && !v.Is(enums.RoleAdmin) {
		return nil, fmt.Errorf("only admins import: %w", privacy.Deny)
	}
	if err := in.complete(); err != nil {
		return nil, err
	}
	words, err := readVocabulary(ctx, s.db.Ent)
	if err != nil {
		return nil, err
	}
	report := &Report{Kind: in.Kind, Format: in.Format, Name: in.Name, Atomic: in.Atomic, DryRun: in.DryRun}
	if in.Kind == Credentials {
		err = run(ctx, s, &in, report, credentials(words))
	} else {
		var whose uuid.UUID
		if whose, err = s.track(ctx, &in); err == nil {
			err = run(ctx, s, &in, report, passages(words, whose))
		}
	}
	if err != nil {
		return nil, err
	}
	if report.Written && report.Taken+report.Changed > 0 {
		if err := s.refresh(ctx); err != nil {
			s.log.WarnContext(ctx, "the search index was not asked to take in what was imported; it will by itself", "error", err)
		}
	}
	return report, nil
}

// complete checks the request and fills in what it leaves open.
func (in *Request) complete() error {
	in.Name = strings.TrimSpace(strings.ReplaceAll(in.Name, `\`, "/"))
	switch {
	case in.Kind != Credentials && in.Kind != Passages:
		return problem.New("kind", problem.Invalid, "Say what the file holds: CREDENTIALS or PASSAGES.")
	case in.Name == "":
		return problem.New("name", problem.Empty, "The file needs a name.")
	case !cleanLine(in.Name) || runes(in.Name) > maxName:
		return problem.New("name", problem.Invalid, fmt.Sprintf("The name of a file is one line of at most %d characters.", maxName))
	case in.HeadingLevel < 0 || in.HeadingLevel > 6:
		return problem.New("headingLevel", problem.Invalid, "Headings have levels 1 to 6.")
	case in.Kind == Passages && (in.TrackID == uuid.Nil) == (in.Track == ""):
		return problem.New("trackId", problem.Empty, "Say which track the passages belong to.")
	case in.Kind == Credentials && (in.TrackID != uuid.Nil || in.Track != ""):
		return problem.New("trackId", problem.Invalid, "Credentials belong to no track.")
	}
	if in.HeadingLevel == 0 {
		in.HeadingLevel = 2
	}
	if in.MaxBytes == 0 {
		in.MaxBytes = MaxFileBytes
	}
	size, err := in.Content.Seek(0, io.SeekEnd)
	if err != nil {
		return fmt.Errorf("measuring the file: %w", err)
	}
	if size > in.MaxBytes {
		return tooLarge(in.MaxBytes)
	}
	if in.Format == "" {
		if err := in.detect(); err != nil {
			return err
		}
	}
	switch in.Format {
	case CSV, JSONL:
	case Markdown, Text:
		if in.Kind == Credentials {
			return fileError(Unsupported, 0, "Credentials are imported from CSV or JSON lines.")
		}
		if size > MaxDocumentBytes {
			return tooLarge(MaxDocumentBytes)
		}
	default:
		return problem.New("format", problem.Invalid, "The format is CSV, JSONL, MARKDOWN or TEXT.")
	}
	return nil
}

// endings of names, by which formats are known.
var endings = map[string]Format{
	".csv": CSV, ".jsonl": JSONL, ".ndjson": JSONL, ".md": Markdown, ".markdown": Markdown, ".txt": Text, ".text": Text,
}

// FormatOf is the format that the ending of a file's name says, or "".
func FormatOf(name string) Format { return endings[strings.ToLower(path.Ext(name))] }

func (in *Request) detect() error {
	if in.Format = FormatOf(in.Name); in.Format != "" {
		return nil
	}
	if _, err := in.Content.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("reading the file: %w", err)
	}
	start := make([]byte, 512)
	n, err := io.ReadFull(in.Content, start)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("reading the file: %w", err)
	}
	// An object begins JSON lines; what begins neither so nor as text is refused where it is read.
	switch first := strings.TrimSpace(strings.TrimPrefix(string(start[:n]), byteOrderMark)); {
	case strings.HasPrefix(first, "{"):
		in.Format = JSONL
	case strings.HasPrefix(first, "["):
		return fileError(Unsupported, 0, "This looks like a JSON array. Write JSON lines: an object on each line, without brackets and commas around them.")
	case n == 0 || in.Kind == Credentials || namesColumns(first):
		in.Format = CSV
	default:
		return fileError(Unsupported, 0, "The format cannot be told from the name %q. Give it the ending .csv, .jsonl, .md or .txt, or say the format.", clip(in.Name))
	}
	return nil
}

// namesColumns tells whether a text begins with a header of a CSV file.
func namesColumns(text string) bool {
	line, _, _ := strings.Cut(text, "\n")
	return strings.Contains(line, externalID) && strings.Contains(line, ",")
}

func (s *Service) track(ctx context.Context, in *Request) (uuid.UUID, error) {
	which := track.ID(in.TrackID)
	if in.TrackID == uuid.Nil {
		which = track.Slug(in.Track)
	}
	id, err := s.db.Ent.Track.Query().Where(which).OnlyID(ctx)
	if ent.IsNotFound(err) {
		return id, problem.New("trackId", problem.NotFound, "There is no such track.")
	}
	if err != nil {
		return id, fmt.Errorf("reading the track: %w", err)
	}
	return id, nil
}

// catalogue is what the kinds of rows differ in.
type catalogue[T any] struct {
	columns []column
	// read makes of a row what is to be stored; what is wrong goes to the row.
	read func(*row) T
	// store writes those of the batch that are new or changed; with dry it only counts them.
	store func(ctx context.Context, db *ent.Client, batch []T, dry bool) (outcome, error)
}

type outcome struct{ taken, changed, unchanged int }

// A batch is what one statement writes. Postgres takes 65 535 parameters, the widest kind has 16.
const (
	batchRows  = 500
	batchBytes = 4 << 20
)

// run checks the whole file, then writes it.
func run[T any](ctx context.Context, s *Service, in *Request, report *Report, c catalogue[T]) error {
	bytes := 0
	err := walk(ctx, in, c, report.refuse, func(T, int) error { report.Rows++; return nil })
	if err != nil {
		return err
	}
	report.Rows += report.Refused
	switch {
	case report.Rows == 0:
		return fileError(NoRows, 0, "The file holds no rows.")
	case in.Atomic && report.Refused > 0:
		return nil
	}
	write := func(db *ent.Client) error {
		report.Taken, report.Changed, report.Unchanged = 0, 0, 0
		var batch []T
		flush := func() error {
			n, err := c.store(ctx, db, batch, in.DryRun)
			report.Taken += n.taken
			report.Changed += n.changed
			report.Unchanged += n.unchanged
			batch, bytes = batch[:0], 0
			return err
		}
		err := walk(ctx, in, c, func(*row) {}, func(item T, size int) error {
			batch = append(batch, item)
			if bytes += size; len(batch) < batchRows && bytes < batchBytes {
				return nil
			}
			return flush()
		})
		if err != nil || len(batch) == 0 {
			return err
		}
		return flush()
	}
	if in.DryRun {
		return write(s.db.Ent)
	}
	err = s.db.InTx(ctx, func(tx *database.Tx) error {
		// One import at a time: two that bring the same new row would meet at its unique index.
		if _, err := tx.SQL.ExecContext(ctx, `SELECT pg_advisory_xact_lock(hashtextextended('rubrica/import/' || current_schema(), 0))`); err != nil {
			return fmt.Errorf("waiting for other imports: %w", err)
		}
		if err := write(tx.Ent); err != nil {
			return err
		}
		return audit.Record(ctx, tx.Ent, enums.AuditCatalogueImport, enums.TargetCatalogue, uuid.Nil, report.detail(in))
	})
	if database.IsUnique(err, "") {
		return problem.New("", problem.Conflict, "Somebody else changed the catalogue meanwhile. Import the file again.")
	}
	report.Written = err == nil
	return err
}

// walk reads the file from its beginning and gives each row either to refuse or to take. The size is that
// of the row's values, in bytes.
func walk[T any](ctx context.Context, in *Request, c catalogue[T], refuse func(*row), take func(item T, size int) error) error {
	src, err := open(in, c.columns)
	if err != nil {
		return err
	}
	seen := map[[digestBytes]byte]int{}
	for n := 0; ; n++ {
		if n%batchRows == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		r, err := src.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if n == MaxRows {
			return fileError(TooManyRows, r.line, "The file has more than %d rows. Divide it.", MaxRows)
		}
		if len(r.reasons) > 0 { // not even a row
			refuse(r)
			continue
		}
		item := c.read(r)
		if key := digest(r.key); r.key != "" {
			if line, known := seen[key]; known {
				r.refuse(externalID, Duplicate, "Line %d has the external id %q already. Keep one of the rows.", line, clip(r.key))
			} else {
				seen[key] = r.line
			}
		}
		if len(r.reasons) > 0 {
			refuse(r)
			continue
		}
		if err := take(item, r.size()); err != nil {
			return err
		}
	}
}

// detail is what the audit trail keeps.
func (r *Report) detail(in *Request) map[string]string {
	d := map[string]string{
		"kind": string(r.Kind), "format": string(r.Format), "file": r.Name,
		"taken": strconv.Itoa(r.Taken), "changed": strconv.Itoa(r.Changed),
		"unchanged": strconv.Itoa(r.Unchanged), "refused": strconv.Itoa(r.Refused),
	}
	if in.Track != "" {
		d["track"] = in.Track
	} else if in.TrackID != uuid.Nil {
		d["track"] = in.TrackID.String()
	}
	return d
}
