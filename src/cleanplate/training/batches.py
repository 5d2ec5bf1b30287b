"""Batches of training samples, decoded in processes of their own."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from cleanplate.datasets.samples import Sample, Samples
from cleanplate.errors import BadInput
from cleanplate.orphans import end_with_parent
from cleanplate.training.stops import ASKING

AHEAD = 4  # batches that each worker prepares before they are wanted


@dataclass(frozen=True)
class Batch:
    """Some samples: frames (B, T, H, W, 3) uint8, holes (B, T, H, W) bool; clips: their names."""

    frames: Tensor
    holes: Tensor
    clips: tuple[str, ...]


class _Numbered(torch.utils.data.Dataset[Sample | BadInput]):
    """Samples as the loader wants them; a refusal is handed over, and raised where it is read."""

    def __init__(self, samples: Samples) -> None:
        self.samples = samples

    def __getitem__(self, number: int) -> Sample | BadInput:
        try:
            return self.samples[number]
        except BadInput as refusal:
            return refusal


@dataclass(frozen=True)
class _Plan:
    """The numbers of the samples of each step, without a list of them all."""

    batch: int
    steps: range
    mine: range

    def __iter__(self) -> Iterator[list[int]]:
        return ([step * self.batch + item for item in self.mine] for step in self.steps)


def batches(
    samples: Samples,
    *,
    batch: int,
    steps: range,
    mine: range,
    device: torch.device,
    workers: int = 0,
    warn: Callable[[str], None] | None = None,
) -> Iterator[Batch]:
    """Yield the batch of each step, on a device.

    batch: clips of a step, of which `mine` are for this process. What a step is given depends on
    its number alone, not on workers. warn: is told of each broken clip, once.
    """
    options: dict[str, Any] = {}
    if workers:
        # Not forked: the parent's threads may hold locks that nobody would ever open.
        options = {
            "multiprocessing_context": "spawn",
            "prefetch_factor": AHEAD,
            "worker_init_fn": _begin_worker,
        }
    loader: DataLoader[Sample | BadInput] = DataLoader(
        _Numbered(samples),
        batch_sampler=_Plan(batch, steps, mine),
        num_workers=workers,
        collate_fn=list,
        generator=torch.Generator(),  # or it would draw from the numbers that training draws from
        **options,
    )
    told: set[str] = set()
    for given in loader:
        parts = [_good(part) for part in given]
        for clip, sentence in (item for part in parts for item in part.skipped.items()):
            if warn and clip not in told:
                warn(sentence)
            told.add(clip)
        yield _stacked(parts, device)


def _begin_worker(_number: int) -> None:
    """Leave it to the parent, which finishes its step first, what a signal to all means."""
    for number in ASKING:
        signal.signal(number, signal.SIG_IGN)
    end_with_parent()


def _good(part: Sample | BadInput) -> Sample:
    if isinstance(part, BadInput):
        raise part
    return part


def _stacked(parts: list[Sample], device: torch.device) -> Batch:
    frames, holes = (
        torch.stack([torch.from_numpy(getattr(part, name)) for part in parts])
        for name in ("frames", "holes")
    )
    if device.type == "cuda":
        frames, holes = frames.pin_memory(), holes.pin_memory()
    return Batch(
        frames.to(device, non_blocking=True),
        holes.to(device, non_blocking=True),
        tuple(part.clip for part in parts),
    )
