"""Frames of which something is hidden whose truth is known, at their full size.

They are the clip's own with its holes moved, or what another method made of such.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from cleanplate.canvas import Clip
from cleanplate.methods.internal.material import Material
from cleanplate.methods.internal.moved import draw_offset, moved
from cleanplate.methods.internal.refining import Case
from cleanplate.methods.internal.rehearsal import doubts_at
from cleanplate.methods.internal.view import Cover, Picture, View
from cleanplate.video import Filled, Frames, Holes

Coarse = Callable[[int, Holes], Picture]  # what the coarsest network paints of a frame, (h, w, 3)
Drafted = Callable[[int, int], Picture]  # what it changes of a frame of a rehearsal, (h, w, 3)


class MovedCases:
    """Frames in which holes of the clip are hidden once more, elsewhere.

    material: the clip at the coarsest size. held: (T, H, W), pixels that nothing is learned from.
    coarse: paints a frame (its number) of which something is hidden, (h, w) at the coarsest size.
    """

    def __init__(
        self, clip: Clip, material: Material, held: Holes, near: float, coarse: Coarse
    ) -> None:
        self.clip, self.material, self.hold = clip, material, held
        self.near, self.coarse = near, coarse
        self.marked = np.flatnonzero(material.holes.any(axis=(1, 2)))

    def draw(self, rng: np.random.Generator) -> Case:
        """Return a frame, any as likely as another, with a hole of any."""
        t, taken = int(rng.integers(len(self.clip.frames))), int(rng.choice(self.marked))
        small = draw_offset(self.material.holes[taken], rng, near=self.near)
        sides = zip(self.clip.holes.shape[1:], self.clip.size, strict=True)
        scale = [large / few for large, few in sides]
        offset = round(small[0] * scale[0]), round(small[1] * scale[1])
        secret = self.clip.holes[t] | self.hold[t]
        return self._case(t, moved(self.clip.holes[taken][None], offset)[0], secret)

    def held(self) -> list[Callable[[], Case]]:
        """Return the frames in which something is held out."""
        return [
            partial(self._case, t, self.hold[t], self.clip.holes[t])
            for t in np.flatnonzero(self.hold.any(axis=(1, 2))).tolist()
        ]

    def _case(self, t: int, more: Holes, secret: Holes) -> Case:
        hidden, frame = secret | more, self.clip.frames[t]
        small = Clip(frame[None], hidden[None], self.clip.size).hole(0)
        shown = View(frame, Cover.of(hidden), self.coarse(t, small))
        return Case(shown, View(frame, Cover.of(secret), shown.coarse), hidden & ~secret)


class RehearsedCases:
    """Frames of rehearsals, of which the first is held out, if any is.

    rehearsals: the covers of all frames of each. drafted: what the coarsest network changes.
    """

    def __init__(
        self,
        frames: Frames,
        holes: Holes,
        rehearsals: Sequence[Sequence[Cover]],
        drafted: Drafted,
        *,
        hold: bool,
    ) -> None:
        self.frames, self.holes, self.rehearsals = frames, holes, rehearsals
        self.drafted, self.hold = drafted, hold
        told = [
            (int((self._hidden(n, t) & ~self._secret(t)).sum()), n, t)
            for n in range(int(hold), len(rehearsals))
            for t in range(len(frames))
        ]
        self.told = [(n, t) for count, n, t in told if count]
        # Each pixel that was rehearsed is as likely as another, in whichever frame it lies.
        self.shares = np.cumsum([count for count, _, _ in told if count])

    def draw(self, rng: np.random.Generator) -> Case:
        """Return a frame of a rehearsal; those with more to tell come more often."""
        drawn = int(rng.integers(self.shares[-1]))
        n, t = self.told[int(np.searchsorted(self.shares, drawn, side="right"))]
        return self._case(n, t, self._secret(t))

    def held(self) -> list[Callable[[], Case]]:
        """Return the frames of the rehearsal that is held out."""
        if not self.hold:
            return []
        return [
            partial(self._case, 0, t, self.holes[t])
            for t in range(len(self.frames))
            if (self._hidden(0, t) & ~self.holes[t]).any()
        ]

    def _case(self, n: int, t: int, secret: Holes) -> Case:
        frame, shown = self.frames[t], self.rehearsals[n][t]
        view = View(frame, shown, self.drafted(n, t))
        truth = View(frame, Cover.of(secret), view.coarse)
        return Case(view, truth, self._hidden(n, t) & ~secret)

    def _secret(self, t: int) -> Holes:
        """Return what nothing is learned from in a frame, (H, W)."""
        secret = self.holes[t] | self._hidden(0, t) if self.hold else self.holes[t]
        return np.asarray(secret)

    def _hidden(self, n: int, t: int) -> Holes:
        """Return what was hidden of a frame in a rehearsal, (H, W)."""
        cover, hidden = self.rehearsals[n][t], np.zeros_like(self.holes[t])
        cover.box.crop(hidden)[...] = cover.hidden
        return np.asarray(hidden)


def covers_of(filled: Filled, holes: Holes) -> list[Cover]:
    """Return what a method drafted of every frame of a clip, whose holes are given."""
    return [
        Cover.of(holes[t], filled.frames[t], doubts_at(filled, holes, t)) for t in range(len(holes))
    ]
