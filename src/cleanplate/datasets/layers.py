"""Motion that is made up, and known everywhere: things in layers before a camera that moves.

The camera pans, zooms, rolls and shakes over a ground with depth (parallax); before it things of
random outlines go their own ways, turn, grow, and wave like cloth.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.video import Flow

Field = NDArray[np.float64]  # (H, W)

_MOST_THINGS = 4
_HEIGHT, _FRAMES = 120, 20  # that lengths and walks below are meant for; they grow with both
_DEPTH_SPAN = 4  # pictures that the depth of the ground reaches over, along either side
_HARMONICS = 5  # of an outline
_CORNERS = 512  # that it is drawn with
_WITH_CAMERA = 0.7  # share of things that the camera's motion moves, too


@dataclass(frozen=True)
class _Path:
    """Where something is in every frame: its middle, how far it is turned, and how large it is."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    roll: NDArray[np.float64]
    zoom: NDArray[np.float64]

    def own(self, t: int, x: Field, y: Field) -> tuple[Field, Field]:
        """Return places of the picture in frame t as places on the thing."""
        cos, sin = np.cos(self.roll[t]) / self.zoom[t], np.sin(self.roll[t]) / self.zoom[t]
        dx, dy = x - self.x[t], y - self.y[t]
        return cos * dx + sin * dy, cos * dy - sin * dx

    def seen(self, t: int, u: Field, v: Field) -> tuple[Field, Field]:
        """Return places on the thing as places of the picture in frame t."""
        cos, sin = np.cos(self.roll[t]) * self.zoom[t], np.sin(self.roll[t]) * self.zoom[t]
        return self.x[t] + cos * u - sin * v, self.y[t] + sin * u + cos * v


@dataclass(frozen=True)
class _Layer:
    """One thing, or the ground.

    inside: tells which places on it belong to it. sway: moves places on it sideways, by frame and
    height. nearer: by how much more than the rest the camera moves its places.
    """

    path: _Path
    inside: Callable[[Field, Field], NDArray[np.bool_]]
    sway: Callable[[int, Field], Field | float]
    nearer: Callable[[Field, Field], Field | float]

    def covers(self, t: int, x: Field, y: Field) -> NDArray[np.bool_]:
        """Tell which places of the picture it covers in frame t."""
        u, v = self.path.own(t, x, y)
        return self.inside(u - self.sway(t, v), v)

    def flow(self, t: int, to: int, x: Field, y: Field) -> NDArray[np.float64]:
        """Return where its places go from frame t to another, (H, W, 2)."""
        u, v = self.path.own(t, x, y)
        there = self.path.seen(to, u - self.sway(t, v) + self.sway(to, v), v)
        more = self.nearer(u, v)
        dx = there[0] - x + more * (self.path.x[to] - self.path.x[t])
        dy = there[1] - y + more * (self.path.y[to] - self.path.y[t])
        return np.stack([dx, dy], axis=-1)


