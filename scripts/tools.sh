#!/usr/bin/env bash
# Makes sure of what a build needs: Go, a C compiler (ONNX Runtime is reached by cgo) and Python's pip
# (which fetches the pinned wheels). As root on Debian it installs the latter two; otherwise it names
# the command. When all is there it does nothing. With the argument browser it looks for Chromium
# alone, in which the tests open GraphiQL.
set -euo pipefail

missing=()
if [ "${1-}" = browser ]; then
  for name in chromium chromium-browser google-chrome google-chrome-stable chrome; do
    ! command -v "$name" >/dev/null || exit 0
  done
  missing+=(chromium)
elif ! command -v go >/dev/null; then
  if [ -x /usr/local/go/bin/go ]; then
    echo "Go is in /usr/local/go/bin, which is not on the PATH: export PATH=\$PATH:/usr/local/go/bin" >&2
  else
    echo "Go is missing: install it as https://go.dev/doc/install says (go.mod names the version)." >&2
  fi
  exit 1
else
  compiler=$(go env CC)
  if ! command -v "${compiler%% *}" >/dev/null; then
    missing+=(gcc libc6-dev)
  elif ! echo '#include <stdlib.h>' | $compiler -E -xc - >/dev/null 2>&1; then
    missing+=(libc6-dev)
  fi
  if ! { python3 -m pip --version || pip3 --version || pip --version; } >/dev/null 2>&1; then
    missing+=(python3-pip)
  fi
fi
[ ${#missing[@]} -eq 0 ] && exit 0

install="apt-get install -y --no-install-recommends ${missing[*]}"
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "Missing: ${missing[*]}. On Debian and Ubuntu: sudo $install" >&2
  exit 1
fi
echo "Installing ${missing[*]} with apt-get."
apt-get update -qq
DEBIAN_FRONTEND=noninteractive $install >/dev/null
