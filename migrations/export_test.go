package migrations

// For the tests of package migrations_test, which alone can import pgtest.
const (
	LockKey     = lockKey
	LockTimeout = lockTimeout
)

var Open = open
