"""python3 load.py FOLDER: loads NAME.safetensors into D2L's network of that name with strict=True, and prints its outputs in evaluation mode.

FOLDER/networks.json lists the networks: name, input, classes, ratio, hidden and samples, whose images are tensor("images", ...) of golden.py. One line of JSON on
standard output for each: the outputs, or what is wrong. The reader is our own: Debian has no package of safetensors.
"""
import json
import pathlib
import struct
import sys

import numpy
import torch

import d2l
import golden

TYPES = {"F32": numpy.float32, "I64": numpy.int64}


def read(path):
    content = path.read_bytes()
    (length,) = struct.unpack_from("<Q", content)
    header = json.loads(content[8:8 + length])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        values = numpy.frombuffer(content[8 + length + begin:8 + length + end], TYPES[entry["dtype"]])
        tensors[name] = torch.from_numpy(values.copy()).reshape(entry["shape"])
    return tensors


def outputs(folder, name, shape, classes, ratio, hidden, samples):
    net = d2l.create(name, shape, classes, ratio=ratio, hidden=hidden)
    net.load_state_dict(read(folder / f"{name}.safetensors"), strict=True)
    with torch.no_grad():
        return golden.flat(net.eval()(golden.tensor("images", (samples, *shape))))


folder = pathlib.Path(sys.argv[1])
for network in json.loads((folder / "networks.json").read_text()):
    try:
        result = {"outputs": outputs(folder, network["name"], network["input"], network["classes"], network["ratio"], network["hidden"],
                                     network["samples"])}
    except RuntimeError as error:
        result = {"error": str(error)}
    print(json.dumps({"name": network["name"], **result}), flush=True)
