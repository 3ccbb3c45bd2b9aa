"""How a picture model treats what it should leave alone: one colour all over, gradients, the mean colour of a photo, a clean photo. No score counts
these, and every person sees them.

    python behaviour.py restore --eval DIR [--onnx FILE]
"""
import argparse
from pathlib import Path

import numpy as np

import data
import evaluate
import shipped

# What an exported model may do at most, in 255ths, and the least PSNR of a clean photo to itself.
MOST_DEVIATION, MOST_SHIFT, LEAST_KEPT = 0.3, 0.2, 38.0
GREYS = [(level,) * 3 for level in (0, 0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 1)]
COLOURS = [tuple(float(place == channel) for channel in range(3)) for place in range(3)]
COLOURS += [tuple(1 - value for value in colour) for colour in COLOURS]
COLOURS += [(0.8, 0.5, 0.4), (0.3, 0.5, 0.8), (0.1, 0.3, 0.1), (0.15, 0.2, 0.4)]
GRADIENTS = [(0, 1), (0.2, 0.8), (0.05, 0.2), (0.4, 0.5)]
EDGE = 24


def runner(path, task):
    """The model with all its strength, on float arrays [3, height, width]; clamped as the app does it."""
    session = evaluate.session_of(path)

    def run(photo):
        result = session.run(None, {"photo": photo[None]})[0][0]
        if task == "restore":
            result = photo + result[:3] + result[3:]
        return result.clip(0, 1).astype(np.float64)

    return run


def flat(run, scale):
    """(largest standard deviation of a channel away from the border, largest shift of a mean), in 255ths, over many colours."""
    deviation = shift = 0.0
    for colour in GREYS + COLOURS:
        given = np.broadcast_to(np.array(colour, np.float32)[:, None, None], (3, 96, 96))
        inside = run(np.ascontiguousarray(given))[:, EDGE * scale : -EDGE * scale, EDGE * scale : -EDGE * scale] * 255
        deviation = max(deviation, inside.std((1, 2)).max())
        shift = max(shift, np.abs(inside.mean((1, 2)) - np.array(colour) * 255).max())
    return float(deviation), float(shift)


def gradients(run, scale):
    """The largest standard deviation from straight ramps of grey, away from the border, in 255ths."""
    deviation = 0.0
    for first, last in GRADIENTS:
        ramp = np.linspace(first, last, 256, dtype=np.float32)
        given = np.ascontiguousarray(np.broadcast_to(ramp, (3, 96, 256)))
        places = (np.arange(256 * scale) + 0.5) / scale - 0.5
        wanted = first + (last - first) * places / 255
        away = (run(given) - wanted)[:, EDGE * scale : -EDGE * scale, EDGE * scale : -EDGE * scale] * 255
        deviation = max(deviation, (away - away.mean()).std())
    return float(deviation)


def photos(folder):
    """Crops of clean photos, every fourth of the validation set."""
    for path in sorted((folder / "CID22val").glob("*.png"))[::4]:
        yield np.ascontiguousarray(evaluate.load(path)[100:356, 100:356].transpose(2, 0, 1).astype(np.float32) / 255)


def clean(run, scale, folder):
    """(mean over photos of the largest shift of a channel's mean in 255ths, PSNR to themselves), results reduced to the photo's size again."""
    shifts, kept = [], []
    for photo in photos(folder):
        height, width = photo.shape[1:]
        back = run(photo).reshape(3, height, scale, width, scale).mean((2, 4))
        shifts.append(np.abs((back - photo).mean((1, 2))).max() * 255)
        kept.append(evaluate.psnr(back * 255, photo * 255))
    return float(np.mean(shifts)), float(np.mean(kept))


def measured(path, task, scale, folder):
    run = runner(path, task)
    deviation, flat_shift = flat(run, scale)
    shift, kept = clean(run, scale, folder)
    return {"deviation": deviation, "flat shift": flat_shift, "gradient": gradients(run, scale), "shift": shift, "kept": kept}


def rows(found):
    """For the card."""
    return [
        ("flat colours, largest deviation and shift, in 255ths", f"{found['deviation']:.2f} and {found['flat shift']:.2f}"),
        ("grey ramps, largest deviation, in 255ths", f"{found['gradient']:.2f}"),
        ("clean photos, mean shift of the colour, in 255ths", f"{found['shift']:.3f}"),
        ("clean photos, PSNR to themselves at their own size", f"{found['kept']:.1f} dB"),
    ]


def refusals(found):
    """Why a model must not ship."""
    if found["deviation"] > MOST_DEVIATION:
        yield f"a flat colour deviates by {found['deviation']:.3f}"
    if found["gradient"] > MOST_DEVIATION:
        yield f"a ramp deviates by {found['gradient']:.3f}"
    if found["shift"] > MOST_SHIFT:
        yield f"the colour of clean photos shifts by {found['shift']:.3f}"
    if found["kept"] < LEAST_KEPT:
        yield f"clean photos are kept at {found['kept']:.1f} dB only"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", choices=[each for each in shipped.FACTS if each != "tone"])
    parser.add_argument("--eval", dest="folder", type=Path, default=data.DEFAULT_DATA / "eval")
    parser.add_argument("--onnx", type=Path)
    args = parser.parse_args()
    facts = shipped.FACTS[args.model]
    found = measured(args.onnx or shipped.MODELS / f"{args.model}.onnx", facts["task"], facts["scale"], args.folder)
    for what, value in rows(found):
        print(f"{what}: {value}")
    print("\n".join(refusals(found)) or "nothing to refuse")


if __name__ == "__main__":
    main()
