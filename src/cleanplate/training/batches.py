"""Batches of training samples, decoded in processes of their own."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from cleanplate.datasets.samples import InTurn
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


class _Numbered(torch.utils.data.Dataset[Any]):
    """Samples as the loader wants them; a refusal is handed over, and raised where it is read."""

    def __init__(self, samples: InTurn[Any]) -> None:
        self.samples = samples

    def __getitem__(self, number: int) -> Any:
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
    samples: InTurn[Any],
    kind: type[Any] = Batch,
    *,
    batch: int,
    steps: range,
    mine: range,
    device: torch.device,
    workers: int = 0,
    warn: Callable[[str], None] | None = None,
) -> Iterator[Any]:
    """Yield the batch of each step, on a device.

    kind: of what is yielded, a dataclass: "clips" are names, every other field is a tensor made of
    what the samples have under the same name. batch: clips of a step, of which `mine` are for this
    process. What a step is given depends on its number alone, not on workers. warn: is told of each
    broken clip, once.
    """
    options: dict[str, Any] = {}
    if workers:
        # Not forked: the parent's threads may hold locks that nobody would ever open.
        options = {
            "multiprocessing_context": "spawn",
            "prefetch_factor": AHEAD,
            "worker_init_fn": _begin_worker,
        }
    loader: DataLoader[Any] = DataLoader(
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
        yield _stacked(parts, kind, device)


def _begin_worker(_number: int) -> None:
    """Leave it to the parent, which finishes its step first, what a signal to all means."""
    for number in ASKING:
        signal.signal(number, signal.SIG_IGN)
    end_with_parent()


def _good(part: Any) -> Any:
    if isinstance(part, BadInput):
        raise part
    return part


def _stacked(parts: list[Any], kind: type[Any], device: torch.device) -> Any:
    names = [field.name for field in fields(kind) if field.name != "clips"]
    tensors = {
        name: torch.stack([torch.from_numpy(getattr(part, name)) for part in parts])
        for name in names
    }
    if device.type == "cuda":
        tensors = {name: tensor.pin_memory() for name, tensor in tensors.items()}
    moved = {name: tensor.to(device, non_blocking=True) for name, tensor in tensors.items()}
    return kind(**moved, clips=tuple(part.clip for part in parts))
