"""Batches of training crops. A batch depends only on the seed and on its number, so a run that is continued sees what it would have seen."""
import numpy as np
import torch
from PIL import Image

import data
import degrade
import smooth

# Crops are cut this much larger, degraded, and then cut to size at a random place: so the 8x8 grid of JPEG lies anywhere.
MARGIN = 8


def turned(images, rng):
    """The same random mirroring and transposition for all images."""
    flip_rows, flip_columns, transpose = rng.random(3) < 0.5
    for image in images:
        image = image[::-1] if flip_rows else image
        image = image[:, ::-1] if flip_columns else image
        yield image.transpose(1, 0, 2) if transpose else image


def to_tensor(images):
    return torch.from_numpy(np.ascontiguousarray(np.stack(images).transpose(0, 3, 1, 2), dtype=np.float32))


def reduced(pixels, factor, method):
    return np.asarray(Image.fromarray(pixels).resize((round(pixels.shape[1] / factor), round(pixels.shape[0] / factor)), method))


def smooth_pair(size, scale, rng):
    large = smooth.picture(size * scale, rng)
    return smooth.reduced(large, scale), large


class UpscaleSamples:
    """(small crop, large crop). The small photo is the antialiased bicubic reduction of the large one, which is what the
    field's evaluation sets are made with; `degraded_share` of the small crops are then made worse a little."""

    def __init__(self, photos, scale, seed=0, batch=16, crop=48, degraded_share=0.3):
        self.scale, self.seed, self.batch_size, self.crop, self.degraded_share = scale, seed, batch, crop, degraded_share

        def pair(photo):
            large = photo.pixels()
            large = large[: large.shape[0] // scale * scale, : large.shape[1] // scale * scale]
            return reduced(large, scale, Image.BICUBIC), large

        self.pairs = [pair for pair in data.map_photos(pair, photos) if min(pair[0].shape[:2]) >= crop + MARGIN]
        areas = np.array([small.shape[0] * small.shape[1] for small, _ in self.pairs], float)
        self.chances = areas / areas.sum()

    def batch(self, number):
        rng = np.random.default_rng([self.seed, number])
        given, wanted = [], []
        for choice in rng.choice(len(self.pairs), self.batch_size, p=self.chances):
            small, large = self.pairs[choice]
            size, scale = self.crop, self.scale
            if rng.random() < smooth.SHARE:
                image, target = smooth_pair(size, scale, rng)
                given.append(image)
                wanted.append(target)
                continue
            row, column = rng.integers(0, small.shape[0] - size - MARGIN + 1), rng.integers(0, small.shape[1] - size - MARGIN + 1)
            image = small[row : row + size + MARGIN, column : column + size + MARGIN].astype(np.float32) / 255
            if rng.random() < self.degraded_share:
                image = degrade.for_upscaling(image, rng)
            down, right = rng.integers(0, MARGIN + 1, 2)
            image = image[down : down + size, right : right + size]
            top, left = (row + down) * scale, (column + right) * scale
            target = large[top : top + size * scale, left : left + size * scale].astype(np.float32) / 255
            image, target = turned((image, target), rng)
            given.append(image)
            wanted.append(target)
        return to_tensor(given), to_tensor(wanted)


class PhotoSamples:
    """(small crop as people's photos are, large crop). Each large crop is degraded by itself, so that no two small ones are alike. Large photos are
    reduced first where their own JPEG artefacts could otherwise be learned."""

    def __init__(self, photos, scale, seed=0, batch=16, crop=48):
        self.scale, self.seed, self.batch_size, self.crop = scale, seed, batch, crop

        def clean(photo):
            pixels = photo.pixels()
            return pixels if photo.quality >= 87 else reduced(pixels, 1.5, Image.LANCZOS)

        self.photos = [pixels for pixels in data.map_photos(clean, photos) if min(pixels.shape[:2]) >= (crop + MARGIN) * scale]
        areas = np.array([pixels.shape[0] * pixels.shape[1] for pixels in self.photos], float)
        self.chances = areas / areas.sum()

    def batch(self, number):
        rng = np.random.default_rng([self.seed, number])
        given, wanted = [], []
        for choice in rng.choice(len(self.photos), self.batch_size, p=self.chances):
            pixels, size, scale = self.photos[choice], self.crop, self.scale
            if rng.random() < smooth.SHARE:
                small, large = smooth_pair(size, scale, rng)
                given.append(small)
                wanted.append(large)
                continue
            side = (size + MARGIN) * scale
            row, column = rng.integers(0, pixels.shape[0] - side + 1), rng.integers(0, pixels.shape[1] - side + 1)
            (large,) = turned([pixels[row : row + side, column : column + side].astype(np.float32) / 255], rng)
            small = degrade.for_photos(large, scale, rng)
            down, right = rng.integers(0, MARGIN + 1, 2)
            given.append(small[down : down + size, right : right + size])
            wanted.append(large[down * scale : (down + size) * scale, right * scale : (right + size) * scale])
        return to_tensor(given), to_tensor(wanted)


class RestoreSamples:
    """(degraded crop, blurred but otherwise clean crop, clean crop). Photos are reduced first where their own JPEG artefacts could
    otherwise be learned: by 1.5 and 2 where the file's quality is low, else also used as they are."""

    def __init__(self, photos, seed=0, batch=12, crop=96):
        self.seed, self.batch_size, self.crop = seed, batch, crop

        def sizes(photo):
            pixels = photo.pixels()
            kept = [pixels] if photo.quality >= 87 else [reduced(pixels, 1.5, Image.LANCZOS)]
            return kept + [reduced(pixels, 2, Image.LANCZOS)]

        self.photos = [pixels for group in data.map_photos(sizes, photos) for pixels in group if min(pixels.shape[:2]) >= crop + MARGIN]
        areas = np.array([pixels.shape[0] * pixels.shape[1] for pixels in self.photos], float)
        self.chances = areas / areas.sum()

    def batch(self, number):
        rng = np.random.default_rng([self.seed, number])
        rows = []
        for choice in rng.choice(len(self.photos), self.batch_size, p=self.chances):
            pixels, size = self.photos[choice], self.crop
            if rng.random() < smooth.SHARE:
                image = smooth.picture(size, rng)
                rows.append([image] * 3)
                continue
            row, column = rng.integers(0, pixels.shape[0] - size - MARGIN + 1), rng.integers(0, pixels.shape[1] - size - MARGIN + 1)
            (clean,) = turned([pixels[row : row + size + MARGIN, column : column + size + MARGIN].astype(np.float32) / 255], rng)
            given, blurred = degrade.for_restoring(clean, rng)
            down, right = rng.integers(0, MARGIN + 1, 2)
            rows.append([image[down : down + size, right : right + size] for image in (given, blurred, clean)])
        return tuple(to_tensor(column) for column in zip(*rows))
