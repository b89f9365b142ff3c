"""Writes lenet.json: what PyTorch makes of LeNet, in double precision. python3 lenet.py > lenet.json (Debian: python3-torch).

Weights and images are given by a formula that both sides compute: element i of a blob numbered n is
scale * (((i + 1) * 2654435761 + n * 40503) mod 2^32 / 2^31 - 1), rounded to float32.
"""
import json
import math

import torch
from torch import nn

torch.set_num_threads(1)


def blob(number, shape, scale):
    count = math.prod(shape)
    words = (torch.arange(1, count + 1, dtype=torch.int64) * 2654435761 + number * 40503) % 2**32
    return (scale * (words.double() / 2**31 - 1)).float().double().reshape(shape)


def lenet():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.Sigmoid(), nn.AvgPool2d(2, 2),
        nn.Conv2d(6, 16, 5), nn.Sigmoid(), nn.AvgPool2d(2, 2), nn.Flatten(),
        nn.Linear(400, 120), nn.Sigmoid(), nn.Linear(120, 84), nn.Sigmoid(), nn.Linear(84, 10))


def digest(tensor):
    values = tensor.detach().flatten()
    stride = max(1, len(values) // 13)
    return {"norm": values.norm().item(), "stride": stride, "values": values[::stride].tolist()}


def train(samples, steps, momentum, weight_decay):
    net = lenet().double()
    with torch.no_grad():
        for number, parameter in enumerate(net.parameters()):
            parameter.copy_(blob(number, parameter.shape, 0.25))
    optimizer = torch.optim.SGD(net.parameters(), 0.1, momentum=momentum, weight_decay=weight_decay)
    result = {"samples": samples, "momentum": momentum, "weight_decay": weight_decay, "losses": []}
    for step in range(steps):
        images = blob(100 + step, (samples, 1, 28, 28), 1.0)
        labels = torch.arange(samples) * 7 % 10
        logits = net(images)
        losses = nn.functional.cross_entropy(logits, labels, reduction="none")
        optimizer.zero_grad()
        losses.mean().backward()
        result["losses"].append(losses.mean().item())
        if step == 0:
            result["sample_losses"] = losses.tolist()
            result["gradients"] = {name: digest(p.grad) for name, p in net.named_parameters()}
        optimizer.step()
    result["weights"] = {name: digest(p) for name, p in net.named_parameters()}
    return result


def initial(layer, xavier):
    torch.manual_seed(1)
    fan_in, fan_out = nn.init._calculate_fan_in_and_fan_out(layer.weight)
    if xavier:
        nn.init.xavier_uniform_(layer.weight)
    return {
        "shape": list(layer.weight.shape), "xavier": xavier, "fan_in": fan_in, "fan_out": fan_out,
        "weight_max": layer.weight.abs().max().item(), "weight_std": layer.weight.std().item(),
        "bias_max": layer.bias.abs().max().item(), "bias_std": layer.bias.std().item()}


print(json.dumps({
    "torch": torch.__version__,
    "training": [train(7, 10, 0.0, 0.0), train(13, 5, 0.9, 0.01)],
    "initial": [initial(layer, xavier)
                for layer in (nn.Conv2d(16, 1024, (3, 5)), nn.Linear(400, 4096)) for xavier in (False, True)],
}))
