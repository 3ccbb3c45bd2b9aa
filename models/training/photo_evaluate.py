"""Scores `photo-2x` and `photo-4x` on what people really have: held-out photos (CID22, every one a different past of blur, noise, resizing and
JPEG, the same in every run), by SSIMULACRA 2 and PSNR of RGB, beside whatever else could enlarge them.

    python photo_evaluate.py 2 --eval DIR --onnx OURS.onnx [--onnx OTHER.onnx ...] [--keep DIR]

SSIMULACRA 2 (Sneyers, Cloudinary, 2023) goes from below 0 to 100: 30 low, 50 medium, 70 high, 90 not to be told from the photo. `--keep` writes
the pictures of every way for looking at them.
"""
import argparse
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from ssimulacra2 import compute_ssimulacra2

import data
import degrade
import evaluate

MODELS = Path(__file__).resolve().parents[1]


def degraded_photos(folder, scale, every=1):
    """(name, small degraded photo, photo)."""
    for number, path in enumerate(sorted((folder / "CID22val").glob("*.png"))[::every]):
        photo = evaluate.load(path)
        photo = photo[: photo.shape[0] // scale * scale, : photo.shape[1] // scale * scale]
        small = degrade.for_photos(photo.astype(np.float32) / 255, scale, np.random.default_rng([7, scale, number]))
        yield path.stem, evaluate.to_bytes(small.transpose(2, 0, 1)), photo


def any_upscaler(path):
    """Of ours or of others: whatever its input is called."""
    session = evaluate.session_of(path)
    name = session.get_inputs()[0].name
    return lambda rgb: evaluate.to_bytes(session.run(None, {name: evaluate.to_input(rgb)})[0][0])


def bicubic(scale):
    return lambda rgb: np.asarray(Image.fromarray(rgb).resize((rgb.shape[1] * scale, rgb.shape[0] * scale), Image.BICUBIC))


def quality(photo, result, folder):
    """SSIMULACRA 2 of a result; the library reads files."""
    one, other = folder / "photo.png", folder / "result.png"
    Image.fromarray(photo).save(one, compress_level=1)
    Image.fromarray(result).save(other, compress_level=1)
    return float(compute_ssimulacra2(str(one), str(other)))


def score(ways, folder, scale, scratch, every=1, keep=None):
    """{way: (SSIMULACRA 2, PSNR of RGB)}, means over the photos."""
    rows = {name: [] for name in ways}
    for photo_name, small, photo in degraded_photos(folder, scale, every):
        if keep:
            Image.fromarray(small).save(keep / f"{photo_name}-given.png")
            Image.fromarray(photo).save(keep / f"{photo_name}-photo.png")
        for name, run in ways.items():
            result = run(small)
            rows[name].append((quality(photo, result, scratch), evaluate.psnr(result, photo)))
            if keep:
                Image.fromarray(result).save(keep / f"{photo_name}-{name}.png")
    return {name: tuple(float(value) for value in np.mean(values, 0)) for name, values in rows.items()}


def ways_of(scale, files):
    restore, upscale = evaluate.restorer(MODELS / "restore.onnx"), evaluate.upscaler(MODELS / f"upscale-{scale}x.onnx")
    ways = {"bicubic": bicubic(scale), f"upscale-{scale}x": upscale, f"restore, then upscale-{scale}x": lambda rgb: upscale(restore(rgb))}
    return ways | {path.stem: any_upscaler(path) for path in files}


def rows(path, folder, scale):
    """For the card of a model: every way's means over all photos."""
    with tempfile.TemporaryDirectory() as scratch:
        ways = ways_of(scale, []) | {"this model": any_upscaler(path)}
        scores = score(ways, folder, scale, Path(scratch))
    return [(f"degraded CID22, {name}, SSIMULACRA 2 / PSNR-RGB", f"{quality:.2f} / {decibels:.3f} dB") for name, (quality, decibels) in scores.items()]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scale", type=int, choices=[2, 4])
    parser.add_argument("--eval", dest="folder", type=Path, default=data.DEFAULT_DATA / "eval")
    parser.add_argument("--onnx", type=Path, action="append", default=[])
    parser.add_argument("--every", type=int, default=1, help="only every so manyth photo")
    parser.add_argument("--keep", type=Path)
    args = parser.parse_args()
    if args.keep:
        args.keep.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        for name, values in score(ways_of(args.scale, args.onnx), args.folder, args.scale, Path(scratch), args.every, args.keep).items():
            print(f"{name}: SSIMULACRA 2 {values[0]:.2f}, PSNR {values[1]:.3f} dB", flush=True)


if __name__ == "__main__":
    main()
