"""What every clip being written is: pictures in, complete or not at all."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import Self

from cleanplate.io.picture import Picture


class Writer(ABC):
    """A clip being written: a context manager.

    path: the result, which appears when finish() is done. warnings: sentences about what could not
    be kept. Leaving the context without finish(), by an exception too, removes everything.
    """

    path: Path
    warnings: list[str]

    @abstractmethod
    def write(self, picture: Picture) -> None:
        """Write the next picture; raises BadOutput."""

    def copies(self, picture: Picture) -> bool:
        """Tell whether a picture of the source is copied, so that `write` leaves it as it was."""
        return False

    @abstractmethod
    def finish(self) -> None:
        """Write what is left and let the result appear; raises BadOutput."""

    @abstractmethod
    def drop(self) -> None:
        """Remove what was written so far; does nothing after finish()."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.drop()
