"""Measures a picture-to-picture model's receptive field: the smallest halo with which every tile equals the whole, bit for bit.

    python receptive_field.py ../upscale-4x.onnx
    python receptive_field.py ../restore.onnx --stride 4

Halos are tried from zero upwards in steps of the stride, on noise, on ONNX Runtime's CPU provider, with several sizes of tiles; the first
at which all tiles agree and the next two do as well is the answer.
"""
import argparse
from pathlib import Path

import numpy as np

from evaluate import session_of


def tiled(run, photo, tile, halo, scale):
    """The picture put together from tiles, each computed with a halo that ends at the picture's edge."""
    height, width = photo.shape[2:]
    rows = []
    for top in range(0, height, tile):
        row = []
        for left in range(0, width, tile):
            bottom, right = min(top + tile, height), min(left + tile, width)
            first_row, first_column = max(top - halo, 0), max(left - halo, 0)
            result = run(photo[:, :, first_row : min(bottom + halo, height), first_column : min(right + halo, width)])
            inner_rows = slice((top - first_row) * scale, (bottom - first_row) * scale)
            row.append(result[:, :, inner_rows, (left - first_column) * scale : (right - first_column) * scale])
        rows.append(np.concatenate(row, 3))
    return np.concatenate(rows, 2)


def measure(path, stride=1, limit=128):
    """The smallest such halo, a multiple of the stride."""
    session = session_of(path)
    name = session.get_inputs()[0].name

    def run(photo):
        return session.run(None, {name: np.ascontiguousarray(photo)})[0]

    shape = [1, 3] + [side // stride * stride for side in (203, 267)]
    photo = np.random.default_rng(0).random(shape, dtype=np.float32)
    whole = run(photo)
    scale = whole.shape[2] // photo.shape[2]
    equal = 0
    for halo in range(0, limit + 1, stride):
        same = all(np.array_equal(tiled(run, photo, tile // stride * stride, halo, scale), whole) for tile in (96, 64, 40))
        equal = equal + 1 if same else 0
        if equal == 3:
            return halo - 2 * stride
    raise RuntimeError(f"{path}: tiles differ from the whole even with a halo of {limit}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--stride", type=int, default=1)
    args = parser.parse_args()
    print(measure(args.model, args.stride))


if __name__ == "__main__":
    main()
