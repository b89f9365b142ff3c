"""Writes training.json: whole small trainings, with what their layers, losses and optimizers do to each other. Run with Debian's python3-torch: python3 training.py.

Tensor n of case c is tensor("c.weight"), the images of its step s are tensor("c.x.s") (golden.py). A case names layers and training as a job file does.
A loss is that of its step, per counted sample; null where the loss ignores all of them. The result of averaging is the average.
"""
import math

import torch
from torch import nn
from torch.nn import functional
from torch.optim import swa_utils

import golden


class Case:
    """A network and how it is trained; state holds values of buffers to start from. An epoch has all steps unless it says how many."""

    def __init__(self, name, shape, network, layers, training, labels, scale=1, state=None, steps_per_epoch=None):
        self.steps_per_epoch = steps_per_epoch or len(labels)
        self.name, self.shape, self.layers, self.training, self.labels, self.scale = name, shape, layers, training, labels, scale
        self.network, self.state = network.double().train(), state or {}

    def evaluating(self, *modules):
        """As in fine-tuning: these stay in eval mode."""
        for module in modules:
            module.eval()
        return self

    def start(self):
        with torch.no_grad():
            for key, value in self.network.state_dict().items():
                if key in self.state:
                    value.fill_(self.state[key])
                elif "running" not in key and "num_batches" not in key:
                    value.copy_(golden.tensor(f"{self.name}.{key}", value.shape, 0.25))

    def optimizer(self):
        (kind, options), = self.training["optimizer"].items()
        return {"sgd": torch.optim.SGD, "adamw": torch.optim.AdamW}[kind](self.network.parameters(), **options)

    def loss(self, y, labels):
        """What is made small, and what is told: per sample."""
        (kind, options), = self.training.get("loss", {"cross_entropy": {}}).items()
        if kind == "mse":
            target = functional.one_hot(labels, y.shape[1]).double()
            value = functional.mse_loss(y, target, reduction=options.get("reduction", "mean"))
            return value, value.item() / (len(labels) if options.get("reduction") == "sum" else 1)
        value = functional.cross_entropy(y, labels, ignore_index=options.get("ignore_index", -100), label_smoothing=options.get("label_smoothing", 0.0))
        return value, value.item()

    def averaging(self):
        """The average, and whether it takes in the weights behind step number so much; torch 1.13 has no get_ema_avg_fn."""
        (kind, options), = self.training.get("averaging", {"none": {}}).items()
        if kind == "swa":
            return swa_utils.AveragedModel(self.network), lambda step: step % self.steps_per_epoch == 0 and step // self.steps_per_epoch >= options["start_epoch"]
        if kind == "ema":
            decay = options["decay"]
            return swa_utils.AveragedModel(self.network, avg_fn=lambda averaged, current, _: decay * averaged + (1 - decay) * current), lambda step: True
        return None, lambda step: False

    def estimate(self, average, last):
        """Behind the last step of an epoch, from its batches."""
        steps = range(last - self.steps_per_epoch + 1, last + 1)
        swa_utils.update_bn((golden.tensor(f"{self.name}.x.{step}", (len(self.labels[step]), *self.shape), self.scale) for step in steps), average)

    def run(self):
        self.start()
        average, takes = self.averaging()
        optimizer, losses = self.optimizer(), []
        for step, labels in enumerate(self.labels):
            x = golden.tensor(f"{self.name}.x.{step}", (len(labels), *self.shape), self.scale)
            loss, told = self.loss(self.network(x), torch.tensor(labels))
            optimizer.zero_grad()
            loss.backward()
            if "clip_grad_norm" in self.training:
                nn.utils.clip_grad_norm_(self.network.parameters(), self.training["clip_grad_norm"])
            optimizer.step()
            if takes(step + 1):
                average.update_parameters(self.network)
                if "swa" in self.training["averaging"]:
                    self.estimate(average, step)
            losses.append(None if math.isnan(told) else golden.digits(told))
        result = {key: golden.flat(value) for key, value in (self.network if average is None else average.module).state_dict().items()}
        return {"name": self.name, "input": list(self.shape), "layers": self.layers, "training": {"epochs": 1, **self.training}, "labels": self.labels,
                "scale": self.scale, **({"steps_per_epoch": self.steps_per_epoch} if self.steps_per_epoch < len(self.labels) else {}), "start": self.state, "losses": losses, "result": result}


def linear(outputs=3, inputs=6):
    return nn.Sequential(nn.Flatten(), nn.Linear(inputs, outputs)), [{"flatten": {}}, {"linear": {"out_features": outputs}}]


def norm_first(section, **options):
    network, layers = linear()
    return nn.Sequential(nn.BatchNorm2d(2, **options), *network), [{"batch_norm2d": section}, *layers]


class Gate(nn.Sequential):
    """x times what its layers make of x: squeeze and excitation (Hu, Shen, Sun 2018) where they end with one value a channel."""

    def forward(self, x):
        return x * super().forward(x)


def gated(gate, section):
    """A convolution whose 5 channels a gate multiplies."""
    network = nn.Sequential(nn.Conv2d(2, 5, 3, padding=1), gate, nn.ReLU(), nn.Flatten(), nn.Linear(60, 3))
    return network, [{"conv2d": {"out_channels": 5, "kernel_size": [3], "padding": [1]}}, {"multiply": {"branches": [{}, {"layers": section}]}},
                     {"relu": {}}, *linear()[1]]


