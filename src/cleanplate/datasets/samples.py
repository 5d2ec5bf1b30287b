"""Training samples: a few frames of a clip and a drawn hole, each told by its number alone.

Zeng et al., ECCV 2020, section 4.1, and their code: five frames of a video, spread over it or one
after the other; mirrored or not; under one blob that stands still or moves.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cleanplate.datasets.clip import Clip
from cleanplate.datasets.sources import Pictures
from cleanplate.errors import BadInput
from cleanplate.masks.draw import each_hole
from cleanplate.video import Frames, Holes

MOST_TRIES = 20  # clips in a row that cannot be read: then something is wrong with all of them
Made = TypeVar("Made")
HALF = 0.5  # how likely frames are spread, mirrored, and the hole moves


@dataclass(frozen=True)
class Sample:
    """Some frames of one clip, (T, H, W, 3) uint8, and holes for them, (T, H, W) bool.

    clip: its name. skipped: clips that should have been here and are broken, each with a sentence.
    """

    frames: Frames
    holes: Holes
    clip: str
    skipped: Mapping[str, str] = field(default_factory=dict)


class InTurn(ABC, Generic[Made]):
    """Samples of a data set, in a random order without an end: `samples[number]`.

    clips: of any data set. size: (height, width) of the frames. frames: of a sample. seed: from 0
    up. A sample depends on its number and the seed alone, so that it does not matter who makes it,
    or what was made before: each clip comes once in every len(clips) numbers.
    """

    folder: Path | None = None  # where to keep what takes long to make, if anywhere

    def __init__(
        self, clips: Sequence[Clip], size: tuple[int, int], *, frames: int = 5, seed: int = 0
    ) -> None:
        self.clips, self.size, self.frames, self.seed = tuple(clips), size, frames, seed
        self._lengths: dict[int, int] = {}  # of clips that had to be counted

    def __getitem__(self, number: int) -> Made:
        """Make a sample; a broken clip is skipped for another. Raises BadInput if many are."""
        skipped: dict[str, str] = {}
        for attempt in range(MOST_TRIES):
            rng = self._random(1, number, attempt)
            chosen = self._in_turn(number) if not attempt else int(rng.integers(len(self.clips)))
            try:
                return self._made(chosen, rng, skipped)
            except BadInput as refusal:
                name = self.clips[chosen].name
                skipped[name] = f"clip {name} was skipped: {refusal}"
        raise BadInput(
            f"{MOST_TRIES} clips in a row cannot be trained on, the last because: {skipped[name]} "
            "Look at the data."
        )

    def _in_turn(self, number: int) -> int:
        """Return the clip whose turn it is: all in a random order, then all in another."""
        round_, place = divmod(number, len(self.clips))
        return int(self._random(0, round_).permutation(len(self.clips))[place])

    def _random(self, *key: int) -> np.random.Generator:
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence([self.seed, *key])))

    @abstractmethod
    def _made(self, chosen: int, rng: np.random.Generator, skipped: Mapping[str, str]) -> Made:
        """Make a sample of a clip; raises BadInput where it cannot be."""

    def _length(self, chosen: int) -> int:
        """Return how many frames a clip has; those of a video are counted, once."""
        clip = self.clips[chosen]
        if clip.length is not None:
            return clip.length
        if isinstance(clip.source, Pictures):
            return clip.source.count()
        if chosen not in self._lengths:
            self._lengths[chosen] = sum(1 for _ in clip.source.frames(None))
        return self._lengths[chosen]


class Samples(InTurn[Sample]):
    """The samples of a data set as STTN's training wants them: frames under a drawn hole."""

    def _made(self, chosen: int, rng: np.random.Generator, skipped: Mapping[str, str]) -> Sample:
        length = self._length(chosen)
        if length < self.frames:
            raise BadInput(f"it has {length} frames, {self.frames} are needed.")
        numbers = pick(length, self.frames, rng)
        mirrored = rng.random() < HALF
        holes = draw(numbers, self.size, rng)
        frames = self.clips[chosen].load_frames(only=numbers)
        resized = np.stack([resize(frame, self.size) for frame in frames])
        mirrored_or_not = np.ascontiguousarray(resized[:, :, ::-1]) if mirrored else resized
        return Sample(mirrored_or_not, holes, self.clips[chosen].name, skipped)


def pick(length: int, count: int, rng: np.random.Generator) -> list[int]:
    """Return rising numbers of `count` frames of a clip: spread over it, or one after the other."""
    if rng.random() < HALF:
        return sorted(rng.choice(length, count, replace=False).tolist())
    first = int(rng.integers(length - count + 1))
    return list(range(first, first + count))


def draw(numbers: Sequence[int], size: tuple[int, int], rng: np.random.Generator) -> Holes:
    """Draw a clip's hole, still or moving, and return it in frames of these rising numbers."""
    family = "moving" if rng.random() < HALF else "stationary"
    drawn = each_hole(family, numbers[-1] + 1, size, seed=int(rng.integers(1 << 31)))
    wanted = set(numbers)
    return np.stack([hole for number, hole in enumerate(drawn) if number in wanted])


def resize(frame: NDArray[Any], size: tuple[int, int]) -> Frames:
    """Return a picture (H, W, 3) as uint8 of another size, bicubic with Pillow as the papers do."""
    if frame.dtype == np.uint16:
        frame = ((frame.astype(np.uint32) + 128) // 257).astype(np.uint8)
    if frame.shape[:2] == size:
        return frame
    picture = Image.fromarray(np.ascontiguousarray(frame))
    return np.asarray(picture.resize(size[::-1], Image.Resampling.BICUBIC))
