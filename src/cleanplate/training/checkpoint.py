"""Checkpoints: everything that a run needs to go on as if it had never stopped.

A checkpoint is complete or not there, whenever the process is killed; of a run the last few are
kept. It is opened as data: nothing in it is run.
"""

from __future__ import annotations

import os
import random
import re
from pathlib import Path
from typing import Any

import numpy as np
import torch

from cleanplate.errors import BadInput
from cleanplate.io.place import whole_file
from cleanplate.io.refuse import reading, writing
from cleanplate.states import refused_as, saved_data

FOLDER, FORMAT = "checkpoints", "cleanplate-run-1"
_NAME = re.compile(r"(\d{8,})\.pt")
_TORN = re.compile(r"\.\d{8,}\.pt\.[0-9a-f]+\.part")


def save(run: Path, step: int, content: dict[str, Any], *, keep: int) -> Path:
    """Write the checkpoint of a step and remove all but the last `keep`; raises BadOutput.

    content: tensors and plain values, nested as one likes.
    """
    folder = run / FOLDER
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{step:08}.pt"
    with whole_file(path) as part, part.open("wb") as file:
        torch.save({"format": FORMAT, "step": step, **content}, file)
        file.flush()
        os.fsync(file.fileno())  # or a loss of power could leave the name without the content
    tidy(run, keep=keep)
    return path


def tidy(run: Path, *, keep: int) -> None:
    """Remove all but the last `keep` checkpoints, and what killed processes left half-written."""
    folder = run / FOLDER
    with writing(folder):
        for path in _all(run)[:-keep]:
            path.unlink(missing_ok=True)
        for path in folder.iterdir():
            if _TORN.fullmatch(path.name):
                path.unlink(missing_ok=True)


def latest(run: Path) -> Path | None:
    """Return the newest checkpoint of a run, None where there is none."""
    found = _all(run)
    return found[-1] if found else None


def load(path: Path) -> dict[str, Any]:
    """Return what a checkpoint holds, on the CPU; raises BadInput for what is none of ours."""
    refusal = BadInput(
        f"checkpoint {path} is damaged, or holds more than tensors, and was not opened. "
        "Remove it to go on from the one before."
    )
    with reading(path), path.open("rb") as file, refused_as(refusal):
        content = saved_data(file)
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise BadInput(
            f"{path} is no checkpoint of a training run of ours. Give the folder of a run."
        )
    return content


def random_state() -> dict[str, Any]:
    """Return where all sources of random numbers are, as plain values and tensors."""
    version, numbers, gauss = random.getstate()
    name, keys, place, has, cached = np.random.get_state(legacy=True)  # noqa: NPY002 - libraries use it
    return {
        "python": [version, list(numbers), gauss],
        "numpy": [name, np.asarray(keys).tolist(), int(place), int(has), float(cached)],
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def set_random_state(state: dict[str, Any]) -> None:
    """Put all sources of random numbers where `random_state` found them."""
    version, numbers, gauss = state["python"]
    random.setstate((version, tuple(numbers), gauss))
    name, keys, place, has, cached = state["numpy"]
    np.random.set_state((name, np.array(keys, np.uint32), place, has, cached))  # noqa: NPY002
    torch.set_rng_state(state["torch"])
    if state["cuda"] and len(state["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(state["cuda"])


def _all(run: Path) -> list[Path]:
    """Return the checkpoints of a run, the newest last."""
    folder = run / FOLDER
    if not folder.is_dir():
        return []
    found = [path for path in folder.iterdir() if _NAME.fullmatch(path.name)]
    return sorted(found, key=lambda path: int(path.stem))
