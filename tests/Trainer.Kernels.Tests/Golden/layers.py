"""Writes layers.*.json: y, dx and parameter gradients of every layer under every option. Run with Debian's python3-torch: python3 layers.py.

Tensor n of case c is tensor("c.x"), tensor("c.dy"), tensor("c.weight") and so on (golden.py). A case names the layer as a job file does.
"""
import torch
from torch import nn

import golden


def pair(size):
    return list(size) if isinstance(size, tuple) else [size]


SIZES = {"kernel_size", "stride", "padding", "dilation", "output_size"}


def section(kind, options):
    """As a job file has it: sizes are lists, and padding="same" is an option of its own."""
    options = {("auto_padding" if v == "same" else k): v for k, v in options.items()}
    return {kind: {k: pair(v) if k in SIZES else v for k, v in options.items()}}


def case(name, kind, module, shape, samples, options, quantum=0, training=True, scale=1):
    """x lies in [-scale, scale). quantum: x is rounded down to its multiples, so that there are ties."""
    module = module.double().train(training)
    x = golden.tensor(f"{name}.x", (samples, *shape), scale)
    if quantum:
        x = torch.floor(x / quantum) * quantum
    x.requires_grad_()
    with torch.no_grad():
        for key, tensor in module.state_dict().items():
            if key != "num_batches_tracked":
                tensor.copy_(golden.tensor(f"{name}.{key}", tensor.shape, 0.25, 1 if key == "running_var" else 0))
    y = module(x)
    dy = golden.tensor(f"{name}.dy", y.shape)
    y.backward(dy)
    result = {"name": name, "layer": section(kind, options), "input": list(shape), "samples": samples}
    if quantum:
        result["quantum"] = quantum
    if scale != 1:
        result["scale"] = scale
    if not training:
        result["training"] = False
    result |= {"output": list(y.shape[1:]), "y": golden.flat(y), "dx": golden.flat(x.grad)}
    for key, parameter in module.named_parameters():
        result[f"d{key}"] = golden.flat(parameter.grad)
    if training:
        for key, buffer in module.named_buffers():
            result[key] = golden.flat(buffer)
    return result


def conv2d():
    cases = []

    def add(name, channels, size, samples, out_channels, kernel_size, **options):
        module = nn.Conv2d(channels, out_channels, kernel_size, **options)
        given = {"out_channels": out_channels, "kernel_size": kernel_size, **options}
        cases.append(case(f"conv2d {name}", "conv2d", module, (channels, *size), samples, given))

    add("plain", 2, (5, 7), 3, 3, 3)
    add("1x1", 5, (3, 2), 3, 7, 1)
    add("1x1 stride", 3, (7, 5), 2, 5, 1, stride=(2, 3))
    add("3x3 same size", 3, (11, 13), 2, 5, 3, padding=1)
    add("3x3 deep", 17, (6, 7), 2, 5, 3, padding=1)
    add("3x3 stride 2", 3, (9, 11), 2, 5, 3, stride=2, padding=1)
    add("odd kernel", 3, (5, 4), 3, 2, (2, 5), padding=(0, 3))
    add("5x3", 2, (8, 8), 2, 3, (5, 3), padding=(2, 1))
    add("unequal stride", 2, (8, 8), 3, 2, (3, 5), padding=(0, 1), stride=(3, 4))
    add("7x7 stride 2", 2, (13, 11), 2, 5, 7, stride=2, padding=3)
    add("11x11 stride 4", 1, (23, 31), 2, 3, 11, stride=4, padding=1)
    add("no bias", 1, (3, 5), 5, 2, 3, bias=False, padding=2)
    add("dilation", 2, (7, 11), 2, 3, 3, dilation=(2, 3), padding=(1, 2))
    add("dilation and stride", 3, (11, 9), 2, 2, (2, 3), dilation=(3, 2), stride=(2, 1), padding=2)
    add("groups", 6, (5, 7), 2, 9, 3, groups=3, padding=1)
    add("groups of one output", 6, (5, 4), 2, 3, 2, groups=3)
    add("depthwise", 5, (7, 6), 2, 5, 3, groups=5, padding=1)
    add("depthwise times two", 3, (7, 5), 2, 6, (3, 2), groups=3, stride=2, bias=False)
    add("groups, dilation, stride", 4, (9, 10), 2, 6, (3, 2), groups=2, dilation=2, stride=(1, 2), padding=(2, 1))
    add("same", 2, (5, 7), 2, 3, (3, 5), padding="same")
    add("same, even kernel", 2, (5, 6), 2, 3, (2, 4), padding="same")
    add("same, dilation", 3, (7, 6), 2, 2, (3, 2), padding="same", dilation=(2, 3))
    add("kernel of the whole image", 3, (4, 5), 3, 7, (4, 5))
    add("more padding than kernel", 1, (2, 3), 2, 2, 2, padding=3)
    return cases


