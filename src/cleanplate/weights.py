"""Weights on disk: tensors and nothing else, and only those that fit the network.

Our own files are safetensors whose metadata say whose weights they are and how the network is
built, so that nothing else is needed to use them; state dicts of others are read as well.

PyTorch is an optional part of an installation, so it is imported when first used.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cleanplate.errors import BadInput, BadOutput
from cleanplate.io.place import Place
from cleanplate.io.refuse import reading, writing

if TYPE_CHECKING:
    from torch import Tensor, nn

FORMAT = "cleanplate-1"
SUFFIXES = (".safetensors", ".pt", ".pth")
_LONGEST = 80  # letters of a key that are shown: a damaged file may hold anything


@dataclass(frozen=True)
class Weights:
    """What a file of ours holds.

    method: the room whose network it is. config: plain values of that network's Config, for
    `configs.built`. state: its tensors by key. about: licence, data, steps, seed, as far as known.
    """

    method: str
    config: dict[str, Any]
    state: dict[str, Tensor]
    about: dict[str, Any] = field(default_factory=dict)


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


def save_weights(
    path: str | os.PathLike[str],
    state: Mapping[str, Tensor],
    *,
    method: str,
    config: Any,
    about: Mapping[str, Any] | None = None,
) -> None:
    """Write a file of ours, complete or not at all.

    config: the network's Config, a dataclass, or its plain values. about: what else is to be known
    of these weights; "licence" at least. Raises BadOutput where it cannot be written.
    """
    with torch_needed():
        from safetensors.torch import save
    path = Path(path)
    if path.suffix.lower() != ".safetensors":
        raise BadOutput(f"weights cannot be written as {path}. Give a name with .safetensors.")
    values = config if isinstance(config, Mapping) else dataclasses.asdict(config)
    metadata = {
        "format": FORMAT,
        "method": method,
        "config": json.dumps(dict(values)),
        "about": json.dumps(dict(about or {})),
    }
    # Copies, for what shares its memory with something else is not written.
    tensors = {key: value.detach().cpu().contiguous().clone() for key, value in state.items()}
    place = Place(path)
    try:
        with writing(path):
            place.part.write_bytes(_with_metadata(save(tensors), metadata))
        place.keep()
    finally:
        place.drop()


def load_weights(path: str | os.PathLike[str], *, method: str | None = None) -> Weights:
    """Return what a file of ours holds, its tensors on the CPU; nothing in the file is run.

    method: whose weights they have to be. Raises BadInput for a file that is missing, damaged, of
    another kind, without our metadata, or of another method.
    """
    path = _there(path)
    if path.suffix.lower() != ".safetensors":
        raise BadInput(
            f"weights {path} are not a file of ours (.safetensors). Turn an official checkpoint "
            "into one: cleanplate weights convert."
        )
    metadata, state = _open_safely(path)
    if metadata.get("format") != FORMAT:
        raise BadInput(
            f"weights {path} do not say what network they are of (format {FORMAT}). "
            "Give a file of ours; cleanplate weights convert makes one."
        )
    parts = [_table_of(path, metadata, name) for name in ("config", "about")]
    found = metadata.get("method", "")
    if method is not None and found != method:
        raise BadInput(
            f"weights {path} are of {_shown(found)}, not of {method!r}. Give weights of {method}."
        )
    return Weights(found, parts[0], state, parts[1])


def read_state(
    path: str | os.PathLike[str], *, sha256: str | None = None, part: str | None = None
) -> dict[str, Tensor]:
    """Return the tensors of a weights file by their keys, on the CPU.

    path: .safetensors, or .pt and .pth as PyTorch saves a state dict; nothing in the file is run.
    sha256: the file's checksum in hexadecimal, if it is known. part: the entry under which such
    files keep the state dict, if it is there. Raises BadInput for a file that is missing, damaged,
    of another kind or another sum, or that holds anything but named tensors.
    """
    path = _there(path)
    if sha256 is not None:
        _check_sum(path, sha256)
    state = _read(path)
    if part is not None and isinstance(state, dict) and set(state) == {part}:
        state = state[part]
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
    assign: bool = False,
) -> None:
    """Put tensors into a network, all of them and nowhere else, or refuse and change nothing.

    name, source: what the network and the file are called in a refusal. assign: make the tensors
    themselves its own, for a network on PyTorch's "meta" device. ignore: beginnings of
    keys that such files hold and the network has no use for. Batch normalisation's counts of
    training steps may be missing: files older than PyTorch 0.4.1 have none. Raises BadInput that
    names the first key that differs.
    """
    refuse_misfit(network, state, name=name, source=source, ignore=ignore)
    given = {key: value for key, value in state.items() if not key.startswith(ignore)}
    own = network.state_dict()
    if assign:
        given = {key: value.to(own[key].dtype) for key, value in given.items()}
    network.load_state_dict({**own, **given}, assign=assign)


def refuse_misfit(
    network: nn.Module,
    state: Mapping[str, Tensor],
    *,
    name: str,
    source: str,
    ignore: tuple[str, ...] = (),
) -> None:
    """Refuse tensors that do not fit a network, as `fit_state`, and change nothing.

    The network may be one without memory, on PyTorch's device "meta". Raises BadInput.
    """
    given = {key: value for key, value in state.items() if not key.startswith(ignore)}
    problem = next(_differences(network.state_dict(), given), None)
    if problem:
        raise BadInput(
            f"weights {source} do not fit {name}: {problem}. Give the weights of {name}."
        )


def _differences(own: dict[str, Tensor], given: dict[str, Tensor]) -> Iterator[str]:
    for key, wanted in own.items():
        if key not in given:
            if not key.endswith(".num_batches_tracked"):
                yield f"{key!r} is missing"
        elif given[key].shape != wanted.shape:
            yield f"{key!r} is {tuple(given[key].shape)} and not {tuple(wanted.shape)}"
        elif given[key].is_floating_point() != wanted.is_floating_point():
            yield f"{key!r} is {given[key].dtype} and not {wanted.dtype}"
        elif not given[key].isfinite().all():
            yield f"{key!r} holds values that are no numbers"
    for key in given:
        if key not in own:
            yield f"{_shown(key)} has no place in it"


def _there(given: str | os.PathLike[str]) -> Path:
    """Return the path of a file that is there and whose suffix is known; raises BadInput."""
    path = Path(given)
    if path.suffix.lower() not in SUFFIXES:
        raise BadInput(f"weights {path} are of an unknown kind. Give {', '.join(SUFFIXES)}.")
    if not path.is_file():
        raise BadInput(f"weights {path} are not there. Give the path of a file.")
    return path


def _open_safely(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    """Return the metadata and the tensors of a safetensors file; raises BadInput."""
    with torch_needed():
        from safetensors import safe_open

        try:
            with safe_open(path, framework="pt") as file:
                state = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - no dict
                return dict(file.metadata() or {}), state
        except (MemoryError, ModuleNotFoundError):
            raise
        except Exception as error:  # whatever the reader stumbles over in a damaged file
            raise _damaged(path) from error


def _with_metadata(content: bytes, metadata: dict[str, str]) -> bytes:
    """Put metadata into a safetensors file, whose own writer puts them in another order each time.

    The same weights make the same bytes, and so the same checksum.
    """
    end = 8 + int.from_bytes(content[:8], "little")
    header = json.dumps({"__metadata__": metadata, **json.loads(content[8:end])}).encode()
    header += b" " * (-len(header) % 8)  # the tensors begin at a multiple of 8
    return len(header).to_bytes(8, "little") + header + content[end:]


def _table_of(path: Path, metadata: dict[str, str], name: str) -> dict[str, Any]:
    """Return one of the tables in our metadata; raises BadInput where it is none."""
    try:
        values = json.loads(metadata[name])
    except (KeyError, ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise BadInput(f"weights {path} have no readable {name}. Give an undamaged file.")
    return values


def _damaged(path: Path) -> BadInput:
    return BadInput(
        f"weights {path} are damaged, or hold more than tensors, and were not opened. "
        "Give a state dict, best as .safetensors."
    )


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
        raise _damaged(path) from error


def sum_of(path: Path) -> str:
    """Return the sha256 of a file in hexadecimal; raises BadInput where it cannot be read."""
    with reading(path), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_sum(path: Path, wanted: str) -> None:
    found = sum_of(path)
    if found != wanted.lower():
        raise BadInput(
            f"weights {path} have the sha256 {found} and not {wanted}. Give the file that is meant."
        )


def _shown(key: object) -> str:
    text = repr(key)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."
