"""train(): a method by its name, on a data set, into the folder of a run.

=======================  =======================================================================
in the folder            what it is
=======================  =======================================================================
``weights.safetensors``  what came out so far, for fill
``settings.toml``        all that the run was told
``clips.txt``            the clips that it sees
``history.jsonl``        its losses; ``tensorboard/``: the same as curves, with pictures
``checkpoints/``         what it needs to go on
``made/``                samples that took long to make, if any; may be deleted
=======================  =======================================================================
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from cleanplate.configs import built
from cleanplate.datasets.clip import Clip
from cleanplate.datasets.folders import open_dataset
from cleanplate.devices import device_named
from cleanplate.errors import BadInput, BadOutput
from cleanplate.io.place import write_text
from cleanplate.io.refuse import path_of, reading, writing
from cleanplate.states import fit_state, sum_of, torch_needed
from cleanplate.training.settings import (
    MAIN,
    MAY_CHANGE,
    changed,
    differences,
    read_settings,
    write_settings,
)
from cleanplate.weights import Weights, load_weights, save_weights

Given = str | os.PathLike[str]
Tables = Mapping[str, Mapping[str, Any]]

WEIGHTS, SETTINGS, CLIPS = "weights.safetensors", "settings.toml", "clips.txt"
MADE = "made"


def _sttn() -> ModuleType:
    from cleanplate.methods.sttn import train

    return train


def _tsam() -> ModuleType:
    from cleanplate.methods.tsam import train

    return train


def _taan() -> ModuleType:
    from cleanplate.methods.taan import train

    return train


def _completion() -> ModuleType:
    from cleanplate.methods.flow_guided import train_completion

    return train_completion


def _fusion() -> ModuleType:
    from cleanplate.methods.flow_guided import train_fusion

    return train_fusion


def _dfc() -> ModuleType:
    from cleanplate.methods.flow_guided import train_dfc

    return train_dfc


# What can be trained: what imports the `train` of its room, which needs PyTorch.
TRAINED: dict[str, Callable[[], ModuleType]] = {
    "sttn": _sttn,
    "tsam": _tsam,
    "taan": _taan,
    "completion": _completion,
    "fusion": _fusion,
    "dfc": _dfc,
}


@dataclass(frozen=True)
class Trained:
    """What a run came to: its weights, how many steps are done, and the losses shown last.

    There are no losses where nothing was left to do.
    """

    weights: Path
    steps: int
    losses: dict[str, float]


def train(
    method: str,
    *,
    data: Given,
    out: Given,
    steps: int | None = None,
    config: str | None = None,
    settings: Tables | None = None,
    weights: Given | None = None,
    split: str | None = None,
    resume: bool = False,
    progress: Callable[[str], None] | None = None,
    bar: bool = False,
) -> Trained:
    """Train a method on the clips of a data set.

    data: as for evaluate; split: one of its splits. out: the folder of the run, new or empty.
    steps: in all. config: a preset of the method's: "paper" (the default), "small", "tiny", or
    another of its `CONFIGS`.
    settings: what differs from it, {"training": {"batch": 4}, "network": {...}}. weights: a file
    of ours to begin with, whose network it then is, whatever the preset. resume: go on with the
    run in `out`; nothing that makes a difference to it may change. progress: is told how it goes,
    a line at a time. bar: draw one on a terminal. Raises BadInput and BadOutput.
    """
    room, run = _room(method), path_of(out)
    given = _given(settings, steps)
    start = None if weights is None else load_weights(weights, method=method)
    if resume:
        told = _resumed(room, run, given, config=config, weights=weights)
    else:
        told = _begun(room, given, config, start)
        begun_with = "" if weights is None else sum_of(Path(weights))
        told = replace(told, training=replace(told.training, begun_with=begun_with))
    clips = open_dataset(path_of(data), split=split).clips
    about = {
        "licence": told.training.licence,
        "data": path_of(data).absolute().name,
        "clips": len(clips),
        "seed": told.training.seed,
        "ema": told.training.ema,
        "from": told.training.begun_with or None,
    }
    job = _Job(method, room, run, told, clips, about)
    losses = job.go(start, resume=resume, tell=progress, bar=bar)
    return Trained(run / WEIGHTS, told.training.steps, losses)


@dataclass(frozen=True)
class _Job:
    """A run, told all it has to be told."""

    method: str
    room: ModuleType
    run: Path
    told: Any  # the room's Settings
    clips: Sequence[Clip]
    about: dict[str, Any]

    def go(
        self,
        start: Weights | None,
        *,
        resume: bool,
        tell: Callable[[str], None] | None,
        bar: bool,
    ) -> dict[str, float]:
        """Train to the end and return the losses that were shown last."""
        from cleanplate.training import loop
        from cleanplate.training.processes import joined

        told = self.told
        device = device_named(told.training.device)
        with joined(device) as group, _own_random_numbers(told.training.seed):
            group.share(told.training.batch)  # refuses before anything is written
            network = self.room.Network(told.network)
            state = None if resume else _first_state(self.room, told, start)
            if state is not None:
                fit_state(network, state, name=self.method, source="to begin with")
            if group.first:
                self._open_folder(resume=resume)
            group.wait()
            samples = self.room.samples(told, self.clips)
            samples.folder = self.run / MADE
            losses = loop.run(
                self.room.lesson(told, network, device),
                samples,
                told.training,
                self.run,
                write=self._write,
                group=group,
                resume=_checkpoint(self.run) if resume else None,
                tell=tell,
                bar=bar,
            )
            if tell and group.first:
                tell(f"{self.run / WEIGHTS}: the weights after {told.training.steps} steps")
            return losses

    def _write(self, state: Mapping[str, Any], done: int) -> None:
        about = {**self.about, "steps": done}
        path = self.run / WEIGHTS
        save_weights(path, state, method=self.method, config=self.told.network, about=about)

    def _open_folder(self, *, resume: bool) -> None:
        """Make the folder of a new run, or see that an old one is of these clips."""
        names = "".join(f"{clip.name}\n" for clip in self.clips)
        listed = self.run / CLIPS
        if resume:
            with reading(listed):
                same = listed.read_text("utf-8") == names
            if not same:
                raise BadInput(
                    f"{self.run} was trained on other clips ({listed} names them). "
                    "Give the data set that it began with, or begin a new run with its weights."
                )
        else:
            with writing(self.run):
                self.run.mkdir(parents=True, exist_ok=True)
                if not _is_new(self.run):
                    raise BadOutput(
                        f"{self.run} is not empty. Give a new folder, or --resume to go on."
                    )
            shutil.rmtree(self.run / MADE, ignore_errors=True)  # of a run that ended as it began
            write_text(listed, names)
        write_settings(self.run / SETTINGS, self.told)


def _room(method: str) -> ModuleType:
    if method not in TRAINED:
        raise BadInput(
            f"method {str(method)[:80]!r} cannot be trained. Choose one of: {', '.join(TRAINED)}."
        )
    with torch_needed():
        return TRAINED[method]()


def _given(settings: Tables | None, steps: int | None) -> dict[str, dict[str, Any]]:
    tables = {name: dict(values) for name, values in (settings or {}).items()}
    if steps is not None:
        tables.setdefault(MAIN, {})["steps"] = steps
    return tables


def _begun(room: ModuleType, given: Tables, config: str | None, start: Weights | None) -> Any:
    """Return the settings of a new run."""
    known: dict[str, Any] = room.CONFIGS
    if config is not None and config not in known:
        raise BadInput(f"config {config!r} is unknown. Choose one of: {', '.join(known)}.")
    told = known[config or "paper"]
    if start:
        network = built(room.Config, start.config, source="the weights' config")
        told = replace(told, network=network)
    return changed(told, given, source="settings")


def _first_state(room: ModuleType, told: Any, start: Weights | None) -> Mapping[str, Any] | None:
    """Return the tensors that a run begins with, none for new ones.

    A room may make them of those given (`first_state`), or refuse to go without.
    """
    if hasattr(room, "first_state"):
        state: Mapping[str, Any] | None = room.first_state(told, start)
        return state
    return start.state if start else None


def _resumed(
    room: ModuleType, run: Path, given: Tables, *, config: str | None, weights: Given | None
) -> Any:
    """Return the settings of a run that goes on; raises BadInput where they would differ."""
    if config is not None or weights is not None:
        raise BadInput("a run that goes on has its own network. Leave config and weights out.")
    path = run / SETTINGS
    if not path.is_file():
        raise BadInput(f"{run} holds no run to go on with (no {SETTINGS}). Leave --resume out.")
    own = changed(room.CONFIGS["paper"], read_settings(path), source=str(path))
    told = changed(own, given, source="settings")
    free = {f"{MAIN}.{name}" for name in MAY_CHANGE}
    for name in differences(own, told):
        if name not in free:
            raise BadInput(
                f"{name} makes {run} another run than the one that began. Leave it out, "
                "or begin a new run with its weights."
            )
    done = int(_checkpoint(run).stem)
    if done > told.training.steps:
        raise BadInput(
            f"{run} has done {done} steps, steps is {told.training.steps}. Give as many or more."
        )
    return told


def _is_new(run: Path) -> bool:
    """Tell whether a folder holds nothing, or what is left of a run that ended as it began."""
    from cleanplate.training.checkpoint import FOLDER, latest

    ours = {CLIPS, SETTINGS, FOLDER, MADE}
    torn = {path.name for path in run.glob(".*.part")}
    return {path.name for path in run.iterdir()} <= ours | torn and latest(run) is None


def _checkpoint(run: Path) -> Path:
    from cleanplate.training.checkpoint import latest

    found = latest(run)
    if found is None:
        raise BadInput(f"{run} holds no checkpoint to go on from. Begin a new run.")
    return found


@contextmanager
def _own_random_numbers(seed: int) -> Iterator[None]:
    """Begin random numbers anew inside, and leave the caller's as they were."""
    import random

    import numpy as np
    import torch

    from cleanplate.training.checkpoint import random_state, set_random_state

    before = random_state()
    torch.manual_seed(seed)
    random.seed(seed)
    np.random.seed(seed % (1 << 32))  # noqa: NPY002 - for libraries that draw from it
    try:
        yield
    finally:
        set_random_state(before)
