"""Scores by the field's usual conventions, on evaluation sets that are never trained on.

    python evaluate.py upscale-4x --eval DIR [--onnx FILE]

DIR holds Set5 and Set14 (x2 and x4, *_HR.png and *_LR.png), CID22val (clean photos) and PolyU (*_real and *_mean pairs). PSNR is of 8-bit
pictures; for upscalers on BT.601 studio luma with a border of `scale` shaved, for the restorer on RGB.
"""
import argparse
import io
import math
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from PIL import Image

import data
import networks
import shipped

MODELS = Path(__file__).resolve().parents[1]


def load(path):
    return np.asarray(Image.open(path).convert("RGB"))


def luma(rgb):
    return 16 + rgb.astype(np.float64) @ np.array([65.481, 128.553, 24.966]) / 255


def psnr(one, other):
    return 10 * math.log10(255**2 / max(np.mean((one.astype(np.float64) - other.astype(np.float64)) ** 2), 1e-12))


def ssim(one, other):
    """Wang et al. 2004: an 11x11 Gaussian window of sigma 1.5, only where it fits."""
    weights = np.exp(-((np.arange(11) - 5) ** 2) / 4.5)
    weights /= weights.sum()

    def smooth(image):
        for axis in (0, 1):
            image = np.lib.stride_tricks.sliding_window_view(image, 11, axis) @ weights
        return image

    mean_one, mean_other = smooth(one), smooth(other)
    variances = smooth(one * one) - mean_one**2 + smooth(other * other) - mean_other**2
    covariance = smooth(one * other) - mean_one * mean_other
    c1, c2 = 2.55**2, 7.65**2
    quality = (2 * mean_one * mean_other + c1) * (2 * covariance + c2) / ((mean_one**2 + mean_other**2 + c1) * (variances + c2))
    return float(quality.mean())


def to_bytes(result):
    return np.round(result.clip(0, 1).transpose(1, 2, 0) * 255).astype(np.uint8)


def session_of(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def to_input(rgb):
    return rgb.transpose(2, 0, 1)[None].astype(np.float32) / 255


def upscaler(path):
    session = session_of(path)
    return lambda rgb: to_bytes(session.run(None, {"photo": to_input(rgb)})[0][0])


def restorer(path, denoise=1.0, deblur=1.0, stride=4):
    """As the app does it: padded to the stride by edge replication, residuals added, cropped, clamped."""
    session = session_of(path)

    def run(rgb):
        height, width = rgb.shape[:2]
        padded = np.pad(rgb, ((0, -height % stride), (0, -width % stride), (0, 0)), "edge")
        photo = to_input(padded)
        residuals = session.run(None, {"photo": photo})[0][0]
        return to_bytes((photo[0] + denoise * residuals[:3] + deblur * residuals[3:])[:, :height, :width])

    return run


def score_upscaler(path, folder, scale):
    """{set: (PSNR-Y, SSIM-Y)} of the model and of PIL's bicubic enlargement."""
    run = upscaler(path)
    scores = {}
    for name in ("Set5", "Set14"):
        rows = []
        for large_path in sorted((folder / name / f"x{scale}").glob("*_HR.png")):
            small = load(large_path.with_name(large_path.name.replace("_HR", "_LR")))
            large = load(large_path)[: small.shape[0] * scale, : small.shape[1] * scale]
            bicubic = np.asarray(Image.fromarray(small).resize((large.shape[1], large.shape[0]), Image.BICUBIC))
            inner = np.s_[scale:-scale, scale:-scale]
            wanted = luma(large)[inner]
            row = []
            for picture in (run(small), bicubic):
                got = luma(picture)[inner]
                row += [psnr(got, wanted), ssim(got, wanted)]
            rows.append(row)
        scores[name] = [float(value) for value in np.mean(rows, 0)]
    return scores


def noisy_photos(folder, sigma):
    """One generator runs through all photos in the order of their names."""
    rng = np.random.default_rng(7)
    for path in sorted((folder / "CID22val").glob("*.png")):
        clean = load(path)
        yield np.round((clean + rng.normal(0, sigma, clean.shape)).clip(0, 255)).astype(np.uint8), clean


def compressed_photos(folder, quality):
    for path in sorted((folder / "CID22val").glob("*.png")):
        clean, file = load(path), io.BytesIO()
        Image.fromarray(clean).save(file, "JPEG", quality=quality)
        yield load(file), clean


def camera_photos(folder):
    for path in sorted((folder / "PolyU").glob("*_real.*")):
        yield load(path), load(path.with_name(path.name.replace("_real", "_mean")))


def score_restorer(path, folder):
    """{case: (PSNR-RGB given, PSNR-RGB restored)} with both strengths at 1."""
    run = restorer(path)
    clean = ((load(photo), load(photo)) for photo in sorted((folder / "CID22val").glob("*.png")))
    cases = {f"noise sigma {sigma}": noisy_photos(folder, sigma) for sigma in (15, 25, 50)}
    cases |= {f"JPEG quality {quality}": compressed_photos(folder, quality) for quality in (10, 20)}
    cases |= {"PolyU camera noise": camera_photos(folder), "clean photo": clean}
    scores = {}
    for name, pairs in cases.items():
        rows = [(psnr(given, wanted), psnr(run(given), wanted)) for given, wanted in pairs]
        scores[name] = [float(value) for value in np.mean(rows, 0)]
    return scores


def batch_psnr(result, wanted):
    """Capped at 50 dB a crop, else the few untouched ones would decide the mean."""
    return float((-10 * (result.clamp(0, 1) - wanted).square().mean((1, 2, 3)).clamp_min(1e-5).log10()).mean())


class UpscaleCheck:
    """PSNR-RGB on fixed crops of held-out training photos, to watch a run by."""

    def __init__(self, source):
        self.small, self.large = source.batch(0)

    def __call__(self, network):
        with torch.no_grad():
            return f"{batch_psnr(network(self.small), self.large):.3f} dB"


class RestoreCheck:
    """The same for the restorer, before and after, each degradation as it is drawn."""

    def __init__(self, source):
        self.given, self.blurred, self.clean = source.batch(0)

    def __call__(self, network):
        with torch.no_grad():
            residuals = network(self.given)
        denoised = self.given + residuals[:, :3]
        before, after = batch_psnr(self.given, self.clean), batch_psnr(denoised + residuals[:, 3:], self.clean)
        return f"{before:.3f} -> {after:.3f} dB, first head {batch_psnr(denoised, self.blurred):.3f} dB"


def score(model_id, path, folder):
    if model_id.startswith("upscale"):
        return score_upscaler(path, folder, networks.build(model_id).scale)
    return score_restorer(path, folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", choices=[each for each in shipped.FACTS if each != "tone" and not each.startswith("photo")])
    parser.add_argument("--eval", dest="folder", type=Path, default=data.DEFAULT_DATA / "eval")
    parser.add_argument("--onnx", type=Path)
    args = parser.parse_args()
    for name, values in score(args.model, args.onnx or MODELS / f"{args.model}.onnx", args.folder).items():
        print(name, " ".join(f"{value:.4f}" for value in values))


if __name__ == "__main__":
    main()
