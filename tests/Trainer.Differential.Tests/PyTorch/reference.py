"""What PyTorch makes of jobs: one request per line of standard input, its answer on a line of standard output, both JSON.

{"command": "train", "job": ..., "folder": ..., "runs": [{"precision": "float64", "noise": 0, "seed": 0}, ...]}
    job      a job file's content; files are named from the folder on, in which initial.safetensors holds the first weights
    answer   {"runs": [{"tensors": {name: numbers}, "epochs": [[numbers], ...]}, ...]}, or {"refused": why}; of each epoch loss, counted, correct and
             unsure samples, in training and in the evaluation after it
{"command": "draw", "kind": ..., "options": ..., "shape": ..., "weight_shape": ..., "seed": ...}
    answer   {"values": numbers}: first weights as torch.nn.init draws them, ascending

Numbers travel as base64 of little-endian doubles. What is wrong with this program itself is {"broken": ...}.
"""
import base64
import json
import sys
import traceback
import warnings

import numpy as np
import torch

import initializers
import training

PRECISIONS = {"float64": torch.float64, "float32": torch.float32}


def numbers(values):
    return base64.b64encode(np.asarray(values, "<f8").tobytes()).decode()


def train(request):
    runs = []
    for run in request["runs"]:
        trained = training.Run(request["job"], request["folder"], PRECISIONS[run["precision"]], run["noise"], run["seed"])
        epochs, state = trained.train()
        runs.append({
            "epochs": [numbers(trained.numbers() + evaluated.numbers()) for trained, evaluated in epochs],
            "tensors": {name: numbers(value.double().numpy()) for name, value in state.items()}})
    return {"runs": runs}


def draw(request):
    return {"values": numbers(initializers.draw(
        request["kind"], request["options"], request["shape"], request["weight_shape"], request["seed"]).numpy())}


COMMANDS = {"train": train, "draw": draw}


def answer(request):
    try:
        return COMMANDS[request["command"]](request)
    except (RuntimeError, ValueError, ZeroDivisionError) as refusal:
        return {"refused": f"{type(refusal).__name__}: {refusal}"}
    except Exception:
        return {"broken": traceback.format_exc()}


warnings.filterwarnings("ignore")
torch.set_num_threads(1)
for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
