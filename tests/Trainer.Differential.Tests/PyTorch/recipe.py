"""Losses, optimizers and schedules of torch from the training section of a job."""
import fnmatch

import torch
from torch import nn
from torch.nn import functional
from torch.optim import lr_scheduler, swa_utils


class CrossEntropy:
    def __init__(self, classes, dtype, class_weights=None, ignore_index=-100, label_smoothing=0.0):
        self.ignored = ignore_index
        self.weights = None if class_weights is None else torch.tensor(class_weights, dtype=dtype)
        self.loss = nn.CrossEntropyLoss(self.weights, ignore_index=ignore_index, label_smoothing=label_smoothing)

    def counted(self, labels):
        return labels != self.ignored

    def __call__(self, outputs, labels):
        """What is made small; the sum of the samples' losses, and of their weights. Without a counted sample nothing is made small."""
        counted = labels[self.counted(labels)]
        weight = float(len(counted)) if self.weights is None else self.weights[counted].sum().item()
        loss = self.loss(outputs, labels) if len(counted) else outputs.sum() * 0
        return loss, loss.item() * weight, weight


class Mse:
    """Against the label's one-hot vector. The reported loss of a sum is per sample."""
    def __init__(self, classes, dtype, reduction="mean"):
        self.classes, self.dtype, self.reduction = classes, dtype, reduction

    def between(self, outputs, targets):
        return functional.mse_loss(outputs, targets, reduction=self.reduction)

    def counted(self, labels):
        return torch.ones_like(labels, dtype=torch.bool)

    def __call__(self, outputs, labels):
        loss = self.between(outputs, functional.one_hot(labels, self.classes).to(self.dtype))
        return loss, loss.item() * (len(labels) if self.reduction == "mean" else 1), len(labels)


class BceWithLogits(Mse):
    """Likewise."""
    def __init__(self, classes, dtype, reduction="mean", **weights):
        super().__init__(classes, dtype, reduction)
        self.weights = {name: torch.tensor(values, dtype=dtype) for name, values in weights.items()}

    def between(self, outputs, targets):
        return functional.binary_cross_entropy_with_logits(outputs, targets, reduction=self.reduction, **self.weights)


def adam(kind):
    def build(groups, options):
        options = dict(options)
        betas = options.pop("beta1", 0.9), options.pop("beta2", 0.999)
        return kind(groups, betas=betas, **options)
    return build


# One row per kind.
LOSSES = {"cross_entropy": CrossEntropy, "mse": Mse, "bce_with_logits": BceWithLogits}
OPTIMIZERS = {
    "sgd": lambda groups, options: torch.optim.SGD(groups, **options),
    "adam": adam(torch.optim.Adam),
    "adamw": adam(torch.optim.AdamW),
    "adagrad": lambda groups, options: torch.optim.Adagrad(groups, **options),
    "rmsprop": lambda groups, options: torch.optim.RMSprop(groups, **options),
}


class Ema:
    """torch 1.13 has no get_ema_avg_fn: this is it."""
    def __init__(self, decay=0.999):
        self.decay = decay

    def average(self, averaged, current, _):
        return self.decay * averaged + (1 - self.decay) * current

    def takes(self, epoch, is_last):
        return True


class Swa:
    """AveragedModel's own mean, updated at the ends of epochs."""
    average = None

    def __init__(self, start_epoch):
        self.start_epoch = start_epoch

    def takes(self, epoch, is_last):
        return is_last and epoch >= self.start_epoch


AVERAGINGS = {"ema": Ema, "swa": Swa}


def the_one(section):
    (kind, options), = section.items()
    return kind, options or {}


def loss(training, classes, dtype):
    kind, options = the_one(training.get("loss", {"cross_entropy": {}}))
    return LOSSES[kind](classes, dtype, **options)


class AveragedModel(swa_utils.AveragedModel):
    """As torch has it from 2.0 on: buffers are the network's as they are now."""

    def update_parameters(self, model):
        super().update_parameters(model)
        for mine, theirs in zip(self.module.buffers(), model.buffers()):
            mine.copy_(theirs)


def averaged(training, network):
    """The network's average over steps or epochs; None where the job has none."""
    if "averaging" not in training:
        return None
    kind, options = the_one(training["averaging"])
    rule = AVERAGINGS[kind](**options)
    model = AveragedModel(network, avg_fn=rule.average)
    model.takes = rule.takes
    return model


def optimizer(training, network):
    """The optimizer, with a group of parameters for each parameter group and one for the rest; None where everything is frozen."""
    patterns = training.get("parameter_groups", [])
    members = [[] for _ in range(len(patterns) + 1)]
    for name, parameter in network.named_parameters():
        members[next((i for i, group in enumerate(patterns) if fnmatch.fnmatchcase(name, group["pattern"])), -1)].append(parameter)
    groups = []
    for parameters, group in zip(members, patterns + [{}]):
        if group.get("frozen"):
            for parameter in parameters:
                parameter.requires_grad_(False)
        elif parameters:
            groups.append({"params": parameters, **{name: group[name] for name in ("lr", "weight_decay") if name in group}})
            for parameter in parameters if "frozen_epochs" in group else []:
                parameter.requires_grad_(False)
                parameter.frozen_epochs = group["frozen_epochs"]
    kind, options = the_one(training["optimizer"])
    return OPTIMIZERS[kind](groups, options) if groups else None


