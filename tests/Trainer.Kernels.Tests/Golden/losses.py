"""Writes losses.json: per-sample values, means and gradients of the losses. Run with Debian's python3-torch: python3 losses.py."""
import torch
from torch.nn import functional

import golden


def cross_entropy(name, samples, classes, scale=4.0, weights=False, **options):
    logits = golden.tensor(f"{name}.logits", (samples, classes), scale).requires_grad_()
    labels = torch.arange(samples) * 7 % classes
    if weights:
        options["weight"] = golden.tensor(f"{name}.weight", (classes,), 0.5, 1)
    losses = functional.cross_entropy(logits, labels, reduction="none", **options)
    losses.sum().backward()
    return {
        "name": name, "samples": samples, "classes": classes, "scale": scale, "weighted": weights,
        "ignore_index": options.get("ignore_index"), "label_smoothing": options.get("label_smoothing", 0.0),
        "losses": golden.flat(losses), "gradient": golden.flat(logits.grad),
        "mean": golden.digits(functional.cross_entropy(logits, labels, reduction="mean", **options).item())}


def mixed_cross_entropy(name, samples, classes, share, weights=False, **options):
    """Sample n has labels 7 n and 7 n + 3 mod classes, share and 1 - share of them."""
    logits = golden.tensor(f"{name}.logits", (samples, classes), 4.0).requires_grad_()
    if weights:
        options["weight"] = golden.tensor(f"{name}.weight", (classes,), 0.5, 1)
    labels = torch.arange(samples) * 7
    target = share * functional.one_hot(labels % classes, classes) + (1 - share) * functional.one_hot((labels + 3) % classes, classes)
    losses = functional.cross_entropy(logits, target.double(), reduction="none", **options)
    losses.sum().backward()
    return {
        "name": name, "samples": samples, "classes": classes, "share": share, "weighted": weights, "label_smoothing": options.get("label_smoothing", 0.0),
        "losses": golden.flat(losses), "gradient": golden.flat(logits.grad),
        "mean": golden.digits(functional.cross_entropy(logits, target.double(), reduction="mean", **options).item())}


def squared_error(name, samples, shape, reduction):
    y = golden.tensor(f"{name}.y", (samples, *shape)).requires_grad_()
    target = golden.tensor(f"{name}.target", (samples, *shape))
    loss = functional.mse_loss(y, target, reduction=reduction)
    loss.backward()
    return {"name": name, "samples": samples, "shape": list(shape), "reduction": reduction, "loss": golden.digits(loss.item()), "gradient": golden.flat(y.grad)}


def binary_cross_entropy(name, samples, classes, scale=4.0, weight=False, pos_weight=False, reduction="mean"):
    """Without weights the test multiplies by 1."""
    logits = golden.tensor(f"{name}.logits", (samples, classes), scale).requires_grad_()
    target = golden.tensor(f"{name}.target", (samples, classes), 0.5, 0.5)
    options = {key: golden.tensor(f"{name}.{key}", (classes,), 0.5, 1) for key, given in (("weight", weight), ("pos_weight", pos_weight)) if given}
    loss = functional.binary_cross_entropy_with_logits(logits, target, reduction=reduction, **options)
    loss.backward()
    return {"name": name, "samples": samples, "classes": classes, "scale": scale, "weight": weight, "pos_weight": pos_weight, "reduction": reduction,
            "loss": golden.digits(loss.item()), "gradient": golden.flat(logits.grad)}


golden.write("losses.json", {
    "labels": "sample n has label 7 n mod classes",
    "cross_entropy": [
        cross_entropy("plain", 7, 10),
        cross_entropy("far apart", 5, 3, scale=60),
        cross_entropy("many classes", 3, 101),
        cross_entropy("weights", 11, 5, weights=True),
        cross_entropy("ignore", 13, 5, ignore_index=2),
        cross_entropy("smoothing", 7, 6, label_smoothing=0.1),
        cross_entropy("all smooth", 3, 7, label_smoothing=1.0),
        cross_entropy("everything", 17, 5, weights=True, ignore_index=3, label_smoothing=0.2),
    ],
    "mixed_cross_entropy": [
        mixed_cross_entropy("mixed", 7, 10, 0.625),
        mixed_cross_entropy("one class", 3, 1, 0.25),
        mixed_cross_entropy("mixed weights", 11, 5, 0.375, weights=True),
        mixed_cross_entropy("mixed smoothing", 5, 7, 0.8125, weights=True, label_smoothing=0.1),
    ],
    "binary_cross_entropy": [
        binary_cross_entropy("plain binary", 5, 7),
        binary_cross_entropy("sure binary", 3, 19, scale=60),
        binary_cross_entropy("weight", 7, 5, weight=True),
        binary_cross_entropy("pos_weight", 5, 17, pos_weight=True),
        binary_cross_entropy("sum of all", 3, 11, weight=True, pos_weight=True, reduction="sum"),
    ],
    "squared_error": [
        squared_error("mean", 5, (7,), "mean"),
        squared_error("sum", 3, (2, 3, 5), "sum"),
        squared_error("mean of images", 2, (3, 5, 7), "mean"),
    ],
})
