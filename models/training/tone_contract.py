"""Writes tone_contract_vectors.json: pictures by formula, with the statistics that the tone model must be given for them and what it answers.

An implementation in another language makes the same pictures and must come to the same numbers: statistics and thumbnail to 1e-5, curves
and matrix to 1e-4. export.py writes the file anew with every tone model.
"""
import json
from pathlib import Path

import numpy as np

from evaluate import session_of
from tone_statistics import model_inputs

FILE = Path(__file__).with_name("tone_contract_vectors.json")

# Integer arithmetic, division rounding down; x runs from 0 to width - 1, y from 0 to height - 1; a value v stands for v / 255.
PICTURES = [
    ("ramp, smaller than the thumbnail", 8, 6, ["255 * x // 7", "255 * y // 5", "255 * (x + y) // 12"]),
    ("warm and hazy, reduced to 256 x 171", 300, 200, ["60 + 180 * x // 299", "70 + 120 * y // 199", "50 + 90 * ((7 * x + 13 * y) % 64) // 63"]),
    ("night, upright", 90, 120, ["3 + 40 * x * y // 10591", "2 + 30 * y // 119", "8 + (x * x + 3 * y) % 23"]),
]
PROBES = [(0, 0), (63, 0), (0, 63), (63, 63), (21, 42)]


def picture(width, height, formulas):
    y, x = np.mgrid[:height, :width]
    return np.stack([eval(formula, {"x": x, "y": y}) for formula in formulas], 2) / 255


def numbers(array):
    return np.round(np.asarray(array, np.float64), 6).tolist()


def vectors(model_path, sha256):
    session = session_of(model_path)
    found = []
    for name, width, height, formulas in PICTURES:
        thumbnail, statistics = model_inputs(picture(width, height, formulas))
        curves, matrix = session.run(None, {"thumbnail": thumbnail, "statistics": statistics})
        found.append({
            "name": name, "width": width, "height": height, "red": formulas[0], "green": formulas[1], "blue": formulas[2],
            "statistics": numbers(statistics[0]),
            "thumbnail_mean": numbers(thumbnail[0].mean((1, 2))),
            "thumbnail_probes": [{"x": x, "y": y, "rgb": numbers(thumbnail[0, :, y, x])} for x, y in PROBES],
            "curves": numbers(curves[0]),
            "matrix": numbers(matrix[0]),
        })
    about = "Written by tone_contract.py. Formulas are integer arithmetic, // rounds down; a value v stands for v / 255."
    return {"about": about, "model_sha256": sha256, "pictures": found}


def same(one, other):
    """Whether two such contents agree; numbers may differ by what another processor's arithmetic differs."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return abs(one - other) < 1e-4 if isinstance(one, float) and isinstance(other, float) else one == other


def as_text(content):
    """One line a field, so that the file stays readable."""
    pictures = ",\n".join("  {\n" + ",\n".join(f"   {json.dumps(key)}: {json.dumps(value)}" for key, value in each.items()) + "\n  }" for each in content["pictures"])
    return f'{{\n "about": {json.dumps(content["about"])},\n "model_sha256": "{content["model_sha256"]}",\n "pictures": [\n{pictures}\n ]\n}}\n'
