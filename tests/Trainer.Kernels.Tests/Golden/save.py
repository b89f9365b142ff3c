"""Writes files as torch.save has them into the folder FOLDER, and prints what their tensors are: python3 save.py FOLDER. Wants Debian's python3-torch."""
import json
import sys
from collections import OrderedDict

import torch

base = torch.arange(60, dtype=torch.float32) / 8 - 3
model = torch.nn.Sequential(torch.nn.Conv2d(2, 3, 2), torch.nn.BatchNorm2d(3))
with torch.no_grad():
    for i, value in enumerate(model.state_dict().values()):
        value.copy_((torch.arange(value.numel()).reshape(value.shape) + 7 * i) / (1 if value.dtype == torch.int64 else 16))

files = {
    "state_dict": model.state_dict(),
    "parallel": OrderedDict(("module." + name, value) for name, value in model.state_dict().items()),
    "checkpoint": {"epoch": 3, "lr": 0.25, "note": "h\u00e9", "best": None, "state_dict": model.state_dict(), "optimizer": {"state": {}, "groups": [{"lr": 1.5, "betas": (0.9, 0.99)}]}},
    "views": {
        "transposed": base[:12].reshape(3, 4).t(),
        "part": base[5:29].reshape(4, 6)[1:3, ::2],
        "shared": base,
        "expanded": base[7:8].expand(3),
        "parameter": torch.nn.Parameter(base[:4]),
        "scalar": torch.tensor(2.5),
        "empty": torch.empty(0, 3),
    },
    "dtypes": {str(dtype)[6:]: base[:9].to(dtype) for dtype in (torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8)}
    | {"uint8": (base[:9].abs() * 8).to(torch.uint8)},
}
for name, content in files.items():
    torch.save(content, f"{sys.argv[1]}/{name}.pth")
    torch.save(content, f"{sys.argv[1]}/{name}.legacy.pth", _use_new_zipfile_serialization=False)
    torch.save(content, f"{sys.argv[1]}/{name}.protocol4.pth", pickle_protocol=4)
    tensors = content.get("state_dict", content)
    print(json.dumps({
        "name": name,
        "tensors": {
            key.removeprefix("module."): {"shape": list(value.shape), "values": value.detach().to(torch.float64).flatten().tolist()} for key, value in tensors.items()
        },
    }))
