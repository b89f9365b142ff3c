"""Writes filter.json: what trainer filter makes of a picture, by PyTorch's conv2d in double precision. Run with Debian's python3-torch and python3-pil: python3 filter.py.

The picture has 11 rows of 13 pixels; red, green and blue are channel c = 0, 1, 2 of (37 x + 59 y + 101 c + 7 x y + 3 y y) mod 256.
Where PIL's ImageFilter.Kernel can say the same (3 x 3, no options), its bytes have to be those of PyTorch; PIL takes a kernel's rows from below.
"""
import json
import pathlib

import torch
from PIL import Image, ImageFilter
from torch.nn import functional

HEIGHT, WIDTH = 11, 13
KERNELS = {
    "sobel-x": [[[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]],
    "sobel-y": [[[-1, -2, -1], [0, 0, 0], [1, 2, 1]]],
    "sobel": [[[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], [[-1, -2, -1], [0, 0, 0], [1, 2, 1]]],
    "laplacian": [[[0, 1, 0], [1, -4, 1], [0, 1, 0]]],
    "sharpen": [[[0, -1, 0], [-1, 5, -1], [0, -1, 0]]],
    "blur": [[[1 / 16, 2 / 16, 1 / 16], [2 / 16, 4 / 16, 2 / 16], [1 / 16, 2 / 16, 1 / 16]]],
    "emboss": [[[-2, -1, 0], [-1, 1, 1], [0, 1, 2]]],
    "identity": [[[0, 0, 0], [0, 1, 0], [0, 0, 0]]],
    "edges": [[[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]]],
    "1,0,-1;2,0,-2;1,0,-1": [[[1, 0, -1], [2, 0, -2], [1, 0, -1]]],
    "-1,0.5;0.25,1;0,-0.75;1,-1": [[[-1, 0.5], [0.25, 1], [0, -0.75], [1, -1]]],
}


def picture():
    y, x = torch.meshgrid(torch.arange(HEIGHT), torch.arange(WIDTH), indexing="ij")
    return torch.stack([(37 * x + 59 * y + 101 * c + 7 * x * y + 3 * y * y) % 256 for c in range(3)]).to(torch.uint8)


def image(planes):
    return Image.fromarray(planes.permute(1, 2, 0).numpy(), "RGB")


def visible(values, show):
    values = values.abs() if show == "absolute" else values + 128 if show == "center" else values
    return (values + 0.5).floor().clamp(0, 255).to(torch.uint8)


def pil(planes, kernel, show):
    upside_down = [value for row in reversed(kernel) for value in row]
    made = image(planes).filter(ImageFilter.Kernel((3, 3), upside_down, scale=1, offset=128 if show == "center" else 0))
    inner = torch.tensor(list(made.getdata()), dtype=torch.uint8).reshape(HEIGHT, WIDTH, 3).permute(2, 0, 1)
    return inner[:, 1:-1, 1:-1]


def case(kernel, show, given=None, gray=False, stride=(1, 1), padding=(0, 0), dilation=(1, 1)):
    planes = picture()
    if gray:
        planes = torch.tensor(list(image(planes).convert("L").getdata()), dtype=torch.uint8).reshape(1, HEIGHT, WIDTH)
    weight = torch.tensor(KERNELS[kernel], dtype=torch.float64).unsqueeze(1)
    y = functional.conv2d(planes.double().unsqueeze(1), weight, stride=stride, padding=padding, dilation=dilation)
    y = y.norm(dim=1) if y.shape[1] == 2 else y[:, 0]
    shown = visible(y, show)
    plain = (stride, padding, dilation, gray) == ((1, 1), (0, 0), (1, 1), False)
    if plain and weight.shape == (1, 1, 3, 3) and show != "absolute":
        assert torch.equal(shown, pil(planes, KERNELS[kernel][0], show)), kernel
    arguments = ["--kernel", kernel] + (["--show", show] if given else []) + (["--gray"] if gray else [])
    for name, size, default in (("--stride", stride, 1), ("--padding", padding, 0), ("--dilation", dilation, 1)):
        if size != (default, default):
            arguments += [name, f"{size[0]},{size[1]}" if size[0] != size[1] else f"{size[0]}"]
    return {
        "arguments": arguments, "show": show, "channels": shown.shape[0], "height": shown.shape[1], "width": shown.shape[2],
        "lowest": y.min().item(), "highest": y.max().item(), "bytes": shown.permute(1, 2, 0).flatten().tolist()}


DIFFERENCES = ("sobel-x", "sobel-y", "laplacian", "edges", "sobel", "1,0,-1;2,0,-2;1,0,-1", "-1,0.5;0.25,1;0,-0.75;1,-1")
cases = [case(kernel, "absolute" if kernel in DIFFERENCES else "clamp") for kernel in KERNELS]
cases += [case(kernel, show, given=True) for kernel in ("sobel-x", "emboss") for show in ("absolute", "clamp", "center")]
cases += [
    case("sobel", "absolute", gray=True),
    case("edges", "center", given=True, gray=True, stride=(2, 3)),
    case("blur", "clamp", stride=(2, 2), padding=(1, 1)),
    case("sharpen", "clamp", padding=(2, 5), dilation=(3, 2)),
    case("-1,0.5;0.25,1;0,-0.75;1,-1", "clamp", given=True, stride=(3, 1), padding=(1, 2), dilation=(2, 4)),
]
lines = ",\n".join(json.dumps(one, separators=(",", ":")) for one in cases)
pathlib.Path(__file__).with_name("filter.json").write_text(f'{{"torch":"{torch.__version__}","cases":[\n{lines}\n]}}\n')
