"""Scores the tone model on photos that it was not trained on: un-edited by fixed draws and put right again, and left as they are.

    python tone_evaluate.py --eval DIR [--onnx FILE]

DIR/CID22val holds good photos. PSNR-RGB is of 8-bit pictures with a long side of 256. The yardstick is the per-channel stretch of the
0.5 to 99.5 % range. "Clipped" is the share of values that touch 0 or 255 after, but not before.
"""
import argparse
from pathlib import Path

import numpy as np
import torch

import data
from evaluate import MODELS, load, psnr, session_of
from tone_edits import apply_tone, draw, un_edit
from tone_statistics import model_inputs, reduced_photo


def to_bytes(image):
    return np.round(np.asarray(image).clip(0, 1) * 255).astype(np.uint8)


def good_photos(folder):
    return [to_bytes(reduced_photo(load(path) / 255)) for path in sorted((folder / "CID22val").glob("*.png"))]


def fixed_pairs(photos, night):
    """Three draws a photo by day, one by night, always the same."""
    for number, photo in enumerate(photos * (1 if night else 3)):
        rng = np.random.default_rng([11, number, night])
        edits = draw(rng, 1, untouched_share=0, night_share=float(night))
        pixels = torch.from_numpy(photo.reshape(1, -1, 3).astype(np.float32) / 255)
        noise = torch.from_numpy(rng.standard_normal(pixels.shape, dtype=np.float32))
        yield to_bytes(un_edit(pixels, edits, noise)[0].reshape(photo.shape)), photo


def stretch(photo):
    low, high = np.quantile(photo / 255, [0.005, 0.995], axis=(0, 1))
    return to_bytes((photo / 255 - low) / np.maximum(high - low, 1 / 255))


def adviser(path):
    session = session_of(path)

    def run(photo):
        small, numbers = model_inputs(photo / 255)
        curves, matrix = map(torch.from_numpy, session.run(None, {"thumbnail": small, "statistics": numbers}))
        if (curves.diff(dim=2) < 0).any():
            raise RuntimeError("a curve falls")
        pixels = torch.from_numpy(photo.reshape(1, -1, 3).astype(np.float32) / 255)
        return to_bytes(apply_tone(pixels, curves, matrix)[0].reshape(photo.shape))

    return run


def newly_clipped(before, after):
    touching = lambda photo: (photo == 0) | (photo == 255)
    return (touching(after) & ~touching(before)).mean()


def scores(path, folder):
    photos, run = good_photos(folder), adviser(path)
    found = {}
    for name, pairs in (("un-edited photo", fixed_pairs(photos, False)), ("un-edited at night", fixed_pairs(photos, True))):
        rows = []
        for given, wanted in pairs:
            ours = run(given)
            rows.append((psnr(given, wanted), psnr(stretch(given), wanted), psnr(ours, wanted), newly_clipped(given, ours), newly_clipped(given, stretch(given))))
        found[name] = np.mean(rows, 0)
        found[name + ", share improved"] = np.mean([row[2] > row[0] for row in rows])
    found["good photo left alone"] = np.mean([(psnr(stretch(photo), photo), psnr(run(photo), photo)) for photo in photos], 0)
    found["clipped of a good photo"] = np.mean([newly_clipped(photo, run(photo)) for photo in photos])
    return found


def rows(path, folder):
    found = scores(path, folder)
    table = []
    for name in ("un-edited photo", "un-edited at night"):
        before, stretched, ours, clipped, stretch_clipped = found[name]
        table.append((f"{name}, PSNR-RGB as given / stretched / by the model", f"{before:.2f} / {stretched:.2f} / {ours:.2f} dB"))
        table.append((f"{name}, better than as given", f"{100 * found[name + ', share improved']:.0f} % of pairs"))
        table.append((f"{name}, newly clipped values (stretch)", f"{100 * clipped:.2f} % ({100 * stretch_clipped:.2f} %)"))
    stretched, ours = found["good photo left alone"]
    table.append(("good photo left alone, PSNR-RGB stretched / by the model", f"{stretched:.2f} / {ours:.2f} dB"))
    table.append(("good photo, newly clipped values", f"{100 * found['clipped of a good photo']:.2f} %"))
    return table


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--eval", dest="folder", type=Path, default=data.DEFAULT_DATA / "eval")
    parser.add_argument("--onnx", type=Path, default=MODELS / "tone.onnx")
    args = parser.parse_args()
    for what, value in rows(args.onnx, args.folder):
        print(f"{what}: {value}")


if __name__ == "__main__":
    main()
