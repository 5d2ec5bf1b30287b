"""Attention between patches of several sizes, over all frames at once (section 3.2)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

MOST_MISSING = 0.5  # a patch with a larger share of hole counts as missing
LONG = 1 << 16  # values of a patch, from which on a sum needs care
NEVER = -1e9  # the score of what is missing


class PatchAttention(nn.Module):
    """Each head cuts all frames into patches of its own size and lets them attend to each other.

    channels: of the features, shared evenly by the heads. divisions: a head for each; it cuts
    either side of a frame into so many patches. masked: missing patches are not attended to.
    depth: frames that a patch spans.
    """

    def __init__(
        self, channels: int, divisions: tuple[int, ...], *, masked: bool, depth: int = 1
    ) -> None:
        super().__init__()
        self.divisions, self.masked, self.depth = divisions, masked, depth
        self.query_embedding = nn.Conv2d(channels, channels, 1)
        self.value_embedding = nn.Conv2d(channels, channels, 1)
        self.key_embedding = nn.Conv2d(channels, channels, 1)
        self.output_linear = nn.Sequential(
            nn.Conv2d(channels, channels, 3, 1, 1), nn.LeakyReLU(0.2)
        )

    def forward(self, features: Tensor, missing: Tensor, wanted: int | None = None) -> Tensor:
        """Return what the first `wanted` frames (all without) gather, (B, T', C, h, w).

        features: (B, T, C, h, w). missing: (B, T, h, w), 1 in holes.
        """
        wanted = features.shape[1] if wanted is None else wanted
        # Whole patches ask, so that what a frame gathers does not depend on how many are wanted.
        asking = features[:, : wanted + -wanted % self.depth]
        query = _each(self.query_embedding, asking)
        key = _each(self.key_embedding, features)
        value = _each(self.value_embedding, features)
        parts = [part.chunk(len(self.divisions), dim=2) for part in (query, key, value)]
        heads = [
            self._attend(q, k, v, missing, division)
            for q, k, v, division in zip(*parts, self.divisions, strict=True)
        ]
        return _each(self.output_linear, torch.cat(heads, dim=2)[:, :wanted])

    def _attend(
        self, query: Tensor, key: Tensor, value: Tensor, missing: Tensor, division: int
    ) -> Tensor:
        """Return (B, T', C', h, w) of one head, whose patches are 1 / division of a side."""
        weights = self.weights(query, key, missing, division)
        gathered = weights.to(value.dtype) @ to_patches(value, division, self.depth)
        return from_patches(gathered, query.shape, division, self.depth)

    def weights(self, query: Tensor, key: Tensor, missing: Tensor, division: int) -> Tensor:
        """Return how much each patch attends to each other, (B, N', N), rows adding up to 1."""
        asking, asked = (to_patches(x, division, self.depth) for x in (query, key))
        scores = products(asking, asked, self.depth * key.shape[2])
        if self.masked:
            share = to_patches(missing[:, :, None].float(), division, self.depth).mean(dim=-1)
            scores = scores.masked_fill((share > MOST_MISSING)[:, None], NEVER)
        return scores.softmax(dim=-1)


def _each(layer: nn.Module, features: Tensor) -> Tensor:
    """Return what a layer makes of every frame of (B, T, C, h, w)."""
    return torch.unflatten(layer(features.flatten(0, 1)), 0, features.shape[:2])


def products(asking: Tensor, asked: Tensor, parts: int) -> Tensor:
    """Return the products (B, N', N) of patches, over the root of their length, as float32.

    Long ones are summed in `parts`, each of values that follow one another: of half a million
    products one float32 sum loses enough for the result to differ.
    """
    length = asked.shape[-1]
    if length <= LONG:
        return (asking @ asked.transpose(1, 2)).float() / math.sqrt(length)
    asking, asked = (torch.unflatten(x, -1, (parts, -1)).transpose(1, 2) for x in (asking, asked))
    return (asking @ asked.transpose(2, 3)).float().sum(dim=1) / math.sqrt(length)


def to_patches(features: Tensor, division: int, depth: int = 1) -> Tensor:
    """Cut (B, T, C, h, w) into patches of `depth` frames, 1 / division of either side.

    Returns (B, G * division^2, depth * C * h/division * w/division), G = T / depth rounded up:
    patches by group of frames, row, column; their values by frame, channel, row, column. Where the
    last group lacks frames, the last one stands still in it, so that each patch shows something.
    """
    lacking = -features.shape[1] % depth
    if lacking:
        features = torch.cat([features, *[features[:, -1:]] * lacking], dim=1)
    batch, length, channels, height, width = features.shape
    groups, high, wide = length // depth, height // division, width // division
    cut = features.reshape(batch, groups, depth * channels, division, high, division, wide)
    return cut.permute(0, 1, 3, 5, 2, 4, 6).reshape(batch, groups * division**2, -1)


def from_patches(patches: Tensor, shape: torch.Size, division: int, depth: int = 1) -> Tensor:
    """Put patches back together: the inverse of `to_patches` for that shape."""
    batch, length, channels, height, width = shape
    high, wide = height // division, width // division
    cut = patches.reshape(batch, -1, division, division, depth * channels, high, wide)
    frames = cut.permute(0, 1, 4, 2, 5, 3, 6).reshape(batch, -1, channels, height, width)
    return frames[:, :length]
