"""Do pieces of work in processes side by side, which end when the one that started them does."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from cleanplate.errors import BadOutput
from cleanplate.orphans import end_with_parent

Result = TypeVar("Result")


def side_by_side(works: Sequence[Callable[[], Result]], processes: int | None) -> Iterator[Result]:
    """Yield what pieces of work return, as they end; with one process in this one.

    works: what can be pickled. processes: at most so many; as many as cores if None. Raises what a
    piece of work raises, and BadOutput where a process was ended from outside.
    """
    count = min(processes or os.cpu_count() or 1, len(works))
    if count < 2:
        yield from (work() for work in works)
        return
    # Not forked: a fork of a process that has run threads may hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, mp_context=context, initializer=end_with_parent) as pool:
        waiting: set[Future[Result]] = {pool.submit(work) for work in works}
        try:
            while waiting:
                ended, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in ended:
                    yield future.result()
        except BrokenProcessPool:
            raise BadOutput(
                "a process was ended from outside, perhaps for lack of memory. Run it again with "
                "fewer processes: what is done is kept."
            ) from None
        finally:
            pool.shutdown(cancel_futures=True)
