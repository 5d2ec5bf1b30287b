"""What every clip being read is: pictures in the order they are shown, and how they are turned."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from numpy.typing import NDArray

from cleanplate.io.info import VideoInfo, to_coded, to_displayed
from cleanplate.io.picture import Picture


class Reader(ABC):
    """A clip being read: a context manager, and an iterator of Picture that can be used once.

    path: where it lies. info: what it is. numbers: of the frames, in a folder of numbered pictures,
    else None. lost: how many frames before the latest picture could not be decoded. problems:
    sentences about such frames, complete once the iteration has ended.
    """

    path: Path
    info: VideoInfo
    numbers: tuple[int, ...] | None = None
    problems: list[str]

    @property
    def lost(self) -> int:
        """How many frames before the latest one could not be decoded."""
        return 0

    def __iter__(self) -> Iterator[Picture]:
        return self

    @abstractmethod
    def __next__(self) -> Picture: ...

    @abstractmethod
    def close(self) -> None:
        """Let go of the file."""

    def orient(self, displayed: NDArray[Any]) -> NDArray[Any]:
        """Turn a mask or a picture from displayed to coded orientation: (H, W) or (H, W, C)."""
        return to_coded(displayed, self.info.rotation, mirrored=self.info.mirrored)

    def upright(self, coded: NDArray[Any]) -> NDArray[Any]:
        """Turn a mask or a picture from coded to displayed orientation: (H, W) or (H, W, C)."""
        return to_displayed(coded, self.info.rotation, mirrored=self.info.mirrored)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
