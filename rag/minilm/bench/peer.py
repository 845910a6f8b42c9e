"""The other side of the embedding benchmark: the same model file and the same tokens, in ONNX
Runtime's own Python binding, on one thread.

usage: peer.py MODEL.onnx [session option=value…] — then on standard input one JSON line, a list of texts, each a list of
windows of token ids; and for every further line one pass over all of them, answered with a JSON
line {"seconds": …, "vectors": […]}, the vectors on the first pass only.
"""

import json
import sys
import time

import numpy
import onnxruntime


def embed(session, windows):
    total = numpy.zeros(384, dtype=numpy.float64)
    for window in windows:
        ids = numpy.array([window], dtype=numpy.int64)
        feed = {"input_ids": ids, "attention_mask": numpy.ones_like(ids), "token_type_ids": numpy.zeros_like(ids)}
        total += session.run(None, feed)[0][0].sum(axis=0)
    return total / numpy.linalg.norm(total)


def main():
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    for entry in sys.argv[2:]:
        options.add_session_config_entry(*entry.split("=", 1))
    session = onnxruntime.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
    texts = json.loads(sys.stdin.readline())
    first = True
    for _ in sys.stdin:
        began = time.perf_counter()
        vectors = [embed(session, windows) for windows in texts]
        seconds = time.perf_counter() - began
        answer = {"seconds": seconds}
        if first:
            answer["vectors"] = [v.tolist() for v in vectors]
        first = False
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