def squeeze():
    return gated(
        Gate(nn.AdaptiveAvgPool2d(1), nn.Conv2d(5, 2, 1), nn.ReLU(), nn.Conv2d(2, 5, 1), nn.Sigmoid()),
        [{"adaptive_avg_pool2d": {"output_size": [1]}}, {"conv2d": {"out_channels": 2, "kernel_size": [1]}}, {"relu": {}},
         {"conv2d": {"out_channels": 5, "kernel_size": [1]}}, {"sigmoid": {}}])


def attend():
    return gated(Gate(nn.Conv2d(5, 5, 1), nn.Sigmoid()), [{"conv2d": {"out_channels": 5, "kernel_size": [1]}}, {"sigmoid": {}}])


def norms_between():
    """A norm first, one behind a convolution, and one that goes on."""
    network = nn.Sequential(nn.BatchNorm2d(2), nn.Conv2d(2, 5, 3, padding=1), nn.BatchNorm2d(5), nn.ReLU(), nn.Conv2d(5, 3, 1), nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(36, 3))
    return network, [{"batch_norm2d": {}}, {"conv2d": {"out_channels": 5, "kernel_size": [3], "padding": [1]}}, {"batch_norm2d": {}}, {"relu": {}},
                     {"conv2d": {"out_channels": 3, "kernel_size": [1]}}, {"batch_norm2d": {}}, *linear()[1]]


def frozen_norms():
    network, layers = norms_between()
    groups = [{"pattern": "[02].*".replace("[02]", index), "frozen_statistics": True} for index in ("0", "2")]
    return Case("frozen statistics", (2, 3, 4), network, layers, {"optimizer": SGD, "parameter_groups": groups}, BATCHES, scale=2, state={
        "0.running_mean": 0.25, "0.running_var": 0.5, "2.running_mean": -0.5, "2.running_var": 2}).evaluating(network[0], network[2])


IMAGE = (2, 1, 3)
BATCHES = [[0, 1, 2, 0, 1], [2, 2, 0, 1, 0], [1, 0, 2]]
SGD = {"sgd": {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01}}
ADAMW = {"adamw": {"lr": 0.01, "weight_decay": 0.1}}
BEFORE = {"0.running_mean": 3, "0.running_var": 4, "0.num_batches_tracked": 5}

golden.write("training.json", {"cases": [case.run() for case in (
    Case("batch norm without affine first", IMAGE, *norm_first({"affine": False}, affine=False), {"optimizer": SGD}, BATCHES),
    Case("cumulative statistics go on", IMAGE, *norm_first({"cumulative": True}, momentum=None), {"optimizer": SGD}, BATCHES, state=BEFORE),
    Case("statistics go on", IMAGE, *norm_first({"momentum": 0.3}, momentum=0.3), {"optimizer": SGD}, BATCHES, state=BEFORE),
    Case("mse by sum", IMAGE, *linear(), {"optimizer": {"sgd": {"lr": 0.01}}, "loss": {"mse": {"reduction": "sum"}}}, BATCHES),
    Case("mse by mean", IMAGE, *linear(), {"optimizer": {"sgd": {"lr": 0.1}}, "loss": {"mse": {}}}, BATCHES),
    Case("a batch of ignored samples", IMAGE, *norm_first({}), {"optimizer": SGD, "loss": {"cross_entropy": {"ignore_index": 255}}},
         [[0, 255, 1, 2, 255], [255, 255, 255], [1, 2, 255, 0]]),
    Case("first of all a batch of ignored samples", IMAGE, *norm_first({}), {"optimizer": ADAMW, "loss": {"cross_entropy": {"ignore_index": -1}}},
         [[-1, -1, -1, -1], [0, 1, -1, 2], [-1, -1]]),
    Case("ignored samples and smoothing", IMAGE, *linear(), {"optimizer": SGD, "loss": {"cross_entropy": {"ignore_index": 1, "label_smoothing": 0.1}}}, BATCHES),
    Case("clipping of a gradient whose squares are beyond float32", IMAGE, *linear(),
         {"optimizer": {"sgd": {"lr": 0.1}}, "loss": {"mse": {}}, "clip_grad_norm": 1.0}, BATCHES[:1], scale=1e12),
    Case("group norm of one value", (3, 1, 1), nn.Sequential(nn.GroupNorm(3, 3), *linear(inputs=3)[0]),
         [{"group_norm": {"num_groups": 3}}, *linear(inputs=3)[1]], {"optimizer": SGD}, BATCHES),
    Case("a gate for each channel", (2, 3, 4), *squeeze(), {"optimizer": SGD}, BATCHES, scale=2),
    Case("a gate for each element", (2, 3, 4), *attend(), {"optimizer": SGD}, BATCHES, scale=2),
    frozen_norms(),
    Case("swa", IMAGE, *linear(), {"epochs": 4, "optimizer": SGD, "averaging": {"swa": {"start_epoch": 2}}}, 4 * BATCHES, steps_per_epoch=3),
    Case("swa with batch norm", (2, 3, 4), *norms_between(), {"epochs": 4, "optimizer": SGD, "averaging": {"swa": {"start_epoch": 2}}}, 4 * BATCHES, scale=2, steps_per_epoch=3),
    Case("ema", IMAGE, *linear(), {"optimizer": SGD, "averaging": {"ema": {"decay": 0.7}}}, BATCHES),
)]})
