"""Reads safetensors files; Debian has no package of them."""
import json
import struct

import numpy as np
import torch

TYPES = {"F32": np.float32, "I64": np.int64}


def read(path):
    content = path.read_bytes()
    (length,) = struct.unpack_from("<Q", content)
    header, body = json.loads(content[8:8 + length]), content[8 + length:]
    header.pop("__metadata__", None)
    return {name: torch.from_numpy(np.frombuffer(body[slice(*entry["data_offsets"])], TYPES[entry["dtype"]]).copy()).reshape(entry["shape"])
            for name, entry in header.items()}
