"""Do the same for every frame on all cores, with the same result on any number of them."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import lru_cache
from itertools import pairwise
from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

Item = TypeVar("Item")
Result = TypeVar("Result")

_lock = threading.Lock()  # the setting is the whole process's, and fills may run side by side
_inside = _before = 0


def each_frame(work: Callable[[int], Result], count: int) -> list[Result]:
    """Return [work(0), ..., work(count - 1)], computed side by side.

    `work` should spend its time in code that releases Python's lock. Inside it OpenCV runs on one
    thread: its results may depend on how many it uses (DIS flow's do), and the cores are busy.
    """
    with _opencv_on_one_thread():
        if count < 2 or (os.cpu_count() or 1) < 2:
            return [work(index) for index in range(count)]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return list(pool.map(work, range(count)))


def stack_frames(work: Callable[[int], NDArray[Any]], count: int) -> NDArray[Any]:
    """Return np.stack([work(0), ..., work(count - 1)]), computed and written side by side.

    count: at least 1; all arrays are of the first one's shape and type.
    """
    (first,) = each_frame(work, 1)
    stack = np.empty((count, *first.shape), first.dtype)
    stack[0] = first

    def put(index: int) -> None:
        stack[index + 1] = work(index + 1)

    each_frame(put, count - 1)
    return stack


def in_parts(work: Callable[[int, int], None], count: int) -> None:
    """Call work(first, last) for parts of range(count), one a core, side by side.

    For work so short that it would be long to wait for new threads: these stay. It must not call
    this in turn, or all would wait for one another.
    """
    threads = os.cpu_count() or 1
    ends = [count * part // threads for part in range(threads + 1)]
    first, *others = pairwise(ends)
    waiting = [_staying(os.getpid()).submit(work, *part) for part in others]
    work(*first)
    for part in waiting:
        part.result()


@lru_cache(maxsize=1)
def _staying(_process: int) -> ThreadPoolExecutor:
    """Return threads that stay; a process that was forked off has none of its parent's."""
    return ThreadPoolExecutor(os.cpu_count())


@contextmanager
def _opencv_on_one_thread() -> Iterator[None]:
    global _inside, _before
    with _lock:
        if _inside == 0:
            _before = cv2.getNumThreads()
            cv2.setNumThreads(1)
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                cv2.setNumThreads(_before)


def ahead(items: Iterable[Result], *, depth: int = 2) -> Generator[Result, None, None]:
    """Yield the items while a thread of its own prepares the next ones.

    At most `depth` wait. What the items raise is raised here in its turn. Closing the iterator
    ends the thread before it returns.
    """
    waiting: queue.Queue[tuple[bool, Any]] = queue.Queue(depth)
    stop = threading.Event()

    def offer(more: bool, item: Any) -> None:
        while not stop.is_set():
            with suppress(queue.Full):
                waiting.put((more, item), timeout=0.05)
                return

    def prepare() -> None:
        try:
            for item in items:
                offer(True, item)
                if stop.is_set():
                    return
            offer(False, None)
        except BaseException as error:
            offer(False, error)

    worker = threading.Thread(target=prepare, daemon=True)
    worker.start()
    try:
        while (got := waiting.get())[0]:
            yield got[1]
        if got[1] is not None:
            raise got[1]
    finally:
        stop.set()
        worker.join()


@contextmanager
def behind(work: Callable[[Item], object]) -> Iterator[Callable[[Item], None]]:
    """Give a function that has `work` done to what it is given by a thread of its own.

    It returns when what it was given before is done, so that one item is worked on and none waits;
    when the context ends without an error, all are done. What `work` raises is raised at the next
    item or at the end.
    """
    with ThreadPoolExecutor(1) as worker:
        undone: Future[object] | None = None

        def give(item: Item) -> None:
            nonlocal undone
            if undone is not None:
                undone.result()
            undone = worker.submit(work, item)

        yield give
        if undone is not None:
            undone.result()
