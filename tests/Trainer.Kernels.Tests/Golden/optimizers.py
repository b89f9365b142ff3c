"""Writes optimizers.json: weights and state after each of five steps. Run with Debian's python3-torch: python3 optimizers.py.

Case c starts at tensor("c.weight") and meets the gradients tensor("c.gradient.t"), t from 1.
"""
import torch

import golden

ELEMENTS, STEPS = 13, 5


def run(name, kind, **options):
    weight = torch.nn.Parameter(golden.tensor(f"{name}.weight", (ELEMENTS,)))
    optimizer = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "rmsprop": torch.optim.RMSprop, "adagrad": torch.optim.Adagrad}[kind]([weight], **options)
    weights = []
    for step in range(1, STEPS + 1):
        weight.grad = golden.tensor(f"{name}.gradient.{step}", (ELEMENTS,), 0.5)
        optimizer.step()
        weights.append(golden.flat(weight))
    state = optimizer.state[weight]
    kept = {key: golden.flat(state[key]) for key in ("momentum_buffer", "exp_avg", "exp_avg_sq", "square_avg", "grad_avg", "sum") if state.get(key) is not None}
    return {"name": name, "optimizer": {kind: options}, "elements": ELEMENTS, "weights": weights, "state": kept}


golden.write("optimizers.json", {"cases": [
    run("sgd", "sgd", lr=0.1),
    run("sgd decay", "sgd", lr=0.1, weight_decay=0.03),
    run("sgd momentum", "sgd", lr=0.1, momentum=0.9),
    run("sgd dampening", "sgd", lr=0.05, momentum=0.7, dampening=0.3),
    run("sgd nesterov", "sgd", lr=0.1, momentum=0.9, nesterov=True),
    run("sgd everything", "sgd", lr=0.3, momentum=0.8, dampening=0.1, weight_decay=0.01),
    run("sgd nesterov decay", "sgd", lr=0.3, momentum=0.8, nesterov=True, weight_decay=0.01),
    run("adam", "adam", lr=0.01),
    run("adam everything", "adam", lr=0.1, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.05),
    run("adamw", "adamw", lr=0.01),
    run("rmsprop", "rmsprop", lr=0.01),
    run("rmsprop momentum", "rmsprop", lr=0.05, momentum=0.9, weight_decay=0.1),
    run("rmsprop centered", "rmsprop", lr=0.01, alpha=0.9, eps=1e-3, centered=True),
    run("rmsprop everything", "rmsprop", lr=0.02, alpha=0.8, eps=1e-2, weight_decay=0.05, momentum=0.7, centered=True),
    run("adagrad", "adagrad", lr=0.05),
    run("adagrad everything", "adagrad", lr=0.2, lr_decay=0.3, weight_decay=0.05, initial_accumulator_value=0.1, eps=1e-3),
    run("adamw everything", "adamw", lr=0.1, betas=(0.7, 0.9), eps=1e-4, weight_decay=0.2),
]})
