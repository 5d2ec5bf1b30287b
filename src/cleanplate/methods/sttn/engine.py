"""Run the network over a clip: every frame encoded once, kept while a later step needs it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from torch import Tensor

from cleanplate.canvas import Clip, Pictures
from cleanplate.devices import exact_convolutions
from cleanplate.methods.sttn.mixer import Mixer
from cleanplate.methods.sttn.network import DECODER_REACH, REDUCTION, Network
from cleanplate.methods.sttn.schedule import Step
from cleanplate.region import Region, bounding_box
from cleanplate.winograd import quicken

# Pixels around a hole that are painted as well: where a picture is enlarged, it needs them.
SEAM = 2


class Engine:
    """A network, which is taken over, on its device and in its precision."""

    def __init__(self, network: Network, *, device: torch.device, dtype: torch.dtype) -> None:
        self.device, self.dtype = device, dtype
        # On a CPU many pictures at once are no faster, and take more memory.
        self._one_by_one = device.type == "cpu"
        self.network = network.eval().requires_grad_(False)
        self._mixer: Mixer | None = None
        if device.type == "cpu":
            if Mixer.fits(network.config):
                self._mixer = Mixer(network, dtype)
                network.transformer = torch.nn.ModuleList()  # which it has its own copy of
            quicken(network, dtype)
        for layer in network.modules():
            if isinstance(layer, torch.nn.Conv2d):
                # Channels last is what convolutions are fastest in.
                layer.to(device, dtype).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
            elif isinstance(layer, torch.nn.LeakyReLU):
                layer.inplace = True

    def run(self, clip: Clip, steps: Iterable[Step]) -> Iterator[tuple[Step, Pictures]]:
        """Yield every step with the pictures of its neighbours, (N, h, w, 3) from 0 to 255.

        Only what lies in and near their holes is computed; the rest is 0.
        """
        plan = list(steps)
        features: dict[int, Tensor] = {}
        for number, step in enumerate(plan):
            if clip.holes[step.neighbours.start : step.neighbours.stop].any():
                with exact_convolutions(self.device, self.dtype):
                    self._encode(clip, [*step.neighbours, *step.references], features)
                    pictures = self._paint(clip, features, step)
            else:
                pictures = np.zeros((len(step.neighbours), *clip.size, 3), np.float32)
            yield step, pictures
            later = {t for s in plan[number + 1 :] for t in (*s.neighbours, *s.references)}
            for t in [t for t in features if t not in later]:
                del features[t]

    @torch.inference_mode()
    def _encode(self, clip: Clip, looked_at: list[int], features: dict[int, Tensor]) -> None:
        """Put the features of the frames looked at where they are kept, unless they are there."""
        new = [t for t in looked_at if t not in features]
        at_once = 1 if self._one_by_one else max(len(new), 1)
        for start in range(0, len(new), at_once):
            some = new[start : start + at_once]
            pictures = torch.from_numpy(np.stack([clip.picture(t) for t in some]))
            given = pictures.to(self.device, self.dtype).permute(0, 3, 1, 2)
            found = self.network.encode(given).contiguous(memory_format=torch.channels_last)
            features.update(zip(some, torch.split(found, 1), strict=True))

    @torch.inference_mode()
    def _paint(self, clip: Clip, features: dict[int, Tensor], step: Step) -> Pictures:
        """Mix the frames that a step looks at, and decode in and near its neighbours' holes."""
        looked_at, wanted = [*step.neighbours, *step.references], len(step.neighbours)
        holes = np.stack([clip.hole(t) for t in looked_at])
        painted = np.zeros((wanted, *clip.size, 3), np.float32)
        hole = bounding_box(np.any(holes[:wanted], axis=0), margin=SEAM)
        if hole is None:
            return painted
        size = clip.size[0] // REDUCTION, clip.size[1] // REDUCTION
        around = Region.spanning(*hole)
        part = around.shrunk(REDUCTION).grown(DECODER_REACH, size)
        missing = torch.from_numpy(holes[:, ::REDUCTION, ::REDUCTION]).to(self.device)
        mixed = self._mix([features[t] for t in looked_at], missing, wanted, part)
        rows, columns = around.within(part.scaled(REDUCTION)).slices
        for some in torch.split(torch.arange(wanted), 1 if self._one_by_one else wanted):
            decoded = self.network.decode_part(mixed[some], part, size)[..., rows, columns]
            pictures = ((decoded.float() + 1) * (255 / 2)).permute(0, 2, 3, 1)
            painted[some.numpy(), hole[0], hole[1]] = pictures.cpu().numpy()
        return painted

    def _mix(self, frames: list[Tensor], missing: Tensor, wanted: int, part: Region) -> Tensor:
        """Return the mixed features of the first `wanted` frames, (N, C, h', w') of a part."""
        if self._mixer:
            pixels = [frame.permute(0, 2, 3, 1)[0] for frame in frames]
            return self._mixer.mix(pixels, missing, wanted, part).permute(0, 3, 1, 2)
        mixed = self.network.mix(torch.cat(frames)[None], missing[None], wanted)[0]
        return mixed[:, :, part.top : part.bottom, part.left : part.right]
