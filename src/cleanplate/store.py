"""Finished windows, kept beside the output until it is complete: a run that stops goes on there.

A window is known by what it shows and by how it is filled, so that nothing of another clip, mask
or setting is ever mixed in: what has changed is found under another name, and computed.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import lru_cache
from importlib import metadata
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import BadOutput
from cleanplate.io.place import alone, sweep, whole_file
from cleanplate.states import sum_of
from cleanplate.video import Patch

MAGIC = b"cleanplate window 3\n"
SUM_BYTES = hashlib.sha256().digest_size
# Another version of one of these may compute other pixels.
LIBRARIES = (
    "cleanplate",
    "numpy",
    "opencv-python-headless",
    "scipy",
    "numba",
    "av",
    "torch",
    "safetensors",
)
COLUMNS = ("colours", "source", "inconsistency")  # of a patch
LEVEL = 1  # of zlib: more takes long and saves little of what a camera has seen
# How the columns are compressed: of what a camera has seen hardly anything comes
# again, and looking for it takes three times as long as all the rest.
WAYS = (zlib.Z_HUFFMAN_ONLY, 0, 0)
SIZE_BYTES = 8
_PART = 1 << 20  # bytes that are read at a time
FITS = "fits"


class Store:
    """The windows of one output.

    folder: where they are kept. found: how many frames came from there so far.
    """

    def __init__(self, folder: Path, recipe: bytes) -> None:
        self.folder, self.recipe = folder, recipe
        self.found = 0

    def find(self, key: str, *, shared: int) -> list[Patch] | None:
        """Return a window's patches, None where they are not there or are damaged.

        shared: so many of its frames count to the window before.
        """
        path = self._path(key)
        try:
            with path.open("rb") as file:
                patches = _read(file, os.fstat(file.fileno()).st_size)
        except OSError:
            return None
        if patches is None:
            with suppress(OSError):
                path.unlink()
        else:
            self.found += sum(len(patch.source) > 0 for patch in patches[shared:])
        return patches

    def keep(self, key: str, patches: list[Patch]) -> None:
        """Write a window's patches, complete or not at all: not where the disk is full.

        That is no reason to stop: whether the output fits is for its own writer to tell.
        """
        with (
            suppress(BadOutput),
            whole_file(self._path(key)) as part,
            part.open("wb") as file,
        ):
            _write(file, patches)

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.window"

    def any(self) -> bool:
        """Tell whether any window is kept, or a fit on its way to one."""
        return any(self.folder.glob("*.window")) or self.fits.is_dir()

    @property
    def fits(self) -> Path:
        """The folder for what is fitted to a window before that is finished."""
        return self.folder / FITS


def recipe_of(method: str, told: Mapping[str, Any]) -> bytes:
    """Return what, beside the frames, decides how windows come out, the same in every process.

    told: all that the method was told; of what names a file, what the file holds counts.
    """
    parts = [f"method {method}", *code_of(Path(__file__).parent), *_processor()]
    for library in LIBRARIES:
        with suppress(metadata.PackageNotFoundError):
            parts.append(f"{library} {metadata.version(library)}")
    for name, value in sorted(told.items()):
        is_file = isinstance(value, str | Path) and Path(value).is_file()
        parts.append(f"{name} {sum_of(Path(value)) if is_file else repr(value)}")
    return "\n".join(parts).encode()


@lru_cache
def code_of(root: Path) -> tuple[str, ...]:
    """Return what changes when a package does, its weights included: the same on every machine."""
    files = [path for path in root.rglob("*") if path.suffix in (".py", ".safetensors")]
    return tuple(f"{path.relative_to(root)} {sum_of(path)}" for path in sorted(files))


def _processor() -> tuple[str, ...]:
    """Return by what the libraries choose their arithmetic, which is not quite alike in all."""
    chosen = os.environ.get("ATEN_CPU_CAPABILITY", "")  # how a user has PyTorch choose
    return platform.machine(), cv2.getCPUFeaturesLine(), chosen


def folder_of(out: Path) -> Path:
    """Return the folder that keeps the windows of an output until it is complete."""
    whole = out.resolve()
    return whole.parent / f".{whole.name}.job"


@contextmanager
def store_beside(
    out: Path, recipe: bytes | None, *, complete: bool = True
) -> Iterator[Store | None]:
    """Give the store of an output, which goes when all went well and the output is complete then.

    After any other end it stays where it holds something, and the next run of the same finds it.
    recipe: how windows are filled; None if that cannot be told, then there is no store. Raises
    BadOutput where another run is writing the same output.
    """
    folder = folder_of(out)
    if recipe is None or not folder.parent.is_dir() or folder.is_symlink():
        yield None
        return
    with suppress(OSError):  # what is wrong with that place, whoever writes the output will tell
        folder.mkdir(exist_ok=True)
    store = Store(folder, recipe)
    with alone(folder, out) as known:
        if known:  # what a killed run has left of it
            sweep(out)
        try:
            yield store
        except BaseException:
            if not store.any():
                shutil.rmtree(folder, ignore_errors=True)
            raise
        if complete or not store.any():
            shutil.rmtree(folder, ignore_errors=True)


def _write(file: BinaryIO, patches: list[Patch]) -> None:
    """Write a window's patches frame by frame, and a checksum of them at the end."""
    check = hashlib.sha256()
    file.write(MAGIC)
    for patch in patches:
        columns = (_narrowed(getattr(patch, name)) for name in COLUMNS)
        for column, way in zip(columns, WAYS, strict=True):
            block = _compressed(_as_bytes(column), way)
            for part in (len(block).to_bytes(SIZE_BYTES, "little"), block):
                check.update(part)
                file.write(part)
    file.write(check.digest())


