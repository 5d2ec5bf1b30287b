"""Run the network over a window: channels last, norms folded, painted only in and near its holes.

It computes what `network.Network` does. The encoder goes block by block, the decoder frame by
frame, so that of the large features those of three frames are held.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from cleanplate.canvas import Pictures
from cleanplate.devices import exact_convolutions
from cleanplate.methods.tsam.beside import FrameShift, Place, needed, part_of, trios, whole_place
from cleanplate.methods.tsam.network import STAGES, Network
from cleanplate.methods.tsam.prepared import RELU, Block, Gates, Layer, Paint, Where
from cleanplate.methods.tsam.shift import Alignment
from cleanplate.region import Region, bounding_box, whole_of
from cleanplate.video import Holes

# Pixels around a hole that are painted as well: where a picture is enlarged, it needs them.
SEAM = 2


class Engine:
    """A network, which is taken over, on its device and in its precision."""

    def __init__(self, network: Network, *, device: torch.device, dtype: torch.dtype) -> None:
        network.eval().requires_grad_(False)
        network.settle()
        self._where, self.config = Where(device, dtype), network.config
        encoder, decoder, where = network.encoder, network.decoder, self._where
        self._stem = Layer(fuse_conv_bn_eval(encoder.conv1, encoder.bn1), where, RELU)
        aligned = self.config.gate == "aligned"
        self._stages = [
            [Block(block, where, aligned=aligned) for block in stage]  # type: ignore[arg-type]
            for stage in (
                encoder.get_submodule(f"layer{n + 1}").children() for n in range(len(STAGES))
            )
        ]
        plain = isinstance(decoder.skip1, nn.Identity)
        self._skip1 = None if plain else Layer(decoder.skip1, where)
        self._skip2, self._skip3 = Gates(decoder.skip2, where), Gates(decoder.skip3, where)
        self._enlarge = [
            Gates(each, where) for each in (decoder.enlarge1, decoder.enlarge2, decoder.enlarge3)
        ]
        self._mix = [Gates(each, where) for each in (decoder.mix1, decoder.mix2)]
        self._paint = Paint(decoder.paint, self._fold, where)

    @property
    def _fold(self) -> int:
        return self.config.decoder // self.config.decoder_fold

    @torch.inference_mode()
    def run(self, pictures: Pictures, holes: Holes, alignment: Alignment | None) -> Pictures:
        """Return the pictures of a window as the network fills them, (T, h, w, 3) from 0 to 255.

        pictures: (T, h, w, 3) from 0 to 1, with 0 in their holes, h and w multiples of 8. holes:
        (T, h, w), not all empty. alignment: of these frames. Only what lies in and near the holes
        of any frame is computed; the rest is 0.
        """
        if not self.config.aligned:
            alignment = None
        shift = FrameShift(alignment, future_first=self.config.future_first, mask=self.config.mask)
        painted = np.zeros(pictures.shape, np.float32)
        places = self._places(holes, alignment)
        with exact_convolutions(*self._where):
            taken = self._encoded(pictures, holes, shift)
            for t, picture in enumerate(self._decoded(taken, shift, places)):
                levels = picture.float().clamp(0, 1) * 255
                places[-1].wanted.crop(painted[t])[:] = levels.cpu().numpy()
        return painted

    def _places(self, holes: Holes, alignment: Alignment | None) -> list[Place]:
        """Return what is computed, and of what, at a quarter, at a half and at the full size."""
        size, places = (holes.shape[1], holes.shape[2]), list[Place]()
        box = bounding_box(np.any(holes, axis=0), margin=SEAM)
        assert box is not None, "a window without a hole has nothing to be painted"
        wanted = Region.spanning(*box)
        for times in (1, 2, 4):
            here = size[0] // times, size[1] // times
            seen = needed(here, wanted.grown(1, here), alignment) if times < 4 else whole_of(here)
            places.insert(0, Place(here, wanted, seen.shrunk(2), times=2))
            wanted = seen.shrunk(2)
        return places

    def _encoded(self, pictures: Pictures, holes: Holes, shift: FrameShift) -> list[list[Tensor]]:
        """Return what the decoder takes of the four stages, (h', w', C) frame by frame."""
        x, taken = self._begun(pictures, holes), []
        for number, blocks in enumerate(self._stages):
            for block in blocks:
                x = block(x, shift)
            taken.append(self._taken(number, x, shift))
        return taken

    def _begun(self, pictures: Pictures, holes: Holes) -> Tensor:
        """Return the features (T, h / 4, w / 4, C) that the first stage begins with."""
        frames = []
        for picture, hole in zip(pictures, holes, strict=True):
            known = torch.from_numpy(~hole)[..., None].to(*self._where)
            planes = [torch.from_numpy(picture).to(*self._where), known]
            planes += [torch.zeros_like(known)] * self.config.guidance
            begun = self._stem(torch.cat(planes, dim=-1)[None]).permute(0, 3, 1, 2)
            frames.append(functional.max_pool2d(begun, 3, 2, 1).permute(0, 2, 3, 1))
        return torch.cat(frames)

    def _taken(self, number: int, x: Tensor, shift: FrameShift) -> list[Tensor]:
        """Return what the decoder takes of a stage: far less than its features are."""
        if number == 0:
            return list(x if self._skip1 is None else map(self._skip1, x))
        if number == len(self._stages) - 1:
            return [self._enlarge[0](frame, frame) for frame in x]
        gates, place = (self._skip2, self._skip3)[number - 1], whole_place(x)
        fold = x.shape[-1] // self.config.decoder_fold
        return [
            gates(shift.into(trio.here.clone(), trio, t, fold, place), trio.here)
            for t, trio in enumerate(trios(x))
        ]

    def _decoded(
        self, taken: Sequence[Sequence[Tensor]], shift: FrameShift, places: Sequence[Place]
    ) -> Iterator[Tensor]:
        """Yield frame after frame, (h', w', 3) of the part that is painted."""
        first, second, third, deepest = taken
        x: Iterable[Tensor] = (a + b for a, b in zip(deepest, third, strict=True))
        x = self._finer(0, x, second, shift, places[0])
        x = self._finer(1, x, first, shift, places[1])
        for t, trio in enumerate(trios(x)):
            yield self._paint(trio, t, shift, places[2])

    def _finer(
        self,
        number: int,
        frames: Iterable[Tensor],
        skips: Iterable[Tensor],
        shift: FrameShift,
        place: Place,
    ) -> Iterator[Tensor]:
        """Yield features of a part at twice the size, ready for the next enlargement."""
        around = place._replace(wanted=place.wanted.grown(1, place.size))
        inside = place.wanted.within(around.wanted).slices
        for t, (trio, skip) in enumerate(zip(trios(frames), skips, strict=True)):
            large = part_of(trio.here, around)
            shifted = shift.into(large.clone(), trio, t, self._fold, around)
            mixed = self._mix[number](shifted[None], large[None])[0][inside].contiguous()
            more = part_of(skip, place._replace(given=whole_of(skip.shape[:2])))
            yield self._enlarge[number + 1](mixed, mixed).add_(more)
