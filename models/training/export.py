"""Turns a training checkpoint into the ONNX file that ships, checks it, measures it, and writes manifest and card from the same numbers
(and, for the tone model, the contract vectors).

    python export.py upscale-4x --checkpoint RUNS/upscale-4x/checkpoint.pt
    python export.py upscale-4x                        measures the file that ships again

The file, its manifest entry and its card are replaced only when all checks have passed.
"""
import argparse
import copy
import hashlib
import time
from pathlib import Path

import numpy as np
import onnx
import torch

import behaviour
import data
import evaluate
import networks
import photo_evaluate
import receptive_field
import shipped
import tone_contract
import tone_evaluate
from weights import AGAIN, read_onnx_weights

PLAIN_OPERATORS = {"Conv", "Relu", "Add", "Sub", "Mul", "Concat", "Slice", "DepthToSpace", "Clip", "Gemm", "MatMul", "Reshape", "Softplus", "ReduceMean", "Constant", "Resize"}


def write_onnx(network, path, task):
    network.eval()
    if task == "tone":
        example, inputs, outputs, sizes = (torch.rand(1, 3, 64, 64), torch.rand(1, 71)), ["thumbnail", "statistics"], ["curves", "matrix"], {}
    else:
        output = "result" if task == "upscale" else "residuals"
        example, inputs, outputs = (torch.rand(1, 3, 64, 80),), ["photo"], [output]
        sizes = {"photo": {2: "height", 3: "width"}, output: {2: "out_height", 3: "out_width"}}
    torch.onnx.export(network, example, str(path), dynamo=False, opset_version=17, input_names=inputs, output_names=outputs, dynamic_axes=sizes)
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    strange = {node.op_type for node in model.graph.node} - PLAIN_OPERATORS
    if strange:
        raise RuntimeError(f"{path}: operators that are not plain: {sorted(strange)}")
    if any(opset.domain not in ("", "ai.onnx") or opset.version != 17 for opset in model.opset_import):
        raise RuntimeError(f"{path}: not opset 17")


def enter_again(path):
    """Lets the last skip of an upscaler start from the photo: the first layer is computed a second time just before its sum is needed. It costs
    a hundredth of the time, and its result, a quarter of all that is in memory at the widest place, need not be kept meanwhile. The second
    copy of the weights keeps optimisers from joining the two again."""
    model = onnx.load(path)
    graph = model.graph
    enter = next(node for node in graph.node if node.op_type == "Conv" and "enter.weight" in node.input)
    kept = enter.output[0]
    last = [node for node in graph.node if kept in node.input][-1]
    if last.op_type != "Add":
        raise RuntimeError(f"{path}: the last use of the first layer is no sum")
    again = copy.deepcopy(enter)
    again.name, again.output[0] = enter.name + AGAIN, kept + AGAIN
    for place, name in enumerate(enter.input[1:], 1):
        weights = copy.deepcopy(next(tensor for tensor in graph.initializer if tensor.name == name))
        weights.name = again.input[place] = name + AGAIN
        graph.initializer.append(weights)
    # As the first of the two: runtimes walk from the end and go into the first last, so it is computed late.
    other = next(name for name in last.input if name != kept)
    del last.input[:]
    last.input.extend([again.output[0], other])
    graph.node.insert(list(graph.node).index(last), again)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)