def layered_motion(count: int, size: tuple[int, int], *, seed: int = 0) -> tuple[Flow, Flow]:
    """Return forward and backward flow between `count` frames, (count - 1, H, W, 2) each.

    size: (height, width). Edges of the motion are a little soft, and some clips are a little
    noisy, as found flow is.
    """
    rng = np.random.default_rng(seed)
    ground = _ground(rng, count, size)
    things = [_thing(rng, count, size, ground.path) for _ in range(rng.integers(_MOST_THINGS + 1))]
    blur, noise = rng.uniform(0.3, 1.8), rng.choice([0, 0.05, 0.2])
    y, x = np.indices(size, np.float64)

    def found(t: int, to: int) -> NDArray[np.float32]:
        flow = ground.flow(t, to, x, y)
        for thing in things:
            here = thing.covers(t, x, y)
            flow[here] = thing.flow(t, to, x, y)[here]
        soft = cv2.GaussianBlur(flow, (0, 0), blur)
        coarse = rng.normal(0, noise, (1 + size[0] // 8, 1 + size[1] // 8, 2))
        return np.asarray(soft + cv2.resize(coarse, size[::-1]), np.float32)

    shape = (count - 1, *size, 2)
    forward, backward = np.empty(shape, np.float32), np.empty(shape, np.float32)
    for t in range(count - 1):
        forward[t], backward[t] = found(t, t + 1), found(t + 1, t)
    return forward, backward


def _ground(rng: np.random.Generator, count: int, size: tuple[int, int]) -> _Layer:
    unit = size[0] / _HEIGHT
    pan, shake = unit * rng.choice([0, 10, 60, 150]), unit * rng.choice([0, 0.2, 0.8])
    path = _Path(
        size[1] / 2 + _walk(rng, count, pan, shake),
        size[0] / 2 + _walk(rng, count, 0.4 * pan, shake),
        _walk(rng, count, 0.15, 0.002) * rng.integers(2),
        np.exp(_walk(rng, count, 0.3, 0.002) * rng.integers(2)),
    )
    wide = (_DEPTH_SPAN * size[0], _DEPTH_SPAN * size[1])
    depth = rng.choice([0, 0, 0.15, 0.4]) * _relief(rng, wide)

    def nearer(u: Field, v: Field) -> Field:
        row = np.clip(v + wide[0] / 2, 0, wide[0] - 1).astype(int)
        column = np.clip(u + wide[1] / 2, 0, wide[1] - 1).astype(int)
        return np.asarray(depth[row, column])

    return _Layer(path, lambda u, v: np.ones(u.shape, np.bool_), lambda t, v: 0.0, nearer)


def _relief(rng: np.random.Generator, size: tuple[int, int]) -> Field:
    """Return a depth, about -1 to 1: hills, or a plane that comes nearer from top to bottom."""
    if rng.random() < 0.5:
        return np.broadcast_to(np.linspace(-1, 1, size[0])[:, None], size)
    hills = cv2.resize(rng.normal(0, 1, (4, 6)), size[::-1], interpolation=cv2.INTER_CUBIC)
    return np.asarray(hills, np.float64)


def _thing(rng: np.random.Generator, count: int, size: tuple[int, int], camera: _Path) -> _Layer:
    unit = size[0] / _HEIGHT
    radius = rng.uniform(0.07, 0.36) * size[0]
    speed, angle = unit * rng.choice([0.5, 2, 5]) * rng.uniform(), rng.uniform(0, 2 * np.pi)
    gone = speed * (np.arange(count) - rng.integers(count))
    follows = rng.random() < _WITH_CAMERA
    path = _Path(
        rng.uniform(0.2, 0.8) * size[1]
        + gone * np.cos(angle)
        + _walk(rng, count, 15 * unit, 0.2 * unit)
        + follows * (camera.x - camera.x[0]),
        rng.uniform(0.2, 0.8) * size[0]
        + 0.5 * gone * np.sin(angle)
        + _walk(rng, count, 6 * unit, 0.2 * unit)
        + follows * (camera.y - camera.y[0]),
        _walk(rng, count, 0.6, 0.01) * rng.integers(2),
        np.exp(_walk(rng, count, 0.3, 0.003)),
    )
    far = radius * rng.choice([0, 0, 0.08, 0.2])
    speed_of_wave, phase, waves = rng.uniform((0.2, 0, 1), (0.7, 2 * np.pi, 4))

    def sway(t: int, v: Field) -> Field:
        return np.asarray(far * np.sin(waves * v / radius + speed_of_wave * t + phase))

    return _Layer(path, _outline(rng, radius), sway, lambda u, v: 0.0)


def _outline(
    rng: np.random.Generator, radius: float
) -> Callable[[Field, Field], NDArray[np.bool_]]:
    """Return what tells whether places lie inside a random blob around (0, 0)."""
    waves = np.arange(1, _HARMONICS + 1)
    cos, sin = 0.35 * rng.normal(0, 1, (2, _HARMONICS)) / waves**1.3
    stretch = np.exp(rng.normal(0, 0.4))
    angles = np.outer(np.linspace(-np.pi, np.pi, _CORNERS), waves)
    edge = radius * (1 + np.cos(angles) @ cos + np.sin(angles) @ sin)

    def inside(u: Field, v: Field) -> NDArray[np.bool_]:
        u, v = u / stretch, v * stretch
        corner = (np.arctan2(v, u) + np.pi) * ((_CORNERS - 1) / (2 * np.pi))
        return np.asarray(np.hypot(u, v) < edge[np.rint(corner).astype(int)])

    return inside


def _walk(rng: np.random.Generator, count: int, reach: float, shake: float) -> NDArray[np.float64]:
    """Return a smooth random walk from 0, up to `reach` far in _FRAMES, shaken a little."""
    window = np.hanning(9)
    steps = np.pad(np.cumsum(rng.normal(0, 1, count)), 8, mode="edge")
    smooth = np.convolve(steps, window / window.sum(), "same")[8:-8]
    smooth -= smooth[0]
    furthest = max(float(np.abs(smooth).max()), 1e-6)
    walk = smooth / furthest * reach * count / _FRAMES * rng.uniform() + rng.normal(0, shake, count)
    return np.asarray(walk, np.float64)
