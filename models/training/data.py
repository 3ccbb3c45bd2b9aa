"""The training photos: where they are, which licences to use, which are held out, and whom to credit.

    python data.py --data DIR > CREDITS.md        writes the credits of the photos that the manifest lists

DIR holds photos and a manifest.csv with the columns file, source_repo, original, licence, width, height, jpeg_quality.
"""
import argparse
import csv
import hashlib
import os
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
DEFAULT_DATA = Path(os.environ.get("PRETTY_TRAINING_DATA", ROOT.parent / "shared" / "data"))

# Every so many photos, in the order of their names, one is never trained on.
HOLD_OUT_EVERY = 32


@dataclass(frozen=True)
class Photo:
    path: Path
    source: str
    original: str
    licence: str
    quality: int

    def pixels(self):
        return np.asarray(Image.open(self.path).convert("RGB"))


def add_arguments(parser):
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA / "train", help="folder with photos and manifest.csv")
    parser.add_argument("--licences", default="", help="use only photos whose licence contains one of these, comma-separated, e.g. CC0,Unsplash")


def read_manifest(folder, licences=""):
    """The photos in the manifest's order of names, those of other licences left out."""
    wanted = [word.strip().lower() for word in licences.split(",") if word.strip()]
    photos = []
    with open(Path(folder) / "manifest.csv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            # A set's own licence comes first; a photo's within it, where the manifest knows it, stands in brackets.
            licence = row["licence"]
            own = re.search(r"\[([^\]]*)\]", licence)
            if wanted and not any(word in (own.group(1) if own else licence).lower() for word in wanted):
                continue
            photos.append(Photo(Path(folder) / row["file"], row["source_repo"], row["original"], licence, int(row["jpeg_quality"])))
    return sorted(photos, key=lambda photo: photo.path.name)


def manifest_hash(folder):
    return hashlib.sha256((Path(folder) / "manifest.csv").read_bytes()).hexdigest()


def split(photos):
    """(to train on, held out)"""
    held_out = photos[::HOLD_OUT_EVERY]
    return [photo for photo in photos if photo not in held_out], held_out


def map_photos(function, photos):
    """`function` of every photo, in order, two at a time."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(function, photos))


def credits(photos, manifest):
    """The credits as Markdown: a section a source, a line a photo where its own licence asks for attribution or names an author."""
    models = sorted(path.stem for path in (ROOT / "models").glob("*.onnx"))
    lines = [
        "# Credits of the training photos",
        "",
        f"The weights of {', '.join(models[:-1])} and {models[-1]} were each trained from scratch on reduced copies of these photos. The photos themselves are not part",
        f"of the project. This file is written by `training/data.py` from the data manifest, whose sha256 is `{manifest}`.",
    ]
    for source in sorted({photo.source for photo in photos}):
        ours = [photo for photo in photos if photo.source == source]
        lines += ["", f"## {source}", ""]
        set_licences = sorted({photo.licence.split(" [")[0] for photo in ours})
        lines.append(f"{len(ours)} photos. Licence: {'; '.join(set_licences)}.")
        attributed = []
        for photo in ours:
            own = re.search(r"\[([^;\]]*); ([^\]]*)\]", photo.licence)
            if own:
                attributed.append(f"* {Path(photo.original).name}: {own.group(2)}, {own.group(1)}")
            elif "BY" in photo.licence:
                attributed.append(f"* {Path(photo.original).name}: {photo.licence}")
        if attributed:
            lines += [""] + attributed
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    args = parser.parse_args()
    print(credits(read_manifest(args.data, args.licences), manifest_hash(args.data)), end="")


if __name__ == "__main__":
    main()
