"""The data section of a job: IDX files through resize and normalize, in double precision; orders and splits."""
import fractions
import pathlib

import numpy as np
import torch

import philox


def read_idx(path):
    content = path.read_bytes()
    rank = content[3]
    shape = np.frombuffer(content, ">u4", rank, 4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * rank).reshape(shape)


def pair(size):
    return tuple(size) * (2 // len(size)) if isinstance(size, list) else (size, size)


def of_channels(values):
    return torch.tensor(values if isinstance(values, list) else [values], dtype=torch.float64).reshape(1, -1, 1, 1)


def load_set(section, folder, which):
    pixels = read_idx(folder / section["idx"][f"{which}_images"])
    pixels = pixels[:, None] if pixels.ndim == 3 else pixels
    images = torch.from_numpy(pixels.astype(np.float64)) / 255
    labels = torch.from_numpy(read_idx(folder / section["idx"][f"{which}_labels"]).astype(np.int64)) - section.get("label_offset", 0)
    if "resize" in section:
        images = torch.nn.functional.interpolate(images, pair(section["resize"]), mode="bilinear", align_corners=False, antialias=False)
    if "normalize" in section:
        images = (images - of_channels(section["normalize"]["mean"])) / of_channels(section["normalize"]["std"])
    return images, labels


def load(section, folder):
    """Training and evaluation set, each (images, labels)."""
    train, test = (load_set(section, pathlib.Path(folder), which) for which in ("train", "test"))
    if "validation" not in section:
        return train, test
    options, count = section["validation"], len(train[1])
    samples = options["samples"] if "samples" in options else int(fractions.Fraction(str(options["fraction"])) * count)
    if not 0 < samples < count:
        raise ValueError(f"{samples} of {count} samples for validation")
    chosen = set(philox.permutation(count, options.get("seed", 0), 0, philox.VALIDATION_SPLIT)[:samples])
    select = lambda wanted: tuple(part[[i for i in range(count) if (i in chosen) == wanted]] for part in train)
    return select(False), select(True)


def order(section, count, seed, epoch):
    """Epochs count from 1."""
    return philox.permutation(count, seed, epoch, philox.EPOCH_ORDER) if section.get("shuffle", True) else list(range(count))
