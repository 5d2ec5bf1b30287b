"""Turn what the video library and the system raise into one sentence for the user."""

from __future__ import annotations

import errno
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av.error

from cleanplate.errors import BadInput, BadOutput, CleanplateError

LONGEST_SIDE = 16384  # pixels; a header that claims more is broken or means harm
MOST_PIXELS = LONGEST_SIDE * LONGEST_SIDE // 2

CAUSES = {
    errno.ENOENT: "does not exist",
    errno.EACCES: "may not be opened (permission denied)",
    errno.EPERM: "may not be opened (not permitted)",
    errno.EISDIR: "is a folder",
    errno.EEXIST: "is there already, and is no folder",
    errno.ENOTDIR: "lies under a file, not a folder",
    errno.ENOSPC: "does not fit: the disk is full",
    errno.EDQUOT: "does not fit: the disk quota is used up",
    errno.EROFS: "lies on a disk that cannot be written",
    errno.ELOOP: "is a link that leads round in a circle",
    errno.ENAMETOOLONG: "has a name that is too long",
    errno.EFBIG: "grew larger than the disk allows",
    errno.EPIPE: "was closed by whoever read it",
}


def refuse_huge(path: Path, width: int, height: int) -> None:
    """Refuse sizes that no camera makes, before any picture is allocated; raises BadInput."""
    if max(width, height) > LONGEST_SIDE or width * height > MOST_PIXELS:
        raise BadInput(
            f"{path} claims pictures of {width}x{height}. "
            f"Up to {LONGEST_SIDE} pixels a side and {MOST_PIXELS} in all are read."
        )


def path_of(given: Any) -> Path:
    """Return what was given as a path; raises BadInput for what is none."""
    try:
        return Path(given)
    except TypeError:
        kind = type(given).__name__
        raise BadInput(f"{kind} was given for a path. Give a string or a pathlib.Path.") from None


def refuse_pipe(path: Path) -> None:
    """Refuse what is there but is neither file nor folder; raises BadInput and OSError."""
    mode = path.stat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise BadInput(
            f"{path} is a pipe or a device, and files are read more than once. "
            "Save it to a file, or give - and send it to stdin."
        )


def cause(error: BaseException) -> str:
    """Say in a few words what went wrong, to follow a file's name."""
    known = CAUSES.get(getattr(error, "errno", None) or 0)
    if known:
        return known
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return "failed: " + " ".join(str(text).split())


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Raise BadInput, naming the file, for what the library or the system raises inside."""
    try:
        yield
    # The last two: it is a list of other files, which the library may not open.
    except (av.error.InvalidDataError, av.error.ArgumentError, av.error.PermissionError):
        raise BadInput(
            f"{path} is not a video that can be read. Give a video file or a folder of pictures."
        ) from None
    except av.error.EOFError:
        raise BadInput(f"{path} ends before its first picture. Give a complete file.") from None
    except MemoryError:
        raise BadInput(f"{path} does not fit into memory. Give smaller pictures.") from None
    except (av.error.FFmpegError, OSError, ValueError, OverflowError) as error:
        raise BadInput(f"{path} {cause(error)}.") from None


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Raise BadOutput, naming the file, for what the library or the system raises inside."""
    try:
        yield
    except (av.error.FFmpegError, OSError, ValueError, OverflowError) as error:
        raise BadOutput(f"{path} {cause(error)}.") from None


@contextmanager
def renamed(names: Mapping[str, str]) -> Iterator[None]:
    """Have refusals inside say what a user knows in place of what stands in for it.

    names: stand-in -> the user's name.
    """
    try:
        yield
    except CleanplateError as refusal:
        told = str(refusal)
        for stand_in, name in names.items():
            told = told.replace(stand_in, name)
        raise type(refusal)(told) from refusal
