"""How long a fit takes, how fast it learns, what it is shown and what counts."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import Self

from cleanplate.configs import checked
from cleanplate.errors import BadInput
from cleanplate.methods.options import CommonOptions

SCHEDULES = ("cosine", "constant")
ORDERS = ("shuffled", "consecutive")
MATCHINGS = ("contextual", "nearest")
TRANSFORMS = ("paper", "official")
_BUDGET = re.compile(r"(\d+(?:\.\d+)?) ?([smh])")
_UNITS = {"s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True)
class Plan(CommonOptions):
    """How long a fit takes, and how fast it learns.

    steps: at most. budget: time at most, such as "90s", "3m" or "1h"; what comes out then depends
    on the machine's speed. learning_rate: Adam's, after the first `warmup` steps. schedule: it
    falls to nothing over the fit as a "cosine", or is "constant". judged_every: steps. patience:
    judgements without a better one until the fit ends, 0 for no such end. Raises BadInput.
    """

    steps: int = 1500
    budget: str | None = None
    learning_rate: float = 1e-3
    warmup: int = 20
    schedule: str = "cosine"
    judged_every: int = 50
    patience: int = 10

    def __post_init__(self) -> None:
        """Refuse values that mean nothing."""
        super().__post_init__()
        for name, least in (("steps", 1), ("warmup", 0), ("judged_every", 1), ("patience", 0)):
            self._check_whole(name, least)
        rate = checked(float, self.learning_rate, "learning_rate")
        if not 0 < rate < math.inf:
            raise BadInput(f"learning_rate is {rate}. Give a number above 0, such as 0.001.")
        self._check_known("schedule", SCHEDULES)
        if self.budget is not None:
            seconds_of(self.budget)

    def share(self, step: int, seconds: float) -> float:
        """Return how much of the fit is done after so many steps and seconds, 0 to 1."""
        timed = 0.0 if self.budget is None else seconds / seconds_of(self.budget)
        return min(max(step / self.steps, timed), 1.0)

    def rate(self, step: int, share: float) -> float:
        """Return the learning rate of a step, from 0, when a share of the fit is done.

        >>> Plan(learning_rate=1.0).rate(100, 0.5)
        0.5
        """
        warm = min((step + 1) / (self.warmup + 1), 1.0)
        falling = (1 + math.cos(math.pi * share)) / 2 if self.schedule == "cosine" else 1.0
        return self.learning_rate * warm * falling

    def parts(self, count: int, *, spent: float = 0.0) -> list[Self]:
        """Return the plans of so many fits, one after the other, that take as long together.

        The finer, the longer, as in the paper: 2, 3, 4, ... parts of all. spent: seconds that are
        over already; half of a budget is left at least, or nothing would be fitted.

        >>> [(part.steps, part.budget) for part in Plan(steps=900, budget="2m").parts(2, spent=20)]
        [(360, '40.000s'), (540, '60.000s')]
        """
        shares = [part / sum(range(2, count + 2)) for part in range(2, count + 2)]
        left = None
        if self.budget is not None:
            all_of_it = seconds_of(self.budget)
            left = max(all_of_it - spent, all_of_it / 2)
        return [
            replace(
                self,
                steps=max(1, round(self.steps * share)),
                budget=None if left is None else f"{left * share:.3f}s",
            )
            for share in shares
        ]


@dataclass(frozen=True)
class Teaching(CommonOptions):
    """What is shown, and what counts.

    batch: frames a step, "shuffled", or "consecutive" as the official code has them. near: how many
    times as likely moved holes come close to the hole's boundary (the paper has five in its 4K mode
    alone). held: known pixels are held out, by which the best weights are chosen. ambiguity,
    stabilisation: weights of the two terms that the paper adds, 0.1 and 0.2 there; the official
    code has them off. matching: of features in the first, "contextual" as in the code, or "nearest"
    as in equation 9. vgg: torchvision's VGG-19, whose features these are; without a file they are
    those of the fitted network itself. transforms: ranges of the second, of the "paper" or the
    "official" code. Raises BadInput.
    """

    batch: int = 2
    order: str = "shuffled"
    near: float = 5.0
    held: bool = True
    ambiguity: float = 0.0
    matching: str = "contextual"
    vgg: str = ""
    stabilisation: float = 0.0
    transforms: str = "paper"

    def __post_init__(self) -> None:
        """Refuse values that mean nothing."""
        super().__post_init__()
        self._check_whole("batch", 1)
        for name, least in (("ambiguity", 0), ("stabilisation", 0), ("near", 1)):
            if not least <= checked(float, getattr(self, name), name) < math.inf:
                raise BadInput(f"{name} is {getattr(self, name)}. Give a number from {least} up.")
        checked(bool, self.held, "held")
        checked(str, self.vgg, "vgg")
        self._check_known("order", ORDERS)
        self._check_known("matching", MATCHINGS)
        self._check_known("transforms", TRANSFORMS)


def seconds_of(budget: object) -> float:
    """Return how long a budget is; raises BadInput.

    >>> seconds_of("3m"), seconds_of("1.5h"), seconds_of("90s")
    (180.0, 5400.0, 90.0)
    """
    found = _BUDGET.fullmatch(budget) if isinstance(budget, str) else None
    if found is None or not float(found[1]):
        raise BadInput(f"budget is {budget!r}. Give a time such as 90s, 3m or 1h.")
    return float(found[1]) * _UNITS[found[2]]
