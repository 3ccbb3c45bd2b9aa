"""Whether smaller numbers gain: half-precision and 8-bit variants of the models that ship, compared with them on photos that were never trained on.

    python variants.py --data DIR --eval DIR [--model restore ...]

Wants onnxconverter-common beside requirements.txt, which nothing that ships needs. Every variant is calibrated (where it is) on 30 crops of training photos, made worse as
in the training, and compared on 5 photos of CID22val by the difference of the clamped result in units of 1/255. What a variant may differ: 2 at most, 0.1 in the mean. Times are the
best of interleaved runs, so that a machine that is busy slows all alike. Where a model has a fast sibling, that is compared too: it is what a faster variant would replace.
"""
import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import onnx
from onnxconverter_common.float16 import convert_float_to_float16
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static

import data
import degrade
import evaluate
from evaluate import MODELS
from gallery import reduced

CANDIDATES = ["restore", "upscale-2x", "upscale-4x", "photo-2x"]
CALIBRATION_CROPS, CALIBRATION_SIDE, PHOTOS, REPEATS = 30, 256, 5, 5
SEED = 30


def given(model_id, photo, rng):
    """What the model gets to see of a photo, [1,3,H,W]."""
    image = photo.astype(np.float32) / 255
    if model_id == "restore":
        worse = degrade.for_restoring(image, rng)[0]
    elif model_id.startswith("photo"):
        worse = degrade.for_photos(image, 2, rng)
    else:
        worse = reduced(photo, int(model_id.split("-")[1][0])).astype(np.float32) / 255
    return np.ascontiguousarray(worse.transpose(2, 0, 1)[None], dtype=np.float32)


def calibration_inputs(model_id, folder):
    photos = data.split(data.read_manifest(folder))[0]
    for number, photo in enumerate(photos[:: len(photos) // CALIBRATION_CROPS][:CALIBRATION_CROPS]):
        rng, pixels = np.random.default_rng([SEED, number]), photo.pixels()
        top, left = ((side - CALIBRATION_SIDE) // 2 for side in pixels.shape[:2])
        yield given(model_id, pixels[top : top + CALIBRATION_SIDE, left : left + CALIBRATION_SIDE], rng)


class Crops(CalibrationDataReader):
    def __init__(self, inputs):
        self.inputs = iter(inputs)

    def get_next(self):
        photo = next(self.inputs, None)
        return None if photo is None else {"photo": photo}


def half(source, target):
    onnx.save(convert_float_to_float16(onnx.load(source), keep_io_types=True), target)


def eight_bits(source, target, inputs, keep_ends):
    """Convolutions only; with `keep_ends` the first and the last stay as they are, which see the photo itself and make the result."""
    graph = onnx.load(source)
    for number, node in enumerate(graph.graph.node):
        node.name = node.name or f"node_{number}"
    named = Path(target).with_suffix(".named.onnx")
    onnx.save(graph, named)
    sizes = {each.name: tuple(each.dims[2:]) for each in graph.graph.initializer}
    convolutions = [node for node in graph.graph.node if node.op_type == "Conv"]
    # The upscalers' nearest-neighbour enlargement is a convolution of one pixel, the last one in the file.
    last = [node.name for node in convolutions if sizes[node.input[1]] != (1, 1)][-1]
    ends = [node.name for node in convolutions if "photo" in node.input] + [last]
    quantize_static(
        named,
        target,
        Crops(inputs),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=["Conv"],
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        nodes_to_exclude=ends if keep_ends else [],
        calibrate_method=CalibrationMethod.MinMax,
    )


def result_of(model_id, photo, output):
    return (photo + output[:, :3] + output[:, 3:] if model_id == "restore" else output).clip(0, 1)


def compare(model_id, files, folder):
    """{variant: (largest difference, mean difference, time over fp32's, PSNR over fp32's)}"""
    sessions = {name: evaluate.session_of(path) for name, path in files.items()}
    largest, mean, gain = ({name: [] for name in files} for _ in range(3))
    seconds = {name: 0.0 for name in files}
    for number, path in enumerate(sorted((folder / "CID22val").glob("*.png"))[:: 41 // PHOTOS][:PHOTOS]):
        photo = evaluate.load(path)
        photo = photo[: photo.shape[0] // 4 * 4, : photo.shape[1] // 4 * 4]
        small = given(model_id, photo, np.random.default_rng([SEED, 1000 + number]))
        best = {name: np.inf for name in files}
        results = {}
        for _ in range(REPEATS):
            for name, session in sessions.items():
                start = time.perf_counter()
                output = session.run(None, {"photo": small})[0]
                best[name] = min(best[name], time.perf_counter() - start)
                results[name] = result_of(model_id, small, output)
        decibels = {name: evaluate.psnr(evaluate.to_bytes(result[0]), photo) for name, result in results.items()}
        for name, result in results.items():
            difference = np.abs(result - results["fp32"]) * 255
            largest[name].append(difference.max())
            mean[name].append(difference.mean())
            gain[name].append(decibels[name] - decibels["fp32"])
            seconds[name] += best[name]
    return {name: (max(largest[name]), np.mean(mean[name]), seconds[name] / seconds["fp32"], np.mean(gain[name])) for name in files}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    data.add_arguments(parser)
    parser.add_argument("--eval", dest="folder", type=Path, default=data.DEFAULT_DATA / "eval")
    parser.add_argument("--model", action="append", choices=CANDIDATES)
    args = parser.parse_args()
    for model_id in args.model or CANDIDATES:
        with tempfile.TemporaryDirectory() as scratch:
            files = {"fp32": MODELS / f"{model_id}.onnx"}
            files |= {name: Path(scratch) / f"{name.replace(' ', '-')}.onnx" for name in ("fp16", "int8", "int8 but for its ends")}
            sibling = MODELS / f"{model_id}-fast.onnx"
            files |= {"its fast sibling": sibling} if sibling.exists() else {}
            half(files["fp32"], files["fp16"])
            for name, keep_ends in (("int8", False), ("int8 but for its ends", True)):
                eight_bits(files["fp32"], files[name], calibration_inputs(model_id, args.data), keep_ends)
            for name, (largest, mean, ratio, gain) in compare(model_id, files, args.folder).items():
                print(f"{model_id}, {name}: max {largest:.3f}, mean {mean:.4f}, time x{ratio:.2f}, {gain:+.3f} dB, {files[name].stat().st_size} bytes", flush=True)


if __name__ == "__main__":
    main()
