"""Trains an upscaler or the restorer.

    python train.py upscale-4x --out RUNS/upscale-4x --minutes 25
    python train.py upscale-2x --out RUNS/upscale-2x --minutes 20 --from ../upscale-4x.onnx

Minutes are CPU time divided by two, that is minutes of two otherwise idle cores, so a busy machine does not shorten the training. The
learning rate falls to zero as a cosine over them. A checkpoint is written every minute and a run whose folder has one goes on from it.
`--from` starts from the weights of an exported model. Where the network has grown since, the old weights become a part of the new ones that
computes what it did before; layers of another kind (another scale's last layer) start anew.
"""
import argparse
import json
import math
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch

import data
import evaluate
import networks
import samples
from weights import read_onnx_weights

AVERAGE = 0.999


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", choices=sorted(set(networks.NETWORKS) - {"tone"}))
    parser.add_argument("--out", type=Path, required=True, help="folder for the checkpoint and the log")
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--from", dest="start", type=Path, help="an exported model to start from")
    parser.add_argument("--rate", type=float, default=1.5e-3, help="highest learning rate")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--crop", type=int, help="side of the crops given to the network")
    parser.add_argument("--squared-from", type=float, default=1.0, help="share of the time after which the squared error replaces the absolute one")
    parser.add_argument("--degraded-share", type=float, default=0.3, help="upscalers: share of small crops with noise or JPEG")
    parser.add_argument("--bf16", action="store_true", help="bfloat16 in the middle of the network: two to three times faster on processors with AMX")
    parser.add_argument("--threads", type=int, default=2, help="threads that each take a part of every batch")
    parser.add_argument("--seed", type=int, default=0)
    data.add_arguments(parser)
    return parser.parse_args()


def holds(name, new, old):
    """Whether a tensor has room for an older one of its name: as large or larger, of the same kernel, and of the same outputs where those have a
    fixed meaning."""
    if name.startswith(("tail", "nearest")) and new.shape[0] != old.shape[0]:
        return False
    return new.dim() == old.dim() and new.shape[2:] == old.shape[2:] and all(mine >= theirs for mine, theirs in zip(new.shape, old.shape))


def grown(old, new):
    """An old tensor inside a larger new one, as in Net2Net (Chen et al. 2016): old outputs hear nothing of new channels at first, so that the
    network begins where the smaller one ended; new outputs start as they were drawn."""
    result = new.clone()
    outputs = old.shape[0]
    result[:outputs] = 0
    result[tuple(slice(length) for length in old.shape)] = old
    return result


def error(result, wanted, squared):
    """Mean absolute error, or the mean over the crops of the root of the mean squared error, which weighs crops as PSNR does."""
    difference = result - wanted
    if squared:
        return (difference.square().mean((1, 2, 3)) + 1e-6).sqrt().mean()
    return difference.abs().mean()


def run_network(network, photo, bf16):
    features = network.enter(photo)
    if bf16:
        features = features.contiguous(memory_format=torch.channels_last)
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16, cache_enabled=False):
        residual = network.trunk(features)
    return network.leave(photo, residual.float())


def upscale_error(network, batch, args, squared):
    small, large = batch
    return error(run_network(network, small, args.bf16), large, squared)


def restore_error(network, batch, args, squared):
    """The whole restoration counts most; the first head alone must take away noise and JPEG and leave the blur."""
    given, blurred, clean = batch
    residuals = run_network(network, given, args.bf16)
    denoised = given + residuals[:, :3]
    return error(denoised + residuals[:, 3:], clean, squared) + 0.5 * error(denoised, blurred, squared)


