"""Fill the shots of one clip in processes side by side: they do not build on each other.

Every process runs along the clip and fills its share of the chains of windows into the store of the
output. Then the clip is filled as ever, and finds all there: the bytes are those of one process.
The processes are those of this machine, or of a cluster's workers, which see the same files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Any

from cleanplate.asked import as_method, length_within, recipe_for
from cleanplate.errors import CleanplateError
from cleanplate.io import Encoding, fetched, is_pipe, open_video, stand_in
from cleanplate.masks import MaskOptions
from cleanplate.masks.follow import follow
from cleanplate.matched import bordered, check_holes, paired
from cleanplate.memory import bytes_of
from cleanplate.methods import FITTED
from cleanplate.pipeline import fill_file, holes_for
from cleanplate.span import Span
from cleanplate.store import Store, store_beside
from cleanplate.stream import keep_share, look
from cleanplate.summary import Summary
from cleanplate.threads import ahead
from cleanplate.workers import side_by_side

NAMED = {"tune": "removal", "weights": None, "device": "auto", "seed": 0}  # as `fill_file` has them
Run = Callable[[Sequence[Callable[[], Any]], int], Iterable[Any]]
LOOKED_AT = ("attention", "validity", "features")  # windows that are found are not looked at


def fill_side_by_side(
    video: str | Path,
    mask: Any,
    out: str | Path,
    *,
    processes: int,
    run: Run | None = None,
    **told: Any,
) -> Summary:
    """Fill a clip as `fill_file` does, its shots in so many processes side by side.

    run: does pieces of work in so many processes; on this machine by default. told: the arguments
    of `fill_file`; `memory` is shared among the processes. An object that is followed, shadows that
    are looked for, networks that are fitted to the clip and pictures of what is looked at take one
    process. Raises BadInput, BadOutput.
    """
    most = bytes_of(told.get("memory"))
    told["memory"] = most and most // processes
    with fetched(video, mask) as (video, mask):
        if processes > 1 and _can_be_shared(out, told):
            _fill_shares(video, mask, out, processes, run or side_by_side, told)
        return fill_file(video, mask, out, **told)


def _can_be_shared(out: str | Path, told: Mapping[str, Any]) -> bool:
    method = told.get("method", "flow")
    alone = told.get("track") or any(told.get(name) for name in LOOKED_AT)
    alone = alone or told.get("mask_options", MaskOptions()).shadow
    return isinstance(method, str) and method not in FITTED and not alone and not is_pipe(out)


def _fill_shares(
    video: str | Path,
    mask: Any,
    out: str | Path,
    processes: int,
    run: Run,
    told: dict[str, Any],
) -> None:
    """Fill the windows of a clip into the store of its output; what is refused, others tell."""
    method = told.get("method", "flow")
    named = {name: told.get(name, usual) for name, usual in NAMED.items()}
    with suppress(CleanplateError):
        as_method(method, told.get("options"), **named)  # which tells the device that is there
        recipe = recipe_for(method, told.get("options"), **named)
        with (
            stand_in(out, video, mask) as here,
            store_beside(Path(here), recipe, complete=False) as kept,
        ):
            if kept is None or recipe is None:
                return
            given = video, mask, here, kept.folder, recipe, {**told, "progress": None}
            works = [partial(_fill_share, *given, n, processes) for n in range(processes)]
            for _ in run(works, processes):
                pass


def _fill_share(
    video: str | Path,
    mask: str | Path,
    out: str | Path,
    folder: Path,
    recipe: bytes,
    told: Mapping[str, Any],
    number: int,
    count: int,
) -> None:
    """Fill every `count`-th chain of a clip's windows into a store."""
    method, more = told.get("method", "flow"), told.get("options")
    named = {name: told.get(name, usual) for name, usual in NAMED.items()}
    room = as_method(method, more, **named)
    if recipe_for(method, more, **named) != recipe:
        return  # on a machine that computes a little differently
    span, options = told.get("span", Span()), told.get("mask_options", MaskOptions(grow=4))
    encoding, plate = told.get("encoding", Encoding()), told.get("plate")
    with open_video(video) as reader:
        length = length_within(told["memory"], room, reader.info, out, encoding, plate)
        with (
            holes_for(video, mask, reader, options, None, None, follow) as holes,
            closing(ahead(iter(holes))) as masks,
        ):
            check_holes(reader, holes)
            line = bordered(look(paired(reader, holes, masks, span)), reader, span)
            keep_share(line, room, Store(folder, recipe), length, number=number, count=count)
