"""How a piece of work says how far it is."""

from __future__ import annotations

from typing import Protocol


class Tell(Protocol):
    """Is told how far the work is: done, in all if known, and a frame that is worth a look."""

    def __call__(self, done: int, total: int | None, at: int | None = None) -> None:
        """Take it."""
