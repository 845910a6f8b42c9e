#!/usr/bin/env bash
# Runs all tests: everything on Postgres 18, with the race detector, then on 16 what depends on the
# server's version. What is arithmetic goes without the detector, which makes it ten times as slow:
# evaluate, whose experiments call packages that are tested with it, and scoring, which the workers of jobs
# and e2e call under its eyes. One run of gotestsum sums up all. Postgres is started once for each version
# and stopped with its run (internal/pgtest). Then the client programs. Arguments are passed on to go test,
# and leave the client programs out.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/.."

if [ "${1-}" = --json ]; then # what gotestsum calls
  shift
  exec 2>>"${RUBRICA_TEST_LOG:?}" # gotestsum would take every line for a failure
  status=0
  testpg=${RUBRICA_TESTPG:?}
  arithmetic=(./evaluate ./scoring ./scoring/calibration)
  mapfile -t raced < <(go list ./... | grep -Ev '/(evaluate|scoring|scoring/calibration)$')
  "$testpg" -version 18 -- go test -json -race -timeout 30m "$@" "${raced[@]}" || status=$?
  [ $status -lt 100 ] || exit $status # a signal, or the server did not start
  go test -json -timeout 30m "$@" "${arithmetic[@]}" || status=$?
  mapfile -t on16 < <(for p in migrations internal/database jobs internal/submission internal/progress rag internal/e2e; do
    if compgen -G "$p/*_test.go" >/dev/null; then echo "./$p"; fi
  done)
  "$testpg" -version 16 -- go test -json -timeout 30m "$@" "${on16[@]}" || status=$?
  exit $status
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -o "$work/testpg" ./internal/pgtest/cmd/testpg
export RUBRICA_TESTPG="$work/testpg" RUBRICA_TEST_LOG="$work/log"
status=0
go tool gotestsum --format pkgname --format-hide-empty-pkg --raw-command -- bash "$here/$(basename "$0")" --json "$@" || status=$?
[ $status -eq 0 ] || cat "$RUBRICA_TEST_LOG" >&2
if [ $# -eq 0 ]; then
  "$here/clients.sh" || status=1
fi
exit $status
