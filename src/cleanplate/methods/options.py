"""The options that every method has."""

from __future__ import annotations

from dataclasses import dataclass

from cleanplate.errors import BadInput
from cleanplate.video import whole

TUNES = ("fidelity", "removal")


@dataclass(frozen=True)
class CommonOptions:
    """What every method can be asked for, whether or not it makes a difference to it.

    tune: "fidelity" stays close to the truth, "removal" looks sharp. seed: of what has to be
    invented. Raises BadInput for values that mean nothing.
    """

    tune: str = "fidelity"
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse values that mean nothing."""
        self._check_known("tune", TUNES)
        self._check_whole("seed", 0)

    def _check_known(self, name: str, known: tuple[str, ...]) -> None:
        value = getattr(self, name)
        if not isinstance(value, str) or value not in known:
            raise BadInput(f"{name} {value!r} is unknown. Choose one of: {', '.join(known)}.")

    def _check_whole(self, name: str, least: int) -> None:
        value = getattr(self, name)
        if not whole(value) or value < least:
            raise BadInput(f"{name} is {value!r}. Give a whole number from {least} up.")
        object.__setattr__(self, name, int(value))  # numpy's own wrap round
