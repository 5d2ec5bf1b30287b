"""Distances as networks see them: LPIPS between frames, VFID between sets of videos.

No weights come with the house: every network is loaded from a file of the user's. Importing this
module needs PyTorch.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import LinAlgWarning, sqrtm
from torch import Tensor, nn

from cleanplate.errors import BadInput
from cleanplate.metrics import Sums, quotient
from cleanplate.metrics.fidelity import check_alike
from cleanplate.metrics.i3d import I3D, File, features, load_i3d
from cleanplate.states import fit_state, read_state
from cleanplate.vgg import VGG16, layers_of
from cleanplate.video import Frames

PIXELS_AT_ONCE = 4 * 240 * 432  # of a batch: memory does not grow with the clip
SMALLEST_SIDE = 31  # AlexNet leaves nothing of a smaller picture
SHIFT, SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)  # ImageNet's, for [-1, 1]
TRUNKS = {  # layer of each tap, channels there
    "alex": {1: 64, 4: 192, 7: 384, 9: 256, 11: 256},
    "vgg": {3: 64, 8: 128, 15: 256, 22: 512, 29: 512},
}


class LPIPS(nn.Module):
    """Learned perceptual distance, version 0.1: Zhang et al., CVPR 2018, equation 1.

    trunk: "alex" or "vgg" (16 layers). The keys are ``features.*`` of torchvision's trunk and
    ``lin*.model.1.weight`` of the official heads. Raises BadInput for another trunk.
    """

    shift: Tensor
    scale: Tensor

    def __init__(self, trunk: str = "alex") -> None:
        super().__init__()
        if trunk not in TRUNKS:
            raise BadInput(f"trunk {trunk!r} is unknown. Choose one of: {', '.join(TRUNKS)}.")
        self.features = _alexnet() if trunk == "alex" else layers_of(VGG16)
        self.taps = tuple(TRUNKS[trunk])
        for number, channels in enumerate(TRUNKS[trunk].values()):
            self.add_module(f"lin{number}", Head(channels))
        self.register_buffer("shift", torch.tensor(SHIFT)[:, None, None], persistent=False)
        self.register_buffer("scale", torch.tensor(SCALE)[:, None, None], persistent=False)

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Return the distances (N,), at least 0, of pictures (N, 3, H, W), RGB in [-1, 1]."""
        first, second = ((x - self.shift) / self.scale for x in (first, second))
        total = first.new_zeros(len(first))
        for number, layer in enumerate(self.features):
            first, second = layer(first), layer(second)
            if number in self.taps:
                head = self.get_submodule(f"lin{self.taps.index(number)}")
                total = total + head((_unit(first) - _unit(second)) ** 2).mean((1, 2, 3))
        return total


class Head(nn.Module):
    """A weight for each channel of a tap."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        # The dropout does nothing here: it gives the weight the number that it has in the files.
        self.model = nn.Sequential(nn.Dropout(), nn.Conv2d(channels, 1, 1, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, 1, H, W), the weighted sum over channels."""
        weighted: Tensor = self.model(x)
        return weighted


def load_lpips(files: File | Sequence[File], *, trunk: str | None = None) -> LPIPS:
    """Return LPIPS with its weights, ready to be used.

    files: one that holds everything, or the trunk's (torchvision's, whose classifier is left
    out) and the official heads'. trunk: "alex" or "vgg"; the weights tell by default. Raises
    BadInput for files that cannot be read or do not fit.
    """
    state: dict[str, Tensor] = {}
    names = [files] if isinstance(files, str | os.PathLike) else list(files)
    for name in names:
        state |= read_state(name)
    trunk = trunk or _trunk_of(state)
    network = LPIPS(trunk)
    fit_state(
        network,
        state,
        name=f"LPIPS with the trunk {trunk!r}",
        source=" and ".join(str(name) for name in names),
        ignore=("classifier.",),
    )
    return network.eval()


def lpips(
    result: Frames,
    truth: Frames,
    weights: LPIPS | File | Sequence[File],
    *,
    trunk: str | None = None,
) -> float:
    """Return the mean of LPIPS over all frames, at least 0; 0 where they are equal.

    result, truth: (T, H, W, 3) uint8 or uint16. weights: the network, for several clips or another
    device, or what ``load_lpips`` is to load with this `trunk`. Raises BadInput where shapes or
    types differ, for frames below 31 pixels a side, and for weights that do not fit.
    """
    return quotient(lpips_sums(result, truth, weights, trunk=trunk))