def pooling():
    cases = []
    kinds = {"max_pool2d": nn.MaxPool2d, "avg_pool2d": nn.AvgPool2d}

    def add(kind, name, size, kernel_size, quantum=0, **options):
        given = {"kernel_size": kernel_size, **options}
        cases.append(case(f"{kind} {name}", kind, kinds[kind](kernel_size, **options), (3, *size), 2, given, quantum))

    for kind in kinds:
        add(kind, "plain", (7, 5), 2)
        add(kind, "overlap", (5, 7), 3, stride=(2, 1), padding=1)
        add(kind, "unequal", (7, 9), (2, 3), stride=(2, 3), padding=(0, 1))
        add(kind, "stride beyond the kernel", (8, 11), 2, stride=(3, 4))
        add(kind, "ceil", (6, 8), 3, stride=2, ceil_mode=True)
        add(kind, "ceil, padding", (5, 7), 3, stride=(2, 3), padding=1, ceil_mode=True)
        add(kind, "ceil, a window in the padding", (4, 5), 2, stride=3, padding=1, ceil_mode=True)
        add(kind, "ceil, larger than the image", (6, 5), 7, stride=(2, 3), ceil_mode=True)
        add(kind, "ceil, larger than the image with padding", (3, 2), (8, 6), stride=3, padding=(2, 1), ceil_mode=True)
        add(kind, "3x3 stride 2 padding 1", (9, 11), 3, stride=2, padding=1)
        add(kind, "3x3 stride 1", (5, 6), 3, stride=1, padding=1)
        add(kind, "large", (23, 19), (17, 18), stride=(3, 1))
    add("max_pool2d", "dilation", (9, 11), (2, 3), stride=(1, 2), dilation=(3, 2))
    add("max_pool2d", "dilation, padding, ceil", (8, 10), 3, stride=2, padding=1, dilation=2, ceil_mode=True)
    add("max_pool2d", "dilation along a kernel of 1", (6, 5), (2, 1), dilation=(1, 9))
    add("max_pool2d", "dilation beyond the image, ceil", (3, 4), 2, stride=(3, 4), dilation=(4, 6), ceil_mode=True)
    add("max_pool2d", "ties", (7, 9), 3, quantum=1, stride=2, padding=1)
    add("max_pool2d", "ties overlap", (6, 5), (3, 2), quantum=0.5, stride=1)
    add("avg_pool2d", "without padding", (5, 7), 3, stride=2, padding=1, count_include_pad=False)
    add("avg_pool2d", "without padding, ceil", (6, 7), (2, 3), stride=(3, 2), padding=1, ceil_mode=True, count_include_pad=False)
    for kind, module in (("adaptive_avg_pool2d", nn.AdaptiveAvgPool2d), ("adaptive_max_pool2d", nn.AdaptiveMaxPool2d)):
        for name, size, output_size in (
                ("global", (5, 7), 1), ("both", (11, 13), (3, 5)), ("one way", (7, 5), (1, 3)), ("equal", (3, 5), (3, 5)),
                ("more than there is", (3, 2), (5, 3)), ("divides", (6, 8), (3, 2))):
            cases.append(case(f"{kind} {name}", kind, module(output_size), (3, *size), 2, {"output_size": output_size}))
    for name, padding in (("all sides", 2), ("unequal", (1, 0, 3, 2))):
        cases.append(case(f"zero_pad2d {name}", "zero_pad2d", nn.ZeroPad2d(padding), (3, 4, 5), 2, {"padding": padding}))
    cases.append(case("adaptive_max_pool2d ties", "adaptive_max_pool2d", nn.AdaptiveMaxPool2d((3, 2)), (2, 7, 5), 2, {"output_size": (3, 2)}, 1))
    return cases


