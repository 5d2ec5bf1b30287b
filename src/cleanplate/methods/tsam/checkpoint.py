"""The official code's state dict -> the generator's own.

There spectral normalisation wraps each layer and the layer itself goes on with its plain weights:
so most of them stand there twice, under the names of the layer and of what is around it.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from cleanplate.errors import BadInput
from cleanplate.states import shown

BESIDE = ("temporal_discriminator.", "spatial_discriminator.", "vgg.", "advloss.")
_UNUSED = (".weight_u", ".weight_v")  # of a normalisation that has no effect
_NAMES = (  # ours are those of what the layers are here; they replace one after the other
    ("generator.coarse_net.downsample_module.base_model.", "encoder."),
    ("generator.coarse_net.upsample_module.", "decoder."),
    ("decoder.conv_c2.", "decoder.skip2."),
    ("decoder.conv_c4.", "decoder.skip3."),
    *((f"decoder.deconv{n}.conv.", f"decoder.enlarge{n}.") for n in (1, 2, 3)),
    ("decoder.conv9.", "decoder.mix1."),
    ("decoder.conv10.", "decoder.mix2."),
    ("decoder.conv11.", "decoder.paint."),
    (".featureConv.layer.", ".feature."),
    (".featureConv.", ".feature."),
    (".gatingConv.layer.", ".gate."),
    (".gatingConv.", ".gate."),
    (".conv1.net.", ".conv1.feature."),
    (".conv1.gating_conv.", ".conv1.gate."),
    (".weight_orig", ".weight"),
)


def translated(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the generator's tensors by our keys; what training alone needs is left out.

    state: the official one, whole. Keys that it does not have stay as they are. Raises BadInput
    where two that are one tensor there differ.
    """
    ours: dict[str, Tensor] = {}
    for key, value in state.items():
        if key.startswith(BESIDE) or key.endswith(_UNUSED):
            continue
        name = own_key(key)
        if name in ours and not ours[name].equal(value):
            raise BadInput(
                f"the checkpoint has two tensors for {shown(name)}, which should be one. "
                "Give an undamaged file."
            )
        ours[name] = value
    return ours


def own_key(key: str) -> str:
    """Return our name of what an official key names.

    >>> own_key("generator.coarse_net.upsample_module.conv9.gatingConv.weight_orig")
    'decoder.mix1.gate.weight'
    """
    for theirs, ours in _NAMES:
        key = key.replace(theirs, ours)
    return key
