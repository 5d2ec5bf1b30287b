"""What a hole attends to, as figures 3 and 6 of the paper show it."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from cleanplate.canvas import Clip
from cleanplate.gaze import Gaze, Head
from cleanplate.methods.sttn.attention import MOST_MISSING, PatchAttention, to_patches
from cleanplate.methods.sttn.network import REDUCTION, Block, Network
from cleanplate.methods.sttn.schedule import Step


@torch.inference_mode()
def gaze(network: Network, clip: Clip, step: Step, t: int) -> Gaze:
    """Return what the hole of frame t, a neighbour of a step, attends to in the last block.

    Those patches ask that the hole covers by more than half, or else the one most covered; their
    attention is averaged.
    """
    looked_at = [*step.neighbours, *step.references]
    features, missing = _seen(network, clip, looked_at)
    *earlier, last = network.transformer
    for block in earlier:
        features = block(features, missing, None)
    assert isinstance(last, Block)
    hole = torch.from_numpy(clip.hole(t))
    return Gaze(t, looked_at, _heads(last.attention, features, missing, looked_at.index(t), hole))


def _seen(network: Network, clip: Clip, looked_at: list[int]) -> tuple[Tensor, Tensor]:
    """Return the features (1, T, C, h, w) of frames, and where they are missing (1, T, h, w)."""
    like, features = next(network.parameters()), []
    for t in looked_at:
        picture = torch.from_numpy(clip.picture(t)).permute(2, 0, 1)[None]
        features.append(network.encode(picture.to(like)))
    holes = [torch.from_numpy(clip.hole(t)[::REDUCTION, ::REDUCTION]) for t in looked_at]
    return torch.cat(features)[None], torch.stack(holes)[None].to(like.device)


def _heads(
    attention: PatchAttention, features: Tensor, missing: Tensor, index: int, hole: Tensor
) -> list[Head]:
    """Return every head's view of the hole (H, W) of the frame of an index among the features."""
    first = index // attention.depth * attention.depth  # the frames that ask together
    query = attention.query_embedding(features[0, first : first + attention.depth])[None]
    key = attention.key_embedding(features[0])[None]
    group = np.arange(features.shape[1]) // attention.depth
    heads = []
    parts = (part.chunk(len(attention.divisions), dim=2) for part in (query, key))
    for q, k, division in zip(*parts, attention.divisions, strict=True):
        share = to_patches(hole[None, None, None].float(), division).mean(dim=-1)[0]
        asking = share > MOST_MISSING
        asking = asking if asking.any() else share == share.max()
        weights = attention.weights(q, k, missing, division)[0].cpu()[asking].mean(dim=0)
        # Frames of one group get the same patches: each its part of what the group gets.
        heat = weights.view(-1, division, division).numpy()[group]
        heat /= np.bincount(group)[group][:, None, None]
        heads.append(Head(asking.view(division, division).numpy(), heat))
    return heads