def normalization():
    cases = []

    def add(kind, name, module, shape, samples, training=True, **options):
        cases.append(case(f"{kind} {name}", kind, module, shape, samples, options, training=training))

    for training in (True, False):
        mode = "" if training else ", evaluation"
        add("batch_norm2d", "plain" + mode, nn.BatchNorm2d(3), (3, 5, 7), 5, training)
        add("batch_norm2d", "options" + mode, nn.BatchNorm2d(2, eps=1e-2, momentum=0.3), (2, 3, 2), 7, training, eps=1e-2, momentum=0.3)
        add("batch_norm2d", "not affine" + mode, nn.BatchNorm2d(5, affine=False), (5, 2, 3), 3, training, affine=False)
        add("batch_norm2d", "one sample" + mode, nn.BatchNorm2d(3), (3, 2, 3), 1, training)
        add("batch_norm1d", "plain" + mode, nn.BatchNorm1d(7), (7,), 11, training)
        add("batch_norm1d", "options" + mode, nn.BatchNorm1d(13, eps=0.1, momentum=1.0, affine=False), (13,), 2, training, eps=0.1, momentum=1.0, affine=False)
    add("group_norm", "plain", nn.GroupNorm(3, 6), (6, 5, 3), 3, num_groups=3)
    add("group_norm", "one group", nn.GroupNorm(1, 5, eps=1e-2), (5, 2, 3), 2, num_groups=1, eps=1e-2)
    add("group_norm", "a group a channel", nn.GroupNorm(5, 5), (5, 7, 3), 2, num_groups=5)
    add("group_norm", "not affine", nn.GroupNorm(2, 4, affine=False), (4, 3, 5), 3, num_groups=2, affine=False)
    add("group_norm", "features", nn.GroupNorm(3, 12), (12,), 5, num_groups=3)
    add("group_norm", "one value a group", nn.GroupNorm(3, 3), (3, 1, 1), 5, num_groups=3)
    add("group_norm", "one value a group, not affine", nn.GroupNorm(7, 7, affine=False), (7,), 2, num_groups=7, affine=False)
    for name, shape, size, options in (
            ("plain", (7, 3, 5), 5, {}), ("strong", (5, 3, 2), 3, {"alpha": 0.9, "beta": 0.6, "k": 0.7}), ("even", (6, 2, 3), 4, {"alpha": 0.5}),
            ("wider than the image", (3, 4, 3), 9, {"alpha": 2.0, "beta": 1.3}), ("alone", (5, 2, 3), 1, {"alpha": 1.5, "beta": 0.5, "k": 2.0})):
        add("local_response_norm", name, nn.LocalResponseNorm(size, **options), shape, 2, size=size, **options)
    add("batch_norm2d", "forgets", nn.BatchNorm2d(2, momentum=1.0), (2, 3, 2), 3, momentum=1.0)
    return cases


def elementwise():
    cases = []

    def add(kind, name, module, shape, scale=1, **options):
        cases.append(case(f"{kind} {name}", kind, module, shape, 3, options, scale=scale))

    for kind, module in (("relu", nn.ReLU), ("sigmoid", nn.Sigmoid), ("tanh", nn.Tanh), ("gelu", nn.GELU), ("silu", nn.SiLU), ("leaky_relu", nn.LeakyReLU)):
        add(kind, "image", module(), (3, 5, 7), scale=8)
        add(kind, "features", module(), (37,), scale=2)
    add("elu", "image", nn.ELU(), (3, 5, 7), scale=8)
    add("elu", "alpha", nn.ELU(0.3), (37,), scale=2, alpha=0.3)
    add("elu", "upside down", nn.ELU(-0.7), (2, 3, 5), scale=4, alpha=-0.7)
    add("relu6", "image", nn.ReLU6(), (3, 5, 7), scale=8)
    add("hardsigmoid", "image", nn.Hardsigmoid(), (3, 5, 7), scale=8)
    add("hardswish", "image", nn.Hardswish(), (3, 5, 7), scale=8)
    add("prelu", "image", nn.PReLU(), (3, 5, 7), scale=8)
    add("prelu", "channels", nn.PReLU(3), (3, 5, 7), num_parameters=3)
    add("prelu", "features", nn.PReLU(11), (11,), num_parameters=11)
    add("leaky_relu", "slope", nn.LeakyReLU(0.3), (2, 5, 3), negative_slope=0.3)
    add("gelu", "tanh", nn.GELU(approximate="tanh"), (2, 5, 7), scale=5, approximate="tanh")
    for kind, module in (("softmax", nn.Softmax), ("log_softmax", nn.LogSoftmax)):
        add(kind, "features", module(dim=1), (13,), scale=5)
        add(kind, "channels", module(dim=1), (5, 3, 7), scale=20)
        add(kind, "one class", module(dim=1), (1,))
    add("linear", "plain", nn.Linear(13, 7), (13,), out_features=7)
    add("linear", "no bias", nn.Linear(5, 3, bias=False), (5,), out_features=3, bias=False)
    add("linear", "wide", nn.Linear(3, 67), (3,), out_features=67)
    add("linear", "long", nn.Linear(1031, 2), (1031,), out_features=2)
    return cases


golden.write("layers.conv2d.json", {"cases": conv2d()})
golden.write("layers.pooling.json", {"cases": pooling()})
golden.write("layers.normalization.json", {"cases": normalization()})
golden.write("layers.elementwise.json", {"cases": elementwise()})
