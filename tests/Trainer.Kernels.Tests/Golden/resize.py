"""Writes resize.json: bilinear resizing as torch's interpolate with align_corners and antialias off. Run with Debian's python3-torch: python3 resize.py.

Case c resizes tensor("c.x", (channels, *from)). Large results are given by every stride-th element.
"""
from torch.nn import functional

import golden


def case(name, channels, size, to):
    x = golden.tensor(f"{name}.x", (1, channels, *size))
    y = functional.interpolate(x, size=to, mode="bilinear", align_corners=False, antialias=False)
    stride = max(1, y.numel() // 401)
    return {"name": name, "channels": channels, "from": list(size), "to": list(to), "stride": stride, "y": golden.flat(y.flatten()[::stride])}


golden.write("resize.json", {"cases": [
    case("up", 2, (3, 5), (7, 11)),
    case("down", 1, (11, 13), (5, 3)),
    case("one way", 3, (5, 7), (11, 3)),
    case("same", 1, (5, 7), (5, 7)),
    case("from one pixel", 2, (1, 1), (3, 2)),
    case("to one pixel", 1, (5, 4), (1, 1)),
    case("twice", 1, (4, 6), (8, 12)),
    case("28 to 96", 1, (28, 28), (96, 96)),
    case("28 to 224", 1, (28, 28), (224, 224)),
    case("32 to 17", 3, (32, 32), (17, 19)),
]})
