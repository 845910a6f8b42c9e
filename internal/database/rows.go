package database

import "database/sql"

// Each calls fn for every row, which scans it, and closes the rows.
func Each(rows *sql.Rows, fn func() error) error {
	defer func() { _ = rows.Close() }() // Err has told what there is to tell
	for rows.Next() {
		if err := fn(); err != nil {
			return err
		}
	}
	return rows.Err()
}
