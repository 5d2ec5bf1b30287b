"""Do pieces of work in processes side by side, which end when the one that started them does."""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from cleanplate.errors import BadOutput
from cleanplate.memory import keep_no_large_blocks
from cleanplate.orphans import end_with_parent

Result = TypeVar("Result")


def side_by_side(
    works: Sequence[Callable[[], Result]],
    processes: int | None,
    *,
    lost: Callable[[int], Result] | None = None,
) -> Iterator[Result]:
    """Yield what pieces of work return, as they end; with one process in this one.

    works: what can be pickled. processes: at most so many; as many as cores if None. lost: what
    there is to yield for a piece of work, by its number, whose process ends without a word; without
    it BadOutput is raised. Raises what a piece of work raises.
    """
    count = min(processes or os.cpu_count() or 1, len(works))
    if count < 2:
        yield from (work() for work in works)
        return
    todo = deque(range(len(works)))
    while todo:
        for index in (yield from _pooled(works, todo, count)):
            if lost is None:
                raise BadOutput(
                    "a process was ended from outside, perhaps for lack of memory. Run it again "
                    "with fewer processes: what is done is kept."
                )
            # One process ended took all with it. Alone, each tells whether it was that one.
            if (yield from _pooled(works, deque([index]), 1)):
                yield lost(index)


def _pooled(
    works: Sequence[Callable[[], Result]], todo: deque[int], count: int
) -> Generator[Result, None, list[int]]:
    """Do the work that is due; return what was in the making when a process ended."""
    # Not forked: a fork of a process that has run threads may hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, mp_context=context, initializer=_begin) as pool:
        doing: dict[Future[Result], int] = {}
        try:
            while todo or doing:
                while todo and len(doing) < count:
                    doing[pool.submit(works[todo[0]])] = todo[0]
                    todo.popleft()
                ended, _ = wait(doing, return_when=FIRST_COMPLETED)
                for future in sorted(ended, key=_is_lost):  # what is done first: it is not lost
                    result = future.result()
                    del doing[future]
                    yield result
        except BrokenProcessPool:
            return sorted(doing.values())
        finally:
            pool.shutdown(cancel_futures=True)
    return []


def _begin() -> None:
    """Set a process up: it is ours alone, as that of a command is."""
    end_with_parent()
    keep_no_large_blocks()


def _is_lost(future: Future[Any]) -> bool:
    return isinstance(future.exception(), BrokenProcessPool)
