"""Internal learning on clips that are no photographs: a drawn animation, and its map of labels.

    python benchmarks/drawn.py [--budget 2m] [--look drawn.png]

A van drives through hills, trees and houses while the camera pans; once as a film is drawn, with
shading and outlines, once as flat colours, one for each kind of thing. What is behind the van is
known, since it is drawn as well. Printed: PSNR in the hole, in dB, of Telea, the flow method and
internal learning with both priors. --look writes the middle frame of each.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

import cleanplate as cp
from cleanplate.io import write_picture
from cleanplate.metrics.fidelity import psnr_hole

SIZE = (240, 432)  # height, width
LENGTH = 40  # frames
PAN = 2.0  # pixels a frame that the nearest layer of the scene goes by
SPEED = 5.0  # pixels a frame of the van, in the picture
WORLD = SIZE[1] + round(PAN * LENGTH) + 1  # pixels that are seen of the nearest layer
SEED = 4
# What there is: a colour as it is drawn, and one as its label.
COLOURS = {
    "sky": ((150, 200, 240), (70, 130, 180)),
    "hill": ((120, 160, 110), (152, 251, 152)),
    "house": ((200, 120, 90), (70, 70, 70)),
    "tree": ((50, 110, 60), (107, 142, 35)),
    "road": ((120, 115, 120), (128, 64, 128)),
    "line": ((235, 230, 210), (244, 35, 232)),
    "van": ((220, 60, 50), (0, 0, 142)),
    "wheel": ((40, 40, 45), (119, 11, 32)),
}
Style = int  # which of both colours; 0 has outlines and shading, too


def main() -> None:
    """Print a line for each style and method."""
    given = parse()
    columns = []
    for style, name in enumerate(("animation", "labels")):
        truth = np.stack([scene(t, style) for t in range(LENGTH)])
        frames, holes = truth.copy(), np.zeros(truth.shape[:3], np.bool_)
        for t, frame in enumerate(frames):
            holes[t] = drive(frame, t, style)
        frame = LENGTH // 2
        tiles = [truth[frame], frames[frame]]
        for told, method, options in methods(given.budget):
            filled = cp.fill(frames, holes, method=cp.load_method(method, **options))
            found = psnr_hole(filled, truth, holes)
            print(f"{name:12}{told:28}{float(np.mean(found)):8.2f} dB", flush=True)
            tiles.append(filled[frame])
        columns.append(np.concatenate(tiles, axis=0))
    if given.look:
        write_picture(given.look, np.concatenate(columns, axis=1))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--budget", default="2m", help="of each fit")
    parser.add_argument("--look", type=Path, help="a picture to write: truth, clip, fills")
    return parser.parse_args()


def methods(budget: str) -> list[tuple[str, str, dict[str, str]]]:
    """Return names to print, methods, and options."""
    return [
        ("Telea", "telea", {}),
        ("flow", "flow", {}),
        ("internal", "internal", {"budget": budget}),
        ("internal, prior none", "internal", {"budget": budget, "prior": "none"}),
    ]


def scene(t: int, style: Style) -> np.ndarray:
    """Draw frame t (H, W, 3) without the van: layers that go by the faster the nearer they are."""
    rng = np.random.default_rng(SEED)
    picture = np.empty((*SIZE, 3), np.uint8)
    picture[:] = COLOURS["sky"][style]
    if style == 0:
        shade = np.linspace(0.75, 1.1, SIZE[0])[:, None, None]
        picture[:] = np.clip(picture * shade, 0, 255).astype(np.uint8)
    for near in (0.2, 0.45):
        polygon(picture, hills(rng, near), (-near * PAN * t, 0), "hill", style)
    for left in np.cumsum(rng.uniform(60, 130, 8)):
        house(picture, left - 0.7 * PAN * t, rng, style)
    for left in np.cumsum(rng.uniform(25, 80, 14)):
        tree(picture, left - 0.85 * PAN * t, rng, style)
    cv2.rectangle(picture, (0, 190), (SIZE[1], SIZE[0]), COLOURS["road"][style], cv2.FILLED)
    for left in range(0, WORLD + 60, 60):
        start = np.array([[left, 212], [left + 30, 212], [left + 26, 218], [left - 4, 218]])
        polygon(picture, start.astype(np.float64), (-PAN * t, 0), "line", style)
    return picture


def hills(rng: np.random.Generator, near: float) -> np.ndarray:
    """Return the outline (N, 2) of a chain of hills."""
    x = np.linspace(-20, WORLD + 20, 120)
    waves = sum(np.sin(x / rng.uniform(20, 90) + rng.uniform(0, 6)) for _ in range(4))
    y = 90 + 70 * near + 12 * waves
    return np.concatenate([np.stack([x, y], axis=1), [[x[-1], 240], [x[0], 240]]])


def house(picture: np.ndarray, left: float, rng: np.random.Generator, style: Style) -> None:
    wide, high = rng.uniform(35, 60), rng.uniform(30, 60)
    walls = np.array([[0, 0], [0, -high], [wide / 2, -high - 18], [wide, -high], [wide, 0]])
    polygon(picture, walls, (left, 190), "house", style)
    if style == 0:
        for x in np.arange(6, wide - 10, 14):
            pane = np.array([[0, 0], [8, 0], [8, 12], [0, 12]])
            polygon(picture, pane, (left + x, 198 - high), "line", style)


def tree(picture: np.ndarray, left: float, rng: np.random.Generator, style: Style) -> None:
    high, wide = rng.uniform(30, 70), rng.uniform(9, 16)
    trunk = np.array([[-2, 0], [-2, -high], [2, -high], [2, 0]])
    polygon(picture, trunk, (left, 192), "tree", style)
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    far = wide * (1 + 0.15 * np.sin(5 * angles + rng.uniform(0, 6)))
    crown = np.stack([far * np.cos(angles), far * np.sin(angles) - high], axis=1)
    polygon(picture, crown, (left, 192), "tree", style)


def drive(picture: np.ndarray, t: int, style: Style) -> np.ndarray:
    """Draw the van into frame t; return where it is, (H, W)."""
    before = picture.copy()
    corners = np.array([[0, 0], [0, -46], [70, -46], [86, -26], [104, -22], [104, 0]])
    place = (round(30 + SPEED * t), 212)
    polygon(picture, corners, place, "van", style)
    for x in (22, 82):
        middle = (place[0] + x, place[1])
        cv2.circle(picture, middle, 12, COLOURS["wheel"][style], cv2.FILLED, cv2.LINE_8)
    drawn = (picture != before).any(axis=2).astype(np.uint8)
    return cv2.dilate(drawn, np.ones((5, 5), np.uint8)) > 0


def polygon(
    picture: np.ndarray, points: np.ndarray, place: tuple[float, float], kind: str, style: Style
) -> None:
    """Fill an outline (N, 2) at a place (x, y), with a rim where a film is drawn."""
    whole = np.rint((points + np.array(place)) * 16).astype(np.int32)
    smooth = cv2.LINE_AA if style == 0 else cv2.LINE_8
    cv2.fillPoly(picture, [whole], COLOURS[kind][style], smooth, shift=4)
    if style == 0:
        cv2.polylines(picture, [whole], True, (30, 25, 35), 1, smooth, shift=4)


if __name__ == "__main__":
    main()