def _read(file: BinaryIO, size: int) -> list[Patch] | None:
    """Return the patches in a file of so many bytes, None where it is damaged or another's."""
    end = size - SUM_BYTES
    if end < len(MAGIC) or file.read(len(MAGIC)) != MAGIC or not _is_whole(file, end):
        return None
    patches: list[Patch] = []
    file.seek(len(MAGIC))
    try:
        while file.tell() < end:
            patches.append(_patch(file, end))
    except (EOFError, ValueError, zlib.error):
        return None
    return patches or None


def _patch(file: BinaryIO, end: int) -> Patch:
    """Read the next frame's patch; raises ValueError, EOFError or zlib.error for what is none."""
    columns = (zlib.decompress(_block(file, end)) for _ in COLUMNS)
    colours, source, inconsistency = (np.load(BytesIO(c), allow_pickle=False) for c in columns)
    if not len(colours) == len(source) == len(inconsistency):
        raise ValueError("columns of different lengths")
    return Patch(colours, source.astype(np.int32), inconsistency)


def _block(file: BinaryIO, end: int) -> bytes:
    size = int.from_bytes(file.read(SIZE_BYTES), "little")
    if size > end - file.tell():
        raise ValueError("a block that ends beyond the file")
    return file.read(size)


def _is_whole(file: BinaryIO, end: int) -> bool:
    """Tell whether what comes up to a place is what the sum there was made of."""
    check = hashlib.sha256()
    while left := end - file.tell():
        part = file.read(min(left, _PART))
        if not part:
            return False  # it has become shorter meanwhile
        check.update(part)
    return check.digest() == file.read(SUM_BYTES)


def _narrowed(column: NDArray[Any]) -> NDArray[Any]:
    """Return whole numbers with a sign in as few bytes as hold them all; others as they are."""
    if column.dtype.kind != "i" or not column.size:
        return column
    furthest = min(column.min(), -1 - column.max())  # as far below 0 as needs the same bytes
    return column.astype(np.min_scalar_type(furthest))


def _as_bytes(column: NDArray[Any]) -> bytes:
    """Return an array as numpy writes it."""
    file = BytesIO()
    np.save(file, column, allow_pickle=False)
    return file.getvalue()


def _compressed(part: bytes, way: int) -> bytes:
    packer = zlib.compressobj(LEVEL, strategy=way)
    return packer.compress(part) + packer.flush()
