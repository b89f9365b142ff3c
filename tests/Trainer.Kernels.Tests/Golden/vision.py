"""Networks of torchvision with weights of their own. Wants Debian's python3-torchvision (0.14.1).

vision.py write FOLDER SIZE CLASSES NAME...  writes each network's state dict to FOLDER/NAME.pth and prints its outputs for two images, in float64, and by
                                             how much PyTorch's own in float32 deviate from them at most, with oneDNN's convolutions
                                             and with its own (resnet101: 9e-5 and 2e-4).
vision.py read FOLDER SIZE CLASSES NAME...   loads FOLDER/NAME.safetensors strictly and prints whether all tensors are those of NAME.pth.
"""
import json
import struct
import sys

import torch
import torchvision

command, folder, size, classes, *names = sys.argv[1:]
size, classes = int(size), int(classes)


def network(name):
    torch.manual_seed(17)
    more = {"aux_logits": False, "init_weights": True, "transform_input": False} if name == "googlenet" else {}
    return getattr(torchvision.models, name)(weights=None, num_classes=classes, **more)


def images():
    i = torch.arange(2 * 3 * size * size, dtype=torch.int64)
    return ((i * i * 7 + i * 13 + (i // 5) * 31) % 251).reshape(2, 3, size, size).to(torch.float32) / 251


def safetensors(path):
    dtypes = {"F32": torch.float32, "I64": torch.int64}
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = bytearray(file.read())
    header.pop("__metadata__", None)
    return {
        name: torch.frombuffer(data[entry["data_offsets"][0]:entry["data_offsets"][1]], dtype=dtypes[entry["dtype"]]).reshape(entry["shape"])
        for name, entry in header.items()
    }


for name in names:
    model = network(name)
    if command == "write":
        for module in model.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.momentum = None  # running statistics become those of this batch, so that no layer explodes
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0
        with torch.no_grad():
            model.train()
            model(images())
            model.eval()
            outputs = [model(images())]
            with torch.backends.mkldnn.flags(enabled=False):
                outputs.append(model(images()))
        torch.save(model.state_dict(), f"{folder}/{name}.pth")
        with torch.no_grad():
            exact = model.double()(images().double())
        print(json.dumps({"name": name, "outputs": exact.flatten().tolist(), "deviation": max((output - exact).abs().max().item() for output in outputs)}))
    else:
        theirs = torch.load(f"{folder}/{name}.pth")
        model.load_state_dict(safetensors(f"{folder}/{name}.safetensors"), strict=True)
        ours = model.state_dict()
        print(json.dumps({"name": name, "different": [key for key, value in theirs.items() if not torch.equal(value, ours[key])]}))
