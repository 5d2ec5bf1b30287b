"""Clips with a truth that is known: a camera over a photograph, an object that crosses it."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.video import Frames, Holes

FINER = 2  # the scene is drawn at least this much finer than the picture, then averaged
ROOM = 1.28  # the photograph, measured in views; what is beyond 1 is left for the camera to move
BALL = 0.16  # radius of the object, of the height of the picture
EXPOSURE = 0.5  # share of a frame's time that the shutter is open
LOOKS = 5  # positions of the object that one exposure averages
EDGE = 1.2  # pixels over which the object's edge fades


def moving_photograph(
    photograph: NDArray[np.uint8], *, size: tuple[int, int], count: int, seed: int = 0
) -> Frames:
    """Film a photograph with a camera that pans smoothly, with a little zoom and roll.

    photograph: (h, w, 3) uint8 RGB, of any size. size: (height, width) of the frames. Motion is
    fractional, and the camera never leaves the photograph. Returns (count, H, W, 3) uint8.
    """
    rng = np.random.default_rng(seed)
    phases, side = rng.uniform(0, 2 * np.pi, 3), rng.choice([-1.0, 1.0], 2)
    frames = np.empty((count, *size, 3), np.uint8)
    for number in range(count):
        time = number / max(count - 1, 1)
        ease = -np.cos(np.pi * time)  # -1 to 1, starts and ends at rest
        place = side * [ease, 0.8 * np.sin(np.pi * (time - 0.5)) ** 3]
        place += 0.06 * np.sin(2 * np.pi * 1.7 * time + phases[:2])
        roll = np.radians(1.2) * np.sin(2 * np.pi * time + phases[2])
        zoom = 1 + 0.02 * np.sin(2 * np.pi * 0.8 * time + phases[0])
        frames[number] = _view(photograph, size, np.clip(place, -1, 1), roll, zoom)
    return frames


def _view(
    photograph: NDArray[np.uint8],
    size: tuple[int, int],
    place: NDArray[np.float64],
    roll: float,
    zoom: float,
) -> NDArray[np.uint8]:
    """Draw what the camera sees; place: (x, y) in -1..1 of the room that it has."""
    height, width = size
    tall, wide = photograph.shape[:2]
    pitch = min(wide / width, tall / height) / ROOM  # photograph pixels a frame pixel
    finer = max(FINER, math.ceil(pitch))  # no pixel of the photograph is jumped over: no aliasing
    along, across = np.cos(roll) / zoom * pitch, np.sin(roll) / zoom * pitch
    reach = (  # half the view's bounding box, in photograph pixels
        (along * width + abs(across) * height) / 2,
        (abs(across) * width + along * height) / 2,
    )
    centre = (
        (wide - 1) / 2 + place[0] * max((wide - 1) / 2 - reach[0], 0),
        (tall - 1) / 2 + place[1] * max((tall - 1) / 2 - reach[1], 0),
    )
    turn = np.array([[along, -across], [across, along]]) / finer
    middle = np.array([(width * finer - 1) / 2, (height * finer - 1) / 2])
    matrix = np.column_stack([turn, np.array(centre) - turn @ middle])
    fine = cv2.warpAffine(
        photograph,
        matrix,
        (width * finer, height * finer),
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT,
    )
    return np.asarray(cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def crossing_object(frames: Frames, *, seed: int = 0) -> tuple[Frames, Holes]:
    """Let a striped ball bounce through the picture, with a soft edge and motion blur.

    frames: (T, H, W, 3) uint8, left as they are. Returns the frames with the ball, and the holes,
    (T, H, W) bool: exactly the pixels to which the ball contributes.
    """
    count, height, width = frames.shape[:3]
    radius = BALL * height
    phase = np.random.default_rng(seed).uniform(0, np.pi)
    scene, holes = frames.copy(), np.zeros(frames.shape[:3], bool)
    for number in range(count):
        times = (number + EXPOSURE * np.linspace(-0.5, 0.5, LOOKS)) / max(count - 1, 1)
        xs = (0.06 + 0.88 * times) * (width - 1)
        ys = height - 1.6 * radius - 0.45 * height * np.abs(np.sin(2.5 * np.pi * times + phase))
        part = (_around(ys, radius, height), _around(xs, radius, width))
        balls = [
            _ball(part, x, y, radius, turn=9 * t) for x, y, t in zip(xs, ys, times, strict=True)
        ]
        cover = np.mean([alpha for _, alpha in balls], axis=0)
        colour = np.mean([ball * alpha for ball, alpha in balls], axis=0)
        holes[number][part] = cover[..., 0] > 0
        mixed = np.rint(colour + (1 - cover) * frames[number][part])
        scene[number][part] = np.where(cover > 0, mixed, frames[number][part])
    return scene, holes


def _around(places: NDArray[np.float64], radius: float, end: int) -> slice:
    """Return the rows or columns that a ball touches at any of the places."""
    first, last = places.min() - radius - EDGE - 1, places.max() + radius + EDGE + 2
    return slice(min(max(int(first), 0), end), min(max(int(last), 0), end))


def _ball(
    part: tuple[slice, slice], x: float, y: float, radius: float, *, turn: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(h, w, 3) colours 0..255 and (h, w, 1) opacity 0..1 of a shaded ball that has rolled."""
    down, right = np.ogrid[part]
    u, v = (right - x) / radius, (down - y) / radius
    distance = np.sqrt(u**2 + v**2)
    alpha = np.clip((1 - distance) * radius / EDGE + 0.5, 0, 1)
    depth = np.sqrt(np.maximum(1 - distance**2, 0))
    stripes = np.sin(5 * (u * np.cos(turn) + v * np.sin(turn))) > 0
    light = 0.35 + 0.65 * np.clip(-0.45 * u - 0.6 * v + 0.66 * depth, 0, 1)
    paint = np.where(stripes[..., None], (38.0, 104.0, 214.0), (246.0, 236.0, 214.0))
    return paint * light[..., None], alpha[..., None]


def soft_chord(seconds: float, *, rate: int = 48_000) -> NDArray[np.float32]:
    """Return a quiet A minor chord, (N, 2) float32 within -0.3..0.3, that fades in and out."""
    time = np.arange(round(seconds * rate)) / rate
    fade = np.clip(np.minimum(time, seconds - time) / 0.2, 0, 1)
    left, right = (
        sum(np.sin(2 * np.pi * pitch * (time + delay)) for pitch in (220.0, 261.63, 329.63))
        for delay in (0.0, 0.0006)
    )
    return np.asarray(0.1 * fade[:, None] * np.stack([left, right], axis=1), np.float32)
