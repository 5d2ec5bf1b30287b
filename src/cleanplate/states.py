"""State dicts: tensors by name, read without running anything, and put only where they fit.

PyTorch is an optional part of an installation, so it is imported when first used.
"""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import IO, TYPE_CHECKING, Any, TypeVar

from cleanplate.errors import BadInput
from cleanplate.io.refuse import reading

if TYPE_CHECKING:
    from torch import Tensor, nn

    Net = TypeVar("Net", bound=nn.Module)

SUFFIXES = (".safetensors", ".pt", ".pth")
_reading = Lock()
_LONGEST = 80  # letters of a key that are shown: a damaged file may hold anything


def has_torch() -> bool:
    """Tell whether networks can be used: whether what they need is installed."""
    return all(find_spec(name) for name in ("torch", "safetensors"))


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


def read_state(
    path: str | os.PathLike[str],
    *,
    sha256: str | None = None,
    part: str | None = None,
    beside: tuple[str, ...] = (),
    prefix: str = "",
    shells: tuple[str, ...] = (),
) -> dict[str, Tensor]:
    """Return the tensors of a weights file by their keys, on the CPU.

    path: .safetensors, or .pt and .pth as PyTorch saves a state dict; nothing in the file is run.
    sha256: the file's checksum in hexadecimal, if it is known. part: the entry under which such
    files keep the state dict, if it is there. beside: entries that may lie beside it, and are left
    out. prefix: what all keys may begin with, and is left out. shells: classes, such as
    "utils.logger.Logger", of objects beside it: each becomes a `Shell`. Raises BadInput for a file
    that is missing, damaged, of another kind or another sum, or that holds anything but named
    tensors.
    """
    path = there(path)
    if sha256 is not None:
        _check_sum(path, sha256)
    state = _read(path, shells)
    if part is not None and isinstance(state, dict) and part in state:
        others = sorted(map(shown, set(state) - {part, *beside}))
        if others:
            raise BadInput(
                f"weights {path} hold {others[0]} beside {part!r}. "
                "Give the file as it was published."
            )
        state = state[part]
    if not isinstance(state, dict) or not state:
        raise BadInput(f"weights {path} hold no named tensors. Give the state dict of a network.")
    with torch_needed():
        from torch import Tensor
    for key, value in state.items():
        if not isinstance(key, str) or not isinstance(value, Tensor):
            raise BadInput(
                f"weights {path} hold {shown(key)}, which is not a tensor with a name. Give "
                + ("" if part is None else f"the file that holds {part!r}, or ")
                + "the state dict alone."
            )
    skip = len(prefix) if all(key.startswith(prefix) for key in state) else 0
    return {key[skip:]: value for key, value in state.items()}


def fit_state(
    network: nn.Module,
    state: Mapping[str, Tensor],
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
    given = {key: value for key, value in state.items() if not key.startswith(ignore)}
    own = network.state_dict()
    _refuse_misfit(own, given, name, source)
    network.load_state_dict({**own, **given})


def network_of(
    make: Callable[[], Net], state: Mapping[str, Tensor], *, name: str, source: str
) -> Net:
    """Return a network whose tensors are those given, or refuse them as `fit_state` does.

    Before they are known to fit it takes no memory, and it never draws random numbers.
    """
    import torch

    refusal = BadInput(
        f"weights {source} say that {name} is built as it cannot be. Give an undamaged file."
    )
    with refused_as(refusal), torch.device("meta"):
        network = make()
    own = network.state_dict()
    _refuse_misfit(own, state, name, source)
    counts = {key: torch.zeros_like(own[key], device="cpu") for key in own.keys() - state.keys()}
    given = {key: value.to(own[key].dtype) for key, value in state.items()}
    network.load_state_dict({**counts, **given}, assign=True)
    return network


def _refuse_misfit(
    own: Mapping[str, Tensor], given: Mapping[str, Tensor], name: str, source: str
) -> None:
    problem = next(_differences(own, given), None)
    if problem:
        raise BadInput(
            f"weights {source} do not fit {name}: {problem}. Give the weights of {name}."
        )


def _differences(own: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> Iterator[str]:
    for key, wanted in own.items():
        if key not in given:
            if not key.endswith(".num_batches_tracked"):
                yield f"{key!r} is missing"
        elif given[key].layout != wanted.layout or given[key].device.type != "cpu":
            yield f"{key!r} is not a plain tensor"
        elif given[key].dtype.itemsize < 2 and given[key].is_floating_point():
            yield f"{key!r} is {given[key].dtype} and not {wanted.dtype}"
        elif given[key].shape != wanted.shape:
            yield f"{key!r} is {tuple(given[key].shape)} and not {tuple(wanted.shape)}"
        elif given[key].is_floating_point() != wanted.is_floating_point():
            yield f"{key!r} is {given[key].dtype} and not {wanted.dtype}"
        elif not given[key].isfinite().all():
            yield f"{key!r} holds values that are no numbers"
    for key in given:
        if key not in own:
            yield f"{shown(key)} has no place in it"


def there(given: str | os.PathLike[str]) -> Path:
    """Return the path of a file that is there and whose suffix is known; raises BadInput."""
    path = Path(given)
    if path.suffix.lower() not in SUFFIXES:
        raise BadInput(f"weights {path} are of an unknown kind. Give {', '.join(SUFFIXES)}.")
    if not path.is_file():
        raise BadInput(f"weights {path} are not there. Give the path of a file.")
    return path


def damaged(path: Path) -> BadInput:
    """Return the refusal of a file that cannot be opened safely."""
    return BadInput(
        f"weights {path} are damaged, or hold more than tensors, and were not opened. "
        "Give a state dict, best as .safetensors."
    )


class Shell:
    """Stands for an object of a class that is not ours, and does nothing of what that does."""

    def __init__(self, *told: object) -> None:
        pass

    def __setstate__(self, state: object) -> None:
        """Forget it."""


def _read(path: Path, shells: tuple[str, ...] = ()) -> Any:
    with torch_needed():
        import torch  # noqa: F401 - for its refusal
        from safetensors.torch import load_file
    with refused_as(damaged(path)):
        if path.suffix.lower() == ".safetensors":
            return load_file(path)
        return saved_data(path, shells)


def saved_data(file: Path | IO[bytes], shells: tuple[str, ...] = ()) -> Any:
    """Return what PyTorch saved, on the CPU: data alone, anything else is an error of some kind.

    shells: see `read_state`.
    """
    import torch
    from torch.serialization import safe_globals

    known: list[Any] = [(type("Shell", (Shell,), {}), name) for name in shells]
    # What is known counts for the whole process, and another thread would forget it.
    with _reading, warnings.catch_warnings(), safe_globals(known) if known else nullcontext():
        warnings.simplefilter("ignore")  # about archives of other kinds, which are refused
        return torch.load(file, map_location="cpu", weights_only=True)


@contextmanager
def refused_as(refusal: BadInput) -> Iterator[None]:
    """Raise a refusal for whatever a reader stumbles over: each has errors of its own for that."""
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:
        raise refusal from error


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


def shown(key: object) -> str:
    """Return a key for a sentence."""
    text = repr(key)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."
