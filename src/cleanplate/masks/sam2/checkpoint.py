"""A folder of published weights -> the network, with nothing run and nothing fetched."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from cleanplate.devices import device_named, precision_named
from cleanplate.errors import BadInput
from cleanplate.io.refuse import reading
from cleanplate.states import network_of, read_state, refused_as, torch_needed

KIND = "sam2_video"  # as their config.json calls it

_CONFIG, _TENSORS = "config.json", "model.safetensors"
_GIVE = f"Give the folder of a published SAM 2 or 2.1, with {_CONFIG} and {_TENSORS}."
_LONGEST_CONFIG = 1_000_000  # bytes
_STRIDES = (4, 8, 16)  # of its three sets of features, in pixels of its pictures
_LARGEST = 4096  # number in a config: nothing of the published ones is half as large
_MARKS = 8  # key masks that a frame is compared with: the nearest

# Files have but one of the two, which are the same.
_SHARED = "shared_image_embedding.positional_embedding"
_COPY = "prompt_encoder.shared_embedding.positional_embedding"


@dataclass(frozen=True)
class Sam2:
    """The network, ready on its device. bf16: whether it computes with bfloat16."""

    network: Any
    device: torch.device
    bf16: bool

    @property
    def side(self) -> int:
        """Of its pictures, which are square: pixels."""
        return int(self.network.image_size)


def load_sam2(
    weights: str | os.PathLike[str] | None, *, device: str = "auto", precision: str = "auto"
) -> Sam2:
    """Return the network of a folder of published weights, or of the .safetensors file in it.

    device, precision: names, see `devices`. Which size the network has is read from config.json
    beside the weights. Raises BadInput for what is missing, damaged or of another kind, and where
    the library transformers is not installed.
    """
    folder, told = check_sam2(weights)
    from transformers import Sam2VideoModel

    place = device_named(device)
    state = read_state(folder / _TENSORS)
    if _SHARED in state:
        state.setdefault(_COPY, state[_SHARED])
    broken = f"{folder / _CONFIG} describes no SAM 2 that can be built. {_GIVE}"
    with refused_as(BadInput(broken)):
        config = _config(told)
    source = str(folder / _TENSORS)
    # Refused before it takes memory; what a file does not hold is there only when built in earnest.
    network_of(lambda: Sam2VideoModel(config), state, name="this SAM 2", source=source)
    with torch.random.fork_rng(devices=[]):
        network = Sam2VideoModel(config)
    network.load_state_dict(state)
    network.requires_grad_(False).eval().to(place)
    return Sam2(network, place, precision_named(precision, place) == torch.bfloat16)


def check_sam2(weights: str | os.PathLike[str] | None) -> tuple[Path, dict[str, Any]]:
    """Return the folder of weights and what its config.json says, the weights not yet read.

    Raises BadInput as `load_sam2`, as far as that shows.
    """
    folder = _folder(weights)
    with _library_needed():
        from transformers import Sam2VideoModel  # noqa: F401 - is it there?
    return folder, _read_config(folder / _CONFIG)


def _folder(weights: str | os.PathLike[str] | None) -> Path:
    """Return the folder that holds what is needed; raises BadInput."""
    if weights is None:
        raise BadInput(f"SAM 2 needs its weights. {_GIVE}")
    path = Path(weights)
    with reading(path):
        if path.is_file() and path.name != _TENSORS:
            raise BadInput(f"weights {path} are not opened. {_GIVE}")
        folder = path.parent if path.is_file() else path
        for name in (_CONFIG, _TENSORS):
            if not (folder / name).is_file():
                raise BadInput(f"weights {folder} have no {name}. {_GIVE}")
    return folder


@contextmanager
def _library_needed() -> Iterator[None]:
    """Refuse with a sentence, BadInput, where what the extra installs is not there."""
    try:
        with torch_needed():
            yield
    except ImportError as error:
        raise BadInput(
            "this needs the library transformers with SAM 2, which is not installed. "
            "Install cleanplate[sam2]."
        ) from error


def _read_config(path: Path) -> dict[str, Any]:
    """Return what a config.json says, if it is one of the right kind; raises BadInput."""
    broken = BadInput(f"{path} is damaged. {_GIVE}")
    with reading(path), path.open("rb") as file:
        text = file.read(_LONGEST_CONFIG + 1)
    if len(text) > _LONGEST_CONFIG:
        raise broken
    with refused_as(broken):
        told = json.loads(text)
    if not isinstance(told, dict):
        raise broken
    kind = told.get("model_type")
    if kind != KIND:
        raise BadInput(f"weights {path.parent} are of {str(kind)[:40]!r}, not {KIND!r}. {_GIVE}")
    return told


def _config(told: Mapping[str, Any]) -> Any:
    """Return what the network is built from, of what the library's own classes know and no more.

    So no file can name a network of another kind, or code that would be fetched.
    """
    from transformers import Sam2HieraDetConfig, Sam2VideoConfig, Sam2VisionConfig
    from transformers.models.sam2_video.configuration_sam2_video import (
        Sam2VideoMaskDecoderConfig,
        Sam2VideoPromptEncoderConfig,
    )

    vision = told["vision_config"]
    parts = {
        "vision_config": _own(
            Sam2VisionConfig,
            vision,
            backbone_config=_own(Sam2HieraDetConfig, vision["backbone_config"]),
        ),
        "prompt_encoder_config": _own(Sam2VideoPromptEncoderConfig, told["prompt_encoder_config"]),
        "mask_decoder_config": _own(Sam2VideoMaskDecoderConfig, told["mask_decoder_config"]),
    }
    theta = float(told.get("memory_attention_rope_theta", 10_000))  # the key of older files
    parts["rope_parameters"] = told.get("rope_parameters") or {
        "rope_theta": theta,
        "rope_type": "axial",
    }
    config = _own(Sam2VideoConfig, told, **parts)
    _check_agreement(config, float(parts["rope_parameters"]["rope_theta"]))
    if config.max_cond_frame_num == -1:
        config.max_cond_frame_num = _MARKS
    return config


def _check_agreement(config: Any, theta: float) -> None:
    """Raise ValueError where numbers contradict each other that no tensor has the shape of."""
    side = config.image_size
    if not isinstance(side, int) or side < _STRIDES[-1] or side % _STRIDES[-1]:
        raise ValueError("pictures are square, and of whole cells")
    sizes = [[side // stride] * 2 for stride in _STRIDES]
    if [list(size) for size in config.vision_config.backbone_feature_sizes] != sizes:
        raise ValueError("features are of another size")
    if list(config.memory_attention_rope_feat_sizes) != sizes[-1]:
        raise ValueError("what is remembered is of another size")
    if config.prompt_encoder_config.image_size != side:
        raise ValueError("prompts are of another size")
    if config.max_object_pointers_in_encoder < 2 or config.num_maskmem < 2:
        raise ValueError("nothing would be remembered")
    if not (math.isfinite(theta) and theta > 0):
        raise ValueError("rotations need a base")


def _own(kind: Any, values: Mapping[str, Any], **parts: Any) -> Any:
    """Return a config of a kind, of those values that the kind itself names."""
    known = {key: values[key] for key in kind.__annotations__ if key in values}
    known |= parts
    plain = [value for key, value in known.items() if key not in parts]
    while plain:
        value = plain.pop()
        if isinstance(value, list):
            plain += value
        elif isinstance(value, int) and value > _LARGEST:
            raise ValueError(f"{value} is too large")
    return kind(**known)
