"""Do pieces of work on the machines of a Ray cluster.

What a piece of work reads and writes lies where all machines see it, and it goes on from what it
has kept there: so any worker takes over from one that is lost.
"""

from __future__ import annotations

import logging
import os
import re
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from cleanplate.errors import BadInput, CleanplateError
from cleanplate.memory import in_words, keep_no_large_blocks

Result = TypeVar("Result")

TRIES = 4  # of one piece of work, where workers are lost in the midst of it
PATIENCE_SECONDS = 10  # for a head to answer at all
_HOST_AND_PORT = re.compile(r"(?:ray://)?\[?([^/]+?)\]?:([0-9]{1,5})")
LOCAL = "local"  # in place of an address: a cluster of this machine alone, for the time


@dataclass(frozen=True)
class Needs:
    """What a piece of work takes of a machine beside a core: GPUs, and bytes of memory."""

    gpus: int = 0
    memory: int = 0  # where it is not told nothing is set aside


def on_cluster(
    works: Sequence[Callable[[], Result]],
    address: str,
    *,
    lost: Callable[[int, str], Result],
    needs: Sequence[Needs] = (),
) -> Iterator[Result]:
    """Yield what pieces of work return, as they end, each worker doing one at a time.

    works: what can be pickled. address: of the head, HOST:PORT, or "local". lost: what there is to
    yield for a piece of work, by its number, that did not return, and why in a few words: none
    where worker after worker was lost at it. needs: of each; what no machine has is not waited
    for. A piece of work that asks for no GPU sees none. Raises BadInput where there is no such
    cluster.
    """
    ray = _ray()
    _connect(ray, address)
    try:
        lacking = [_lacking(ray, need) for need in needs] or [""] * len(works)
        doing = {
            _begun(ray, work, needs[number] if needs else Needs()): number
            for number, work in enumerate(works)
            if not lacking[number]
        }
        yield from (lost(number, why) for number, why in enumerate(lacking) if why)
        while doing:
            # Not by Ray's own wait, in which another exit code would become of one by a signal.
            for future in wait(doing, return_when=FIRST_COMPLETED)[0]:
                number = doing.pop(future)
                try:
                    result: Result = future.result()
                except ray.exceptions.RayError as error:
                    result = lost(number, _why(ray, error))
                yield result
    finally:
        ray.shutdown()


def on_other_workers(works: Sequence[Callable[[], Result]], processes: int) -> Iterator[Result]:
    """Yield what pieces of work return, done by other workers of the cluster that this one is of.

    processes: how many there may be at a time; the cluster's cores decide. This worker's own core
    is theirs while it waits. What is lost again and again, or refused, yields nothing.
    """
    ray = _ray()
    doing = [_task(ray).remote(work, 0) for work in works]
    for one in doing:
        try:
            yield ray.get(one)
        except ray.exceptions.RayError as error:
            if _why(ray, error) and not isinstance(getattr(error, "cause", None), CleanplateError):
                raise


def cores() -> int:
    """Return how many cores the cluster has that this process is a worker of."""
    return int(_ray().cluster_resources().get("CPU", 1))


def _why(ray: Any, error: Any) -> str:
    """Say in a few words what kept a piece of work from returning; nothing of a lost worker."""
    told = ray.exceptions
    if isinstance(error, told.WorkerCrashedError | told.NodeDiedError | told.OutOfMemoryError):
        return ""
    if isinstance(error, told.RayTaskError):
        return f"{type(error.cause).__name__}: {error.cause}"
    return f"{type(error).__name__}: {error}".partition("\n")[0]


def _begun(ray: Any, work: Callable[[], Any], need: Needs) -> Future[Any]:
    """Hand a piece of work to the cluster; return where it will tell what came of it."""
    run = _task(ray).options(num_gpus=need.gpus, memory=need.memory or None)
    future: Future[Any] = run.remote(work, need.gpus).future()
    return future


def _task(ray: Any) -> Any:
    """Return what does a piece of work on the cluster, on a core."""
    # In a process of its own: once PyTorch has looked for GPUs it does not look again.
    return ray.remote(max_retries=TRIES - 1, max_calls=1, num_cpus=1)(_done)


def _done(work: Callable[[], Any], gpus: int) -> Any:
    """Do a piece of work, in a process of Ray's."""
    if not gpus:
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    keep_no_large_blocks()
    return work()


def _lacking(ray: Any, need: Needs) -> str:
    """Say what no machine of the cluster has, "" where one has all: Ray would wait for ever."""
    there = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    there = [resources for resources in there if resources.get("GPU", 0) >= need.gpus]
    if not there:
        return "no machine of the cluster has a GPU. Choose the device cpu or auto"
    most = max(int(resources.get("memory", 0)) for resources in there)
    if need.memory > most:
        return (
            f"no machine of the cluster has {in_words(need.memory)} of memory to give, the most is "
            f"{in_words(most)}. Give less"
        )
    return ""


def _ray() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is told to anybody
    try:
        import ray
    except ImportError:
        raise BadInput(
            'a cluster needs Ray, which is not installed. Install it: pip install "cleanplate'
            '[cluster]".'
        ) from None
    return ray


def _connect(ray: Any, address: str) -> None:
    """Join a cluster; raises BadInput where there is none."""
    told: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address == LOCAL:
        told["include_dashboard"] = False
    try:
        if at := _HOST_AND_PORT.fullmatch(address):  # Ray itself would wait for minutes
            socket.create_connection((at[1], int(at[2])), PATIENCE_SECONDS).close()
        with _signals_kept():
            ray.init(address=address, **told)
    except (OSError, OverflowError, ValueError, RuntimeError):
        raise BadInput(
            f"there is no Ray cluster at {address[:80]!r}. Start one: ray start --head, and on "
            "every other machine: ray start --address HEAD:6379."
        ) from None


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Leave to this process what it does when the system ends it: Ray would have its own way."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        main = threading.current_thread() is threading.main_thread()  # no other one may set it
        if main and before is not None:
            signal.signal(signal.SIGTERM, before)
