"""What a training run is told: what every room takes, and settings <-> files and `--set`."""

from __future__ import annotations

import dataclasses
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from cleanplate.configs import built, pairs
from cleanplate.devices import DEVICES, PRECISIONS
from cleanplate.errors import BadInput
from cleanplate.io.place import write_text
from cleanplate.io.refuse import reading

T = TypeVar("T")

LARGEST_SEED = (1 << 63) - 1
MAIN = "training"  # the table that a key without a dot belongs to


@dataclass(frozen=True)
class LoopSettings:
    """What the loop takes, whatever is trained.

    steps: in all. batch: clips a step, of all processes together. seed: of weights and samples.
    learning_rate, schedule: from each (step, factor) on, the rate is multiplied by the factor.
    precision: bf16 where autocast deems it safe, fp32, or auto (bf16 on a GPU that has it). clip:
    the most that a gradient's norm may be, 0 for any. ema: how much of the averaged weights stays
    at each step, 0 for none; the average is what is saved as the result. deterministic: on a GPU,
    only what gives the same result each time. log_every, save_every, pictures_every: steps. keep:
    checkpoints. workers: processes that decode, each; 0 for none beside the loop's own. licence:
    of the weights that come out, in words. begun_with: the checksum of the weights that the run
    began with; `train` sets it.
    """

    steps: int = 500_000
    batch: int = 8
    seed: int = 2020
    learning_rate: float = 1e-4
    schedule: tuple[tuple[int, float], ...] = ()
    precision: str = "fp32"
    clip: float = 0.0
    ema: float = 0.0
    deterministic: bool = True
    device: str = "auto"
    log_every: int = 50
    save_every: int = 1000
    pictures_every: int = 1000
    keep: int = 3
    workers: int = 2
    licence: str = "not stated"
    begun_with: str = ""

    def __post_init__(self) -> None:
        """Refuse values that mean nothing."""
        for name in ("steps", "batch", "log_every", "save_every", "pictures_every", "keep"):
            self._at_least(name, 1)
        for name in ("seed", "workers", "learning_rate", "clip", "ema"):
            self._at_least(name, 0)
        if self.seed > LARGEST_SEED:
            raise BadInput(f"seed is {self.seed}. Give at most {LARGEST_SEED}.")
        if self.ema >= 1:
            raise BadInput(f"ema is {self.ema}. Give a share below 1, such as 0.999.")
        if any(step < 0 or factor <= 0 for step, factor in self.schedule):
            raise BadInput(f"schedule is {self.schedule}. Give pairs [step, factor], factors > 0.")
        for name, known in (("precision", PRECISIONS), ("device", DEVICES)):
            if getattr(self, name) not in known:
                raise BadInput(
                    f"{name} {getattr(self, name)!r} is unknown. Choose one of: {', '.join(known)}."
                )

    def _at_least(self, name: str, least: int) -> None:
        if getattr(self, name) < least:
            raise BadInput(f"{name} is {getattr(self, name)}. Give {least} or more.")

    def _check_share(self, name: str) -> None:
        self._at_least(name, 0)
        if getattr(self, name) > 1:
            raise BadInput(f"{name} is {getattr(self, name)}. Give a share, from 0 to 1.")

    def _resolve(self, name: str) -> None:
        """Keep a file's whole path, if one is given: the run may go on from another folder."""
        if getattr(self, name):
            object.__setattr__(self, name, str(Path(getattr(self, name)).resolve()))

    def _check_betas(self, betas: tuple[float, float]) -> None:
        if not all(0 <= beta < 1 for beta in betas):
            raise BadInput(f"betas are {betas}. Give two shares below 1.")

    def rate(self, step: int) -> float:
        """Return the learning rate of a step, from 0.

        >>> LoopSettings(learning_rate=1.0, schedule=((10, 0.5), (20, 0.5))).rate(20)
        0.25
        """
        rate = self.learning_rate
        for start, factor in self.schedule:
            rate *= factor if step >= start else 1.0
        return rate


# What may change when a run goes on; everything else would make it another run.
MAY_CHANGE = frozenset(
    {"steps", "device", "log_every", "save_every", "pictures_every", "keep", "workers", "licence"}
)


def changed(settings: T, given: Mapping[str, Mapping[str, Any]], *, source: str) -> T:
    """Return settings with tables of plain values put in: {table: {key: value}}.

    settings: a dataclass whose fields are dataclasses, the tables. Raises BadInput for an unknown
    table or key and for a value of another kind.
    """
    tables = {f.name: getattr(settings, f.name) for f in dataclasses.fields(settings)}  # type: ignore[arg-type]
    for name, values in given.items():
        if name not in tables:
            raise BadInput(
                f"{source} has no table {name[:80]!r}. Choose from: {', '.join(tables)}."
            )
        whole = {**dataclasses.asdict(tables[name]), **values}
        tables[name] = built(type(tables[name]), whole, source=f"{source} [{name}]")
    return type(settings)(**tables)


def from_pairs(given: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Read `key=value` and `table.key=value` into tables, as `configs.pairs`; raises BadInput.

    >>> from_pairs(["batch=4", "network.size=[48, 96]", "licence=CC0"])
    {'training': {'batch': 4, 'licence': 'CC0'}, 'network': {'size': [48, 96]}}
    """
    tables: dict[str, dict[str, Any]] = {}
    for key, value in pairs(given).items():
        table, dot, name = key.rpartition(".")
        tables.setdefault(table if dot else MAIN, {})[name] = value
    return tables


def read_settings(path: Path) -> dict[str, dict[str, Any]]:
    """Read the tables of a TOML file; raises BadInput."""
    with reading(path):
        text = path.read_text("utf-8")
    try:
        tables = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        why = " ".join(str(error).split())
        raise BadInput(f"{path} is not TOML ({why}). Correct it, or save it again.") from None
    for name, values in tables.items():
        if not isinstance(values, dict):
            raise BadInput(f"{name[:80]} of {path} is in no table. Put it below [{MAIN}].")
    return tables


def write_settings(path: Path, settings: Any) -> None:
    """Write settings as TOML, a table for each field; complete or not at all. Raises BadOutput."""
    lines = []
    for table, values in dataclasses.asdict(settings).items():
        lines += [f"[{table}]"]
        lines += [f"{key} = {_toml(value)}" for key, value in values.items() if value is not None]
        lines += [""]
    write_text(path, "\n".join(lines))


def differences(ours: Any, theirs: Any) -> list[str]:
    """Name the settings that differ between two of a kind, `table.key`."""
    one, other = dataclasses.asdict(ours), dataclasses.asdict(theirs)
    return [
        f"{table}.{key}"
        for table, values in one.items()
        for key, value in values.items()
        if value != other[table][key]
    ]


def _toml(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value, ensure_ascii=False)  # the same in both for texts, numbers and truths
