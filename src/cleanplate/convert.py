"""Official checkpoints -> weights files of ours; and what is in a file of ours."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from cleanplate.configs import built
from cleanplate.errors import BadInput
from cleanplate.io.place import refuse_same
from cleanplate.states import network_of, read_state, sum_of, torch_needed
from cleanplate.weights import load_weights, save_weights

if TYPE_CHECKING:
    from torch import Tensor

Given = str | os.PathLike[str]


def _sttn() -> ModuleType:
    from cleanplate.methods.sttn import network

    return network


def _tsam() -> ModuleType:
    from cleanplate.methods.tsam import network

    return network


def _tsam_state(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    from cleanplate.methods.tsam.checkpoint import translated

    return translated(state)


def _deepfill() -> ModuleType:
    from cleanplate.methods.flow_guided import deepfill

    return deepfill


def _dfc() -> ModuleType:
    from cleanplate.flow import dfc_stages

    return dfc_stages


def _raft() -> ModuleType:
    from cleanplate.flow import raft

    return raft


def _completion() -> ModuleType:
    from cleanplate.flow import completion_network

    return completion_network


def _fusion() -> ModuleType:
    from cleanplate.methods.flow_guided import fusion_network

    return fusion_network


def _taan() -> ModuleType:
    from cleanplate.methods.taan import network

    return network


@dataclass(frozen=True)
class Official:
    """Published checkpoints of a method.

    part: the entry that holds the state dict, None where the file is the state dict. beside:
    entries that may lie beside it. shells: classes of objects in these. prefix: of all its keys.
    licence: of those that its authors published. source: where from. network: imports the module
    with Config and Network, which needs PyTorch. ours: gives tensors our names, where they are not
    those of the official code.
    """

    part: str | None
    licence: str
    source: str
    network: Callable[[], ModuleType]
    beside: tuple[str, ...] = ()
    shells: tuple[str, ...] = ()
    prefix: str = ""
    ours: Callable[[Mapping[str, Tensor]], Mapping[str, Tensor]] = dict

    def state(self, file: Path) -> Mapping[str, Tensor]:
        """Read a checkpoint, with our names of its tensors; raises BadInput."""
        found = read_state(
            file, part=self.part, beside=self.beside, prefix=self.prefix, shells=self.shells
        )
        return self.ours(found)


# Of what a training has noted, as NumPy of any age writes its numbers.
_NUMPY = ("numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar", "numpy.dtype")

OFFICIAL = {
    "sttn": Official("netG", "MIT", "https://github.com/researchmm/STTN", _sttn),
    "tsam": Official(
        "state_dict",
        "not stated",
        "https://github.com/MaureenZOU/TSAM",
        _tsam,
        beside=(
            *("arch", "epoch", "logger", "monitor_best", "config"),
            *("optimizer_g", "optimizer_d_s", "optimizer_d_t"),
        ),
        shells=("utils.logger.Logger", *_NUMPY),
        ours=_tsam_state,
    ),
    "deepfill": Official(
        None,
        "MIT; the DeepFill that it follows is CC BY-NC 4.0",
        "https://github.com/nbei/Deep-Flow-Guided-Video-Inpainting",
        _deepfill,
    ),
    "dfc": Official(
        "model",
        "MIT",
        "https://github.com/nbei/Deep-Flow-Guided-Video-Inpainting",
        _dfc,
        beside=("n_iter", "optimizer"),
        prefix="module.",
    ),
    "raft": Official(
        None, "BSD-3-Clause", "https://github.com/princeton-vl/RAFT", _raft, prefix="module."
    ),
}
# Networks that nobody else has published.
OWN = {"completion": _completion, "fusion": _fusion, "taan": _taan}


def listed() -> list[dict[str, str]]:
    """Return a line for each official checkpoint that `convert` reads.

    >>> listed()[0]["method"], listed()[0]["licence"]
    ('sttn', 'MIT')
    """
    return [
        {"method": method, "licence": official.licence, "source": official.source}
        for method, official in OFFICIAL.items()
    ]


def convert(
    given: Given | Sequence[Given], out: Given, *, method: str = "sttn", config: str = "paper"
) -> dict[str, Any]:
    """Turn an official checkpoint into a weights file of ours; return what `check` says of it.

    given: .pth as the official code writes it, or its state dict alone; nothing in it is run.
    method: whose it is; of "dfc" (DFC-Net) one for each of its stages, in order, or torchvision's
    ResNet for its training to begin with. config: how its network is built, "paper" as published,
    "official", "small" or "tiny" where it has them. Raises BadInput for a checkpoint of another
    network, BadOutput where the result cannot be written.
    """
    files = [Path(given)] if isinstance(given, str | os.PathLike) else [Path(one) for one in given]
    official = _official(method)
    for file in files:
        refuse_same(file, Path(out))
    with torch_needed():
        room = official.network()
    others = [name for name in ("official", "small", "tiny") if hasattr(room.Config, name)]
    known = ("paper", *others)
    if config not in known:
        raise BadInput(f"config {config!r} is unknown. Choose one of: {', '.join(known)}.")
    several = hasattr(room, "joined")  # a checkpoint for each part of the network
    if len(files) != 1 and not (several and files):
        raise BadInput(f"{method} has one checkpoint, {len(files)} were given. Give one.")
    states = [official.state(file) for file in files]
    built_so, state = _config(room, config, states[0]), states[0]
    if several:
        built_so, state = room.joined(built_so, states)
    source = ", ".join(map(str, files))
    name = f"{method} ({config})" if others else method
    network_of(lambda: room.Network(built_so), state, name=name, source=source)
    about = {
        "licence": f"{official.licence}, if {official.source} published them",
        "file": ", ".join(file.name for file in files),
        "sha256": ", ".join(map(sum_of, files)),
    }
    save_weights(out, state, method=method, config=built_so, about=about)
    return check(out)


def _config(room: ModuleType, name: str, state: Mapping[str, Any]) -> Any:
    """Return a config by its name, "paper" as that of a state dict."""
    if name != "paper":
        return getattr(room.Config, name)()
    if hasattr(room.Config, "published"):  # several are, and the state dict tells which it is of
        return room.Config.published(state)
    return room.Config()


def check(path: Given) -> dict[str, Any]:
    """Return what a weights file of ours is: method, config, licence, parameters, sha256, about.

    Raises BadInput for a file that no method of ours could use.
    """
    weights = load_weights(path)
    find = OWN.get(weights.method) or _official(weights.method).network
    with torch_needed():
        room = find()
    config = built(room.Config, weights.config, source=str(path))
    network = network_of(
        lambda: room.Network(config), weights.state, name=weights.method, source=str(path)
    )
    return {
        "file": str(path),
        "method": weights.method,
        "config": weights.config,
        "licence": weights.about.get("licence", "not stated"),
        "parameters": sum(value.numel() for value in network.parameters()),
        "sha256": sum_of(Path(path)),
        "about": weights.about,
    }


def _official(method: str) -> Official:
    if method not in OFFICIAL:
        raise BadInput(
            f"method {method[:80]!r} has no weights that are known. "
            f"Choose one of: {', '.join(OFFICIAL)}."
        )
    return OFFICIAL[method]
