"""Training by several processes, each with its share of every batch: what they do together.

Started by torchrun, which says by WORLD_SIZE, RANK and LOCAL_RANK who is who. Gradients are
averaged after they are all there, not by DistributedDataParallel: that counts on one pass forward
and one back through a network, and a critic sees real and filled clips before it learns.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, distributed, nn

from cleanplate.errors import BadInput

BUCKET = 1 << 23  # values that travel together


@dataclass(frozen=True)
class Group:
    """The processes that train together: which one this is, and how many there are."""

    rank: int = 0
    size: int = 1

    @property
    def first(self) -> bool:
        """Tell whether this is the one that writes and speaks."""
        return self.rank == 0

    def share(self, batch: int) -> range:
        """Return which clips of a batch are this process's; raises BadInput for uneven shares."""
        if batch % self.size:
            raise BadInput(
                f"batch is {batch}, and {self.size} processes cannot share it evenly. "
                f"Give a multiple of {self.size}."
            )
        each = batch // self.size
        return range(self.rank * each, (self.rank + 1) * each)

    def average(self, tensors: Iterable[Tensor]) -> None:
        """Replace tensors, in place, by their means over all processes."""
        if self.size == 1:
            return
        for bucket in _buckets(tensors):
            flat = torch.cat([tensor.flatten() for tensor in bucket])
            distributed.all_reduce(flat)
            flat /= self.size
            parts = torch.split(flat, [tensor.numel() for tensor in bucket])
            for tensor, part in zip(bucket, parts, strict=True):
                tensor.copy_(part.view_as(tensor))

    def begin_alike(self, network: nn.Module) -> None:
        """Give all processes the weights of the first."""
        if self.size > 1:
            for tensor in network.state_dict().values():
                distributed.broadcast(tensor, 0)

    def wait(self) -> None:
        """Wait until all processes are here."""
        if self.size > 1:
            distributed.barrier()


@contextmanager
def joined(device: torch.device) -> Iterator[Group]:
    """Join the other processes if torchrun started several, and part from them at the end."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield Group()
        return
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Group(distributed.get_rank(), distributed.get_world_size())
    finally:
        distributed.destroy_process_group()


def _buckets(tensors: Iterable[Tensor]) -> Iterator[list[Tensor]]:
    """Group tensors of one kind, in order, so that each group is large but bounded."""
    bucket: list[Tensor] = []
    for tensor in tensors:
        full = sum(t.numel() for t in bucket) + tensor.numel() > BUCKET
        if bucket and (full or tensor.dtype != bucket[0].dtype):
            yield bucket
            bucket = []
        bucket.append(tensor)
    if bucket:
        yield bucket
