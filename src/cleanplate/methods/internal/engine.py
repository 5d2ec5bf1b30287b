"""Build the network, fit it to a clip, and have it paint: what needs PyTorch."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from cleanplate.canvas import Clip
from cleanplate.methods.internal.correction import Correction, changes
from cleanplate.methods.internal.fit import Mark, Teacher, fit
from cleanplate.methods.internal.lesson import Lesson
from cleanplate.methods.internal.material import Material, seen, shown
from cleanplate.methods.internal.moved import elsewhere
from cleanplate.methods.internal.network import Config, Network
from cleanplate.methods.internal.rehearsal import DOUBTS, Draft, Fill, rehearse
from cleanplate.video import Filled

if TYPE_CHECKING:
    from cleanplate.methods.internal.inference import Options

Report = Callable[[float], None]  # is told the share done
Pictures = Iterator[tuple[int, NDArray[np.float32]]]

_REHEARSED = 0.3  # share of the work, for the progress
_WORTH = 0.99  # of what a draft is off where pixels are held out: above that it is left as it is


class Engine:
    """Fits networks by options, on a device, in float32 or partly in bfloat16. Raises BadInput."""

    def __init__(self, options: Options, device: torch.device, dtype: torch.dtype) -> None:
        self.options, self.device, self.bf16 = options, device, dtype == torch.bfloat16
        named: Config = getattr(Config, options.config)()
        self.config = replace(named, kind=options.kind)

    def paint(self, clip: Clip, report: Report) -> Pictures:
        """Yield the number of each frame with a hole, and what a fitted network paints.

        Pictures are (h, w, 3), 0 to 255.
        """
        options = self.options
        pictures, holes = seen(clip)
        held = np.zeros_like(holes)
        if options.held:
            rng = np.random.default_rng([options.seed, len(holes)])
            held = elsewhere(holes, rng, near=options.near)
        network, material = self._network(self.config), Material(pictures, holes, held)
        lesson = Lesson(material, options, self.device)
        self._fit(network, lesson, [pictures, holes, held], report)
        for t in np.flatnonzero(holes.any(axis=(1, 2))).tolist():
            with torch.no_grad(), self._autocast():
                given = shown(pictures[t][None], holes[t][None], self.device)
                painted = network(*given)[-1][0].float()
            yield t, ((painted.permute(1, 2, 0) + 1) * 127.5).cpu().numpy()

    def correct(self, clip: Clip, filled: Filled, fill: Fill, report: Report) -> Pictures:
        """Yield the number of each frame with a hole, and what is to be added to a fill of it.

        filled: what `fill` made of the clip. Changes are (h, w, 3), in levels of 0 to 255; there
        are none where nothing can be rehearsed, or where they help what is held out by next to
        nothing.
        """
        began = time.perf_counter()
        rehearsals = rehearse(
            fill,
            clip.frames,
            clip.holes,
            count=self.options.rehearsals,
            size=clip.size,
            seed=self.options.seed,
            near=self.options.near,
            progress=lambda share: report(_REHEARSED * share),
        )
        truth, holes = seen(clip)
        if not rehearsals:
            return
        teacher = Correction(truth, rehearsals, self.options, self.device)
        if not teacher.possible:
            return
        network = self._network(replace(self.config, doubts=DOUBTS))
        marks = self._fit(
            network,
            teacher,
            [truth, holes, *teacher.told],
            lambda share: report(_REHEARSED + (1 - _REHEARSED) * share),
            spent=time.perf_counter() - began,
        )
        off = [mark.judged for mark in marks if mark.judged is not None]
        if off and min(off) > _WORTH * off[0]:  # one place says little of another
            return
        with torch.no_grad(), self._autocast():
            yield from changes(network, Draft.of(filled, clip.holes, clip.size), self.device)

    def _network(self, config: Config) -> Network:
        """Return a network with weights that the seed decides, and no other random numbers."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.options.seed % (1 << 63))
            return Network(config).to(self.device)

    def _fit(
        self,
        network: Network,
        teacher: Teacher,
        about: list[NDArray[Any]],
        report: Report,
        *,
        spent: float = 0.0,
    ) -> list[Mark]:
        """Fit a network in place; about: what the fit depends on beside the options."""
        return fit(
            network,
            teacher,
            self.options,
            bf16=self.bf16,
            run=self._folder(about),
            spent=spent,
            progress=report,
        )

    def _folder(self, about: list[NDArray[Any]]) -> Path | None:
        """Return where the checkpoints of this very fit lie."""
        if self.options.checkpoints is None:
            return None
        told = {**asdict(self.options), "checkpoints": None, "bf16": self.bf16}
        digest = hashlib.sha256(repr(told).encode())
        for array in about:
            digest.update(repr(array.shape).encode())
            digest.update(array.tobytes())
        return Path(self.options.checkpoints) / digest.hexdigest()[:16]

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16)
