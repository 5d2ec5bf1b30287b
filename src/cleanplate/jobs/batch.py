"""Fill many clips side by side: one that cannot be filled is named, and the rest goes on."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from cleanplate.errors import BadInput, CleanplateError
from cleanplate.inputs import digest, stamp
from cleanplate.io.near import folder_for
from cleanplate.io.refuse import writing
from cleanplate.io.remote import is_address, shown_as
from cleanplate.jobs.chains import Run, fill_side_by_side
from cleanplate.jobs.cluster import Needs, cores, on_cluster, on_other_workers
from cleanplate.jobs.manifest import Entry, files_of, read_manifest
from cleanplate.journal import Journal, read_journal
from cleanplate.memory import bytes_of
from cleanplate.pipeline import fill_file
from cleanplate.workers import side_by_side

NAME = "batch.jsonl"


@dataclass(frozen=True)
class Done:
    """What came of one clip.

    line: of the manifest. video, out: its paths, or addresses as far as they may be shown. error: a
    sentence, None where all went well. summary: as of `fill_file`, as plain values; None with an
    error. kept: whether an earlier run had done it.
    """

    line: int
    video: str
    out: str
    error: str | None
    summary: dict[str, Any] | None
    kept: bool = False


Outcome = tuple[str, Any, Done]  # what it was made from, what changes when it does, and the words
Work = Callable[[], Outcome]
Progress = Callable[[int, int, Done], None]  # clips done, clips in all, the last one


def fill_batch(
    manifest: str | Path,
    out: str | Path,
    *,
    processes: int | None = None,
    memory: int | str | None = None,
    cluster: str | None = None,
    progress: Progress | None = None,
) -> list[Done]:
    """Fill the clips of a manifest into a folder; return what came of each, in its order.

    manifest: see `read_manifest`. out: a folder, whose batch.jsonl keeps what is done, or the
    address of one: then that file is kept in a folder of the user's on this machine. Run again,
    clips whose files have not changed since are not filled again, and one that was stopped goes on
    from its finished windows. processes: clips at the same time, and where there are fewer, shots
    of one clip; one by default, which keeps all cores busy by itself. memory: that all of them
    together keep to, as for `fill_file`; a clip's own in the manifest goes before its share; on a
    cluster each clip's. A clip that is refused or fails does not stop the others, nor one whose
    process is ended, unless that is this one. cluster: the address of a Ray cluster, all of whose
    workers see the files under the same paths; each fills one clip at a time, or shots of one where
    there are more cores than clips and no memory is told, and goes on where one that was lost had
    stopped; a clip with a device "cuda" gets a GPU, and by "auto" the CPU computes, so that all
    workers make the same bytes. Raises BadInput for the manifest and the cluster, BadOutput for the
    folder.
    """
    manifest, folder = Path(manifest), out if is_address(out) else Path(out)
    if cluster is not None:
        if processes is not None:
            raise BadInput("processes are of this machine, and a cluster is given. Choose one.")
        manifest = manifest.absolute()  # workers stand elsewhere
        folder = folder.absolute() if isinstance(folder, Path) else folder
    entries = read_manifest(manifest, folder)
    here = folder if isinstance(folder, Path) else folder_for(folder)
    with writing(here):
        here.mkdir(parents=True, exist_ok=True)
    found: dict[int, Done] = {}

    def add(done: Done) -> None:
        found[done.line] = done
        if progress:
            progress(len(found), len(entries), done)

    for done in _kept(entries, here):
        add(done)
    due = [entry for entry in entries if entry.line not in found]
    share = _share(memory, processes)
    # Where there are fewer clips than processes, these fill the shots of one clip side by side.
    each = max(1, (processes or 1) // max(len(due), 1))
    works = [
        partial(_fill, entry, share, each)
        if cluster is None
        else partial(_fill_abroad, entry, share, len(due))
        for entry in due
    ]
    with closing(Journal(here / NAME)) as journal:
        for identity, made, done in _running(works, due, processes, cluster, share):
            journal.add({"identity": identity, "made": made, **dataclasses.asdict(done)})
            add(done)
    return [found[entry.line] for entry in entries]


def _running(
    works: Sequence[Work],
    due: list[Entry],
    processes: int | None,
    cluster: str | None,
    memory: int | None,
) -> Iterator[Outcome]:
    """Yield what comes of clips, wherever they are filled; memory: of each, in bytes."""
    if cluster is None:
        yield from side_by_side(works, processes or 1, lost=lambda index: _lost(due[index]))
    elif works:
        lost = lambda index, why: _lost(due[index], why)  # noqa: E731
        needs = [_needs(entry, memory) for entry in due]
        yield from on_cluster(works, cluster, lost=lost, needs=needs)


def _share(memory: int | str | None, processes: int | None) -> int | None:
    """Return how much memory each of the clips that are filled at the same time may take."""
    most = bytes_of(memory)
    return None if most is None else most // (processes or 1)


def _needs(entry: Entry, memory: int | None) -> Needs:
    """Return what filling a clip takes of a worker."""
    told = {**entry.told, **entry.told.get("options", {})}
    gpu = any(key.endswith("device") and value == "cuda" for key, value in told.items())
    return Needs(int(gpu), entry.told.get("memory") or memory or 0)


def _lost(entry: Entry, why: str = "") -> Outcome:
    """Say of a clip why nothing came of it; by default its process ended without a word."""
    ended = "its process ended in the midst of it: a fault of a decoder, or a lack of memory"
    return "", None, Done(entry.line, *_names(entry), why or ended, None)


def _names(entry: Entry) -> tuple[str, str]:
    """Return a clip and its result as they are shown."""
    return shown_as(entry.video), shown_as(entry.out)


def _fill_abroad(entry: Entry, memory: int | None, clips: int) -> Outcome:
    """Fill one of so many clips by a cluster's worker; others help where there are more of them.

    What is told to take more of a machine than a core stays where that was set aside, and what is
    fetched or sent lies on this worker's machine alone.
    """
    alone = _needs(entry, memory) != Needs() or any(map(is_address, [*_files(entry), entry.out]))
    each = 1 if alone else max(1, cores() // clips)
    return _fill(entry, memory, each, on_other_workers)


def _fill(entry: Entry, memory: int | None, processes: int = 1, run: Run | None = None) -> Outcome:
    """Fill one clip, memory: of each process, which `run` runs; return what came of it."""
    identity, result, error, summary = "", None, None, None
    try:
        identity = identity_of(entry)
        told = {"memory": memory and memory * processes, **entry.told}
        fill = (
            fill_file if processes < 2 else partial(fill_side_by_side, processes=processes, run=run)
        )
        made = fill(entry.video, entry.mask, entry.out, **told)
        summary = dataclasses.asdict(made)
        error = "; ".join(made.problems) or None
        result = None if error else _made(entry.out)
    except CleanplateError as refusal:
        error = str(refusal)
    except Exception as bug:  # one clip is not to end a night's work
        error = f"{type(bug).__name__}: {bug}"
    return identity, result, Done(entry.line, *_names(entry), error, summary)


def identity_of(entry: Entry) -> str:
    """Return what changes when a clip's files or settings do; raises BadInput."""
    stamps = [stamp(file) for file in _files(entry)]
    return digest(stamps, entry.mask, repr(sorted(entry.told.items())))


def _files(entry: Entry) -> list[str | Path]:
    """Return what a clip is filled from."""
    return [entry.video, *files_of(entry)]


def _made(out: Path | str) -> list[list[Any]]:
    """Return what changes when a result does; raises BadInput where it is not there."""
    return [list(part) for part in stamp(out)]


def _kept(entries: list[Entry], folder: Path) -> Iterator[Done]:
    """Yield what an earlier run made of clips, where it is still what would be made."""
    lines = [line for line in read_journal(folder / NAME) if isinstance(line, dict)]
    earlier = {str(line.get("out")): line for line in lines}
    for entry in entries:
        line = earlier.get(shown_as(entry.out))
        if line is None:
            continue
        with suppress(BadInput):
            same = line.get("identity") == identity_of(entry)
            if same and line.get("made") == _made(entry.out) and line.get("error", "") is None:
                yield Done(entry.line, *_names(entry), None, line.get("summary"), kept=True)
