"""Trains the tone model: good photos are un-edited on the fly, and the network learns the curves and the matrix that put them right.

    python tone_train.py --out RUNS/tone --minutes 8

Minutes, checkpoints and --from as in train.py.
"""
import argparse
import math
import os
import time
from pathlib import Path

import numpy as np
import torch

import data
import networks
from tone_edits import LUMA, apply_tone, draw, un_edit
from tone_statistics import SHARES, area_average, reduced_photo
from weights import read_onnx_weights

AVERAGE = 0.999
PIXELS = 4096
CUTS = 4


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--from", dest="start", type=Path)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--batch", type=int, default=48)
    parser.add_argument("--untouched", type=float, default=0.15, help="share of photos that are to be left alone")
    parser.add_argument("--night", type=float, default=0.15, help="share of photos that are made very dark")
    parser.add_argument("--collage", type=float, default=0, help="share of photos that get a part of another")
    parser.add_argument("--clip-weight", type=float, default=0.2, help="cost of pushing values out of 0..1")
    parser.add_argument("--seed", type=int, default=0)
    data.add_arguments(parser)
    return parser.parse_args()


def prepare(photos, cuts, seed):
    """Of each photo, whole and as random cuts: (thumbnails [n, 64*64, 3], random pixels [n, 4096, 3])."""

    def one(numbered):
        number, photo = numbered
        rng = np.random.default_rng([seed, number])
        whole = reduced_photo(photo.pixels() / 255)
        found = []
        for cut in range(cuts):
            share = rng.uniform(0.5, 1, 2) if cut else (1, 1)
            height, width = (max(1, int(side * part)) for side, part in zip(whole.shape, share))
            top, left = rng.integers(0, whole.shape[0] - height + 1), rng.integers(0, whole.shape[1] - width + 1)
            piece = whole[top : top + height, left : left + width]
            pixels = piece.reshape(-1, 3)[rng.integers(0, height * width, PIXELS)]
            found.append((area_average(piece, 64, 64).reshape(-1, 3), pixels))
        return found

    pieces = [piece for group in data.map_photos(one, list(enumerate(photos))) for piece in group]
    return tuple(torch.from_numpy(np.stack(column).astype(np.float32)) for column in zip(*pieces))


def collage(thumbnails, pixels, rng, share):
    """Some photos get a part of another good photo: a collage of good photos is a good photo too, and of these there are far more."""
    thumbnails, pixels = thumbnails.reshape(-1, 64, 64, 3).clone(), pixels.clone()
    for one in np.flatnonzero(rng.random(len(pixels)) < share):
        other, part = rng.integers(len(pixels)), rng.uniform(0.1, 0.5)
        thumbnails[one, :, : int(64 * part)] = thumbnails[other, :, : int(64 * part)]
        pixels[one, : int(PIXELS * part)] = pixels[other, : int(PIXELS * part)]
    return thumbnails.reshape(-1, 64 * 64, 3), pixels


def statistics(pixels):
    """The 71 statistics of [photos, count, 3] at once; tone_statistics.statistics is the definition."""
    channels = torch.cat([pixels, (pixels * LUMA).sum(2, keepdim=True)], 2).sort(1).values
    place = torch.from_numpy(SHARES) * (pixels.shape[1] - 1)
    below = place.floor().long()
    part = (place - below).float()[None, :, None]
    quantiles = channels[:, below] * (1 - part) + channels[:, (below + 1).clamp_max(pixels.shape[1] - 1)] * part
    red, green, blue = pixels.mean(1).T
    colourful = (pixels.amax(2) - pixels.amin(2)).mean(1)
    return torch.cat([quantiles.transpose(1, 2).flatten(1), torch.stack([colourful, red - green, (red + green) / 2 - blue], 1)], 1)


def model_inputs(thumbnails, pixels):
    count = thumbnails.shape[0]
    return thumbnails.reshape(count, 64, 64, 3).permute(0, 3, 1, 2).contiguous(), statistics(pixels)


