"""What the models do, to look at: writes the pictures of docs/models and the blocks of its page that are made of facts.

    python gallery.py --data DIR --eval DIR [--foreign FILE]

Every picture of a strip is the same crop at 100 %. The photos were never trained on: held-out ones of the training set and evaluation ones. What is done to
them is the first draw of a seed, so nobody chose a draw that flatters. FILE is 2xNomosUni_compact_otf_medium.onnx; without it its pictures are left out.
"""
import argparse
import io
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

import data
import degrade
import evaluate
import photo_evaluate
import shipped
import tone_evaluate
from evaluate import MODELS
from tone_edits import draw, un_edit
from tone_statistics import area_average, reduced_photo

PAGE = data.ROOT / "docs" / "models" / "README.md"
SIDE, GAP, LABEL = 220, 4, 20
SEED = 20


@dataclass(frozen=True)
class Subject:
    name: str
    folder: str
    file: str
    left: int
    top: int
    title: str
    author: str
    source: str
    licence: str

    def photo(self, folders):
        """Cut to a multiple of four, so that it can be made smaller exactly."""
        pixels = evaluate.load(folders[self.folder] / self.file)
        return pixels[: pixels.shape[0] // 4 * 4, : pixels.shape[1] // 4 * 4]

    def crop(self, picture):
        return picture[self.top : self.top + SIDE, self.left : self.left + SIDE]


CID22 = "CID22 (Cloudinary Image Dataset '22), {} set, from Pexels"
SUBJECTS = [
    Subject("skin", "eval", "CID22val/5055743.png", 286, 112, "5055743", "not named by the set", CID22.format("validation"), "CC BY-SA 4.0"),
    Subject("foliage", "train", "cid22_0085.jpg", 292, 240, "3044702", "not named by the set", CID22.format("training"), "CC BY-SA 4.0"),
    Subject("text", "train", "cq100_0283.jpg", 420, 180, "medicine_packets", "Wilfredor", "CQ100, from Wikimedia Commons", "CC BY-SA 4.0"),
    Subject("sky", "train", "budgie_0382.jpg", 420, 40, "midsummer-sunrise", "not named by the set", "Budgie Backgrounds", "CC0 1.0"),
    Subject("night", "eval", "CID22val/2389166.png", 130, 180, "2389166", "not named by the set", CID22.format("validation"), "CC BY-SA 4.0"),
]

# What others reach: (what it is called, parameters, Set5, Set14, source). Published numbers are those of the papers; measured ones come from
# `evaluate.py`'s definitions, with which IMDN's weights score what its paper says.
OTHERS = {
    2: [
        ("FSRCNN (Dong et al. 2016)", "12 k", "37.00 / 0.9558", "32.63 / 0.9088", "published"),
        ("CARN-M (Ahn et al. 2018)", "412 k", "37.53 / 0.9583", "33.26 / 0.9141", "published"),
        ("IMDN (Hui et al. 2019)", "694 k", "38.00 / 0.9605", "33.63 / 0.9177", "published, measured again"),
        ("SPAN (Wan et al. 2023)", "481 k", "38.08 / 0.9608", "33.71 / 0.9183", "published"),
        ("2xNomosUni compact (Hofmann)", "0.6 M", "29.74 / 0.8812", "27.74 / 0.8124", "measured"),
    ],
    4: [
        ("ESPCN (Shi et al. 2016)", "25 k", "30.90 / –", "27.73 / –", "published"),
        ("FSRCNN (Dong et al. 2016)", "12 k", "30.71 / 0.8657", "27.59 / 0.7535", "published"),
        ("CARN-M (Ahn et al. 2018)", "412 k", "31.92 / 0.8903", "28.42 / 0.7762", "published"),
        ("IMDN (Hui et al. 2019)", "715 k", "32.21 / 0.8948", "28.58 / 0.7811", "published, measured again"),
        ("SPAN (Wan et al. 2023)", "498 k", "32.20 / 0.8953", "28.66 / 0.7834", "published"),
    ],
}
# By `photo_evaluate.py 2 --onnx …` on all 41 photos.
FOREIGN_ON_POOR = "13.03 / 25.943 dB"


# By day, by day, by night, and a good photo left as it is: (subject, un-edited, by night).
TONE_CASES = [("skin", True, False), ("foliage", True, False), ("night", True, True), ("night", False, False)]
TONE_SUBJECTS = {name for name, _, _ in TONE_CASES}


def reduced(photo, scale):
    return np.asarray(Image.fromarray(photo).resize((photo.shape[1] // scale, photo.shape[0] // scale), Image.BICUBIC))


def bicubic(small, scale):
    return photo_evaluate.bicubic(scale)(small)


def rows_of(subject, photo, number, foreign):
    """Three rows of (label, whole picture): restoring, enlarging a clean photo, enlarging a poor one."""
    restore = evaluate.restorer(MODELS / "restore.onnx")
    image = photo.astype(np.float32) / 255
    noisy = degrade.to_bytes(degrade.camera_noise(image, np.random.default_rng([SEED, number, 0])))
    squeezed = degrade.to_bytes(degrade.jpeg(image, np.random.default_rng([SEED, number, 1]), lowest=20, highest=20))
    yield [("camera noise", noisy), ("restore", restore(noisy)), ("JPEG quality 20", squeezed), ("restore", restore(squeezed))]

    small = reduced(photo, 4)
    ways = [(name, evaluate.upscaler(MODELS / f"{name}.onnx")(small)) for name in ("upscale-4x-fast", "upscale-4x")]
    yield [("bicubic 4x", bicubic(small, 4)), *ways, ("original", photo)]

    small = degrade.to_bytes(degrade.for_photos(image, 2, np.random.default_rng([SEED, number, 2])))
    first = [("poor photo, bicubic 2x", bicubic(small, 2)), ("restore, upscale-2x", evaluate.upscaler(MODELS / "upscale-2x.onnx")(restore(small)))]
    others = [("NomosUni compact", photo_evaluate.any_upscaler(foreign)(small))] if foreign else []
    yield [*first, ("photo-2x", photo_evaluate.any_upscaler(MODELS / "photo-2x.onnx")(small)), *others]


def tone_rows(photos, run):
    """Rows of (label, picture of 256 px)."""
    for number, (name, edited, night) in enumerate(TONE_CASES):
        good = tone_evaluate.to_bytes(reduced_photo(photos[name] / 255))
        given = good
        if edited:
            rng = np.random.default_rng([SEED, number, 3])
            edits = draw(rng, 1, untouched_share=0, night_share=float(night))
            pixels = torch.from_numpy(good.reshape(1, -1, 3).astype(np.float32) / 255)
            noise = torch.from_numpy(rng.standard_normal(pixels.shape, dtype=np.float32))
            given = tone_evaluate.to_bytes(un_edit(pixels, edits, noise)[0].reshape(good.shape))
        yield [("un-edited" if edited else "untouched", given), ("stretch", tone_evaluate.stretch(given)), ("tone", run(given)), ("original", good)]


def scored(label, crop, wanted, scratch):
    """The label with PSNR and SSIMULACRA 2 of the crop."""
    if (crop == wanted).all():
        return label
    return f"{label}  {evaluate.psnr(crop, wanted):.1f} dB, {round(photo_evaluate.quality(wanted, crop, scratch))}"


def strip(rows):
    """Rows of (label, crop) as one picture."""
    font = ImageFont.load_default(13)
    columns = max(len(row) for row in rows)
    picture = Image.new("RGB", (columns * (SIDE + GAP) - GAP, len(rows) * (SIDE + LABEL + GAP) - GAP), "white")
    pen = ImageDraw.Draw(picture)
    for down, row in enumerate(rows):
        for right, (label, crop) in enumerate(row):
            left, top = right * (SIDE + GAP), down * (SIDE + LABEL + GAP)
            pen.text((left + 2, top + 2), label, fill="black", font=font)
            picture.paste(Image.fromarray(crop), (left, top + LABEL))
    return picture


def save(picture, path):
    """JPEG of a quality at which what it adds is not seen: PNG would be five times larger."""
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=93, subsampling=0, optimize=True)
    shipped.replace_file(path, file.getvalue())
    print(path.name, len(file.getvalue()), flush=True)


def write_strips(folders, foreign, out):
    photos = {subject.name: subject.photo(folders) for subject in SUBJECTS}
    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch)
        for number, subject in enumerate(SUBJECTS):
            photo = photos[subject.name]
            wanted = subject.crop(photo)
            rows = []
            for row in rows_of(subject, photo, number, foreign):
                crops = [(label, subject.crop(picture)) for label, picture in row]
                rows.append([(scored(label, crop, wanted, scratch), crop) for label, crop in crops])
            save(strip(rows), out / f"{subject.name}.jpg")
        rows = []
        for row in tone_rows(photos, tone_evaluate.adviser(MODELS / "tone.onnx")):
            good = row[-1][1]
            shown = lambda picture: tone_evaluate.to_bytes(area_average(picture / 255, SIDE, SIDE))
            decibels = lambda label, picture: label if (picture == good).all() else f"{label}  {evaluate.psnr(picture, good):.1f} dB"
            rows.append([(decibels(label, picture), shown(picture)) for label, picture in row])
        save(strip(rows), out / "tone.jpg")


def first_pair(value):
    """'37.349 dB / 0.9575 (33.674 / 0.9303)' as ours and bicubic's, decibels with two digits."""
    ours, bicubics = re.fullmatch(r"([\d.]+ dB / [\d.]+) \((.*)\)", value).groups()
    tidy = lambda pair: "{:.2f} / {}".format(float(pair.split(" ")[0]), pair.split(" / ")[1])
    return tidy(ours), tidy(bicubics)


def thousands(entry):
    return f"{round(int(entry['parameters']) / 1000):,} k"


def seconds(card):
    return next(value for what, value in card.items() if what.startswith("speed")).split(" on ")[0].replace(" s per megapixel of the result", "")


def scores_table():
    """Ours from their cards, beside what others reach."""
    cards = {model: shipped.read_measured(shipped.card_path(model).read_text(encoding="utf-8")) for model in shipped.FACTS}
    lines = ["| clean photos | parameters | Set5, PSNR / SSIM | Set14, PSNR / SSIM | s per megapixel | source |", "| --- | --- | --- | --- | --- | --- |"]
    for scale, others in OTHERS.items():
        ours = [(model, cards[model]) for model in (f"upscale-{scale}x-fast", f"upscale-{scale}x")]
        sets = {name: [first_pair(card[f"{name}, PSNR-Y / SSIM-Y (bicubic)"]) for _, card in ours] for name in ("Set5", "Set14")}
        lines.append(f"| {scale}×, bicubic | – | {sets['Set5'][0][1]} | {sets['Set14'][0][1]} | – | measured |")
        for number, (model, card) in enumerate(ours):
            lines.append(f"| **{model}** | {thousands(card)} | {sets['Set5'][number][0]} | {sets['Set14'][number][0]} | {seconds(card)} | its card |")
        lines += [f"| {scale}×, {name} | {parameters} | {five} | {fourteen} | – | {source} |" for name, parameters, five, fourteen, source in others]
    lines += ["", "| poor photos (41 of CID22) | parameters | SSIMULACRA 2 / PSNR | s per megapixel | source |", "| --- | --- | --- | --- | --- |"]
    for scale in (2, 4):
        card = cards[f"photo-{scale}x"]
        score = lambda way: card[f"degraded CID22, {way}, SSIMULACRA 2 / PSNR-RGB"]
        lines.append(f"| {scale}×, bicubic | – | {score('bicubic')} | – | measured |")
        for way in (f"upscale-{scale}x", f"restore, then upscale-{scale}x"):
            lines.append(f"| {way} | – | {score(way)} | – | card of photo-{scale}x |")
        lines.append(f"| **photo-{scale}x** | {thousands(card)} | {score('this model')} | {seconds(card)} | its card |")
        if scale == 2:
            lines.append(f"| 2×, 2xNomosUni compact (Hofmann) | 0.6 M | {FOREIGN_ON_POOR} | – | measured |")
    card = cards["restore"]
    lines += ["", f"| **restore** ({thousands(card)}, {seconds(card)} s per megapixel) | before → after | source |", "| --- | --- | --- |"]
    for what, value in card.items():
        if "before → after" in what or what.startswith("clean photo kept"):
            lines.append(f"| {what.split(',')[0]} | {value} | its card |")
    lines += [
        "| noise sigma 25, every fourth photo | 20.65 → 33.40 dB | measured |",
        "| the same, BM3D (Dabov et al. 2007), which is told sigma | 20.65 → 33.46 dB | measured before, not again |",
    ]
    return "\n".join(lines)


def credits_table():
    """One line a strip; what a licence asks to be said of changes is said in the page."""
    lines = ["| strip | photo | author | source | licence of photo and strip |", "| --- | --- | --- | --- | --- |"]
    lines += [f"| `{each.name}.jpg` | {each.title} | {each.author} | {each.source} | {each.licence} |" for each in SUBJECTS]
    shown = [each for each in SUBJECTS if each.name in TONE_SUBJECTS]
    lines.append(f"| `tone.jpg` | {', '.join(each.title for each in shown)} | as above | as above | CC BY-SA 4.0 |")
    return "\n".join(lines)


def write_blocks(page):
    text = page.read_text(encoding="utf-8")
    for name, block in (("scores", scores_table()), ("credits", credits_table())):
        begin, end = f"<!-- {name}: written by models/training/gallery.py -->", f"<!-- end of {name} -->"
        before, rest = text.split(begin)
        text = f"{before}{begin}\n{block}\n{end}{rest.split(end)[1]}"
    shipped.replace_file(page, text.encode())


def check_held_out(folder):
    held_out = {photo.path.name for photo in data.split(data.read_manifest(folder))[1]}
    for subject in SUBJECTS:
        if subject.folder == "train" and subject.file not in held_out:
            raise RuntimeError(f"{subject.file} was trained on")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=data.DEFAULT_DATA / "train")
    parser.add_argument("--eval", dest="folder", type=Path, default=data.DEFAULT_DATA / "eval")
    parser.add_argument("--foreign", type=Path)
    parser.add_argument("--out", type=Path, default=PAGE.parent)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    check_held_out(args.data)
    write_strips({"train": args.data, "eval": args.folder}, args.foreign, args.out)
    if (args.out / PAGE.name).exists():
        write_blocks(args.out / PAGE.name)


if __name__ == "__main__":
    main()