class Run:
    """A training run and all that is needed to go on with it."""

    def __init__(self, args):
        self.args = args
        self.network = networks.build(args.model)
        if args.start:
            started = read_onnx_weights(args.start)
            own = self.network.state_dict()
            fitting = {name: grown(value, own[name]) for name, value in started.items() if name in own and holds(name, own[name], value)}
            self.network.load_state_dict(own | fitting)
            networks.quieten(self.network, set(own) - set(fitting))
            print(f"started from {args.start}: {len(fitting)} of {len(own)} tensors", flush=True)
        self.average = networks.build(args.model)
        self.average.load_state_dict(self.network.state_dict())
        if args.bf16:
            self.network = self.network.to(memory_format=torch.channels_last)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=args.rate, betas=(0.9, 0.99))
        self.step, self.spent = 0, 0.0
        self.file = args.out / "checkpoint.pt"
        if self.file.exists():
            saved = torch.load(self.file, weights_only=True)
            self.network.load_state_dict(saved["network"])
            self.average.load_state_dict(saved["average"])
            self.optimizer.load_state_dict(saved["optimizer"])
            self.step, self.spent = saved["step"], saved["spent"]
            print(f"going on from step {self.step}, minute {self.spent:.1f}", flush=True)

    def save(self):
        state = {"network": self.network.state_dict(), "average": self.average.state_dict(), "optimizer": self.optimizer.state_dict()}
        half_written = self.file.with_suffix(".new")
        torch.save(state | {"step": self.step, "spent": self.spent}, half_written)
        os.replace(half_written, self.file)

    def gradients(self, batch, squared):
        """(loss, its gradients) of a batch."""
        measure = restore_error if self.args.model == "restore" else upscale_error
        loss = measure(self.network, batch, self.args, squared)
        return loss.item(), torch.autograd.grad(loss, list(self.network.parameters()))

    def learn(self, batch, pool):
        """One step; `spent` says how far the schedule is. Each thread takes a part of the batch: they meet once a step, not at every
        layer, which costs a third less than OpenMP's way on an idle machine and far less on a busy one."""
        progress = self.spent / self.args.minutes
        warm_up = min(1, (self.step + 1) / 200)
        for group in self.optimizer.param_groups:
            group["lr"] = self.args.rate * warm_up * 0.5 * (1 + math.cos(math.pi * min(1, progress)))
        squared = progress >= self.args.squared_from
        parts = zip(*(column.chunk(self.args.threads) for column in batch))
        losses, gradients = zip(*pool.map(lambda part: self.gradients(part, squared), parts))
        for parameter, *shares in zip(self.network.parameters(), *gradients):
            parameter.grad = sum(shares) / len(shares)
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 0.5)
        self.optimizer.step()
        keep = min(AVERAGE, (self.step + 1) / (self.step + 10))
        with torch.no_grad():
            for ours, theirs in zip(self.average.parameters(), self.network.parameters()):
                ours.lerp_(theirs, 1 - keep)
        self.step += 1
        return sum(losses) / len(losses)


def main():
    args = parse()
    args.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    (args.out / "arguments.json").write_text(json.dumps(vars(args), default=str, indent=1))
    training, held_out = data.split(data.read_manifest(args.data, args.licences))
    if args.model == "restore":
        source = samples.RestoreSamples(training, args.seed, args.batch, args.crop or 96)
        check = evaluate.RestoreCheck(samples.RestoreSamples(held_out, 1, 48, 128))
    elif args.model.startswith("photo"):
        scale = networks.build(args.model).scale
        source = samples.PhotoSamples(training, scale, args.seed, args.batch, args.crop or 48)
        check = evaluate.UpscaleCheck(samples.PhotoSamples(held_out, scale, 1, 64, 48))
    else:
        scale = networks.build(args.model).scale
        source = samples.UpscaleSamples(training, scale, args.seed, args.batch, args.crop or 48, args.degraded_share)
        check = evaluate.UpscaleCheck(samples.UpscaleSamples(held_out, scale, 1, 64, 48, 0))
    run = Run(args)
    before, began = run.spent, time.process_time()
    saved = checked = run.spent
    losses = []
    with ThreadPoolExecutor(1) as ahead, ThreadPoolExecutor(args.threads) as pool:
        coming = ahead.submit(source.batch, run.step)
        while run.spent < args.minutes:
            batch = coming.result()
            coming = ahead.submit(source.batch, run.step + 1)
            losses.append(run.learn(batch, pool))
            run.spent = before + (time.process_time() - began) / 120
            if run.spent - saved >= 1:
                run.save()
                saved = run.spent
            if run.spent - checked >= args.minutes / 20:
                print(f"minute {run.spent:.2f} step {run.step} loss {sum(losses) / len(losses):.5f} held out {check(run.average)}", flush=True)
                checked, losses = run.spent, []
    run.save()
    print(f"done: step {run.step} held out {check(run.average)}", flush=True)


if __name__ == "__main__":
    main()
