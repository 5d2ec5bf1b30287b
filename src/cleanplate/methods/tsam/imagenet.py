"""TSAM's encoder begun with what a ResNet-50 knows of pictures.

Zou et al., CVPR 2021, begin with one for five channels that is not public. Here the first layer of
torchvision's is inflated: to what is no colour it gives the mean of what it gives to colours. Gates
begin as copies of what they are gates of, as in the official code.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from cleanplate.states import fit_state, read_state

COLOURS = 3
FIRST = "conv1.weight"
BEFORE, OURS = ".conv1.weight", ".conv1.feature.weight"  # of a block's first convolution


def begun(encoder: torch.nn.Module, path: str | os.PathLike[str]) -> None:
    """Put torchvision's ResNet-50, from a file, into an encoder, or refuse and change nothing.

    Raises BadInput for a file that cannot be read or does not fit.
    """
    own = encoder.state_dict()
    state = dict(_inflated(read_state(path), inputs=own[FIRST].shape[1], gates=own))
    fit_state(encoder, state, name="TSAM's encoder", source=str(path), ignore=("fc.",))


def _inflated(
    state: Mapping[str, Tensor], *, inputs: int, gates: Mapping[str, Tensor]
) -> Iterator[tuple[str, Tensor]]:
    """Yield tensors by our names; inputs: channels; gates: keys of the encoder."""
    for key, value in state.items():
        if key == FIRST and _is_of_colours(value):
            mean = value.mean(dim=1, keepdim=True)
            yield key, torch.cat([value, mean.repeat(1, inputs - COLOURS, 1, 1)], dim=1)
        elif key.endswith(BEFORE):
            feature = key.removesuffix(BEFORE) + OURS
            yield feature, value
            if (gate := feature.replace(".feature.", ".gate.")) in gates:
                yield gate, value
        else:
            yield key, value


def _is_of_colours(weight: Tensor) -> bool:
    """Tell whether a kernel is one over pictures in colour that can be averaged."""
    plain = weight.layout == torch.strided and weight.is_floating_point()
    return plain and weight.dtype.itemsize > 1 and weight.ndim == 4 and weight.shape[1] == COLOURS
