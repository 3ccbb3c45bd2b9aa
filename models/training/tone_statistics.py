"""What the tone model is given of a photo: a thumbnail and 71 statistics, exactly as ../README.md defines them."""
import numpy as np

LONG_SIDE = 256
THUMBNAIL = 64
SHARES = np.array([0.005] + [step / 16 for step in range(1, 16)] + [0.995])
LUMA = np.array([0.299, 0.587, 0.114])


def coverage(source, target):
    """A [target, source] matrix: each target cell's mean over the stretch of the source that it covers, partly covered cells counted by part."""
    edges = np.arange(target + 1) * source / target
    cells = np.arange(source)
    overlap = np.minimum(edges[1:, None], cells[None] + 1) - np.maximum(edges[:-1, None], cells[None])
    return overlap.clip(0) * target / source


def area_average(image, height, width):
    return np.einsum("ij,jkc,lk->ilc", coverage(image.shape[0], height), image, coverage(image.shape[1], width), optimize=True)


def reduced_photo(image):
    """`T`: the photo with its long side at most 256, the short side rounded half up."""
    height, width = image.shape[:2]
    longest = max(height, width)
    if longest <= LONG_SIDE:
        return image.astype(np.float64)
    return area_average(image, *[max(1, int(side * LONG_SIDE / longest + 0.5)) for side in (height, width)])


def thumbnail(reduced):
    return area_average(reduced, THUMBNAIL, THUMBNAIL)


def statistics(pixels):
    """Of `T`'s pixels, as [count, 3]: 17 quantiles each of R, G, B and Y, then colourfulness and two colour casts."""
    red, green, blue = pixels.T
    quantiles = [np.quantile(channel, SHARES) for channel in (red, green, blue, pixels @ LUMA)]
    colour = [(pixels.max(1) - pixels.min(1)).mean(), (red - green).mean(), ((red + green) / 2 - blue).mean()]
    return np.concatenate(quantiles + [colour])


def model_inputs(image):
    """(thumbnail [1,3,64,64], statistics [1,71]) of a photo in 0..1."""
    reduced = reduced_photo(image)
    small = thumbnail(reduced).transpose(2, 0, 1)[None].astype(np.float32)
    return np.ascontiguousarray(small), statistics(reduced.reshape(-1, 3))[None].astype(np.float32)
