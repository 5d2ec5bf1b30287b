"""What is being written by a run that lives is told from what a killed one has left."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows has none: there nothing torn is told from what is being written
    fcntl = None  # type: ignore[assignment]

# No link is followed, and a pipe that somebody gave such a name is not waited for.
AS_IT_IS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


def locked(file: int) -> bool:
    """Lock what is open, until it is closed or the process ends.

    False where the system has no locks, or gives none. Raises BlockingIOError where another run
    has it.
    """
    if not hasattr(fcntl, "flock"):
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:  # a disk of the network, perhaps
        return False
    return True


def marked(part: Path) -> int | None:
    """Mark a part as being written, for as long as the process lives; None where it is by another.

    None as well where the system has no locks, or gives none. Returns what is to be closed.
    """
    try:
        mark = os.open(part, AS_IT_IS)
    except OSError:
        return None
    with suppress(BlockingIOError):
        if locked(mark):
            return mark
    os.close(mark)
    return None


def remove_dead(folder: Path, names: re.Pattern[str]) -> None:
    """Remove files and folders of such names that no run is writing any more.

    Where the system has no locks, or gives none, nothing is removed.
    """
    with suppress(OSError):
        for part in folder.iterdir():
            if names.fullmatch(part.name) and (mark := marked(part)) is not None:
                if part.is_dir() and not part.is_symlink():
                    shutil.rmtree(part, ignore_errors=True)
                else:
                    part.unlink(missing_ok=True)
                os.close(mark)


@contextmanager
def temporary_folder(end: str) -> Iterator[Path]:
    """Give a temporary folder until the context ends; those of killed runs go first.

    end: how the names of such folders end, such as ".stdin". Nobody else may read it.
    """
    start = "cleanplate-"
    names = re.compile(re.escape(start) + r"\w+" + re.escape(end))
    remove_dead(Path(tempfile.gettempdir()), names)
    made = Path(tempfile.mkdtemp(prefix=start))
    mark = marked(made)
    folder = made.rename(f"{made}{end}")  # now that it is marked, no other run takes it for dead
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if mark is not None:
            os.close(mark)
