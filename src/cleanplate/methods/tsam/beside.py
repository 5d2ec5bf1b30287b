"""The shift of one frame after the other, channels last in memory, in a part of the picture.

What `shift.Shift` does with whole clips, where nothing is learned: on a CPU by compiled code.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from cleanplate.compiled import VECTORS, compiled
from cleanplate.halves import stored, widened
from cleanplate.methods.tsam.shift import Alignment, trusted, warped
from cleanplate.region import Region, whole_of
from cleanplate.threads import in_parts
from cleanplate.warp import shares_around
from cleanplate.winograd import array_of

Way = tuple[Tensor, Tensor]  # where pixels lie in the other frame (h, w, 2); doubt (h, w)


class Trio(NamedTuple):
    """Features (h, w, C) of a frame, and of the one before and the one after, if there are any."""

    before: Tensor | None
    here: Tensor
    after: Tensor | None


class Place(NamedTuple):
    """Of what features are, and for what part they are shifted.

    size: (height, width) of the whole picture. wanted: the part of it. given: that which there are
    features of; where `times` is 2 both are halved, and each pixel of the features counts for four.
    """

    size: tuple[int, int]
    wanted: Region
    given: Region
    times: int = 1


def whole_place(frames: Tensor) -> Place:
    """Return that of features (T, h, w, C) of whole pictures."""
    size = frames.shape[1], frames.shape[2]
    return Place(size, whole_of(size), whole_of(size))


def trios(frames: Iterable[Tensor]) -> Iterator[Trio]:
    """Yield each frame with those beside it, holding three at a time.

    >>> [tuple(trio) for trio in trios("abc")]
    [(None, 'a', 'b'), ('a', 'b', 'c'), ('b', 'c', None)]
    """
    before, here = None, None
    for after in frames:
        if here is not None:
            yield Trio(before, here, after)
        before, here = here, after
    if here is not None:
        yield Trio(before, here, None)


class FrameShift:
    """Shifts the channels of one frame; the arguments are those of `shift.Shift`."""

    def __init__(
        self, alignment: Alignment | None, *, future_first: bool = False, mask: str = "own"
    ) -> None:
        self._alignment, self._future_first, self._own = alignment, future_first, mask == "own"

    def into(self, own: Tensor, trio: Trio, t: int, fold: int, place: Place) -> Tensor:
        """Overwrite the first channels of a frame, twice `fold`, by what came from those beside.

        own: features (h, w, C) of frame t, of the part that is wanted. Returns it.
        """
        ahead, behind = slice(fold), slice(fold, 2 * fold)
        if not self._future_first:
            ahead, behind = behind, ahead
        forth, back = self._ways(place.size, t)
        for channels, other, way in ((ahead, trio.after, forth), (behind, trio.before, back)):
            to = own[..., channels]
            if other is None:
                to.zero_()
            elif way is None:
                to.copy_(part_of(other[..., channels], place))
            elif self._own or way is forth:
                _draw(to, other[..., channels], way, None, place)
            else:
                judge = trio.here[..., ahead], self._judging(place.size, t)
                _draw(to, other[..., channels], way, judge, place)
        return own

    def _ways(self, size: tuple[int, int], t: int) -> tuple[Way | None, Way | None]:
        """Return the ways of frame t to the next frame and to the one before."""
        if self._alignment is None:
            return None, None
        scale, count = self._alignment.at(size), len(self._alignment.pairs)
        forth = (scale.ahead[0, t], scale.doubt_ahead[0, t, 0]) if t < count else None
        back = (scale.behind[0, t - 1], scale.doubt_behind[0, t - 1, 0]) if t else None
        return forth, back

    def _judging(self, size: tuple[int, int], t: int) -> Tensor:
        """Return where the frame before looks in frame t: by this the official code judges."""
        assert self._alignment is not None
        return self._alignment.at(size).ahead[0, t - 1]


def part_of(features: Tensor, place: Place) -> Tensor:
    """Return the features (h', w', C) of the part that is wanted, those of `given` repeated."""
    wanted, given, times = place.wanted, place.given, place.times
    rows = torch.arange(wanted.top, wanted.bottom, device=features.device) // times - given.top
    columns = torch.arange(wanted.left, wanted.right, device=features.device) // times - given.left
    return features.index_select(0, rows).index_select(1, columns)


def needed(size: tuple[int, int], part: Region, alignment: Alignment | None) -> Region:
    """Return all that is looked at where a part of features is shifted, which are of a size.

    That is the part itself, and wherever trusted flow leads from there in any frame.
    """
    if alignment is None or not len(alignment.pairs):
        return part
    scale, box = alignment.at(size), (slice(None), *part.slices)
    doubts = (scale.doubt_ahead[0, :, 0], scale.doubt_behind[0, :, 0])
    looks = ~torch.stack([doubt[box] >= 1 for doubt in doubts]).all(dim=0)
    found = torch.cat([way[0][box][looks] for way in (scale.ahead, scale.behind)])
    if not len(found):
        return part
    ends = []
    for axis, side in enumerate(reversed(size)):
        pixels = _pixel(found[:, axis], side).clamp(0, side - 1)
        ends.append((int(pixels.min()), min(int(pixels.max()) + 2, side)))
    (left, right), (top, bottom) = ends
    return Region(
        min(part.top, top), max(part.bottom, bottom), min(part.left, left), max(part.right, right)
    )


def _pixel(place: Tensor, side: int | Tensor) -> Tensor:
    """Return the pixel that a place for `grid_sample` means, along a side."""
    return ((place + 1) * side - 1) / 2


def _draw(
    to: Tensor, source: Tensor, way: Way, judge: tuple[Tensor, Tensor] | None, place: Place
) -> None:
    """Overwrite features (h', w', f) by what lies where the way leads, if that is trusted.

    source: features of the other frame, of `given`. judge: features, and where they are looked at;
    where that is nothing, nothing came. Without it what came is judged by itself.
    """
    where, doubt = (part[place.wanted.slices] for part in way)
    judged = (judge[0], judge[1][place.wanted.slices]) if judge else None
    draw = _draw_compiled if to.device.type == "cpu" else _draw_plainly
    draw(to, source, where, doubt, judged, place)


def _draw_plainly(
    to: Tensor,
    source: Tensor,
    where: Tensor,
    doubt: Tensor,
    judged: tuple[Tensor, Tensor] | None,
    place: Place,
) -> None:
    """Draw by tensor operations."""
    came = _sampled(source, where, place)
    judgement = _sampled(*judged, place) if judged else came
    stayed = to.permute(2, 0, 1)[None, None]
    to.copy_(trusted(came, stayed, doubt[None, None, None], judgement)[0, 0].permute(1, 2, 0))


def _draw_compiled(
    to: Tensor,
    source: Tensor,
    where: Tensor,
    doubt: Tensor,
    judged: tuple[Tensor, Tensor] | None,
    place: Place,
) -> None:
    """Draw by compiled code, on all cores."""
    arrays = [array_of(part) for part in (to, source, where, doubt, *(judged or (source, where)))]
    given, times, size = place.given, place.times, place.size

    def draw(first: int, last: int) -> None:
        _draw_rows(*arrays, judged is not None, size, given.top, given.left, times, first, last)

    in_parts(draw, len(to))


def _sampled(source: Tensor, where: Tensor, place: Place) -> Tensor:
    """Return features (1, 1, f, h', w') as they lie at places (h', w', 2)."""
    given = place.given.scaled(place.times)
    large = part_of(source, place._replace(wanted=given))
    pixels = _pixel(where, where.new_tensor(place.size[::-1]))
    inside = pixels - where.new_tensor([given.left, given.top])
    grid = (2 * inside + 1) / where.new_tensor(large.shape[1::-1]) - 1
    return warped(large.permute(2, 0, 1)[None, None], grid[None, None])


@compiled(fastmath=VECTORS)
def _draw_rows(
    to: Any,
    source: Any,
    where: Any,
    doubt: Any,
    judged: Any,
    judged_where: Any,
    by_other: bool,
    size: Any,
    top: int,
    left: int,
    times: int,
    first: int,
    last: int,
) -> None:
    """Draw some rows; top, left: where features begin."""
    channels = to.shape[2]
    came, other = np.empty(channels, np.float32), np.empty(channels, np.float32)
    for row in range(first, last):
        for column in range(to.shape[1]):
            if doubt[row, column] >= 1:
                continue
            _sample(source, where[row, column], size, top, left, times, came)
            if by_other:
                _sample(judged, judged_where[row, column], size, top, left, times, other)
                total = other.sum()
            else:
                total = came.sum()
            if total != 0:
                for k in range(channels):
                    to[row, column, k] = stored(came[k], to)


@compiled(fastmath=VECTORS, inline="always")
def _sample(source: Any, at: Any, size: Any, top: int, left: int, times: int, out: Any) -> None:
    """Sample features bilinearly at a place, 0 beyond the border of the picture."""
    half, one = np.float32(0.5), np.float32(1)
    y = ((at[1] + one) * np.float32(size[0]) - one) * half
    x = ((at[0] + one) * np.float32(size[1]) - one) * half
    y0, y1, upper, lower = shares_around(y, size[0])
    x0, x1, before, after = shares_around(x, size[1])
    y0, y1 = _within(y0, times, top, source.shape[0]), _within(y1, times, top, source.shape[0])
    x0, x1 = _within(x0, times, left, source.shape[1]), _within(x1, times, left, source.shape[1])
    a, b, c, d = source[y0, x0], source[y0, x1], source[y1, x0], source[y1, x1]
    wa, wb, wc, wd = upper * before, upper * after, lower * before, lower * after
    for k in range(len(out)):
        out[k] = wa * widened(a[k]) + wb * widened(b[k]) + wc * widened(c[k]) + wd * widened(d[k])


@compiled(inline="always")
def _within(pixel: int, times: int, start: int, count: int) -> int:
    """Return where a pixel lies among features; of those beyond them the share is 0."""
    return min(max(pixel // times - start, 0), count - 1)
