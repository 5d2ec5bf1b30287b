"""Build the network, fit it to a clip, and have it paint: what needs PyTorch."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from cleanplate.canvas import Clip
from cleanplate.methods.internal.belief import kinds_of
from cleanplate.methods.internal.cases import MovedCases, RehearsedCases, covers_of
from cleanplate.methods.internal.correction import Correction, change_of
from cleanplate.methods.internal.fit import Mark, Teacher, fit
from cleanplate.methods.internal.ladder import Ladder, factors_of
from cleanplate.methods.internal.lesson import Lesson
from cleanplate.methods.internal.material import Material, seen, shown
from cleanplate.methods.internal.moved import elsewhere
from cleanplate.methods.internal.network import Config, Network
from cleanplate.methods.internal.options import Options
from cleanplate.methods.internal.plan import Plan, seconds_of
from cleanplate.methods.internal.refining import Cases, Refining
from cleanplate.methods.internal.rehearsal import DOUBTS, Draft, Fill, doubts_at, rehearse
from cleanplate.methods.internal.view import Cover, Picture, View
from cleanplate.video import Filled, Holes

Report = Callable[[float], None]  # is told the share done
Pictures = Iterator[tuple[int, NDArray[np.float32]]]

_REHEARSED = 0.3  # share of the work, for the progress, and of a budget
_WORTH = 0.99  # of what a draft is off where pixels are held out: above that it is left as it is
_FEWEST = 2  # rehearsals: one to learn from, and one to be judged by
_MOST_KEPT = 600_000_000  # bytes of rehearsals at their full size


class Engine:
    """Fits networks by options, on a device, in float32 or partly in bfloat16. Raises BadInput."""

    def __init__(self, options: Options, device: torch.device, dtype: torch.dtype) -> None:
        self.options, self.device, self.bf16 = options, device, dtype == torch.bfloat16
        named: Config = getattr(Config, options.config)()
        self.config = replace(named, kind=options.kind)
        self.checkpoints = None if options.checkpoints is None else Path(options.checkpoints)

    def paint(self, clip: Clip, report: Report) -> Pictures:
        """Yield the number of each frame with a hole, and what fitted networks paint.

        Pictures are (h, w, 3), 0 to 255.
        """
        (pictures, holes), ladder = seen(clip), self._ladder(clip)
        hold, held = self._held(clip, holes, ladder)
        network, material = self._network(self.config), Material(pictures, holes, held)
        plans = self.options.parts(1 + len(ladder.factors))
        about = [pictures, holes, held]
        done = _spread(report, len(plans))
        lesson = Lesson(material, self.options, self.device)
        self._fit(network, lesson, plans[0], about, done(0))

        def coarse(t: int, hidden: Holes) -> Picture:
            with torch.no_grad(), self._autocast():
                given = shown(pictures[t][None], hidden[None], self.device)
                painted = network(*given)[-1][0].float()
            return np.asarray(painted.permute(1, 2, 0).cpu().numpy())

        cases = MovedCases(clip, material, hold, self.options.near, coarse)
        self._climb(ladder, cases, plans[1:], about, [done(n) for n in range(1, len(plans))])
        for t in np.flatnonzero(holes.any(axis=(1, 2))).tolist():
            view = View(clip.frames[t], Cover.of(clip.holes[t]), coarse(t, holes[t]))
            yield t, (self._whole(ladder, view) + 1) * 127.5

    def correct(self, clip: Clip, filled: Filled, fill: Fill, report: Report) -> Pictures:
        """Yield the number of each frame with a hole, and what is to be added to a fill of it.

        filled: what `fill` made of the clip. Changes are (h, w, 3), in levels of 0 to 255; there
        are none where nothing can be rehearsed, or where they help what is held out by next to
        nothing.
        """
        began, ladder = time.perf_counter(), self._ladder(clip)
        rehearsals, covers = self._rehearsals(clip, fill, ladder, report)
        if not rehearsals:
            return
        truth, holes = seen(clip)
        teacher = Correction(truth, rehearsals, self.options, self.device)
        if not teacher.possible:
            return
        network, about = self._network(replace(self.config, doubts=DOUBTS)), [truth, holes]
        spent = time.perf_counter() - began
        plans = self.options.parts(1 + len(ladder.factors), spent=spent)
        done = _spread(lambda s: report(_REHEARSED + (1 - _REHEARSED) * s), len(plans))
        worth = _worth(self._fit(network, teacher, plans[0], about, done(0)))
        with torch.no_grad(), self._autocast():
            shares = teacher.beliefs(network) * np.float32(worth)
        kept: dict[tuple[int, int], Picture] = {}

        def drafted(n: int, t: int) -> Picture:
            if (n, t) not in kept:
                kept[n, t] = self._change(network, rehearsals[n][0], t, shares)
            return kept[n, t]

        if covers:
            hold = self.options.held
            cases = RehearsedCases(clip.frames, clip.holes, covers, drafted, hold=hold)
            reports = [done(n) for n in range(1, len(plans))]
            worth |= self._climb(ladder, cases, plans[1:], about, reports)
        if not worth:
            return
        draft = Draft.of(filled, clip.holes, clip.size)
        for t in np.flatnonzero(draft.holes.any(axis=(1, 2))).tolist():
            doubts = doubts_at(filled, clip.holes, t)
            change = self._change(network, draft, t, shares)
            cover = Cover.of(clip.holes[t], filled.frames[t], doubts)
            yield t, self._whole(ladder, View(clip.frames[t], cover, change)) * 127.5

    def _rehearsals(
        self, clip: Clip, fill: Fill, ladder: Ladder, report: Report
    ) -> tuple[list[tuple[Draft, Holes]], list[list[Cover]]]:
        """Return rehearsals, and what they hide at full size where that is needed.

        There are fewer of them where they would take too long of a budget, or too much memory.
        """
        covers: list[list[Cover]] = []
        began, budget = time.perf_counter(), self.options.budget
        most = np.inf if budget is None else _REHEARSED * seconds_of(budget)
        count = 0

        def keep(filled: Filled, hidden: Holes) -> bool:
            nonlocal count
            count += 1
            if ladder.factors:
                covers.append(covers_of(filled, hidden))
            held = sum(7 * cover.hidden.size for each in covers for cover in each)
            late = time.perf_counter() - began > most * count / (count + 1)
            return count < _FEWEST or not (late or held * (count + 1) / count > _MOST_KEPT)

        rehearsals = rehearse(
            fill,
            clip.frames,
            clip.holes,
            count=self.options.rehearsals,
            size=clip.size,
            seed=self.options.seed,
            near=self.options.near,
            progress=lambda share: report(_REHEARSED * share),
            keep=keep,
        )
        return rehearsals, covers

    def _held(self, clip: Clip, holes: Holes, ladder: Ladder) -> tuple[Holes, Holes]:
        """Return what nothing is learned from beside the holes, at full size and at the network's.

        Where there is no step to be judged at full size that is left out.
        """
        rng = np.random.default_rng([self.options.seed, len(holes)])
        if not self.options.held:
            return np.zeros_like(clip.holes if ladder.factors else holes), np.zeros_like(holes)
        if not ladder.factors:
            held = elsewhere(holes, rng, near=self.options.near)
            return held, held
        hold = elsewhere(clip.holes, rng, near=self.options.near)
        small = Clip(clip.frames, hold, clip.size)
        return hold, np.stack([small.hole(t) for t in range(len(holes))]) & ~holes

    def _ladder(self, clip: Clip) -> Ladder:
        size = clip.holes.shape[1:]
        factors = factors_of(size, self.options.size) if self.options.progressive else []
        return Ladder(size, factors, self.options.size, self.device)

    def _climb(
        self,
        ladder: Ladder,
        cases: Cases,
        plans: Sequence[Plan],
        about: list[NDArray[Any]],
        reports: Sequence[Report],
    ) -> bool:
        """Fit a network for each step of a ladder; tell whether any is of use.

        One that is not corrects nothing.
        """
        useful = False
        for step, (plan, report) in enumerate(zip(plans, reports, strict=True)):
            config = replace(self.config, doubts=DOUBTS)
            with self._autocast():
                teacher = Refining(cases, ladder, step, self.options)
            network = self._network(config)
            marks = self._fit(network, teacher, plan, [*about, np.array(step)], report)
            ladder.networks.append(network if _worth(marks) else self._network(config))
            useful |= _worth(marks)
        return useful

    def _whole(self, ladder: Ladder, view: View) -> Picture:
        """Return what is added to a view: at its own size, or where no step is above, as it is."""
        with self._autocast():
            return ladder.whole(view)

    def _change(self, network: Network, draft: Draft, t: int, shares: Picture) -> Picture:
        """Return what is changed of a frame of a draft, as far as that is to be believed."""
        with torch.no_grad(), self._autocast():
            change = change_of(network, draft, t, self.device)
        doubts = draft.doubts[t].astype(np.float32) / 255
        return np.asarray(change * shares[kinds_of(doubts)][..., None], np.float32)

    def _network(self, config: Config) -> Network:
        """Return a network with weights that the seed decides, and no other random numbers."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.options.seed % (1 << 63))
            return Network(config).to(self.device)

    def _fit(
        self,
        network: Network,
        teacher: Teacher,
        plan: Plan,
        about: list[NDArray[Any]],
        report: Report,
    ) -> list[Mark]:
        """Fit a network in place; about: what the fit depends on beside the options."""
        run = self._folder(about)
        return fit(network, teacher, plan, bf16=self.bf16, run=run, progress=report)

    def _folder(self, about: list[NDArray[Any]]) -> Path | None:
        """Return where the checkpoints of this very fit lie."""
        if self.checkpoints is None:
            return None
        told = {**asdict(self.options), "checkpoints": None, "bf16": self.bf16}
        digest = hashlib.sha256(repr(told).encode())
        for array in about:
            digest.update(repr(array.shape).encode())
            digest.update(array.tobytes())
        return self.checkpoints / digest.hexdigest()[:16]

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16)


def _worth(marks: list[Mark]) -> bool:
    """Tell whether a fit got better at what is held out: one place says little of another."""
    off = [mark.judged for mark in marks if mark.judged is not None]
    return not off or min(off) <= _WORTH * off[0]


def _spread(report: Report, count: int) -> Callable[[int], Report]:
    """Return what tells of the share done of all by that of one of so many fits."""
    return lambda number: lambda share: report((number + share) / count)
