package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/rubrica/rubrica/internal/auth"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/internal/seeding"
	"github.com/rubrica/rubrica/migrations"
	"github.com/rubrica/rubrica/seeds"
)

// essays are Lena's, each with a run that never ends.
const essays = 40

// prepare fills a database, and gives tokens of the people by their slugs.
func prepare(ctx context.Context, databaseURL string) (tokens map[string]string, err error) {
	if _, err := migrations.Up(ctx, databaseURL, slog.New(slog.DiscardHandler)); err != nil {
		return nil, err
	}
	db, err := database.Open(ctx, databaseURL, database.Options{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	catalog, err := seeds.Default()
	if err != nil {
		return nil, err
	}
	if _, err := seeding.Load(ctx, db, catalog, seeding.Options{People: true}); err != nil {
		return nil, err
	}
	for n := range essays {
		track := catalog.Tracks[n%len(catalog.Tracks)]
		question := track.Questions[n/len(catalog.Tracks)%len(track.Questions)]
		essay := uuid.Must(uuid.NewV7())
		_, err := db.SQL.ExecContext(ctx, `
			WITH e AS (
			  INSERT INTO essays (id, created_at, text, words, body_hash, question_id, owner_id)
			  VALUES ($1, now(), $2, $3, '\x00', $4, $5))
			INSERT INTO scoring_runs (id, created_at, owner_id, rubric_id, track_id, number, kind, stage, seq, changed_at, flags, essay_id)
			VALUES ($6, now(), $5, $7, $8, 1, 'FIRST', 'SCORING', 1, now(), '{}', $1)`,
			essay, question.Samples.Weak, len(strings.Fields(question.Samples.Weak)),
			seeding.QuestionID(track.Slug, question.Slug), seeding.UserID("lena"), uuid.Must(uuid.NewV7()),
			seeding.RubricID(track.Slug, question.Slug, question.Rubric.Version), seeding.TrackID(track.Slug))
		if err != nil {
			return nil, fmt.Errorf("make an essay: %w", err)
		}
	}
	authority, err := auth.New([]byte(secret), auth.SQLAccounts(db.SQL))
	if err != nil {
		return nil, err
	}
	tokens = map[string]string{}
	for _, person := range []string{"lena", "arno", "miriam", "ada"} {
		token, err := authority.Issue(seeding.UserID(person), time.Hour)
		if err != nil {
			return nil, err
		}
		tokens[person] = token.Raw
	}
	return tokens, nil
}

// unfinished are the runs that change keeps changing.
func unfinished(ctx context.Context, db *database.DB) (list []uuid.UUID, err error) {
	rows, err := db.SQL.QueryContext(ctx, `SELECT id FROM scoring_runs WHERE stage = 'SCORING'`)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var id uuid.UUID
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		list = append(list, id)
	}
	return list, rows.Err()
}
