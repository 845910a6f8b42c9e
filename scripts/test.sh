#!/usr/bin/env bash
# Runs all tests with the race detector: everything on Postgres 18, then on 16 what depends on the
# server's version. Only evaluate goes without it: experiments are arithmetic, which it makes ten times as
# slow, and the packages that they call are tested with it. One run of gotestsum sums up both. Postgres is started once for each version and
# stopped with its run (internal/pgtest). Then the client programs. Arguments are passed on to go test,
# and leave the client programs out.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/.."

if [ "${1-}" = --json ]; then # what gotestsum calls
  shift
  exec 2>>"${RUBRICA_TEST_LOG:?}" # gotestsum would take every line for a failure
  status=0
  testpg=${RUBRICA_TESTPG:?}
  mapfile -t raced < <(go list ./... | grep -v '/evaluate$')
  "$testpg" -version 18 -- go test -json -race -timeout 30m "$@" "${raced[@]}" || status=$?
  [ $status -lt 100 ] || exit $status # a signal, or the server did not start
  go test -json "$@" ./evaluate || status=$?
  mapfile -t on16 < <(for p in migrations internal/database jobs internal/submission internal/progress rag internal/e2e; do
    if compgen -G "$p/*_test.go" >/dev/null; then echo "./$p"; fi
  done)
  "$testpg" -version 16 -- go test -json -race -timeout 30m "$@" "${on16[@]}" || status=$?
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