class Plan:
    """What a schedule has before it and after it: the steps of an epoch, those that warm-up leaves, and how warm-up was given."""

    def __init__(self, training, steps_per_epoch, warmup):
        self.steps_per_epoch, self.warmup = steps_per_epoch, warmup
        self.warm = warmup.get("steps", warmup.get("epochs", 0) * steps_per_epoch)
        left = training["epochs"] * steps_per_epoch - self.warm
        self.left = left if left > 0 else steps_per_epoch


def cosine(rates, options, plan):
    """By epochs; by steps where warm-up is counted in steps and nobody says when the cosine ends."""
    by_steps = "t_max" not in options and "steps" in plan.warmup
    length = options.get("t_max", plan.left if by_steps else plan.left // plan.steps_per_epoch)
    return lr_scheduler.CosineAnnealingLR(rates, length, options.get("eta_min", 0)), 1 if by_steps else plan.steps_per_epoch


def one_cycle(rates, options, plan):
    """Where the first phase has no length, torch divides by 0. That step has max_lr: the first phase ends a trifle before it."""
    options = {"pct_start": 0.3, **options}
    options["pct_start"] = float(options["pct_start"])
    if options["pct_start"] * plan.left == 1:
        if plan.left == 1:
            rates.param_groups[:] = [{**group, "lr": options["max_lr"]} for group in rates.param_groups]
            return lr_scheduler.ConstantLR(rates, 1.0), 1
        options["pct_start"] *= 1 - 1e-13
    return lr_scheduler.OneCycleLR(rates, total_steps=plan.left, cycle_momentum=False, max_lr=options.pop("max_lr"), **options), 1


def by_epochs(kind):
    return lambda rates, options, plan: (kind(rates, **options), plan.steps_per_epoch)


def multi_step(rates, options, plan):
    milestones = options["milestones"] if isinstance(options["milestones"], list) else [options["milestones"]]
    return by_epochs(lr_scheduler.MultiStepLR)(rates, {**options, "milestones": milestones}, plan)


def reduce_on_plateau(rates, options, plan):
    """Moved by what epochs come to, not by steps."""
    return lr_scheduler.ReduceLROnPlateau(rates, **{name: value for name, value in options.items() if name != "metric"}), None


# One row per kind: a scheduler of some rates, and after how many steps it is told to move.
SCHEDULES = {
    "constant": lambda rates, options, plan: (lr_scheduler.ConstantLR(rates, 1.0), 1),
    "step": by_epochs(lr_scheduler.StepLR),
    "multi_step": multi_step,
    "exponential": by_epochs(lr_scheduler.ExponentialLR),
    "cosine": cosine,
    "one_cycle": one_cycle,
    "reduce_on_plateau": reduce_on_plateau,
}


class Schedule:
    """The learning rates of each step. Torch's schedulers move stand-ins of the optimizer: one for warm-up, and one for what comes after it."""

    def __init__(self, training, steps_per_epoch, rates):
        section = dict(training.get("schedule") or {})
        warmup = section.pop("warmup", None) or {}
        plan = Plan(training, steps_per_epoch, warmup)
        kind, options = the_one(section or {"constant": {}})
        self.rates = self.stand_in(rates)
        self.scheduler, self.every = SCHEDULES[kind](self.rates, options, plan)
        self.step, self.warm = 0, plan.warm
        self.metric = options.get("metric", "test_loss")
        self.warm_rates = self.stand_in([group["lr"] for group in self.rates.param_groups])
        self.warmup = lr_scheduler.LinearLR(self.warm_rates, warmup.get("start_factor", 1 / 3), total_iters=max(1, plan.warm))

    @staticmethod
    def stand_in(rates):
        return torch.optim.SGD([{"params": [nn.Parameter(torch.zeros(1))], "lr": rate} for rate in rates], 1.0)

    def next(self):
        """The rates of the next step, one for each of the optimizer's groups."""
        step, self.step = self.step, self.step + 1
        if step < self.warm:
            return self.moved(self.warm_rates, self.warmup, step > 0)
        return self.moved(self.rates, self.scheduler, self.every is not None and step > self.warm and (step - self.warm) % self.every == 0)

    def closed(self, train, test):
        """An epoch's sums and those of the evaluation after it. Those of epochs within warm-up move nothing."""
        if self.every is None and self.step > self.warm:
            loss, counted, correct, _ = (train if self.metric == "train_loss" else test).numbers()
            self.scheduler.step(loss if self.metric != "accuracy" else correct / counted if counted else torch.nan)

    @staticmethod
    def moved(rates, scheduler, moves):
        if moves:
            rates.step()
            scheduler.step()
        return [group["lr"] for group in rates.param_groups]
