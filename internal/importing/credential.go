package importing

import (
	"context"
	"fmt"
	"math"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/lib/pq"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/credential"
	"github.com/rubrica/rubrica/ent/enums"
)

// Bounds of a credential's values, in characters.
const (
	maxTitle       = 300
	maxProvider    = 200
	maxDescription = 10_000
	maxURL         = 2000
	maxHours       = 100_000
	maxSlug        = 96 // of the column
)

// credentialRow is a row of credentials; nil leaves what is there.
type credentialRow struct {
	externalID, title, provider, kind, level  string
	duration, price, description, url, active *string
	hours                                     *float64 // 0: none
	teaches, requires                         []string
}

func credentials(words *vocabulary) catalogue[credentialRow] {
	return catalogue[credentialRow]{
		columns: []column{
			{name: externalID, required: true},
			{name: "title", required: true}, {name: "provider", required: true},
			{name: "kind", required: true}, {name: "level", required: true},
			{name: "hours"}, {name: "duration"}, {name: "price"},
			{name: "teaches", required: true, list: true}, {name: "requires", list: true},
			{name: "description"}, {name: "url"}, {name: "active"},
		},
		read:  func(r *row) credentialRow { return readCredential(r, words) },
		store: storeCredentials,
	}
}

func readCredential(r *row, words *vocabulary) credentialRow {
	c := credentialRow{
		externalID:  r.id(),
		title:       deref(r.one("title", maxTitle, true)),
		provider:    deref(r.one("provider", maxProvider, true)),
		kind:        deref(r.choice("kind", enums.CredentialKind("").Values(), true)),
		level:       deref(r.choice("level", enums.Level("").Values(), true)),
		hours:       r.hours(),
		duration:    r.choice("duration", enums.Duration("").Values(), false),
		price:       r.choice("price", enums.Price("").Values(), false),
		teaches:     r.skills("teaches", words, true),
		requires:    r.skills("requires", words, false),
		description: r.prose("description", maxDescription, false),
		url:         r.address("url"),
		active:      r.yesNo("active"),
	}
	if c.hours != nil && *c.hours > 0 && c.duration != nil {
		if class := DurationOf(*c.hours); *c.duration != string(class) && *c.duration != string(enums.DurationUnknown) {
			r.refuse("duration", Invalid, "%v hours are %s, not %s. Leave the duration out where the hours are given.", *c.hours, class, *c.duration)
		}
	}
	for _, s := range c.requires {
		if slices.Contains(c.teaches, s) {
			r.refuse("requires", Invalid, "%q is required and taught at once. Keep it in one of the lists.", s)
		}
	}
	return c
}

// DurationOf is the class of a learning time in hours: SHORT below 10, MEDIUM to 40, LONG above.
func DurationOf(hours float64) enums.Duration {
	switch {
	case hours < 10:
		return enums.DurationShort
	case hours <= 40:
		return enums.DurationMedium
	}
	return enums.DurationLong
}

// hours reads a learning time; 0 for an empty cell.
func (r *row) hours() *float64 {
	text := r.one("hours", 20, false)
	if text == nil || *text == "" {
		if text == nil {
			return nil
		}
		return new(float64)
	}
	v, err := strconv.ParseFloat(*text, 64)
	if err != nil || math.IsNaN(v) || v <= 0 || v > maxHours {
		r.refuse("hours", Invalid, "%q is no number of hours above 0 and up to %d. Write it with digits and a point.", clip(*text), maxHours)
		return nil
	}
	return &v
}

// address reads an absolute address of the web.
func (r *row) address(column string) *string {
	text := r.one(column, maxURL, false)
	if text == nil || *text == "" {
		return text
	}
	u, err := url.Parse(*text)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || strings.ContainsRune(*text, ' ') {
		r.refuse(column, Invalid, "%q is no absolute address that begins with https:// or http://.", clip(*text))
	}
	return text
}

func (r *row) yesNo(column string) *string {
	text := r.one(column, 20, false)
	if text == nil {
		return nil
	}
	value := ""
	switch strings.ToLower(*text) {
	case "true", "yes", "1", "":
		value = "true"
	case "false", "no", "0":
		value = "false"
	default:
		r.refuse(column, Invalid, "%q is neither true nor false.", clip(*text))
	}
	return &value
}

