"""Writes transforms.json: what torchvision's transforms make of PIL images, and what PIL decodes. Run with Debian's python3-torchvision and python3-pil: python3 transforms.py.

A case's image has the bytes picture(height, width, channels); results are bytes in base64, (H, W, C).
"""
import base64
import io
import json

import numpy
import PIL
import torchvision
import torchvision.transforms.functional as F
from PIL import Image
from torchvision.transforms import InterpolationMode, RandAugment, TrivialAugmentWide
from torchvision.transforms.autoaugment import _apply_op

MODES = {"nearest": InterpolationMode.NEAREST, "bilinear": InterpolationMode.BILINEAR, "bicubic": InterpolationMode.BICUBIC}


def picture(height, width, channels):
    i = numpy.arange(height * width * channels, dtype=numpy.int64)
    pixels = ((i * i * 7 + i * 13 + (i // 5) * 31) % 251).astype(numpy.uint8).reshape(height, width, channels)
    return Image.fromarray(pixels if channels == 3 else pixels[:, :, 0])


def text(image):
    return base64.b64encode(numpy.asarray(image).tobytes()).decode()


def case(name, run, height=23, width=37, channels=3, **options):
    result = run(picture(height, width, channels))
    return {"name": name, "height": height, "width": width, "channels": channels, **options,
            "to": [result.height, result.width, len(result.getbands())], "result": text(result)}


def resize(size, interpolation="bilinear", **image):
    return case(f"resize {size} {interpolation} {image}", lambda x: F.resize(x, size, MODES[interpolation]), **image, size=size, interpolation=interpolation)


def pad(margins, mode):
    return case(f"pad {margins} {mode}", lambda x: F.pad(x, margins, 99, mode), margins=margins, mode=mode)


def adjust(kind, factor, **image):
    return case(f"{kind} {factor} {image}", lambda x: getattr(F, f"adjust_{kind}")(x, factor), **image, kind=kind, factor=factor)


def decoded(name, image, **options):
    file = io.BytesIO()
    image.save(file, **options)
    read = Image.open(io.BytesIO(file.getvalue())).convert("RGB")
    return {"name": name, "file": base64.b64encode(file.getvalue()).decode(), "to": [read.height, read.width, 3], "result": text(read)}


def smooth(height, width):
    return picture(5, 7, 3).resize((width, height), Image.BICUBIC)


rgba = smooth(13, 19).convert("RGBA")
rgba.putalpha(picture(13, 19, 1))
cases = {
    "resize": [resize([11, 17]), resize([41, 53]), resize([11, 53]), resize([23, 17]), resize([11, 37]), resize([12]), resize([64]), resize([9], height=37, width=23),
               resize([13, 5], "bicubic"), resize([47, 61], "bicubic"), resize([11, 53], "nearest"), resize([41, 17], "nearest"), resize([11, 17], channels=1),
               resize([30, 20], "bicubic", channels=1), resize([3, 3], height=199, width=211)],
    "center_crop": [case(f"center_crop {size}", lambda x, s=size: F.center_crop(x, s), size=size) for size in ([11, 17], [12, 18], [30, 17], [12, 44], [29, 52])],
    "pad": [pad([2, 3, 5, 7], mode) for mode in ("constant", "edge", "reflect", "symmetric")],
    "resized_crop": [case(f"resized_crop {area}", lambda x, a=area: F.resized_crop(x, *a, [16, 19], InterpolationMode.BILINEAR), area=area)
                     for area in ([3, 5, 11, 23], [0, 0, 23, 37], [7, 1, 2, 3])],
    "adjust": [adjust(kind, factor, **image) for kind in ("brightness", "contrast", "saturation") for factor in (0.0, 0.37, 1.0, 1.83) for image in ({}, {"channels": 1})]
    + [adjust("hue", factor, height=31, width=43) for factor in (-0.5, -0.21, 0.13, 0.5)],
    "grayscale": [case(f"grayscale {n}", lambda x, n=n: F.to_grayscale(x, n), outputs=n) for n in (1, 3)],
    "rotate": [case(f"rotate {angle}", lambda x, a=angle: F.rotate(x, a, fill=7), angle=angle, height=31, width=47) for angle in (-171.3, -30.0, 0.25, 12.0, 100.5)],
    "affine": [case(f"affine {a} {t} {s} {h}", lambda x, a=a, t=t, s=s, h=h: F.affine(x, a, t, s, h, fill=7), angle=a, translate=t, scale=s, shear=h, height=31, width=47)
               for a, t, s, h in ((0.0, [3, -2], 1.0, [0.0, 0.0]), (0.0, [0, 0], 1.7, [0.0, 0.0]), (0.0, [4, 1], 0.6, [0.0, 0.0]), (23.0, [-5, 7], 1.3, [11.0, 0.0]), (-160.0, [0, 0], 0.8, [-20.0, 35.0]))],
    "augment": [case(f"augment {kind} {magnitude} {image}", lambda x, k=kind, m=magnitude: _apply_op(x, k, m, InterpolationMode.NEAREST, 7), kind=kind, magnitude=magnitude, **image)
                for kind, magnitudes in (("Identity", [0.0]), ("ShearX", [0.21, -0.99]), ("ShearY", [-0.3, 0.66]), ("TranslateX", [5.9, -11.2]), ("TranslateY", [-7.5, 3.0]), ("Rotate", [-27.0, 135.0]),
                                         ("Brightness", [0.9, -0.4]), ("Color", [0.6, -0.9]), ("Contrast", [-0.7, 0.99]), ("Sharpness", [0.9, -0.6]), ("Posterize", [7, 4, 2]), ("Solarize", [255.0, 127.5, 0.0]),
                                         ("AutoContrast", [0.0]), ("Equalize", [0.0]))
                for magnitude in magnitudes for image in ({}, {"channels": 1})],
    "decode": [
        decoded("png", smooth(13, 19), format="PNG"), decoded("png gray", picture(13, 19, 1), format="PNG"), decoded("png palette", smooth(13, 19).quantize(16), format="PNG"),
        decoded("png alpha", rgba, format="PNG"), decoded("bmp", smooth(13, 19), format="BMP"), decoded("webp lossless", smooth(13, 19), format="WEBP", lossless=True),
        decoded("jpeg 4:4:4", smooth(13, 19), format="JPEG", quality=90, subsampling=0), decoded("jpeg 4:2:0", smooth(29, 35), format="JPEG", quality=75, subsampling=2),
        decoded("jpeg progressive", smooth(29, 35), format="JPEG", quality=80, progressive=True), decoded("jpeg gray", picture(13, 19, 1), format="JPEG", quality=90)],
}
spaces = {"rand_augment": RandAugment()._augmentation_space(31, (23, 37)), "trivial_augment_wide": TrivialAugmentWide()._augmentation_space(31)}
magnitudes = {name: {kind: [float(value) for value in values.flatten()] for kind, (values, _) in space.items() if values.ndim > 0} for name, space in spaces.items()}
lines = ",\n".join(f'"{key}": [\n' + ",\n".join(json.dumps(each, separators=(",", ":")) for each in value) + "\n]" for key, value in cases.items())
with open("transforms.json", "w", encoding="utf-8") as file:
    file.write(f'{{"torchvision": "{torchvision.__version__}", "pillow": "{PIL.__version__}",\n{lines},\n"magnitudes": {json.dumps(magnitudes, separators=(",", ":"))}}}\n')
