"""What is written about a model that ships: its manifest entry and the measured block of its card, both from one record."""
import os
import tomllib
from pathlib import Path

import networks

MODELS = Path(__file__).resolve().parents[1]
MANIFEST = MODELS / "manifest.toml"
BEGIN, END = "<!-- measured: written by training/export.py -->", "<!-- end of measured -->"

FIELDS = ["id", "version", "name", "task", "scale", "receptive_field", "stride", "parameters", "bytes", "sha256", "licence"]

FACTS = {
    "photo-2x": {"name": "Photo 2×", "task": "upscale", "scale": 2, "stride": 1},
    "photo-4x": {"name": "Photo 4×", "task": "upscale", "scale": 4, "stride": 1},
    "tone": {"name": "Tone", "task": "tone", "scale": 1, "stride": 1},
    "restore": {"name": "Restore", "task": "restore", "scale": 1, "stride": networks.Restorer.stride},
    "upscale-2x": {"name": "Upscale 2×", "task": "upscale", "scale": 2, "stride": 1},
    "upscale-2x-fast": {"name": "Upscale 2× fast", "task": "upscale", "scale": 2, "stride": 1},
    "upscale-4x": {"name": "Upscale 4×", "task": "upscale", "scale": 4, "stride": 1},
    "upscale-4x-fast": {"name": "Upscale 4× fast", "task": "upscale", "scale": 4, "stride": 1},
}
VERSION = "0.1.0"
LICENCE = "CC-BY-4.0"


def entries():
    return {entry["id"]: entry for entry in tomllib.loads(MANIFEST.read_text(encoding="utf-8"))["model"]} if MANIFEST.exists() else {}


def manifest_text(models):
    lines = ["# Written by training/export.py; README.md says what the fields mean.", "version = 1"]
    for model_id in sorted(models):
        lines += ["", "[[model]]"]
        for field in FIELDS:
            value = models[model_id][field]
            lines.append(f"{field} = {value}" if isinstance(value, int) else f'{field} = "{value}"')
    return "\n".join(lines) + "\n"


def card_path(model_id):
    return MODELS / f"{model_id}.md"


def measured_block(entry, scores):
    """A table of the manifest's fields and then whatever was measured, as (what, value) rows."""
    rows = [(field, f"`{entry[field]}`") for field in FIELDS[1:]] + scores
    return "\n".join([BEGIN, "| | |", "| --- | --- |"] + [f"| {what} | {value} |" for what, value in rows] + [END])


def with_measured(card, block):
    before, rest = card.split(BEGIN)
    return before + block + rest.split(END)[1]


def read_measured(card):
    """{what: value} of the measured block."""
    inside = card.split(BEGIN)[1].split(END)[0]
    rows = [line.strip("| ").split(" | ", 1) for line in inside.splitlines() if line.startswith("| ") and " | " in line.strip("| ")]
    return {what: value.strip("`") for what, value in rows}


def replace_file(path, content):
    """Written beside and renamed, so that a reader sees the old file or the new one."""
    half_written = path.with_name(path.name + ".new")
    half_written.write_bytes(content)
    os.replace(half_written, path)
