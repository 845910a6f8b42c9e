#!/usr/bin/env bash
# Runs all tests with the race detector: everything on Postgres 18, then on 16 what depends on the
# server's version. One run of gotestsum sums up both. Postgres is started once for each version and
# stopped with its run (internal/pgtest). Arguments are passed on to go test.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "${1-}" = --json ]; then # what gotestsum calls
  shift
  status=0
  testpg=${RUBRICA_TESTPG:?}
  "$testpg" -version 18 -- go test -json -race "$@" ./... || status=$?
  [ $status -lt 100 ] || exit $status # a signal, or the server did not start
  mapfile -t on16 < <(for p in migrations internal/database jobs internal/submission internal/progress rag internal/e2e; do
    if compgen -G "$p/*_test.go" >/dev/null; then echo "./$p"; fi
  done)
  "$testpg" -version 16 -- go test -json -race "$@" "${on16[@]}" || status=$?
  exit $status
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -o "$work/testpg" ./internal/pgtest/cmd/testpg
RUBRICA_TESTPG="$work/testpg" go tool gotestsum --format pkgname --format-hide-empty-pkg \
  --raw-command -- bash "$0" --json "$@"
