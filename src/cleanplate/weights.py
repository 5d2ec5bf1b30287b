"""Weights files of ours: safetensors that say whose weights they are and how the network is built.

Nothing else is needed to use them.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from cleanplate.configs import built
from cleanplate.errors import BadInput, BadOutput
from cleanplate.io.place import whole_file
from cleanplate.states import damaged, network_of, refused_as, shown, there, torch_needed

if TYPE_CHECKING:
    from torch import Tensor

FORMAT = "cleanplate-1"


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
    with whole_file(path) as part:
        part.write_bytes(_with_metadata(save(tensors), metadata))


def load_weights(path: str | os.PathLike[str], *, method: str | None = None) -> Weights:
    """Return what a file of ours holds, its tensors on the CPU; nothing in the file is run.

    method: whose weights they have to be. Raises BadInput for a file that is missing, damaged, of
    another kind, without our metadata, or of another method.
    """
    path = there(path)
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
            f"weights {path} are of {shown(found)}, not of {method!r}. Give weights of {method}."
        )
    return Weights(found, parts[0], state, parts[1])


def load_network(path: str | os.PathLike[str], *, method: str, room: ModuleType) -> Any:
    """Return the network of a file of ours, on the CPU, as its config says it is built.

    room: the module that has the method's Config and Network. Raises BadInput, see `load_weights`
    and `network_of`.
    """
    found = load_weights(path, method=method)
    config = built(room.Config, found.config, source=str(path))
    return network_of(lambda: room.Network(config), found.state, name=method, source=str(path))


def _open_safely(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    """Return the metadata and the tensors of a safetensors file; raises BadInput."""
    with torch_needed():
        import torch  # noqa: F401 - the reader would look for it late
        from safetensors import safe_open
    with refused_as(damaged(path)), safe_open(path, framework="pt") as file:
        state = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - no dict
        return dict(file.metadata() or {}), state


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