def examples(task):
    """Inputs of unlike sizes: the usual, odd ones, one pixel (one stride), black and white."""
    rng = np.random.default_rng(0)
    if task == "tone":
        for thumbnail in (rng.random((1, 3, 64, 64)), np.zeros((1, 3, 64, 64)), np.ones((1, 3, 64, 64))):
            level = np.quantile(thumbnail, np.linspace(0, 1, 17))
            yield thumbnail.astype(np.float32), np.concatenate([np.tile(level, 4), np.zeros(3)]).astype(np.float32)[None]
        return
    stride = networks.Restorer.stride if task == "restore" else 1
    for height, width in ((57, 91), (1, 1), (1, 33), (40, 3), (128, 64)):
        shape = (1, 3, height * stride, width * stride) if height * width < 1000 else (1, 3, -(-height // stride) * stride, -(-width // stride) * stride)
        yield (rng.random(shape, dtype=np.float32),)
        yield (np.zeros(shape, np.float32),)
        yield (np.ones(shape, np.float32),)


def check_against_torch(network, path, task):
    """The largest difference between what torch and ONNX Runtime compute; everything must be finite."""
    session = evaluate.session_of(path)
    names = [each.name for each in session.get_inputs()]
    largest = 0.0
    for given in examples(task):
        got = session.run(None, dict(zip(names, given)))
        with torch.no_grad():
            wanted = network(*map(torch.from_numpy, given))
        for one, other in zip(got, wanted if isinstance(wanted, tuple) else (wanted,)):
            if not np.isfinite(one).all():
                raise RuntimeError(f"{path}: not finite at {given[0].shape}")
            largest = max(largest, float(np.abs(one - other.numpy()).max()))
    if largest > 1e-4:
        raise RuntimeError(f"{path}: differs from torch by {largest}")
    return largest


def speed(path, task):
    """CPU seconds of two threads divided by two: per megapixel of the result, or per photo for the tone model."""
    session = evaluate.session_of(path)
    names = [each.name for each in session.get_inputs()]
    given = next(iter(examples("tone"))) if task == "tone" else (np.random.default_rng(0).random((1, 3, 512, 512), dtype=np.float32),)
    rounds = 20 if task == "tone" else 3
    result = session.run(None, dict(zip(names, given)))[0]
    began = time.process_time()
    for _ in range(rounds):
        session.run(None, dict(zip(names, given)))
    seconds = (time.process_time() - began) / 2 / rounds
    return seconds if task == "tone" else seconds / (result.shape[2] * result.shape[3] / 1e6)


def processor():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return "an unknown processor"


def score_rows(model_id, path, folder):
    if model_id == "tone":
        return tone_evaluate.rows(path, folder)
    if model_id.startswith("photo"):
        return photo_evaluate.rows(path, folder, networks.build(model_id).scale)
    scores = evaluate.score(model_id, path, folder)
    if model_id == "restore":
        kept = scores.pop("clean photo")[1]
        table = [(f"{case}, PSNR-RGB before → after", f"{before:.2f} → {after:.2f} dB ({after - before:+.2f})") for case, (before, after) in scores.items()]
        return table + [("clean photo kept, PSNR-RGB", f"{kept:.2f} dB")]
    return [(f"{name}, PSNR-Y / SSIM-Y (bicubic)", f"{ours[0]:.3f} dB / {ours[1]:.4f} ({ours[2]:.3f} / {ours[3]:.4f})") for name, ours in scores.items()]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", choices=sorted(shipped.FACTS))
    parser.add_argument("--checkpoint", type=Path, help="without one the file that ships is taken")
    parser.add_argument("--eval", dest="folder", type=Path, default=data.DEFAULT_DATA / "eval")
    args = parser.parse_args()
    facts = shipped.FACTS[args.model]
    network = networks.build(args.model)
    path = shipped.MODELS / f"{args.model}.onnx"
    if args.checkpoint:
        network.load_state_dict(torch.load(args.checkpoint, weights_only=True)["average"])
    else:
        network.load_state_dict(read_onnx_weights(path))
    candidate = args.checkpoint.with_name("candidate.onnx") if args.checkpoint else path.with_suffix(".candidate")
    write_onnx(network, candidate, facts["task"])
    if facts["task"] == "upscale":
        enter_again(candidate)
    # Initialisers keep the names of the network's state, so that training can go on from the file.
    kept = read_onnx_weights(candidate)
    if any(not torch.equal(kept[name], value) for name, value in network.state_dict().items()):
        raise RuntimeError("the exported file does not hold the network's state by its names")
    difference = check_against_torch(network, candidate, facts["task"])
    content = candidate.read_bytes()
    radius = 0 if facts["task"] == "tone" else receptive_field.measure(candidate, facts["stride"])
    entry = {"id": args.model, "version": shipped.VERSION, **facts, "receptive_field": radius, "parameters": networks.count_parameters(network)}
    entry |= {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest(), "licence": shipped.LICENCE}
    unit = "ms a photo" if args.model == "tone" else "s per megapixel of the result"
    pace = speed(candidate, facts["task"]) * (1000 if args.model == "tone" else 1)
    rows = score_rows(args.model, candidate, args.folder)
    if args.model != "tone":
        found = behaviour.measured(candidate, facts["task"], facts["scale"], args.folder)
        rows += behaviour.rows(found)
        refused = list(behaviour.refusals(found))
        if refused:
            raise RuntimeError(f"{candidate} must not ship: {'; '.join(refused)}")
    rows += [("speed, ONNX Runtime, 2 threads", f"{pace:.3f} {unit} on {processor()}"), ("largest difference from PyTorch", f"{difference:.1e}")]
    card = shipped.card_path(args.model)
    text = shipped.with_measured(card.read_text(encoding="utf-8"), shipped.measured_block(entry, rows))
    shipped.replace_file(path, content)
    shipped.replace_file(shipped.MANIFEST, shipped.manifest_text(shipped.entries() | {args.model: entry}).encode())
    shipped.replace_file(card, text.encode())
    candidate.unlink()
    if args.model == "tone":
        shipped.replace_file(tone_contract.FILE, tone_contract.as_text(tone_contract.vectors(path, entry["sha256"])).encode())
    for what, value in [("receptive field", radius), ("sha256", entry["sha256"])] + rows:
        print(f"{args.model}  {what}: {value}")


if __name__ == "__main__":
    main()
