"""Overlays that are made: how well their masks are found, and the picture behind is restored.

    python benchmarks/overlays.py [--opacities 1,0.5] [--kinds logo,text,plate] [--clips camel]
                                  [--no-unblend]

Each kind is drawn over ten DAVIS clips at 854x480, at its own corner, in every frame alike. Found:
intersection over union of the mask that `find_static` finds and the pixels that the overlay has a
tenth or more of its opacity in; 0 where the scene is said to stand still, and means are taken over
all clips, and over those that move. Restored: PSNR in dB in the pixels that it touches, of
`unblend` given the true mask, of the same clip with the hole filled, and of what is there to begin
with.
Settings are chosen on the tuning clips alone; the judging clips only judge, so they stand apart.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import cv2
import numpy as np

import cleanplate as cp
from quality import DATA, JUDGING, TUNING

FINER = 4  # overlays are drawn so much finer, and averaged
AREA, MARGIN = (150, 90), 24  # pixels at 480 lines: (width, height) of an overlay, and its distance
CORNERS = {"logo": (1, 0), "text": (1, 1), "plate": (0, 0)}  # right, bottom
TOUCHED = 0.1  # share of its opacity from which on a pixel belongs to an overlay


def main() -> None:
    """Print a row a kind, opacity and clip, then the means."""
    given = parse()
    rows: dict[tuple[str, float, str], list[float]] = {}
    for opacity in (float(text) for text in given.opacities.split(",")):
        for kind in given.kinds.split(","):
            for clip in given.clips.split(","):
                key = kind, opacity, clip
                frames = load(given.data, clip)
                colour, alpha = overlay(frames.shape[1:3], kind)
                seen = blended(frames, colour, opacity * alpha)
                rows[key] = [found(seen, alpha > TOUCHED)]
                if opacity < 1 and given.unblend:
                    rows[key] += restored(seen, frames, alpha > 0)
                cells = "".join(f"{value:9.3f}" for value in rows[key])
                print(f"{kind:8}{opacity:5.2f}  {clip:16}{cells}", flush=True)
    print_means(rows)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--opacities", default="1,0.5")
    parser.add_argument("--kinds", default=",".join(CORNERS))
    parser.add_argument("--clips", default=",".join(TUNING + JUDGING))
    parser.add_argument("--unblend", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--data", type=Path, default=DATA)
    return parser.parse_args()


def load(data: Path, clip: str) -> np.ndarray:
    """Frames (T, 480, 854, 3) uint8 RGB."""
    pictures = sorted((data / "DAVIS" / "JPEGImages" / "480p" / clip).glob("*.jpg"))
    return np.stack([cv2.imread(str(path))[..., ::-1] for path in pictures])


def overlay(size: tuple[int, int], kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Colours (H, W, 3) and opacity (H, W), 0 to 1, of a kind in CORNERS."""
    scale = FINER * size[0] / 480
    large = round(FINER * size[0]), round(FINER * size[1])
    width, height, margin = (round(scale * side) for side in (*AREA, MARGIN))
    right, bottom = CORNERS[kind]
    x = large[1] - width - margin if right else margin
    y = large[0] - height - margin if bottom else margin
    cover, colour = np.zeros(large, np.uint8), np.zeros((*large, 3), np.uint8)
    DRAW[kind](cover, colour, (x, y, width, height), scale)
    alpha, shade = (
        cv2.resize(p.astype(np.float32), size[::-1], interpolation=cv2.INTER_AREA)
        for p in (cover, colour)
    )
    return shade, alpha


def draw_logo(cover, colour, box, scale):
    """Draw an oval in three colours, with two letters."""
    x, y, width, height = box
    centre = x + width // 2, y + height // 2
    cv2.ellipse(cover, centre, (width // 2, height // 2), 0, 0, 360, 1, -1)
    colour[:] = (30, 60, 170)
    inner = int(0.42 * width), int(0.36 * height)
    cv2.ellipse(colour, centre, inner, 0, 0, 360, (235, 235, 240), -1)
    place = int(centre[0] - 0.3 * width), int(centre[1] + 0.2 * height)
    font = cv2.FONT_HERSHEY_DUPLEX
    cv2.putText(colour, "C7", place, font, 1.9 * scale, (200, 40, 30), int(6 * scale))


def draw_text(cover, colour, box, scale):
    """Draw two lines of white text with a black outline."""
    x, y, _, height = box
    font = cv2.FONT_HERSHEY_SIMPLEX
    for width, shade in ((9, (10, 10, 10)), (4.5, (250, 250, 240))):
        for line, text in enumerate(("LIVE", "12:30")):
            place = x, int(y + height * (0.42 + 0.5 * line))
            cv2.putText(cover, text, place, font, 1.35 * scale, 1, int(width * scale))
            cv2.putText(colour, text, place, font, 1.35 * scale, shade, int(width * scale))


def draw_plate(cover, colour, box, scale):
    """Draw a white plate with a round hole, through which the scene shows."""
    x, y, width, height = box
    cv2.rectangle(cover, (x, y), (x + width, y + height), 1, -1)
    colour[:] = (245, 245, 245)
    cv2.circle(cover, (x + width // 2, y + height // 2), int(0.3 * height), 0, -1)


DRAW = {"logo": draw_logo, "text": draw_text, "plate": draw_plate}


def blended(frames: np.ndarray, colour: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Lay an overlay over frames, rounded to their levels."""
    share = alpha[..., None]
    return np.stack([np.rint(f * (1 - share) + colour * share).astype(np.uint8) for f in frames])


def found(seen: np.ndarray, truth: np.ndarray) -> float:
    """Return the intersection over union; 0 where it is refused, for a scene that stands still."""
    try:
        hole = cp.find_static(seen).hole
    except cp.BadInput:
        return 0.0
    return float((hole & truth).sum() / (hole | truth).sum())


def restored(seen: np.ndarray, truth: np.ndarray, touched: np.ndarray) -> list[float]:
    """Return decibels un-blended, filled, and as it was; and seconds that un-blending took."""
    hole = cp.grow(touched, 2)
    began = time.perf_counter()
    clean = cp.unblend(seen, hole)
    seconds = time.perf_counter() - began
    filled = cp.fill(seen, hole, options={"completion": "smooth"})
    return [*(psnr(frames, truth, touched) for frames in (clean, filled, seen)), seconds]


def psnr(frames: np.ndarray, truth: np.ndarray, where: np.ndarray) -> float:
    """Return the mean over frames of the PSNR in some pixels."""
    off = (frames[:, where].astype(float) - truth[:, where]) ** 2
    return float((10 * np.log10(255**2 / np.maximum(off.mean(axis=(1, 2)), 1e-3))).mean())


def print_means(rows: dict[tuple[str, float, str], list[float]]) -> None:
    """Print means over the tuning and over the judging clips."""
    for kind, opacity in dict.fromkeys(key[:2] for key in rows):
        for name, group in (("tuning", TUNING), ("judging", JUDGING)):
            own = [rows[kind, opacity, clip] for clip in group if (kind, opacity, clip) in rows]
            moving = [row for row in own if row[0]]
            for what, some in (("all", own), ("moving", moving)):
                if some:
                    cells = "".join(f"{value:9.3f}" for value in np.mean(some, axis=0))
                    print(f"{kind:8}{opacity:5.2f}  {name}, {what:8}{cells}")


if __name__ == "__main__":
    main()
