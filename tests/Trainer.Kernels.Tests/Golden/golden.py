"""What the programs beside this file share: numbers that both sides compute exactly, and how results are written.

Element i of the tensor called `name` is v(name, i) = (h >> 8) / 2^23 - 1 in [-1, 1), which float32 holds exactly, where h is lowbias32
(Ellis, https://github.com/skeeto/hash-prospector) of i x 0x9E3779B1 + FNV-1a(name), all modulo 2^32. GoldenValues.cs is the other side.
"""
import json
import math
import pathlib

import numpy
import torch

torch.set_num_threads(2)
torch.set_default_dtype(torch.float64)


def salt(name):
    h = 2166136261
    for byte in name.encode():
        h = (h ^ byte) * 16777619 % 2**32
    return h


def values(name, count):
    h = numpy.arange(count, dtype=numpy.uint32) * numpy.uint32(0x9E3779B1) + numpy.uint32(salt(name))
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        h = (h ^ (h >> numpy.uint32(shift))) * numpy.uint32(factor)
    h ^= h >> numpy.uint32(16)
    return (h >> numpy.uint32(8)).astype(numpy.float32) / numpy.float32(2**23) - numpy.float32(1)


def tensor(name, shape, scale=1.0, offset=0.0):
    """offset + scale x v, both operations rounded to float32, as doubles."""
    v = numpy.float32(offset) + numpy.float32(scale) * values(name, math.prod(shape))
    return torch.from_numpy(v.astype(numpy.float64)).reshape(tuple(shape))


def digits(number):
    return float(f"{number:.9g}")


def flat(t):
    return [digits(v) for v in t.detach().double().flatten().tolist()]


def merge(name, key, cases):
    """The cases of a file, with new ones in the places of those with their names."""
    path = pathlib.Path(__file__).with_name(name)
    old = json.loads(path.read_text())[key] if path.exists() else []
    new = {case["name"]: case for case in cases}
    return [new.pop(case["name"], case) for case in old] + list(new.values())


def write(name, content):
    """One case a line, so that differences between versions of a file can be read."""
    content = {"torch": torch.__version__, **content}
    lines = []
    for key, value in content.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            cases = ",\n".join(json.dumps(case, separators=(",", ":")) for case in value)
            lines.append(f"{json.dumps(key)}: [\n{cases}\n]")
        else:
            lines.append(f"{json.dumps(key)}: {json.dumps(value)}")
    pathlib.Path(__file__).with_name(name).write_text("{\n" + ",\n".join(lines) + "\n}\n")
