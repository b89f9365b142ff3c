"""torchvision's side of `tests/Trainer.Benchmarks -- data`, on the files that it leaves: python3 data.py [rounds]. Debian's python3-torchvision and python3-pil, one thread."""
import glob
import io
import sys
import tempfile
import time

import torch
from PIL import Image
from torchvision import transforms

torch.set_num_threads(1)
files = [open(name, "rb").read() for name in sorted(glob.glob(f"{tempfile.gettempdir()}/trainer-benchmark-pictures/a/*.jpg"))]
pipeline = transforms.Compose([
    transforms.RandomResizedCrop(224), transforms.RandomHorizontalFlip(), transforms.ToTensor(),
    transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])])
for name, run in (("decode", lambda x: x.load()), ("decode, random_resized_crop 224, flip, normalize", pipeline)):
    for _ in range(int(sys.argv[1]) if len(sys.argv) > 1 else 3):
        start = time.perf_counter()
        for file in files:
            run(Image.open(io.BytesIO(file)).convert("RGB"))
        print(f"{name}: {(time.perf_counter() - start) * 1000 / len(files):.3f} ms/image")
