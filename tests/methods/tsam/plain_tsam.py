"""The official schedule rendered plainly: the slow twin of the engine."""

from __future__ import annotations

import numpy as np
import torch

from cleanplate.methods.tsam.network import Network, enlarged
from cleanplate.methods.tsam.schedule import windows
from cleanplate.methods.tsam.shift import Alignment, Motion, Shift, scaled


class Forgetful(Alignment):
    """A motion that every layer brings to its size anew."""

    def at(self, size):
        return scaled(self._motion, size, grid=self._grid)


@torch.inference_mode()
def predict(network: Network, clip, motion: Motion, count):
    """Yield (window, pictures (N, h, w, 3) from 0 to 255) of a clip as `inference` sees it."""
    for window in windows(count, blend="official"):
        pictures = np.stack([clip.picture(t, darkest=0) for t in window.frames])
        holes = np.stack([clip.hole(t) for t in window.frames])
        pairs = slice(window.first, window.frames.stop - 1)
        seen = Motion(*(part[:, pairs] for part in motion))
        yield window, painted(network, pictures, holes, seen)


@torch.inference_mode()
def painted(network: Network, pictures, holes, motion: Motion | None):
    """Return what a window's pictures (T, h, w, 3) from 0 to 1 become, from 0 to 255."""
    config = network.config
    alignment = None if motion is None else Forgetful(motion, grid=config.grid)
    shift = Shift(len(pictures), alignment, future_first=config.future_first, mask=config.mask)
    known = torch.from_numpy(~holes)[:, None].float()
    planes = [torch.from_numpy(pictures).permute(0, 3, 1, 2), known]
    planes += [torch.zeros_like(known)] * config.guidance
    stages = network.encoder(torch.cat(planes, dim=1), shift)
    out = decoded(network.decoder, stages, shift)
    return (out.clamp(0, 1) * 255).permute(0, 2, 3, 1).numpy()


def decoded(decoder, stages, shift):
    """Every feature is enlarged before it is looked at, as the official code does it."""
    c1, c2, c3, c4 = stages
    x = decoder.enlarge1(enlarged(c4), shift) + enlarged(decoder.skip3(c3, shift))
    x = decoder.mix1(x, shift)
    twice = enlarged(enlarged(decoder.skip2(c2, shift)))
    x = decoder.mix2(decoder.enlarge2(enlarged(x), shift) + twice, shift)
    x = decoder.enlarge3(enlarged(x), shift) + decoder.skip1(enlarged(enlarged(c1)))
    return decoder.paint(x, shift)
