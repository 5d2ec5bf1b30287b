"""Mend a mask where that is safe: specks, gaps, missed and inverted frames, ends at the border."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from cleanplate.io import open_video, refuse_same
from cleanplate.io.refuse import path_of
from cleanplate.masks.check import flicker
from cleanplate.masks.load import is_box, open_holes
from cleanplate.masks.source import MaskOptions
from cleanplate.masks.symptoms import is_inverted_beside, specks, to_border
from cleanplate.masks.write import write_folder, write_mask
from cleanplate.video import Holes

DONE = {
    "specks": "specks and tiny gaps removed",
    "border": "drawn on to the border of the picture",
    "inverted": "turned, black and white having been swapped",
    "missed": "filled in from the frames before and after",
}


def mend(holes: Iterable[Holes], done: Counter[str]) -> Iterator[Holes]:
    """Yield the holes of a clip mended, (H, W) bool; three are held.

    done: counts frames under the keys of DONE. A frame whose hole is missing, or less than half as
    large as in both neighbours, takes what these have together; one that is the rest of what its
    neighbours show is inverted.
    """
    before: Holes | None = None
    line = (_alone(hole, done) for hole in holes)
    here = next(line, None)
    for after in itertools.chain(line, [None]):
        if here is None:
            return
        if before is not None and after is not None:
            here = _beside(before, here, after, done)
        yield here
        before, here = here, after


def _alone(hole: Holes, done: Counter[str]) -> Holes:
    """Mend what one mask tells by itself."""
    tiny = specks(hole)
    clean = hole ^ tiny
    drawn = to_border(clean)
    done["specks"] += bool(tiny.any())
    done["border"] += drawn is not clean
    return drawn


def _beside(before: Holes, here: Holes, after: Holes, done: Counter[str]) -> Holes:
    """Mend what the masks before and after tell."""
    if is_inverted_beside(here, before) and is_inverted_beside(here, after):
        done["inverted"] += 1
        return ~here
    shares = [float(hole.mean()) for hole in (before, here, after)]
    if flicker(shares) and shares[1] < min(shares[0], shares[2]):
        done["missed"] += 1
        return here | before | after
    return here


def mend_file(
    video: str | Path,
    mask: str | Path,
    out: str | Path,
    *,
    options: MaskOptions = MaskOptions(),  # noqa: B008 - frozen
) -> list[str]:
    """Write a mask mended, and say in sentences what was done.

    out: NAME.png for a still mask, else a new or empty folder with a mask for each frame of the
    video. Raises BadInput and BadOutput.
    """
    out, done = path_of(out), Counter[str]()
    if not is_box(mask):
        refuse_same(path_of(mask), out)
    with open_video(video) as reader:
        size, numbers = reader.info.displayed_size, reader.numbers
        frames = len(numbers) if numbers else sum(1 for _ in reader)
    with open_holes(mask, size=size, numbers=numbers, options=options) as source:
        if source.still:
            write_mask(next(mend([next(iter(source))], done)), out)
        else:
            names = [f"{number:05d}" for number in numbers or range(frames)]
            mended = mend(itertools.islice(source, frames), done)
            write_folder(zip(names, mended, strict=False), out)
    return told_of(done)


def told_of(done: Counter[str]) -> list[str]:
    """Say in sentences what was mended in how many masks."""
    return [
        f"{count} mask{'' if count == 1 else 's'} {DONE[what]}."
        for what, count in done.items()
        if count
    ]
