"""Where a result goes: worked on under a hidden name, seen under its own only when complete."""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cleanplate.errors import BadOutput
from cleanplate.io.locks import locked, marked, remove_dead
from cleanplate.io.refuse import renamed, writing

PART = r"[0-9a-f]{8}\.part"  # how what is not complete yet is named, after its result
UNABLE = (errno.EINVAL, errno.ENOTSUP)  # a disk that cannot tell when something is on it
DIRECTORY = getattr(os, "O_DIRECTORY", 0)
LOCK = "lock"
NO_LINK = getattr(os, "O_NOFOLLOW", 0)  # Windows has none


class Place:
    """A hidden file or folder beside the result that takes its name at the end.

    path: the result. part: what to write to. folder: the result is a folder, new or empty; with
    `among`, one that may hold other things: those of the same names are replaced, the rest stays.
    lasting: what has its name is on the disk, also when the power fails. Raises BadOutput where
    nothing can be written.
    """

    def __init__(
        self, path: Path, *, folder: bool = False, among: bool = False, lasting: bool = True
    ) -> None:
        self.path = path
        self._folder = folder
        self._among = among
        self._lasting = lasting
        with writing(path):
            self._check()
            self.part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
            if folder:
                self.part.mkdir()
            else:
                self.part.touch(exist_ok=False)
            self._mark = marked(self.part)

    def keep(self) -> None:
        """Give the finished result its name, in place of what had it; raises BadOutput."""
        with writing(self.path):
            if self._lasting:
                _settle(self.part)
            if self._among and self.path.is_dir():
                self._move_in()
            else:
                if self._folder and self.path.is_dir():
                    self.path.rmdir()  # empty, or it was refused at the start
                self.part.replace(self.path)
            if self._lasting:
                _settle_folder(self.path.absolute().parent)

    def drop(self) -> None:
        """Remove what was written so far; does nothing once it is kept."""
        if self._folder:
            shutil.rmtree(self.part, ignore_errors=True)
        else:
            self.part.unlink(missing_ok=True)
        if self._mark is not None:
            os.close(self._mark)
            self._mark = None

    def _move_in(self) -> None:
        for child in self.part.iterdir():
            old = self.path / child.name
            if old.is_dir() and not old.is_symlink():
                shutil.rmtree(old)
            child.replace(old)

    def _check(self) -> None:
        """Refuse a place that cannot become the result; raises BadOutput and OSError."""
        path = self.path
        if not path.absolute().parent.exists():
            raise BadOutput(f"folder {path.parent} does not exist. Make it, or give another place.")
        try:
            mode = path.stat().st_mode
        except FileNotFoundError:
            return
        if stat.S_ISDIR(mode):
            if not self._folder:
                raise BadOutput(f"{path} is a folder. Give the name of a file.")
            if not self._among and any(path.iterdir()):
                raise BadOutput(
                    f"{path} is a folder that is not empty. Give a new or an empty folder."
                )
        elif not stat.S_ISREG(mode):
            raise BadOutput(
                f"{path} is a file of the system (a device, a pipe or a socket), and a result "
                "would take its place. Give the name of a new file or folder."
            )
        elif self._folder:
            raise BadOutput(f"{path} is a file. Give the name of a folder for pictures.")


def sweep(path: Path) -> None:
    """Remove what runs that were killed had written of a result; what others write stays.

    Where the system has no locks, or gives none, nothing is removed.
    """
    torn = re.compile(re.escape(f".{path.name}.") + PART)
    remove_dead(path.absolute().parent, torn)


def _settle(part: Path) -> None:
    """Wait until a file, or a folder with all that it holds, is on the disk."""
    if part.is_dir():
        for child in part.iterdir():
            _settle(child)
        _settle_folder(part)
        return
    file = os.open(part, os.O_RDWR)
    try:
        os.fsync(file)
    except OSError as error:
        if error.errno not in UNABLE:
            raise
    finally:
        os.close(file)


def _settle_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk, where the system can tell."""
    with suppress(OSError):
        names = os.open(folder, os.O_RDONLY | DIRECTORY)
        try:
            os.fsync(names)
        finally:
            os.close(names)


@contextmanager
def whole_file(path: Path, *, lasting: bool = True) -> Iterator[Path]:
    """Give a hidden file that takes the name `path` when all went well, and else vanishes.

    lasting: as for Place. What the system raises inside becomes BadOutput, as does what keeps it
    from its place.
    """
    place = Place(path, lasting=lasting)
    try:
        with writing(path):
            yield place.part
        place.keep()
    finally:
        place.drop()


def write_text(path: Path, text: str) -> None:
    """Write a text as UTF-8, complete or not at all; raises BadOutput."""
    with whole_file(path) as part:
        part.write_text(text, "utf-8")


@contextmanager
def whole_folder(path: Path, *, among: bool = False) -> Iterator[Path]:
    """Give a hidden folder that takes the name `path` when all went well, and else vanishes.

    among: as for Place. Refusals inside name the result, not the hidden folder. Raises BadOutput.
    """
    place = Place(path, folder=True, among=among)
    try:
        with renamed({str(place.part): str(path)}):
            yield place.part
            place.keep()
    finally:
        place.drop()


@contextmanager
def alone(folder: Path, out: str | Path) -> Iterator[bool]:
    """Refuse a second run that works in the same folder; raises BadOutput, naming the result.

    Gives whether it is known that no other does: where the system has no locks, or lets us write
    none, it is not.
    """
    lock = None
    with suppress(OSError):
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | NO_LINK, 0o600)
    try:
        yield lock is not None and _taken(lock, out)
    finally:
        if lock is not None:
            os.close(lock)


def _taken(lock: int, out: str | Path) -> bool:
    """Take a lock; False where that cannot be. Raises BadOutput where another run has it."""
    try:
        return locked(lock)
    except BlockingIOError:
        raise BadOutput(
            f"{out} is being written by another run. Wait for it, or give another name."
        ) from None


def refuse_same(source: Path, target: Path) -> None:
    """Refuse an output that is its own input, links followed; raises BadOutput."""
    with writing(target):
        if target.exists() and source.exists() and source.samefile(target):
            raise BadOutput(f"{target} is the input itself. Give another name for the output.")
        if source.is_dir() and _real(source) in _real(target).parents:
            raise BadOutput(f"{target} lies inside the input folder. Give another place.")


def _real(path: Path) -> Path:
    """Follow links as Path.resolve does, which raises where they go round in a circle."""
    return Path(os.path.realpath(path))
