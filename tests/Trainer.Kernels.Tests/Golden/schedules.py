"""Writes schedules.json: learning rates of torch.optim.lr_scheduler, the first 30 calls. Run with Debian's python3-torch: python3 schedules.py."""
import math

import torch
from torch.optim import lr_scheduler as of

import golden

CALLS = 30


def rates(name, lr, make, section, calls=CALLS):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)
    scheduler, sequence = make(optimizer), []
    for _ in range(calls):
        sequence.append(golden.digits(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        scheduler.step()
    return {"name": name, "lr": lr, "schedule": section, "rates": sequence}


def after_warm_up(name, lr, start_factor, calls, make, section):
    def chain(optimizer):
        warm = of.LinearLR(optimizer, start_factor=start_factor, total_iters=calls)
        return of.SequentialLR(optimizer, [warm, make(optimizer)], milestones=[calls])
    return rates(name, lr, chain, {**section, "warm_up": {"start_factor": start_factor, "total_iters": calls}})


def section(name, make, steps_per_epoch, epochs, schedule, lr=0.3):
    """The schedule of a job's training section, all steps of it: make builds torch's, stepped per batch."""
    case = rates(name, lr, make, schedule, calls=epochs * steps_per_epoch)
    return {**case, "epochs": epochs, "steps_per_epoch": steps_per_epoch}


def plateau(name, lr, epochs=40, **options):
    """The rates of each epoch, and the metric that each comes to: it falls (with mode max it rises) and stays, with noise; a whole number of thousandths."""
    metric = options.pop("metric", "test_loss")
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)
    scheduler, metrics, sequence = of.ReduceLROnPlateau(optimizer, **options), [], []
    noise = golden.tensor(f"plateau.{name}", (epochs,), 0.05).tolist()
    for epoch in range(epochs):
        value = round(1000 * (0.3 + 0.6 * 0.8 ** epoch + noise[epoch]))
        metrics.append(1000 - value if options.get("mode") == "max" else value)
        sequence.append(golden.digits(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        scheduler.step(metrics[-1] / 1000)
    return {"name": name, "lr": lr, "schedule": {"reduce_on_plateau": {"metric": metric, **options}}, "thousandths": metrics, "rates": sequence}


def warm_steps(steps, then):
    return lambda optimizer: of.SequentialLR(optimizer, [of.LinearLR(optimizer, total_iters=steps), then(optimizer)], milestones=[steps])


def per_epoch(steps_per_epoch, closed):
    return lambda optimizer: of.LambdaLR(optimizer, lambda step: closed(step // steps_per_epoch))


def constant(optimizer):
    return of.LambdaLR(optimizer, lambda _: 1.0)


def step(optimizer):
    return of.StepLR(optimizer, 7, 0.3)


def multi_step(optimizer):
    return of.MultiStepLR(optimizer, [3, 11, 12], 0.5)


def exponential(optimizer):
    return of.ExponentialLR(optimizer, 0.9)


def cosine(optimizer):
    return of.CosineAnnealingLR(optimizer, 23, 0.01)


def repeated(optimizer):
    return of.MultiStepLR(optimizer, [3, 3, 11], 0.5)


STEP = {"step": {"step_size": 7, "gamma": 0.3}}
MULTI_STEP = {"multi_step": {"milestones": [3, 11, 12], "gamma": 0.5}}
REPEATED = {"multi_step": {"milestones": [3, 3, 11], "gamma": 0.5}}
EXPONENTIAL = {"exponential": {"gamma": 0.9}}
COSINE = {"cosine": {"t_max": 23, "eta_min": 0.01}}
ONE_CYCLE = {"pct_start": 0.25, "div_factor": 20.0, "final_div_factor": 500.0}

golden.write("schedules.json", {"cases": [
    rates("constant", 0.1, constant, {"constant": {}}),
    rates("step", 0.9, step, STEP),
    rates("multi_step", 0.2, multi_step, MULTI_STEP),
    rates("multi_step, one of them twice", 0.2, repeated, REPEATED),
    rates("exponential", 0.5, exponential, EXPONENTIAL),
    rates("cosine", 0.3, cosine, COSINE, calls=24),
    rates("one_cycle", 0.1, lambda o: of.OneCycleLR(o, 0.8, total_steps=30, cycle_momentum=False), {"one_cycle": {"max_lr": 0.8, "total_steps": 30}}, calls=29),
    rates("one_cycle options", 0.1, lambda o: of.OneCycleLR(o, 0.5, total_steps=28, cycle_momentum=False, **ONE_CYCLE),
          {"one_cycle": {"max_lr": 0.5, "total_steps": 28, **ONE_CYCLE}}, calls=27),
    rates("one_cycle without a first phase", 0.1, lambda o: of.OneCycleLR(o, 0.8, total_steps=10, pct_start=0.0, cycle_momentum=False),
          {"one_cycle": {"max_lr": 0.8, "total_steps": 10, "pct_start": 0.0}}, calls=9),
    after_warm_up("constant after warm-up", 0.1, 0.25, 5, constant, {"constant": {}}),
    after_warm_up("step after warm-up", 0.9, 0.1, 4, step, STEP),
    after_warm_up("multi_step after warm-up", 0.2, 0.1, 5, multi_step, MULTI_STEP),
    after_warm_up("exponential after warm-up", 0.5, 0.2, 3, exponential, EXPONENTIAL),
    after_warm_up("cosine after warm-up", 0.3, 0.01, 7, cosine, COSINE),
], "sections": [
    section("cosine after a warm-up of one step", warm_steps(1, lambda o: of.CosineAnnealingLR(o, 19)), 10, 2, {"cosine": {}, "warmup": {"steps": 1}}),
    section("cosine after a warm-up of steps beyond an epoch", warm_steps(7, lambda o: of.CosineAnnealingLR(o, 13, 0.02)), 5, 4,
            {"cosine": {"eta_min": 0.02}, "warmup": {"steps": 7}}),
    section("cosine without a warm-up", per_epoch(5, lambda epoch: (1 + math.cos(math.pi * epoch / 4)) / 2), 5, 4, {"cosine": {}}),
    section("one_cycle after a warm-up", warm_steps(4, lambda o: of.OneCycleLR(o, 0.8, total_steps=16, cycle_momentum=False)), 5, 4,
            {"one_cycle": {"max_lr": 0.8}, "warmup": {"steps": 4}}, lr=0.8 / 25),
    section("a warm-up alone", lambda o: of.LinearLR(o, total_iters=6), 5, 2, {"warmup": {"steps": 6}}),
], "plateaus": [
    plateau("defaults", 0.1),
    plateau("impatient", 0.3, patience=1, factor=0.5),
    plateau("no patience, cooldown", 0.3, patience=0, factor=0.7, cooldown=3, metric="train_loss"),
    plateau("absolute threshold", 0.2, patience=2, factor=0.3, threshold=0.02, threshold_mode="abs"),
    plateau("accuracy", 0.2, mode="max", patience=2, factor=0.5, threshold=0.01, cooldown=1, metric="accuracy"),
    plateau("accuracy, absolute", 0.2, mode="max", patience=1, threshold=0.01, threshold_mode="abs", metric="accuracy"),
    plateau("least rate", 0.2, patience=0, factor=0.3, min_lr=0.01),
    plateau("small reductions", 0.1, patience=0, factor=0.5, eps=0.01),
]})
