"""Writes mixing.json: what torchvision.transforms.v2's MixUp and CutMix (0.17, _augment.py) do to a batch once lambda and the box's middle are drawn, in NumPy's float32:
Debian's torchvision has neither. The partner is the next sample, not the one before. Run: python3 mixing.py."""
import math

import numpy

import golden


def case(name, samples, shape, lam, middle=None):
    x = golden.values(name, samples * math.prod(shape)).reshape(samples, *shape)
    partner = numpy.roll(x, -1, 0)
    if middle is None:
        mixed = partner * numpy.float32(1.0 - lam) + x * numpy.float32(lam)
    else:
        (_, height, width), (r_x, r_y) = shape, middle
        r = 0.5 * math.sqrt(1.0 - lam)
        r_w_half, r_h_half = int(r * width), int(r * height)
        x1, y1, x2, y2 = max(r_x - r_w_half, 0), max(r_y - r_h_half, 0), min(r_x + r_w_half, width), min(r_y + r_h_half, height)
        mixed = x.copy()
        mixed[..., y1:y2, x1:x2] = partner[..., y1:y2, x1:x2]
        lam = float(1.0 - (x2 - x1) * (y2 - y1) / (width * height))
    return {"name": name, "samples": samples, "shape": list(shape), "lambda": lam if middle is None else None, "drawn": None if middle is None else DRAWN,
            "middle": middle, "own": float(numpy.float32(lam)), "partners": float(numpy.float32(1.0 - lam)), "mixed": [float(v) for v in mixed.flatten()]}


DRAWN = 0.3
golden.write("mixing.json", {
    "cases": [
        case("mixup", 3, (2, 3, 5), 0.3),
        case("mixup near one", 2, (1, 5, 2), 0.998),
        case("cutmix", 3, (2, 7, 11), DRAWN, (5, 3)),
        case("cutmix at the corner", 2, (3, 5, 7), DRAWN, (0, 0)),
        case("cutmix at the far edge", 2, (1, 13, 5), DRAWN, (4, 12)),
    ],
})
