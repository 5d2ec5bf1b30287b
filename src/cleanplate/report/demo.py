"""The demonstration: a clip whose truth is known, filled, scored, and shown."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from cleanplate.datasets.synthetic import crossing_object, moving_photograph, soft_chord
from cleanplate.io import open_video, whole_folder, write_picture, write_video
from cleanplate.masks import MaskOptions
from cleanplate.masks.write import write_folder
from cleanplate.metrics.fidelity import psnr_hole, ssim_hole
from cleanplate.pipeline import fill_file
from cleanplate.report.pictures import Picture, mask_overlay, side_by_side
from cleanplate.summary import Summary
from cleanplate.video import Frames, Holes

FRAME_RATE = Fraction(25)
AUDIO_RATE = 48_000


@dataclass(frozen=True)
class Demo:
    """What the demonstration came to.

    psnr: dB, and ssim, of the decoded result against the truth, inside the object's mask.
    """

    summary: Summary
    psnr: float
    ssim: float
    picture: Path


def make_demo(
    out: str | Path,
    *,
    size: tuple[int, int] = (270, 480),
    count: int = 60,
    progress: Callable[[int, int | None], None] | None = None,
) -> Demo:
    """Make, fill, score, and show a clip in folder ``out``; all of it appears there, or nothing.

    Writes scene.mp4 (with sound), masks/, truth.mp4, clean.mp4 and picture.png. size: (height,
    width), even. count: frames. Raises BadOutput.
    """
    out = Path(out)
    truth = moving_photograph(_photograph(), size=size, count=count)
    scene, holes = crossing_object(truth)
    with whole_folder(out, among=True) as folder:
        sound = (soft_chord(float(count / FRAME_RATE), rate=AUDIO_RATE), AUDIO_RATE)
        write_video(folder / "scene.mp4", scene, rate=FRAME_RATE, audio=sound)
        write_video(folder / "truth.mp4", truth, rate=FRAME_RATE)
        write_folder(((f"{n:05d}", hole) for n, hole in enumerate(holes)), folder / "masks")
        summary = fill_file(
            folder / "scene.mp4",
            folder / "masks",
            folder / "clean.mp4",
            mask_options=MaskOptions(grow=4),
            progress=progress,
        )
        clean = _decode(folder / "clean.mp4")
        write_picture(folder / "picture.png", _picture(scene, holes, clean))
    return Demo(
        summary=dataclasses.replace(summary, output=str(out / "clean.mp4")),
        psnr=psnr_hole(clean, truth, holes),
        ssim=ssim_hole(clean, truth, holes),
        picture=out / "picture.png",
    )


def _photograph() -> Picture:
    import skimage.data  # the picture is in its wheel: nothing is downloaded

    return np.asarray(skimage.data.coffee(), np.uint8)  # type: ignore[no-untyped-call]


def _decode(path: Path) -> Frames:
    with open_video(path) as reader:
        return np.stack([picture.rgb() for picture in reader])


def _picture(scene: Frames, holes: Holes, clean: Frames) -> Picture:
    shown = 2 * len(scene) // 5  # where the object covers most detail
    panels = [scene[shown], mask_overlay(scene[shown], holes[shown]), clean[shown]]
    return side_by_side(panels, ["before", "mask", "after"])
