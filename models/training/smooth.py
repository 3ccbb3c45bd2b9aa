"""Pictures that photos hardly ever are: one colour all over, or a gradient between two. A network that never saw pure green may lay a fine pattern
over it; what is flat must stay flat, and its colour must stay what it is."""
import numpy as np

# So many of the crops of a batch.
SHARE = 0.06


def colour(rng):
    """Any colour; some with each channel at its end, because the corners of the cube are what photos show least; some grey and mostly dark, because noise
    that is cut off at black makes dark places lighter, and a network that takes it away learns to darken what has none."""
    drawn, kind = rng.random(3), rng.random()
    if kind < 0.3:
        drawn = np.round(drawn)
    elif kind < 0.6:
        drawn = np.full(3, drawn[0] ** 3)
    return drawn.astype(np.float32)


def picture(side, rng):
    """A square of float RGB in 0..1: flat in half of the cases, else from one colour to another in any direction."""
    one = colour(rng)
    if rng.random() < 0.5:
        return np.broadcast_to(one, (side, side, 3)).copy()
    other, angle = colour(rng), rng.uniform(0, 2 * np.pi)
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / max(1, side - 1) - 0.5
    share = (x * np.cos(angle) + y * np.sin(angle)) / (abs(np.cos(angle)) + abs(np.sin(angle))) + 0.5
    return (one + (other - one) * share[:, :, None]).astype(np.float32)


def reduced(image, scale):
    """The mean of every square of `scale` by `scale` pixels."""
    side = image.shape[0] // scale
    return image[: side * scale, : side * scale].reshape(side, scale, side, scale, 3).mean((1, 3))
