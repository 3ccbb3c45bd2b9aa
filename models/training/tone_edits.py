"""Un-editing: makes a good photo look as if nobody had developed it, and applies the tone model's answer. Everything is on torch tensors
of pixels [photos, count, 3] in sRGB 0..1; the draws come from a numpy generator, so that fixed pairs stay fixed.

No human edits are at hand that may be used, so the model learns from photos that are good already and what was done to them on purpose.
"""
from dataclasses import dataclass

import numpy as np
import torch

LUMA = torch.tensor([0.299, 0.587, 0.114])


@dataclass
class Edits:
    """What is done to each of a number of photos; every field is a tensor [photos, 1, 1] or [photos, 1, 3]."""

    exposure: torch.Tensor
    balance: torch.Tensor
    gamma: torch.Tensor
    contrast: torch.Tensor
    haze: torch.Tensor
    haze_colour: torch.Tensor
    saturation: torch.Tensor
    noise: torch.Tensor
    untouched: torch.Tensor


def draw(rng, count, untouched_share, night_share):
    """Exposure -1.8 to +0.9 EV, at night -5 to -1.5 with a little noise; white balance, gamma, contrast, haze and saturation for all."""
    night = rng.random(count) < night_share
    exposure = np.where(night, rng.uniform(-5, -1.5, count), rng.uniform(-1.8, 0.9, count))
    warm, green = rng.normal(0, 0.22, count), rng.normal(0, 0.08, count)
    balance = 2 ** np.stack([warm - green / 2, green, -warm - green / 2], 1)
    haze = np.where(rng.random(count) < 0.3, rng.uniform(0, 0.3, count), 0)
    haze_colour = rng.uniform(0.6, 1, (count, 1)) + rng.normal(0, 0.03, (count, 3))
    one = lambda values: torch.from_numpy(np.asarray(values, np.float32).reshape(count, 1, -1))
    return Edits(
        exposure=one(exposure),
        balance=one(balance),
        gamma=one(np.exp(rng.uniform(np.log(0.75), np.log(1.35), count))),
        contrast=one(rng.uniform(0.55, 1.1, count)),
        haze=one(haze),
        haze_colour=one(haze_colour.clip(0, 1)),
        saturation=one(rng.uniform(0.45, 1.1, count)),
        noise=one(np.where(night, rng.uniform(0, 0.01, count), 0)),
        untouched=one(rng.random(count) < untouched_share) > 0.5,
    )


def to_linear(pixels):
    return torch.where(pixels <= 0.04045, pixels / 12.92, ((pixels.clamp_min(0.04045) + 0.055) / 1.055) ** 2.4)


def to_srgb(light):
    return torch.where(light <= 0.0031308, light * 12.92, 1.055 * light.clamp_min(0.0031308) ** (1 / 2.4) - 0.055)


def un_edit(pixels, edits, noise=None):
    """The photos as given to the model: clipped and rounded to 8 bits, since what is lost is lost."""
    worse = to_srgb((to_linear(pixels) * 2**edits.exposure * edits.balance).clamp(0, 1))
    worse = worse**edits.gamma
    worse = (worse - 0.5) * edits.contrast + 0.5
    worse = worse * (1 - edits.haze) + edits.haze_colour * edits.haze
    grey = (worse * LUMA).sum(2, keepdim=True)
    worse = grey + (worse - grey) * edits.saturation
    if noise is not None:
        worse = worse + noise * edits.noise
    return torch.where(edits.untouched, pixels, (worse.clamp(0, 1) * 255).round() / 255)


def apply_tone(pixels, curves, matrix):
    """The model's answer on pixels [photos, count, 3], before the clamp."""
    steps = curves.shape[2] - 1
    place = pixels.clamp(0, 1) * steps
    below = place.floor().clamp_max(steps - 1)
    part, index = place - below, below.long().transpose(1, 2)
    low, high = curves.gather(2, index).transpose(1, 2), curves.gather(2, index + 1).transpose(1, 2)
    return torch.einsum("nij,npj->npi", matrix, low + (high - low) * part)
