"""Networks of torch.nn from the model section of a job. What torch has not is written here: dropout that draws as a job does, batch norm over groups."""
import functools

import torch
from torch import nn
from torch.nn import functional

import philox


class Batch:
    """The batch that passes through the network: its samples' groups, and what keys the draws."""
    seed, step, groups, size = 0, 0, [], 0

    def __deepcopy__(self, memo):
        """Copies of a network see the same batches."""
        return self


class Dropout(nn.Module):
    def __init__(self, batch, layer, per_channel, p=0.5):
        super().__init__()
        self.batch, self.layer, self.per_channel, self.p = batch, layer, per_channel, p

    def forward(self, x):
        if not self.training or self.p == 0:
            return x
        shape = x.shape[:2] + (1,) * (x.dim() - 2) if self.per_channel else x.shape
        drawn = philox.kept(self.batch.seed, self.layer, self.batch.step, range(len(x)), shape[1:].numel(), self.p)
        scale = 1 / (1 - self.p) if self.p < 1 else 0
        return x * torch.from_numpy(drawn).reshape(shape).to(x.dtype) * scale


class GroupedBatchNorm:
    """Each group is normalised by itself (ghost batch norm); the running statistics move once, towards the mean over all samples' groups."""
    batch, sync = None, False

    def forward(self, x):
        groups = [(0, len(x))] if self.sync else self.batch.groups
        if not self.training or len(groups) == 1:
            return super().forward(x)
        y = torch.cat([functional.batch_norm(x[lo:hi], None, None, self.weight, self.bias, True, 0, self.eps) for lo, hi in groups])
        with torch.no_grad():
            self.num_batches_tracked += 1
            share = self.momentum if self.momentum is not None else 1 / self.num_batches_tracked.item()
            rows = [x[lo:hi].transpose(0, 1).flatten(1) for lo, hi in groups]
            counts = [(hi - lo) / len(x) for lo, hi in groups]
            self.running_mean.mul_(1 - share).add_(sum(n * row.mean(1) for n, row in zip(counts, rows)), alpha=share)
            self.running_var.mul_(1 - share).add_(sum(n * row.var(1, unbiased=True) for n, row in zip(counts, rows)), alpha=share)
        return y


class BatchNorm1d(GroupedBatchNorm, nn.BatchNorm1d):
    pass


class BatchNorm2d(GroupedBatchNorm, nn.BatchNorm2d):
    pass


class GroupNorm(nn.GroupNorm):
    def forward(self, x):  # nn.GroupNorm itself refuses one sample of one value a group
        return torch.group_norm(x, self.num_groups, self.weight, self.bias, self.eps)


class Residual(nn.Module):
    def __init__(self, layers, shortcut):
        super().__init__()
        self.ways = [[name for name, _ in way] for way in (layers, shortcut)]
        for name, module in layers + shortcut:
            self.add_module(name, module)

    def forward(self, x):
        return sum(run(self, way, x) for way in self.ways)


class Concat(nn.Module):
    def __init__(self, branches):
        super().__init__()
        self.ways = [[name for name, _ in way] for way in branches]
        for name, module in sum(branches, []):
            self.add_module(name, module)

    def forward(self, x):
        return torch.cat([run(self, way, x) for way in self.ways], 1)


class Multiply(Concat):
    def forward(self, x):
        return functools.reduce(product, (run(self, way, x) for way in self.ways))


def product(x, y):
    """Torch broadcasts whatever it can; a job takes equal shapes, and gates of one pixel beside an image."""
    gates = x.dim() == y.dim() == 4 and x.shape[:2] == y.shape[:2] and (1, 1) in (x.shape[2:], y.shape[2:])
    if x.shape != y.shape and not gates:
        raise ValueError(f"multiply: {tuple(x.shape)} and {tuple(y.shape)}")
    return x * y


def of_images(x, module):
    """Torch takes two dimensions for an image without channels or samples; a job's layer takes images of a batch."""
    if x.dim() != 4:
        raise ValueError(f"{module}: {tuple(x.shape)} are no images")
    return module


def run(module, names, x):
    for name in names:
        x = getattr(module, name)(x)
    return x


def size(value):
    return value[0] if isinstance(value, list) and len(value) == 1 else tuple(value) if isinstance(value, list) else value


def sizes(options):
    return {name: size(value) for name, value in options.items()}


def conv2d(x, options, _):
    options = {name: value for name, value in sizes(options).items() if name not in ("weight_init", "bias_init")}
    if "auto_padding" in options:
        options["padding"] = options.pop("auto_padding")
    return nn.Conv2d(x.shape[1], **options)


def linear(x, options, _):
    return nn.Linear(x.shape[1], options["out_features"], options.get("bias", True))


