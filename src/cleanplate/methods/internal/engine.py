"""Build the network, fit it to a clip, and have it paint: what needs PyTorch."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from cleanplate.canvas import Clip
from cleanplate.methods.internal.fit import fit
from cleanplate.methods.internal.lesson import Lesson
from cleanplate.methods.internal.material import Material, seen, shown
from cleanplate.methods.internal.moved import held_out
from cleanplate.methods.internal.network import Config, Network

if TYPE_CHECKING:
    from cleanplate.methods.internal.inference import Options


class Engine:
    """Fits networks by options, on a device, in float32 or partly in bfloat16. Raises BadInput."""

    def __init__(self, options: Options, device: torch.device, dtype: torch.dtype) -> None:
        self.options, self.device, self.bf16 = options, device, dtype == torch.bfloat16
        named: Config = getattr(Config, options.config)()
        self.config = replace(named, kind=options.kind)

    def fitted(self, clip: Clip, progress: Callable[[float], None]) -> Network:
        """Return a network that is fitted to a clip with a hole; progress: told the share done."""
        options = self.options
        pictures, holes = seen(clip)
        held = np.zeros_like(holes)
        if options.held:
            held = held_out(holes, seed=options.seed, near=options.near)
        material = Material(pictures, holes, held)
        fit(
            network := self._new(),
            Lesson(material, options, self.device),
            options,
            bf16=self.bf16,
            run=self._folder(material),
            progress=progress,
        )
        return network

    @torch.inference_mode()
    def pictures(self, network: Network, clip: Clip) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Yield the number of each frame with a hole and what is painted, (h, w, 3), 0 to 255."""
        for t in np.flatnonzero(clip.holes.any(axis=(1, 2))).tolist():
            given = shown(clip.picture(t)[None], clip.hole(t)[None], self.device)
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
                painted = network(*given)[-1][0]
            yield t, ((painted.float().permute(1, 2, 0) + 1) * (255 / 2)).cpu().numpy()

    def _new(self) -> Network:
        """Return a network with weights that the seed decides, and no other random numbers."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.options.seed % (1 << 63))
            return Network(self.config).to(self.device)

    def _folder(self, material: Material) -> Path | None:
        """Return where the checkpoints of this very fit lie."""
        if self.options.checkpoints is None:
            return None
        told = {**asdict(self.options), "checkpoints": None, "bf16": self.bf16}
        digest = hashlib.sha256(repr(told).encode())
        for array in (material.pictures, material.holes, material.held):
            digest.update(repr(array.shape).encode())
            digest.update(array.tobytes())
        return Path(self.options.checkpoints) / digest.hexdigest()[:16]
