"""What lies at an address, or comes from stdin, has a stand-in on this machine while it is used."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from cleanplate.errors import BadOutput
from cleanplate.io.caches import own_folder
from cleanplate.io.clip import means_folder
from cleanplate.io.locks import temporary_folder
from cleanplate.io.place import LOCK, alone
from cleanplate.io.refuse import renamed, writing
from cleanplate.io.remote import fetch, is_address, name_of, reach, refuse_taken, send, shown_as
from cleanplate.io.spool import spooled

END = ".fetched"  # of the names of folders
Given = str | Path
_WITH_FRAME = re.compile(r"(.+?)(@[0-9]{1,9})?", re.DOTALL)  # first.png@25


@contextmanager
def fetched(
    video: Given, mask: Given | Sequence[Given]
) -> Iterator[tuple[Given, Given | Sequence[Given]]]:
    """Give a video and its masks as files of this machine: themselves, or what was fetched.

    mask: one, or several of single frames, such as first.png@25. What was fetched lies in the
    system's folder for temporary files until the context ends. Raises BadInput, BadOutput.
    """
    given = _each_of(mask)
    with spooled(video) as whole:
        if not any(map(is_address, [whole, *given])):
            yield whole, mask
            return
        with temporary_folder(END) as folder:
            names: dict[str, str] = {}
            here = _near(whole, folder / "video", names)
            masks = [_mask(each, folder / str(n), names) for n, each in enumerate(given)]
            with renamed(names):
                yield here, masks[0] if isinstance(mask, str | Path) else masks


def _near(given: Given, folder: Path, names: dict[str, str]) -> Given:
    """Fetch what has an address into a new folder, and note how it is named to the user."""
    if not is_address(given):
        return given
    with writing(folder):
        folder.mkdir()
    here = fetch(given, folder)
    names[str(here)] = shown_as(given)
    return here


def _mask(given: Given, folder: Path, names: dict[str, str]) -> Given:
    """Fetch a mask, perhaps of a single frame: https://example.org/first.png@25."""
    found = _WITH_FRAME.fullmatch(str(given))
    if not is_address(given) or found is None:
        return given
    return f"{_near(found[1], folder, names)}{found[2] or ''}"


def folder_for(address: str) -> Path:
    """Return the folder of this machine for what belongs to an address until that is complete."""
    name = hashlib.sha256(address.rstrip("/").encode("utf-8", "replace")).hexdigest()[:16]
    return own_folder("remote", "CLEANPLATE_REMOTE") / name


def near_of(out: Given) -> Given:
    """Return where a result is written first: the same for the same address, else itself."""
    return folder_for(out) / name_of(out) if is_address(out) else out


@contextmanager
def stand_in(out: Given, *sources: Given | Sequence[Given]) -> Iterator[Given]:
    """Give where a result is written first; what is written there goes with the context.

    Other things beside it, from which a run goes on, stay. sources: which it may not replace.
    Raises BadInput, BadOutput.
    """
    if not is_address(out):
        yield out
        return
    here = folder_for(out) / name_of(out)
    far = reach(out)
    given = [each for source in sources for each in _each_of(source)]
    if any(is_address(each) and reach(each) == far for each in given):
        raise BadOutput(f"{shown_as(out)} is the input itself. Give another name for the output.")
    refuse_taken(out, folder=means_folder(here))
    with writing(here.parent):
        here.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with alone(here.parent, shown_as(out)), renamed({str(here): shown_as(out)}):
        try:
            _remove(here)  # of a run that was killed
            yield here
        finally:
            _remove(here)
            if {path.name for path in here.parent.iterdir()} <= {LOCK}:
                shutil.rmtree(here.parent, ignore_errors=True)


def deliver(here: Given, out: Given) -> None:
    """Send a result that is complete to where it belongs, if that is not here.

    Raises BadOutput.
    """
    if is_address(out):
        send(Path(here), out)


def _each_of(given: Given | Sequence[Given]) -> list[Given]:
    return [given] if isinstance(given, str | Path) else list(given)


def _remove(here: Path) -> None:
    with suppress(OSError):
        if here.is_dir() and not here.is_symlink():
            shutil.rmtree(here)
        else:
            here.unlink(missing_ok=True)
