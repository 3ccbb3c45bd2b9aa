"""What goes wrong with photos, made on purpose: blur, noise and JPEG, on float RGB arrays in 0..1.

Sources: the choice of blurs, noises and qualities follows the ideas of BSRGAN (Zhang et al. 2021) and Real-ESRGAN (Wang et al. 2021),
milder, and of one round except in `for_photos`, which has their two; the camera noise is the Poisson-Gaussian model (Foi et al. 2008) in linear light, with the correlation
between neighbours that demosaicing brings (as in Guo et al. 2019, CBDNet).
"""
import io

import numpy as np
import torch
from PIL import Image
from torch.nn import functional


def to_bytes(image):
    return np.round(image.clip(0, 1) * 255).astype(np.uint8)


def to_linear(image):
    """sRGB's curve undone."""
    return np.where(image <= 0.04045, image / 12.92, ((np.maximum(image, 0.04045) + 0.055) / 1.055) ** 2.4)


def to_srgb(light):
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * np.maximum(light, 0.0031308) ** (1 / 2.4) - 0.055)


def filter_with(image, kernel):
    """Each channel of an image (or an image of noise) filtered with one kernel, edges mirrored."""
    margin = kernel.shape[0] // 2
    channels = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1), dtype=np.float32))[:, None]
    channels = functional.pad(channels, (margin,) * 4, mode="reflect")
    filtered = functional.conv2d(channels, torch.from_numpy(kernel.astype(np.float32))[None, None])
    return filtered[:, 0].numpy().transpose(1, 2, 0)


def gaussian_kernel(sigma_along, sigma_across, angle):
    radius = max(1, int(np.ceil(3 * max(sigma_along, sigma_across))))
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    kernel = np.exp(-0.5 * ((along / sigma_along) ** 2 + (across / sigma_across) ** 2))
    return kernel / kernel.sum()


def blur(image, rng):
    """A Gaussian of 0.2 to 1.6 pixels, half of the time longer in one direction than in the other."""
    sigma = rng.uniform(0.2, 1.6)
    other = rng.uniform(0.2, 1.6) if rng.random() < 0.5 else sigma
    return filter_with(image, gaussian_kernel(sigma, other, rng.uniform(0, np.pi)))


def correlated(noise, rng):
    """The noise smeared over neighbours, at its old strength."""
    kernel = gaussian_kernel(*[rng.uniform(0.4, 1.5)] * 2, 0)
    return filter_with(noise, kernel) / np.sqrt((kernel**2).sum())


def gaussian_noise(image, rng, strongest=50):
    """White noise, mostly of independent channels, sometimes the same in all three or smeared; smeared noise is what is left in finished
    photos, where it is weak."""
    sigma = rng.uniform(0, strongest) / 255
    kind = rng.random()
    if kind < 0.1:
        noise = np.repeat(rng.standard_normal(image.shape[:2] + (1,), dtype=np.float32), 3, 2)
    else:
        noise = rng.standard_normal(image.shape, dtype=np.float32)
    if kind > 0.85:
        noise = correlated(noise, rng) * rng.uniform(0.1, 1)
    return image + sigma * noise


def camera_noise(image, rng):
    """Noise whose variance grows with the light, added in linear light, mostly smeared by demosaicing, then partly smoothed away as
    cameras do: colour noise more than brightness noise."""
    light = to_linear(image)
    shot, read = 10 ** rng.uniform(-4, -2.2), 10 ** rng.uniform(-3.5, -2)
    noise = rng.standard_normal(image.shape, dtype=np.float32) * np.sqrt(shot * light + read**2)
    if rng.random() < 0.7:
        noise = correlated(noise, rng)
    if rng.random() < 0.4:
        brightness = noise.mean(2, keepdims=True)
        noise = brightness + (noise - brightness) * rng.uniform(0.2, 1.0)
    return to_srgb((light + noise).clip(0, 1))


def jpeg(image, rng, lowest=10, highest=95):
    """Through a JPEG file and back; chroma is halved in two of three files, as most cameras and programs do. Half of the files are of the lower
    half of the qualities in a geometric sense: there is more to learn."""
    file = io.BytesIO()
    quality = lowest * (highest / lowest) ** rng.random()
    Image.fromarray(to_bytes(image)).save(file, "JPEG", quality=round(quality), subsampling=2 if rng.random() < 0.67 else 0)
    return np.asarray(Image.open(file), dtype=np.float32) / 255


def for_restoring(image, rng):
    """(what the restorer is given, the blurred but otherwise clean photo). One in ten is left as it is."""
    if rng.random() < 0.08:
        return image, image
    blurred = blur(image, rng).clip(0, 1) if rng.random() < 0.3 else image
    given = blurred
    noisy = rng.random() < 0.65
    if noisy:
        given = camera_noise(given, rng) if rng.random() < 0.35 else gaussian_noise(given, rng)
    # Noise and JPEG together can hardly be undone; each alone can, and is what most photos have.
    if rng.random() < (0.25 if noisy else 0.9):
        given = jpeg(given, rng)
    return to_bytes(given).astype(np.float32) / 255, blurred


def for_upscaling(image, rng):
    """A small photo as people's small photos are: slightly noisy, saved as JPEG."""
    if rng.random() < 0.5:
        image = gaussian_noise(image, rng, strongest=6)
    if rng.random() < 0.8:
        image = jpeg(image, rng, lowest=60)
    return to_bytes(image).astype(np.float32) / 255


RESAMPLING = [Image.BOX, Image.BILINEAR, Image.BICUBIC, Image.LANCZOS]


def resized(image, height, width, rng):
    """To a size by a method of chance, each channel in float."""
    method = RESAMPLING[rng.integers(len(RESAMPLING))]
    channels = [Image.fromarray(np.ascontiguousarray(image[:, :, each])).resize((width, height), method) for each in range(3)]
    return np.stack([np.asarray(channel) for channel in channels], 2)


def one_round(image, scale, rng, strongest, lowest):
    """Blur, another size between the large and the small, noise, JPEG: each by chance."""
    if rng.random() < 0.7:
        image = blur(image, rng)
    factor = scale ** -rng.uniform(-0.1, 1)
    image = resized(image, max(16, round(image.shape[0] * factor)), max(16, round(image.shape[1] * factor)), rng)
    if rng.random() < 0.6:
        image = camera_noise(image.clip(0, 1), rng) if rng.random() < 0.4 else gaussian_noise(image, rng, strongest)
    return jpeg(image, rng, lowest) if rng.random() < 0.6 else image


def for_photos(image, scale, rng):
    """A small photo with an unknown past: one or two rounds of degradation, brought to its size and mostly saved as JPEG once more. One in
    eight is only made smaller."""
    height, width = image.shape[0] // scale, image.shape[1] // scale
    if rng.random() > 0.125:
        image = one_round(image, scale, rng, strongest=20, lowest=35)
        if rng.random() < 0.4:
            image = one_round(image, max(image.shape[0] / height, 1.0), rng, strongest=10, lowest=45)
        image = resized(image, height, width, rng)
        if rng.random() < 0.6:
            image = jpeg(image, rng, lowest=40)
    else:
        image = resized(image, height, width, rng)
    return to_bytes(image).astype(np.float32) / 255
