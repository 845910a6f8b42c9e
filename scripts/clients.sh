#!/usr/bin/env bash
# Installs the client programs (clients/README.md), generates what they are generated from, compiles them
# and runs them against a server of their own: bin/rubrica on a free port and a database that ends with it.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -o bin/rubrica ./cmd/rubrica
go build -o "$work/" ./internal/pgtest/cmd/testpg ./internal/provision/cmd/withnode
export RUBRICA_BIN="$PWD/bin/rubrica"

cd clients
installed=node_modules/.installed # holds the lockfile that was installed from
if ! cmp -s package-lock.json "$installed"; then
  "$work/withnode" npm ci --no-progress
  cp package-lock.json "$installed"
fi
"$work/withnode" npm run --silent generate
"$work/withnode" npm run --silent check
# shellcheck disable=SC2016 # testpg sets the variable
"$work/testpg" -- "$work/withnode" bash -c 'DATABASE_URL=$RUBRICA_TEST_DATABASE_URL exec node support/run.ts "$0"' "$work/data"
