"""The three networks that ship: an upscaler, a restorer and a tone adviser.

The two picture-to-picture networks have three parts so that training can run the middle one in bfloat16 while the photo itself,
which needs more than bfloat16's eight bits, stays in float32: `enter` (photo to features), `trunk` (features to a residual) and
`leave` (residual to what the model puts out). `forward` is the three in a row and is what is exported.

Only plain operators are used (Conv, Relu, Add, DepthToSpace, ...), and nothing looks at the whole picture, so a tile with a halo of
the receptive field gives the same numbers as the whole picture.
"""
import torch
from torch import nn
from torch.nn import functional


class ResidualPair(nn.Module):
    """Two 3x3 convolutions around a ReLU, added to their input (He et al. 2016, without normalisation as in Lim et al. 2017, EDSR)."""

    def __init__(self, channels):
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        with torch.no_grad():
            self.second.weight.mul_(0.3)
            self.second.bias.zero_()

    def forward(self, features):
        return features + self.second(functional.relu(self.first(features)))


class Upscaler(nn.Module):
    """Residual pairs at the small size, then one sub-pixel step to the large one (Shi et al. 2016, ESPCN).

    What is learned is the difference from the nearest-neighbour enlargement. That enlargement is a constant 1x1 convolution in front of
    the sub-pixel step, so the graph needs no Resize.
    """

    def __init__(self, scale, channels=32, pairs=6):
        super().__init__()
        self.scale = scale
        self.enter = nn.Conv2d(3, channels, 3, padding=1)
        self.pairs = nn.Sequential(*[ResidualPair(channels) for _ in range(pairs)])
        self.gather = nn.Conv2d(channels, channels, 3, padding=1)
        self.tail = nn.Conv2d(channels, 3 * scale * scale, 3, padding=1)
        nearest = torch.zeros(3 * scale * scale, 3, 1, 1)
        for channel in range(3):
            nearest[channel * scale * scale : (channel + 1) * scale * scale, channel] = 1
        self.register_buffer("nearest", nearest)
        with torch.no_grad():
            self.tail.weight.mul_(0.1)
            self.tail.bias.zero_()

    def trunk(self, features):
        return self.tail(features + self.gather(self.pairs(features)))

    def leave(self, photo, residual):
        return functional.pixel_shuffle(residual + functional.conv2d(photo, self.nearest), self.scale)

    def forward(self, photo):
        return self.leave(photo, self.trunk(self.enter(photo)))


class Restorer(nn.Module):
    """A small residual U-Net (Ronneberger et al. 2015; additive skips as in Zhang et al. 2021, DRUNet) at a half and a quarter of the size.

    A third, deeper level would see further than denoising needs and double the halo of every tile, which is then paid for again at each
    tile's edge; the convolutions stand where they are worth most, at half size. Between the levels stands a plain repetition of pixels, and
    no skip leads from the first layer to the last: so what runs it on a processor keeps its own order of channels throughout, and has two
    tensors less to hold, for larger tiles. Sizes must be multiples of 4.
    """

    stride = 4

    def __init__(self, channels=(48, 192)):
        super().__init__()
        top, middle = channels
        self.enter = nn.Conv2d(3, top, 2, stride=2)
        self.top_in = nn.Sequential(ResidualPair(top), ResidualPair(top))
        self.down = nn.Conv2d(top, middle, 2, stride=2)
        self.middle = nn.Sequential(ResidualPair(middle), ResidualPair(middle))
        self.up = nn.Conv2d(middle, top, 1)
        self.top_out = ResidualPair(top)
        self.tail = nn.Conv2d(top, 4 * 6, 3, padding=1)
        with torch.no_grad():
            self.tail.weight.mul_(0.1)
            self.tail.bias.zero_()

    def trunk(self, features):
        top = self.top_in(features)
        middle = self.middle(self.down(top))
        return self.tail(self.top_out(top + functional.interpolate(self.up(middle), scale_factor=2, mode="nearest")))

    def leave(self, photo, residual):
        return functional.pixel_shuffle(residual, 2)

    def forward(self, photo):
        return self.leave(photo, self.trunk(self.enter(photo)))


KNOTS = 17


class ToneAdviser(nn.Module):
    """From a thumbnail and 71 statistics to three curves and a colour matrix.

    Curves are a free start plus non-negative steps summed up, so they cannot fall. The matrix has rows that sum to one, so it changes
    how colourful a photo is and never the colour of grey; that is the curves' business.
    """

    def __init__(self, statistics=71, hidden=128):
        super().__init__()
        self.see = nn.Sequential(
            nn.Conv2d(3, 16, 3, stride=2, padding=1), nn.ReLU(),
            nn.Conv2d(16, 24, 3, stride=2, padding=1), nn.ReLU(),
            nn.Conv2d(24, 32, 3, stride=2, padding=1), nn.ReLU(),
            nn.Conv2d(32, 32, 3, stride=2, padding=1), nn.ReLU(),
        )
        self.think = nn.Sequential(nn.Linear(statistics + 32, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU())
        self.decide = nn.Linear(hidden, 3 * KNOTS + 6)
        with torch.no_grad():
            self.decide.weight.mul_(0.05)
            self.decide.bias.zero_()
        step = torch.full((1, 3, KNOTS), 1 / (KNOTS - 1))
        step[:, :, 0] = 0
        # The inverse of softplus, so that an undecided network gives the identity.
        self.register_buffer("resting", torch.log(torch.expm1(step[:, :, 1:])))
        self.register_buffer("add_up", torch.triu(torch.ones(KNOTS, KNOTS)))
        off = torch.zeros(6, 9)
        places = [(row, column) for row in range(3) for column in range(3) if row != column]
        for index, (row, column) in enumerate(places):
            off[index, 3 * row + column] = 1
            off[index, 3 * row + row] = -1
        self.register_buffer("off_diagonal", off)
        self.register_buffer("identity", torch.eye(3)[None])

    def forward(self, thumbnail, statistics):
        seen = self.see(thumbnail).mean((2, 3))
        decided = self.decide(self.think(torch.cat([statistics, seen], 1)))
        curves = decided[:, : 3 * KNOTS].reshape(-1, 3, KNOTS)
        steps = functional.softplus(curves[:, :, 1:] + self.resting)
        curves = torch.cat([curves[:, :, :1], steps], 2) @ self.add_up
        matrix = (decided[:, 3 * KNOTS :] @ self.off_diagonal).reshape(-1, 3, 3) + self.identity
        return curves, matrix


NETWORKS = {
    "photo-2x": lambda: Upscaler(2, channels=48, pairs=8),
    "photo-4x": lambda: Upscaler(4, channels=48, pairs=8),
    "restore": Restorer,
    "tone": ToneAdviser,
    "upscale-2x": lambda: Upscaler(2, channels=48),
    "upscale-2x-fast": lambda: Upscaler(2, pairs=4),
    "upscale-4x": lambda: Upscaler(4, channels=48, pairs=8),
    "upscale-4x-fast": lambda: Upscaler(4),
}


def build(model_id):
    """The network of a model, by the model's id."""
    return NETWORKS[model_id]()


def quieten(network, fresh):
    """Lets residual pairs whose tensors are all fresh start as nothing, so that a network that was made deeper begins where the shallower one ended."""
    for name, module in network.named_modules():
        if isinstance(module, ResidualPair) and f"{name}.second.weight" in fresh:
            with torch.no_grad():
                module.second.weight.zero_()


def count_parameters(network):
    """Learned numbers; constants such as the nearest-neighbour kernel are not counted."""
    return sum(parameter.numel() for parameter in network.parameters())