def lpips_sums(
    result: Frames,
    truth: Frames,
    weights: LPIPS | File | Sequence[File],
    *,
    trunk: str | None = None,
) -> Sums:
    """Return the distances of all frames and how many there are; see `lpips`."""
    check_alike(result, truth)
    height, width = result.shape[1:3]
    if min(height, width) < SMALLEST_SIDE:
        raise BadInput(
            f"frames are {width}x{height}; LPIPS needs {SMALLEST_SIDE} pixels a side. "
            "Give larger frames."
        )
    network = weights if isinstance(weights, LPIPS) else load_lpips(weights, trunk=trunk)
    batch = max(PIXELS_AT_ONCE // (height * width), 1)
    distances: list[float] = []
    with torch.inference_mode():
        for start in range(0, len(result), batch):
            some = slice(start, start + batch)
            distances += network(_signed(result[some], network), _signed(truth[some], network))
    return sum(float(each) for each in distances), len(distances)


def vfid(results: Iterable[Frames], truths: Iterable[Frames], weights: I3D | File) -> float:
    """Return the Frechet distance between two sets of videos, about 0 where they are the same.

    results, truths: clips (T, H, W, 3) uint8 or uint16, taken one by one. weights: I3D's file, or
    the network. Depends on the number of videos and on their size: compare on one set alone, as
    the 50 of DAVIS at 432x240. nan for fewer than two videos on a side. Raises BadInput for
    weights that do not fit. Source: Wang et al., NeurIPS 2018, with I3D's features.
    """
    network = weights if isinstance(weights, I3D) else load_i3d(weights)
    ours, theirs = ([features(clip, network) for clip in clips] for clips in (results, truths))
    if min(len(ours), len(theirs)) < 2:
        return float("nan")
    return frechet(np.stack(ours), np.stack(theirs))


def frechet(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    """Return the Frechet distance between normal distributions fitted to features (N, D) each.

    |m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)), covariances of the sample (N - 1). Where the root
    is not finite, 1e-6 is added to the variances. Rounding may leave it slightly below 0. Raises
    BadInput for other shapes, fewer than two samples, values that are not finite, and where the
    root is not real. Source: Heusel et al., NeurIPS 2017, equation 6.
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if a.ndim != 2 or b.ndim != 2 or a.shape[1:] != b.shape[1:] or min(len(a), len(b)) < 2:
        raise BadInput(f"features are {a.shape} and {b.shape}. Give two of (N, D), N at least 2.")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise BadInput("features are not finite. Give numbers alone.")
    covariances = [np.atleast_2d(np.cov(x, rowvar=False)) for x in (a, b)]
    root = _root(*covariances)
    if not np.isfinite(root).all():
        offset = 1e-6 * np.eye(a.shape[1])
        root = _root(*(covariance + offset for covariance in covariances))
    if np.abs(np.diagonal(root).imag).max() > 1e-3:
        raise BadInput("the features' covariances have no real root. Give more videos.")
    squared: float = ((a.mean(0) - b.mean(0)) ** 2).sum()
    return float(squared + sum(np.trace(c) for c in covariances) - 2 * np.trace(root.real))


def _root(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.complex128]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LinAlgWarning)  # singular with fewer videos than features
        return np.asarray(sqrtm(a @ b), np.complex128)


def _trunk_of(state: dict[str, Tensor]) -> str:
    """Tell the trunk by its first convolution: 3 x 3 in VGG, 11 x 11 in AlexNet."""
    first = state.get("features.0.weight")
    return "vgg" if first is not None and first.shape[2:] == (3, 3) else "alex"


def _unit(x: Tensor) -> Tensor:
    """Scale the vector of channels at every pixel to length 1."""
    return x / (x.square().sum(1, keepdim=True).sqrt() + 1e-10)


def _signed(frames: Frames, network: LPIPS) -> Tensor:
    scaled = frames.astype(np.float32) / np.float32(np.iinfo(frames.dtype).max / 2) - 1
    return torch.from_numpy(scaled).permute(0, 3, 1, 2).to(next(network.parameters()).device)


def _alexnet() -> nn.Sequential:
    """Return the layers of AlexNet up to the last tap, numbered as torchvision's."""
    return nn.Sequential(
        nn.Conv2d(3, 64, 11, stride=4, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(3, 2),
        nn.Conv2d(64, 192, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(3, 2),
        nn.Conv2d(192, 384, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(384, 256, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(256, 256, 3, padding=1),
        nn.ReLU(),
    )
