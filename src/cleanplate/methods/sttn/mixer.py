"""STTN's transformer on a CPU: the same result with fewer multiplications and no new memory.

The 3x3 convolutions take a quarter of the multiplications (`winograd`), queries, keys and values
are one product, patches are laid out once, and the last block looks only at what is decoded.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from cleanplate.methods.sttn.attention import MOST_MISSING, NEVER, products, to_patches
from cleanplate.methods.sttn.network import LEAK, Block, Config, Network
from cleanplate.region import Region
from cleanplate.scratch import Scratch
from cleanplate.winograd import LEAST_CHANNELS, FastConv

BLOCK_REACH = 4  # pixels, to either side, that the convolutions of a block look at


class Mixer:
    """What `Network.mix` computes, for one clip, from and to features with channels last.

    dtype: float32 or bfloat16, of features and products; a softmax is always float32.
    """

    def __init__(self, network: Network, dtype: torch.dtype) -> None:
        self.config, self.dtype = network.config, dtype
        self._blocks = [_Prepared(block, dtype) for block in network.transformer]  # type: ignore[arg-type]
        self._scratch = Scratch()

    @staticmethod
    def fits(config: Config) -> bool:
        """Tell whether a network is one that this is faster for."""
        return config.channels >= LEAST_CHANNELS and config.depth == 1

    def mix(self, frames: Sequence[Tensor], missing: Tensor, wanted: int, part: Region) -> Tensor:
        """Let all frames (h, w, C) attend to each other; return a part of the first `wanted`.

        missing: (T, h, w), 1 in holes. Returns (wanted, h', w', C), the features of `part`.
        """
        stream = self._take("stream", len(frames), *frames[0].shape)
        for place, frame in zip(stream, frames, strict=True):
            place.copy_(frame)
        *others, last = self._blocks
        for block in others:
            gathered = self._attend(block, stream, missing, len(stream))
            self._convolve(block, gathered, stream)
        gathered = self._attend(last, stream, missing, wanted)
        # What lies around the part goes in as well; its outer pixels do not come out right.
        around = part.grown(BLOCK_REACH, (stream.shape[1], stream.shape[2]))
        rows, columns = slice(around.top, around.bottom), slice(around.left, around.right)
        cropped = stream[:wanted, rows, columns].contiguous()
        self._convolve(last, gathered[:, rows, columns].contiguous(), cropped)
        rows = slice(part.top - around.top, part.bottom - around.top)
        columns = slice(part.left - around.left, part.right - around.left)
        return cropped[:, rows, columns].clone()

    def _attend(self, block: _Prepared, stream: Tensor, missing: Tensor, wanted: int) -> Tensor:
        """Return what the first `wanted` frames gather, (wanted, h, w, C), heads side by side."""
        gathered = self._take("gathered", wanted, *stream.shape[1:])
        places = gathered.chunk(len(self.config.divisions), dim=-1)
        for heads in self._together():
            projected = self._project(block, heads, stream, wanted)
            for head, (query, key, value) in zip(heads, projected, strict=True):
                self._gather(query, key, value, missing)
                for place, found in zip(places[head], query, strict=True):
                    _patches(place, self.config.divisions[head]).copy_(found)
        return gathered

    def _together(self) -> list[range]:
        """Return the heads whose patches are held at a time.

        All at once make the better products, but in float32 take too much memory.
        """
        count = len(self.config.divisions)
        some = 1 if self.dtype == torch.float32 else count
        return [range(first, first + some) for first in range(0, count, some)]

    def _project(
        self, block: _Prepared, heads: range, stream: Tensor, wanted: int
    ) -> list[list[Tensor]]:
        """Return each head's queries of the first `wanted` frames, and all its keys and values.

        Each is (T, d, d, y, x, c): patches by row and column.
        """
        length, height, width, channels = stream.shape
        share = channels // len(self.config.divisions)
        made = []
        for number, head in enumerate(heads):
            division = self.config.divisions[head]
            cut = division, division, height // division, width // division, share
            counts = {"query": wanted, "key": length, "value": length}
            made.append([self._take(f"{what} {number}", n, *cut) for what, n in counts.items()])
        columns = slice(3 * share * heads.start, 3 * share * heads.stop)
        weight, bias = block.weight[:, columns], block.bias[columns]
        projected = self._take("projected", height * width, len(bias))
        parts = projected.view(height, width, len(heads), 3, share)
        for t, frame in enumerate(stream):
            torch.addmm(bias, frame.flatten(0, 1), weight, out=projected)
            for number, head in enumerate(heads):
                division = self.config.divisions[head]
                for what, places in enumerate(made[number]):
                    if t < len(places):
                        places[t].copy_(_patches(parts[:, :, number, what], division))
        return made

    def _gather(self, query: Tensor, key: Tensor, value: Tensor, missing: Tensor) -> None:
        """Overwrite the queries of a head, patches (T, d, d, y, x, c), by what they gather."""
        asking, asked = (some.flatten(3).flatten(0, 2) for some in (query, key))
        weights = products(asking[None], asked[None], query.shape[3])[0]
        if self.config.mask_attention:
            share = to_patches(missing[None, :, None].float(), query.shape[1])[0].mean(dim=1)
            weights.masked_fill_(share > MOST_MISSING, NEVER)
        weights = weights.softmax(dim=1).to(self.dtype)
        torch.mm(weights, value.flatten(3).flatten(0, 2), out=asking)

    def _convolve(self, block: _Prepared, gathered: Tensor, stream: Tensor) -> None:
        """Add what a block makes of what was gathered, and then of the sum, to the stream."""
        stream = stream[: len(gathered)]
        block.output.convolve(gathered, stream, add=True)
        between = self._take("gathered", *stream.shape)
        block.first.convolve(stream, between)
        block.second.convolve(between, stream, add=True)

    def _take(self, name: str, *shape: int) -> Tensor:
        return self._scratch.take(name, self.dtype, *shape)


class _Prepared:
    """The weights of a block as they are made use of."""

    def __init__(self, block: Block, dtype: torch.dtype) -> None:
        attention, conv = block.attention, block.feed_forward.conv
        embeddings = (
            attention.query_embedding,
            attention.key_embedding,
            attention.value_embedding,
        )
        heads = len(attention.divisions)
        weights = [embedding.weight.detach().flatten(1).chunk(heads) for embedding in embeddings]
        biases = [embedding.bias.detach().chunk(heads) for embedding in embeddings]  # type: ignore[union-attr]
        # Head by head, queries, keys and values side by side.
        rows = [torch.cat(some) for some in zip(*weights, strict=True)]
        self.weight = torch.cat(rows).t().contiguous().to(dtype)
        self.bias = torch.cat([torch.cat(some) for some in zip(*biases, strict=True)]).to(dtype)
        self.output = FastConv(attention.output_linear[0], LEAK, dtype)  # type: ignore[arg-type]
        self.first = FastConv(conv[0], LEAK, dtype)  # type: ignore[arg-type]
        self.second = FastConv(conv[2], LEAK, dtype)  # type: ignore[arg-type]


def _patches(frame: Tensor, division: int) -> Tensor:
    """View (h, w, c) as patches (row, column, y, x, c)."""
    rows = torch.unflatten(frame, 0, (division, -1))
    return torch.unflatten(rows, 2, (division, -1)).transpose(1, 2)
