"""First values as torch draws them. Of a bias, the fans are those of its layer's weight."""
import math

import torch
from torch.nn import init

# One row per kind: fills a tensor whose layer has a weight of this shape.
INITIALIZERS = {
    "kaiming_uniform": lambda tensor, fans, options: init.uniform_(tensor, -1 / math.sqrt(fans[0]), 1 / math.sqrt(fans[0])),
    "kaiming_normal": lambda tensor, fans, options: init.normal_(tensor, 0, math.sqrt(2 / fans[0])),
    "xavier_uniform": lambda tensor, fans, options: init.uniform_(tensor, -math.sqrt(6 / sum(fans)), math.sqrt(6 / sum(fans))),
    "xavier_normal": lambda tensor, fans, options: init.normal_(tensor, 0, math.sqrt(2 / sum(fans))),
    "normal": lambda tensor, fans, options: init.normal_(tensor, options.get("mean", 0), options.get("std", 1)),
    "constant": lambda tensor, fans, options: init.constant_(tensor, options.get("value", 0)),
}

# What torch.nn.init itself has for weights.
OF_WEIGHTS = {
    "kaiming_uniform": lambda tensor: init.kaiming_uniform_(tensor, a=math.sqrt(5)),
    "kaiming_normal": init.kaiming_normal_,
    "xavier_uniform": init.xavier_uniform_,
    "xavier_normal": init.xavier_normal_,
}


def draw(kind, options, shape, weight_shape, seed):
    """So many values for a tensor of this shape, whose layer's weight has that shape, ascending."""
    torch.manual_seed(seed)
    tensor = torch.empty(shape, dtype=torch.float64)
    if kind in OF_WEIGHTS and shape == weight_shape:
        OF_WEIGHTS[kind](tensor)
    else:
        INITIALIZERS[kind](tensor, init._calculate_fan_in_and_fan_out(torch.empty(weight_shape)), options)
    return tensor.flatten().sort().values