def cost(result, wanted, clip_weight):
    """The root of each photo's mean squared error, as PSNR weighs photos, plus what was pushed out of range."""
    off = ((result.clamp(0, 1) - wanted).square().mean((1, 2)) + 1e-5).sqrt().mean()
    return off + clip_weight * ((result - 1).clamp_min(0) + (-result).clamp_min(0)).mean()


def check(network, held_out):
    """PSNR of held-out photos, un-edited by fixed draws and untouched."""
    thumbnails, pixels = held_out
    found = []
    for untouched in (0, 1):
        edits = draw(np.random.default_rng(3), len(pixels), untouched, 0)
        given = un_edit(pixels, edits)
        with torch.no_grad():
            curves, matrix = network(*model_inputs(un_edit(thumbnails, edits), given))
            result = apply_tone(given, curves, matrix).clamp(0, 1)
        found.append(float((-10 * (result - pixels).square().mean((1, 2)).clamp_min(1e-7).log10()).mean()))
    return f"un-edited {found[0]:.2f} dB, left alone {found[1]:.2f} dB"


def main():
    args = parse()
    args.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(2)
    torch.manual_seed(args.seed)
    training, held_out = data.split(data.read_manifest(args.data, args.licences))
    thumbnails, pixels = prepare(training, CUTS, 0)
    held_out = prepare(held_out, 8, 1)
    network, average = networks.build("tone"), networks.build("tone")
    if args.start:
        network.load_state_dict(read_onnx_weights(args.start))
    average.load_state_dict(network.state_dict())
    optimizer = torch.optim.Adam(network.parameters(), lr=args.rate, betas=(0.9, 0.99))
    file, step, spent = args.out / "checkpoint.pt", 0, 0.0
    if file.exists():
        saved = torch.load(file, weights_only=True)
        for part in (network, average, optimizer):
            part.load_state_dict(saved[{network: "network", average: "average", optimizer: "optimizer"}[part]])
        step, spent = saved["step"], saved["spent"]
    before, began, saved_at = spent, time.process_time(), spent

    def save():
        state = {"network": network.state_dict(), "average": average.state_dict(), "optimizer": optimizer.state_dict(), "step": step, "spent": spent}
        torch.save(state, file.with_suffix(".new"))
        os.replace(file.with_suffix(".new"), file)

    while spent < args.minutes:
        rng = np.random.default_rng([args.seed, step])
        chosen = torch.from_numpy(rng.integers(0, len(pixels), args.batch))
        edits = draw(rng, args.batch, args.untouched, args.night)
        noise = torch.from_numpy(rng.standard_normal((args.batch, PIXELS, 3), dtype=np.float32))
        good, wanted = collage(thumbnails[chosen], pixels[chosen], rng, args.collage)
        given = un_edit(wanted, edits, noise)
        curves, matrix = network(*model_inputs(un_edit(good, edits), given))
        loss = cost(apply_tone(given[:, ::2], curves, matrix), wanted[:, ::2], args.clip_weight)
        for group in optimizer.param_groups:
            group["lr"] = args.rate * 0.5 * (1 + math.cos(math.pi * spent / args.minutes))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 0.5)
        optimizer.step()
        with torch.no_grad():
            for ours, theirs in zip(average.parameters(), network.parameters()):
                ours.lerp_(theirs, 1 - min(AVERAGE, (step + 1) / (step + 10)))
        step += 1
        spent = before + (time.process_time() - began) / 120
        if spent - saved_at >= min(1, args.minutes / 10):
            save()
            saved_at = spent
            print(f"minute {spent:.2f} step {step} loss {loss.item():.4f} held out {check(average, held_out)}", flush=True)
    save()
    print(f"done: step {step} held out {check(average, held_out)}", flush=True)


if __name__ == "__main__":
    main()
