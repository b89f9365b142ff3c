"""Products and training steps by PyTorch in float32, TF32 off: torch_times.py CASES.json DEVICE SECONDS NUMBERS. A line when a case begins, one when it ends."""
import json
import sys
import time

import torch
from torch import nn

import layers

MARK, PART = "gpu-check: ", {"Topic": "torch", "Part": "PyTorch", "Kernels": [], "Detail": ""}
ROUNDS, WARM_STEPS, FEWEST_STEPS = 5, 2, 3

# The timed networks drop out as torch does: drawing as a job does is for comparisons of values.
layers.LAYERS["dropout"] = lambda x, options, _: nn.Dropout(**options)


def tell(number, case, outcome, seconds=0.0, figures=None, detail=""):
    print(MARK + json.dumps(PART | {"Number": number, "Case": case, "Outcome": outcome, "Seconds": seconds, "Figures": figures or {}, "Detail": detail}), flush=True)


def wait(device):
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def mean(call, device, calls):
    began = time.perf_counter()
    for _ in range(calls):
        call()
    wait(device)
    return (time.perf_counter() - began) * 1e3 / calls


def least(call, device, seconds):
    mean(call, device, 1)
    once = mean(call, device, 1)
    if once > seconds * 1e3:
        return once
    calls = int(min(max(seconds * 1e3 / ROUNDS / once, 1), 1000))
    return min(mean(call, device, calls) for _ in range(ROUNDS))


def product(case, device, seconds):
    n, c, size, k, r, stride, pad = (case[name] for name in ("samples", "c", "size", "k", "filter", "stride", "pad"))
    out = (size + 2 * pad - r) // stride + 1
    with torch.no_grad():
        if case["is_linear"]:
            x, w, y = torch.rand(n, c, device=device), torch.rand(k, c, device=device), torch.rand(n, k, device=device)
            calls = lambda: x @ w.T, lambda: y @ w, lambda: y.T @ x
        else:
            x, w, y = torch.rand(n, c, size, size, device=device), torch.rand(k, c, r, r, device=device), torch.rand(n, k, out, out, device=device)
            backward = lambda data: torch.ops.aten.convolution_backward(y, x, w, None, [stride] * 2, [pad] * 2, [1, 1], False, [0, 0], 1, [data, not data, False])
            calls = lambda: nn.functional.conv2d(x, w, stride=stride, padding=pad), lambda: backward(True), lambda: backward(False)
        return {f"{name} ms": least(call, device, seconds / 3) for name, call in zip(("forward", "data", "weights"), calls)}


def network(case, device, seconds):
    model = layers.network(case["layers"], case["shape"], layers.Batch()).float().to(device).train()
    optimizer, loss = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9), nn.CrossEntropyLoss()
    images, labels = torch.rand(case["batch"], *case["shape"]) * 2 - 1, torch.arange(case["batch"]) * 7 % 10
    if device.type == "cuda":
        images, labels = images.pin_memory(), labels.pin_memory()
    for module in model.modules():
        if isinstance(module, layers.GroupedBatchNorm):
            module.sync = True  # the whole batch, as torch does

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss(model(images.to(device, non_blocking=True)), labels.to(device, non_blocking=True)).backward()
        optimizer.step()
        wait(device)

    times, start = [], time.perf_counter()
    while len(times) < WARM_STEPS + FEWEST_STEPS or time.perf_counter() - start < seconds:
        began = time.perf_counter()
        step()
        times.append((time.perf_counter() - began) * 1e3)
    times = sorted(times[WARM_STEPS:])
    return {"batch": case["batch"], "median ms": times[len(times) // 2], "least ms": times[0]}


def main(cases, device, seconds, numbers):
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True
    with open(cases, encoding="utf-8") as file:
        cases = json.load(file)
    device, seconds = torch.device(device), float(seconds)
    for number in map(int, numbers.split(",")):
        case, began = cases[number], time.perf_counter()
        tell(number, case["name"], "begun")
        try:
            figures = (network if "layers" in case else product)(case, device, seconds)
            tell(number, case["name"], "measured", time.perf_counter() - began, figures, f"PyTorch {torch.__version__}")
        except Exception as fault:  # the next case may do
            tell(number, case["name"], "failed", time.perf_counter() - began, detail=f"{type(fault).__name__}: {fault}")


main(*sys.argv[1:])
