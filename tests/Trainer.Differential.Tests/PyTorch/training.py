"""Trains a job as its description says, with torch alone."""
import pathlib

import torch

import data
import layers
import recipe
import tensors


def default_shards(batch_size):
    """The largest power of two up to 16 that leaves each shard 8 samples."""
    return next((shards for shards in (16, 8, 4, 2) if batch_size // shards >= 8), 1)


def bounds(samples, shards):
    return [shard * samples // shards for shard in range(shards + 1)]


def default_group(batch_size, shards):
    """The fewest shards, a power of two or all, whose aligned runs all hold 32 samples, or the batch where it has fewer."""
    ends, group = bounds(batch_size, shards), 1
    while group < shards:
        if all(ends[min(lo + group, shards)] - ends[lo] >= min(batch_size, 32) for lo in range(0, shards, group)):
            return group
        group *= 2
    return shards


class Run:
    """One training. `noise` perturbs the first weights by so much of each, drawn from `noise_seed`."""

    def __init__(self, job, folder, dtype, noise=0.0, noise_seed=0):
        self.training, self.data, self.dtype = job["training"], job["data"], dtype
        self.seed, self.batch_size = self.training.get("seed", 0), self.training["batch_size"]
        self.shards = self.training.get("shards", default_shards(self.batch_size))
        self.group = self.training.get("batch_norm_shards", default_group(self.batch_size, self.shards))
        self.sets = data.load(self.data, folder)
        self.batch = layers.Batch()
        self.network = layers.network(job["model"]["layers"], self.sets[0][0].shape[1:], self.batch)
        self.start(pathlib.Path(folder) / "initial.safetensors", noise, noise_seed)
        self.images = [images.to(dtype) for images, _ in self.sets]
        self.classes = self.network.eval()(self.images[0][:1]).shape[1]
        self.loss = recipe.loss(self.training, self.classes, dtype)
        self.optimizer = recipe.optimizer(self.training, self.network)
        self.averaged = recipe.averaged(self.training, self.network)
        self.steps_per_epoch = -(-len(self.images[0]) // self.batch_size)
        rates = [group["lr"] for group in self.optimizer.param_groups] if self.optimizer else [1.0]
        self.schedule = recipe.Schedule(self.training, self.steps_per_epoch, rates)

    def start(self, path, noise, noise_seed):
        if path.exists():
            self.network.load_state_dict(tensors.read(path), strict=True)
        generator = torch.Generator().manual_seed(noise_seed)
        with torch.no_grad():
            for parameter in self.network.parameters():
                parameter.mul_(1 + noise * (2 * torch.rand(parameter.shape, dtype=torch.float64, generator=generator) - 1))
        self.network.to(self.dtype)

    def train(self):
        """Loss and accuracy of each epoch and of the evaluation after it, and the state at the end."""
        epochs = []
        for epoch in range(1, self.training["epochs"] + 1):
            epochs.append((self.train_epoch(epoch), self.evaluate()))
            self.schedule.closed(*epochs[-1])
        return epochs, self.result().state_dict()

    def result(self):
        """What is evaluated: the average, once there is one."""
        return self.network if self.averaged is None or self.averaged.n_averaged == 0 else self.averaged.module

    def train_epoch(self, epoch):
        self.network.train()
        for parameter in self.network.parameters():
            if getattr(parameter, "frozen_epochs", epoch) < epoch:
                parameter.requires_grad_(True)
        order, sums = data.order(self.data, len(self.images[0]), self.seed, epoch), Sums()
        for first in range(0, len(order), self.batch_size):
            self.step(order[first:first + self.batch_size], sums)
            if self.averaged is not None and self.averaged.takes(epoch, first + self.batch_size >= len(order)):
                self.averaged.update_parameters(self.network)
        return sums

    def step(self, samples, sums):
        ends = bounds(len(samples), self.shards)
        runs = [(ends[lo], ends[min(lo + self.group, self.shards)]) for lo in range(0, self.shards, self.group)]
        self.batch.seed, self.batch.step, self.batch.groups = self.seed, self.batch.step + 1, [(lo, hi) for lo, hi in runs if hi > lo]
        labels = self.sets[0][1][samples]
        outputs = self.network(self.images[0][samples])
        loss, total, weight = self.loss(outputs, labels)
        sums.add(total, weight, outputs, labels, self.loss.counted(labels))
        rates = self.schedule.next()
        if self.optimizer is None:
            return
        self.optimizer.zero_grad()
        if loss.requires_grad:  # Not while all parameters are frozen.
            loss.backward()
        if "clip_grad_norm" in self.training:
            torch.nn.utils.clip_grad_norm_([p for p in self.network.parameters() if p.requires_grad], self.training["clip_grad_norm"])
        for group, rate in zip(self.optimizer.param_groups, rates):
            group["lr"] = rate
        self.optimizer.step()

    def evaluate(self):
        network = self.result().eval()
        images, labels, sums = self.images[1], self.sets[1][1], Sums()
        with torch.no_grad():
            outputs = network(images)
            _, total, weight = self.loss(outputs, labels)
            sums.add(total, weight, outputs, labels, self.loss.counted(labels))
        return sums


class Sums:
    """Of the samples of an epoch or an evaluation. Unsure are those whose label's output is so near the largest other one that rounding decides."""

    def __init__(self):
        self.total = self.weight = 0.0
        self.counted = self.correct = self.unsure = 0

    def add(self, total, weight, outputs, labels, counted):
        self.total, self.weight = self.total + total, self.weight + weight
        outputs, labels = outputs.detach()[counted].double(), labels[counted]
        own = outputs.gather(1, labels[:, None])[:, 0]
        others = outputs.scatter(1, labels[:, None], -torch.inf).max(1).values
        self.counted += len(labels)
        self.correct += (outputs.argmax(1) == labels).sum().item()
        self.unsure += ((own - others).abs() <= 1e-3 * outputs.abs().max(1).values).sum().item()

    def numbers(self):
        return [self.total / self.weight if self.weight else torch.nan, self.counted, self.correct, self.unsure]
