"""Load weights from a user's file: tensors and nothing else, and only those that fit the network.

PyTorch is an optional part of an installation, so it is imported when first used.
"""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cleanplate.errors import BadInput

if TYPE_CHECKING:
    from torch import Tensor, nn

SUFFIXES = (".safetensors", ".pt", ".pth")
_LONGEST = 80  # letters of a key that are shown: a damaged file may hold anything


@contextmanager
def torch_needed() -> Iterator[None]:
    """Refuse with a sentence, BadInput, where PyTorch is imported within and is not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in ("torch", "safetensors"):
            raise
        raise BadInput(
            "this needs PyTorch, which is not installed. Install cleanplate[torch]."
        ) from None


def read_state(path: str | os.PathLike[str], *, sha256: str | None = None) -> dict[str, Tensor]:
    """Return the tensors of a weights file by their keys, on the CPU.

    path: .safetensors, or .pt and .pth as PyTorch saves a state dict; nothing in the file is run.
    sha256: the file's checksum in hexadecimal, if it is known. Raises BadInput for a file that is
    missing, damaged, of another kind or another sum, or that holds anything but named tensors.
    """
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise BadInput(f"weights {path} are of an unknown kind. Give {', '.join(SUFFIXES)}.")
    if not path.is_file():
        raise BadInput(f"weights {path} are not there. Give the path of a file.")
    if sha256 is not None:
        _check_sum(path, sha256)
    state = _read(path)
    if not isinstance(state, dict) or not state:
        raise BadInput(f"weights {path} hold no named tensors. Give the state dict of a network.")
    with torch_needed():
        from torch import Tensor
    for key, value in state.items():
        if not isinstance(key, str) or not isinstance(value, Tensor):
            raise BadInput(
                f"weights {path} hold {_shown(key)}, which is not a tensor with a name. "
                "Give the state dict alone."
            )
    return dict(state)


def fit_state(
    network: nn.Module,
    state: dict[str, Tensor],
    *,
    name: str,
    source: str,
    ignore: tuple[str, ...] = (),
) -> None:
    """Put tensors into a network, all of them and nowhere else, or refuse and change nothing.

    name, source: what the network and the file are called in a refusal. ignore: beginnings of
    keys that such files hold and the network has no use for. Batch normalisation's counts of
    training steps may be missing: files older than PyTorch 0.4.1 have none. Raises BadInput that
    names the first key that differs.
    """
    own = network.state_dict()
    given = {key: value for key, value in state.items() if not key.startswith(ignore)}
    problem = next(_differences(own, given), None)
    if problem:
        raise BadInput(
            f"weights {source} do not fit {name}: {problem}. Give the weights of {name}."
        )
    network.load_state_dict({**own, **given})


def _differences(own: dict[str, Tensor], given: dict[str, Tensor]) -> Iterator[str]:
    for key, wanted in own.items():
        if key not in given:
            if not key.endswith(".num_batches_tracked"):
                yield f"{key!r} is missing"
        elif given[key].shape != wanted.shape:
            yield f"{key!r} is {tuple(given[key].shape)} and not {tuple(wanted.shape)}"
        elif given[key].is_floating_point() != wanted.is_floating_point():
            yield f"{key!r} is {given[key].dtype} and not {wanted.dtype}"
    for key in given:
        if key not in own:
            yield f"{_shown(key)} has no place in it"


def _read(path: Path) -> Any:
    safe = path.suffix.lower() == ".safetensors"
    with torch_needed():
        import torch

        if safe:
            from safetensors.torch import load_file
    try:
        if safe:
            return load_file(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about archives of other kinds, which are refused
            return torch.load(path, map_location="cpu", weights_only=True)
    except MemoryError:
        raise
    # The readers meet whatever is in the file, and each has errors of its own for that.
    except Exception as error:
        raise BadInput(
            f"weights {path} are damaged, or hold more than tensors, and were not opened. "
            "Give a state dict, best as .safetensors."
        ) from error


def _check_sum(path: Path, wanted: str) -> None:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != wanted.lower():
        raise BadInput(
            f"weights {path} have the sha256 {found} and not {wanted}. Give the file that is meant."
        )


def _shown(key: object) -> str:
    text = repr(key)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."