def batch_norm(kind):
    def build(x, options, builder):
        options = dict(options)
        sync = options.pop("sync", False)
        if options.pop("cumulative", False):
            options["momentum"] = None
        norm = kind(x.shape[1], **options)
        norm.batch, norm.sync = builder.batch, sync
        return norm
    return build


def dropout(per_channel):
    return lambda x, options, builder: Dropout(builder.batch, builder.nodes, per_channel, **options)


# One row per kind: the module for an input x and the kind's options.
LAYERS = {
    "conv2d": conv2d,
    "max_pool2d": lambda x, options, _: of_images(x, nn.MaxPool2d(**sizes(options))),
    "avg_pool2d": lambda x, options, _: of_images(x, nn.AvgPool2d(**sizes(options))),
    "adaptive_avg_pool2d": lambda x, options, _: of_images(x, nn.AdaptiveAvgPool2d(**sizes(options))),
    "adaptive_max_pool2d": lambda x, options, _: of_images(x, nn.AdaptiveMaxPool2d(**sizes(options))),
    "linear": linear,
    "batch_norm1d": batch_norm(BatchNorm1d),
    "batch_norm2d": batch_norm(BatchNorm2d),
    "group_norm": lambda x, options, _: GroupNorm(num_channels=x.shape[1], **options),
    "dropout": dropout(False),
    "dropout2d": dropout(True),
    "flatten": lambda x, options, _: nn.Flatten(),
    "relu": lambda x, options, _: nn.ReLU(),
    "leaky_relu": lambda x, options, _: nn.LeakyReLU(**options),
    "zero_pad2d": lambda x, options, _: of_images(x, nn.ZeroPad2d(**sizes(options))),
    "local_response_norm": lambda x, options, _: nn.LocalResponseNorm(**options),
    "prelu": lambda x, options, _: nn.PReLU(**options),
    "elu": lambda x, options, _: nn.ELU(**options),
    "relu6": lambda x, options, _: nn.ReLU6(),
    "hardsigmoid": lambda x, options, _: nn.Hardsigmoid(),
    "hardswish": lambda x, options, _: nn.Hardswish(),
    "sigmoid": lambda x, options, _: nn.Sigmoid(),
    "tanh": lambda x, options, _: nn.Tanh(),
    "gelu": lambda x, options, _: nn.GELU(**options),
    "silu": lambda x, options, _: nn.SiLU(),
    "softmax": lambda x, options, _: nn.Softmax(1),
    "log_softmax": lambda x, options, _: nn.LogSoftmax(1),
}


class Builder:
    """Builds modules while a sample passes through them, and counts what the network computes: each layer, sum and concatenation is a node."""

    def __init__(self, batch):
        self.batch, self.nodes = batch, 0

    def children(self, layers, x, first=0):
        """The named modules of a list, and its output; the first one without a name has the number `first`."""
        modules = []
        for number, layer in enumerate(layers or [], first):
            layer = dict(layer)
            name = layer.pop("name", str(number))
            (kind, options), = layer.items()
            module, x = self.module(kind, options or {}, x)
            modules.append((name, module))
        return modules, x

    def module(self, kind, options, x):
        if kind == "sequential":
            children, y = self.children(options["layers"], x)
            module = nn.Sequential()
            for name, child in children:
                module.add_module(name, child)
            return module, y
        if kind in CONTAINERS:
            return CONTAINERS[kind](self, options, x)
        module = LAYERS[kind](x, options, self).double().eval()
        self.nodes += 1
        return module, module(x)

    def residual(self, options, x):
        layers, _ = self.children(options["layers"], x)
        shortcut, _ = self.children(options.get("shortcut"), x, len(layers))
        self.nodes += 1
        return self.run(Residual(layers, shortcut), x)

    def concat(self, options, x):
        branches = self.branches(options, x)
        self.nodes += len(branches) > 1
        return self.run(Concat(branches), x)

    def multiply(self, options, x):
        branches = self.branches(options, x, product=1)
        return self.run(Multiply(branches), x)

    def branches(self, options, x, product=0):
        """The modules of each branch; behind each but the first a product with what is before it is a node."""
        branches = []
        for branch in options["branches"]:
            self.nodes += product if len(branches) > 1 else 0
            branches.append(self.children((branch or {}).get("layers"), x, sum(map(len, branches)))[0])
        self.nodes += product
        return branches

    @staticmethod
    def run(module, x):
        return module, module.eval()(x)


# One row per kind of container.
CONTAINERS = {"residual": Builder.residual, "concat": Builder.concat, "multiply": Builder.multiply}


def network(layers, shape, batch):
    with torch.no_grad():
        children, _ = Builder(batch).children(layers, torch.zeros(2, *shape, dtype=torch.float64))
    module = nn.Sequential()
    for name, child in children:
        module.add_module(name, child)
    return module