// over lays the row over what the database has, or over a new credential.
func (c credentialRow) over(old *ent.Credential) *ent.Credential {
	out := &ent.Credential{
		Duration: enums.DurationUnknown, Price: enums.PriceUnknown, Active: true,
		Teaches: pq.StringArray{}, Requires: pq.StringArray{},
	}
	if old != nil {
		held := *old
		out = &held
	}
	out.ExternalID = &c.externalID
	out.Title, out.Provider, out.Kind, out.Level = c.title, c.provider, enums.CredentialKind(c.kind), enums.Level(c.level)
	out.Teaches = c.teaches
	if c.requires != nil {
		out.Requires = c.requires
	}
	if c.duration != nil {
		out.Duration = enums.Duration(*c.duration)
	}
	if c.hours != nil {
		if out.Hours = nil; *c.hours > 0 {
			out.Hours = c.hours
		}
	}
	if out.Hours != nil { // they decide
		out.Duration = DurationOf(*out.Hours)
	}
	if c.price != nil {
		out.Price = enums.Price(*c.price)
	}
	if c.description != nil {
		out.Description = *c.description
	}
	if c.url != nil {
		if out.URL = nil; *c.url != "" {
			out.URL = c.url
		}
	}
	if c.active != nil {
		out.Active = *c.active == "true"
	}
	return out
}

func storeCredentials(ctx context.Context, db *ent.Client, batch []credentialRow, dry bool) (outcome, error) {
	keys := make([]string, len(batch))
	for i, c := range batch {
		keys[i] = c.externalID
	}
	known, err := db.Credential.Query().Where(credential.ExternalIDIn(keys...)).All(ctx)
	if err != nil {
		return outcome{}, fmt.Errorf("reading the credentials: %w", err)
	}
	old := map[string]*ent.Credential{}
	for _, row := range known {
		old[*row.ExternalID] = row
	}
	var n outcome
	var write, fresh []*ent.Credential
	for _, c := range batch {
		before := old[c.externalID]
		switch row := c.over(before); {
		case before == nil:
			n.taken++
			fresh = append(fresh, row)
		case reflect.DeepEqual(contentOf(before), contentOf(row)):
			n.unchanged++
		default:
			n.changed++
			write = append(write, row)
		}
	}
	if dry || len(write)+len(fresh) == 0 {
		return n, nil
	}
	names := newSlugs("credential", maxSlug)
	for _, row := range fresh {
		names.want(row.Title, *row.ExternalID)
	}
	taken, err := db.Credential.Query().Where(credential.SlugIn(names.candidates()...)).Select(credential.FieldSlug).Strings(ctx)
	if err != nil {
		return n, fmt.Errorf("reading slugs: %w", err)
	}
	names.taken(taken)
	create := make([]*ent.CredentialCreate, 0, len(write)+len(fresh))
	add := func(row *ent.Credential) *ent.CredentialCreate {
		c := db.Credential.Create().SetSlug(row.Slug).SetTitle(row.Title).SetProvider(row.Provider).SetKind(row.Kind).
			SetLevel(row.Level).SetDuration(row.Duration).SetNillableHours(row.Hours).SetPrice(row.Price).
			SetTeaches(row.Teaches).SetRequires(row.Requires).SetDescription(row.Description).
			SetNillableURL(row.URL).SetActive(row.Active).SetNillableExternalID(row.ExternalID)
		create = append(create, c)
		return c
	}
	for _, row := range fresh {
		if row.Slug, err = names.give(*row.ExternalID); err != nil {
			return n, err
		}
		add(row)
	}
	for _, row := range write {
		add(row).SetID(row.ID)
	}
	// What may be null by name: where no row of the statement has one, it is not among the new values.
	err = db.Credential.CreateBulk(create...).OnConflictColumns(credential.FieldID).UpdateNewValues().UpdateURL().UpdateHours().Exec(ctx)
	if err != nil {
		return n, fmt.Errorf("storing credentials: %w", err)
	}
	return n, nil
}

// contentOf is all of a credential that an import may change.
func contentOf(c *ent.Credential) []any {
	return []any{
		c.Title, c.Provider, c.Kind, c.Level, c.Duration, c.Hours, c.Price, c.Teaches, c.Requires,
		c.Description, c.URL, c.Active,
	}
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
