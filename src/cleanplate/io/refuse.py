"""Turn what the video library and the system raise into one sentence for the user."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av.error

from cleanplate.errors import BadInput, BadOutput

CAUSES = {
    errno.ENOENT: "does not exist",
    errno.EACCES: "may not be opened (permission denied)",
    errno.EPERM: "may not be opened (not permitted)",
    errno.EISDIR: "is a folder",
    errno.ENOTDIR: "lies under a file, not a folder",
    errno.ENOSPC: "does not fit: the disk is full",
    errno.EDQUOT: "does not fit: the disk quota is used up",
    errno.EROFS: "lies on a disk that cannot be written",
    errno.ENAMETOOLONG: "has a name that is too long",
    errno.EFBIG: "grew larger than the disk allows",
}


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
    except av.error.InvalidDataError:
        raise BadInput(
            f"{path} is not a video that can be read. Give a video file or a folder of pictures."
        ) from None
    except av.error.EOFError:
        raise BadInput(f"{path} ends before its first picture. Give a complete file.") from None
    except (av.error.FFmpegError, OSError, ValueError, OverflowError) as error:
        raise BadInput(f"{path} {cause(error)}.") from None


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Raise BadOutput, naming the file, for what the library or the system raises inside."""
    try:
        yield
    except (av.error.FFmpegError, OSError, ValueError, OverflowError) as error:
        raise BadOutput(f"{path} {cause(error)}.") from None
