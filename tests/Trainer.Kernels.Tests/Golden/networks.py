"""Writes networks.json: ten steps of every network of the zoo in double precision. Run with Debian's python3-torch: python3 networks.py [NAME...].

Tensor t of the state starts at tensor(t, shape, scale, offset): a convolution's weight with the scale sqrt(3.5 / fan_in), a linear layer's with
sqrt(3 / fan_in) (of lenet, whose sigmoids shrink, four times that), rounded to float32; any other weight 1 + v / 4, but that of the last batch norm of
resnet50's bottlenecks a quarter of that; a running variance 1 + v / 4; biases and running means v / 8. With larger ones ten steps of some networks are
chaotic: PyTorch's own float32 strays from its float64 by more than 1e-4.
Sample n of step s is row n of tensor("images.s") (but see k below) with label 7 n mod 10; dropout never drops.
Of each gradient of the first step there are its norm and its dot products with tensor("probe.k.t"), k = 0..5: as their elements are independent, with
variance 1/3, the error of a gradient is sqrt(3 x the mean squared error of its products), give or take a third.
"""
import math
import sys

import torch
from torch.nn import functional

import d2l
import golden

PROBES, STEPS, CLASSES = 6, 10, 10

# name: (image shape, samples[, k]). Sizes that leave every layer something to do, mostly odd, smaller than what people train on. With k the images are
# called images.k: of at least 40 sets the one whose relus and maxima in small layers stay farthest from their kinks (1e-5 of an activation, 4e-6 in
# resnet50), as one element on the wrong side changes a gradient by 1e-3 of its norm where there are few.
CASES = {
    "lenet": ((1, 28, 28), 7), "cnn-rgb32": ((3, 32, 32), 7), "mnistnet": ((1, 28, 28), 11), "keras-cnn": ((1, 28, 28), 5),
    "alexnet": ((1, 99, 99), 3), "vgg11": ((1, 32, 32), 3), "vgg13": ((3, 35, 33), 2), "vgg16": ((1, 32, 32), 2), "vgg19": ((1, 32, 32), 2),
    "nin": ((1, 67, 71), 2, 17), "googlenet": ((1, 65, 65), 5), "resnet18": ((1, 49, 51), 3, 25), "resnet34": ((1, 65, 65), 5),
    "resnet50": ((3, 33, 35), 3, 51), "densenet": ((1, 65, 65), 5),
}


def start(network, name, shape):
    if len(shape) > 1:
        return golden.tensor(name, shape, math.sqrt((3.5 if len(shape) == 4 else 3) / math.prod(shape[1:])) * (4 if network == "lenet" else 1))
    if name.endswith("bn3.weight"):
        return golden.tensor(name, shape, 0.0625, 0.25)
    if name.endswith(("weight", "running_var")):
        return golden.tensor(name, shape, 0.25, 1)
    return golden.tensor(name, shape, 0.125)


def initialize(network, net):
    with torch.no_grad():
        for name, value in net.state_dict().items():
            if not name.endswith("num_batches_tracked"):
                value.copy_(start(network, name, value.shape))


def digest(name, gradient):
    probes = [golden.tensor(f"probe.{k}.{name}", gradient.shape) for k in range(PROBES)]
    return {"norm": golden.digits(gradient.norm().item()), "products": [golden.digits((gradient * probe).sum().item()) for probe in probes]}


def train(network, shape, samples, images=None):
    images = f"images.{images}" if images else "images"
    net = d2l.create(network, shape, CLASSES, p=0.0)
    initialize(network, net)
    lr = 1e-5 if any("running_mean" in name for name in net.state_dict()) else 1e-3
    optimizer = torch.optim.SGD(net.parameters(), lr)
    labels = torch.arange(samples) * 7 % CLASSES
    result = {
        "name": network, "input": list(shape), "classes": CLASSES, "samples": samples, "images": images, "lr": lr,
        "parameters": sum(parameter.numel() for parameter in net.parameters()),
        "state": {name: list(value.shape) for name, value in net.state_dict().items()}, "losses": []}
    for step in range(STEPS):
        loss = functional.cross_entropy(net(golden.tensor(f"{images}.{step}", (samples, *shape))), labels)
        optimizer.zero_grad()
        loss.backward()
        result["losses"].append(golden.digits(loss.item()))
        if step == 0:
            result["norm"] = golden.digits(math.sqrt(sum(p.grad.square().sum().item() for p in net.parameters())))
            result["gradients"] = {name: digest(name, p.grad) for name, p in net.named_parameters()}
        optimizer.step()
    result["buffers"] = {name: digest(name, value.double()) for name, value in net.named_buffers()}
    with torch.no_grad():
        result["evaluation"] = golden.flat(net.eval()(golden.tensor(f"{images}.0", (samples, *shape))))
    print(network, result["parameters"], result["losses"], flush=True)
    return result


if __name__ == "__main__":
    chosen = sys.argv[1:] or list(CASES)
    cases = [train(network, *CASES[network]) for network in chosen]
    golden.write("networks.json", {"networks": golden.merge("networks.json", "networks", cases)})
