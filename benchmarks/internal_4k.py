"""A 3840x2160 clip filled by internal learning from the mask of its first frame: memory, kill -9.

    python benchmarks/internal_4k.py [--frames 12] [--steps 60] [--kill 0.5] [--look look.png]

DAVIS "camel" enlarged, with a grain that sticks to the scene where the camera turns, for what is
enlarged has nothing fine. The command runs whole; then once more into another file, where it is
killed after --kill of that time and begun again. Printed: seconds and the peak resident set of each
run, how much the killed one had kept, and whether both files are the same. --look writes frames
before and after.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from camel import DATA, size_of
from cleanplate.flow.camera import camera_motion
from cleanplate.flow.estimate import classical_flow
from cleanplate.io import read_video, write_picture
from cleanplate.io.clip import write_stream
from cleanplate.masks.draw.files import Annotation

SIZE = (3840, 2160)
GRAIN = 8.0  # levels, the deviation of what is added
SEED = 0
RUN = "import sys; from cleanplate.cli import main; sys.exit(main())"
WAIT = 0.2  # seconds between two looks at how much a run holds


def main() -> None:
    """Print a line of JSON; ends with 1 where the two files differ."""
    given = parse()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        scene, mask = make_clip(place, given)
        command = [*map(str, (scene, f"{mask}@0")), "--track", "--method", "internal", "--quiet"]
        command += ["--set", f"steps={given.steps}"]
        whole = [run([*command, "-o", str(place / "whole.mp4")])]
        again = [run([*command, "-o", str(place / "out.mp4")], given.kill * whole[0]["seconds"])]
        kept = sum(path.stat().st_size for path in place.glob(".*/**/*") if path.is_file())
        again.append(run([*command, "-o", str(place / "out.mp4")]))
        same = (place / "whole.mp4").read_bytes() == (place / "out.mp4").read_bytes()
        left = sorted(path.name for path in place.iterdir() if path.name.startswith("."))
        if given.look:
            look(scene, place / "out.mp4", given.look)
    told = {"whole": whole, "killed": again, "kept_mb": round(kept / 1e6, 1)}
    print(json.dumps(told | {"identical": same, "left_behind": left}))
    sys.exit(not (same and kept) or bool(left))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=12)
    parser.add_argument("--size", type=size_of, default=SIZE)
    parser.add_argument("--steps", type=int, default=60, help="of the fit, at each size")
    parser.add_argument("--kill", type=float, default=0.5, help="after this share of the time")
    parser.add_argument("--look", type=Path, help="a picture to write")
    parser.add_argument("--data", type=Path, default=DATA)
    return parser.parse_args()


def make_clip(place: Path, given: argparse.Namespace) -> tuple[Path, Path]:
    """Write the clip and the mask of its first frame; return both paths."""
    small = read_video(given.data / "JPEGImages" / "480p" / "camel").frames[: given.frames]
    labels = Annotation(given.data / "Annotations" / "480p" / "camel")
    frames = textured(small, given.size)
    first = next(frames)

    def all_frames() -> Iterator[np.ndarray]:
        yield first
        yield from frames

    write_stream(place / "scene.mp4", all_frames(), like=first[None], rate=Fraction(24))
    hole = np.asarray(labels[0], np.uint8) * 255
    write_picture(place / "mask.png", cv2.resize(hole, given.size, interpolation=cv2.INTER_NEAREST))
    return place / "scene.mp4", place / "mask.png"


def textured(small: np.ndarray, size: tuple[int, int]) -> Iterator[np.ndarray]:
    """Enlarge frames (T, h, w, 3) to a size (width, height), with grain that the camera moves."""
    towards, _ = classical_flow(small)
    motion = camera_motion(towards, np.zeros(towards.shape[:3], np.bool_))
    moves = motion.resized((size[1], size[0])).matrices
    rng = np.random.default_rng(SEED)
    grain = rng.normal(0, GRAIN, (size[1], size[0])).astype(np.float32)
    to_first = np.eye(3)
    for number, frame in enumerate(small):
        if number:
            to_first = to_first @ np.linalg.inv(moves[number - 1].astype(np.float64))
        moved = cv2.warpPerspective(
            grain, np.linalg.inv(to_first), size, borderMode=cv2.BORDER_REFLECT
        )
        large = cv2.resize(frame, size, interpolation=cv2.INTER_CUBIC)
        yield np.clip(np.rint(large + moved[..., None]), 0, 255).astype(np.uint8)


def run(given: list[str], seconds: float | None = None) -> dict[str, float]:
    """Fill in a process of its own, killed after so many seconds; return what it took."""
    began, peak = time.perf_counter(), 0
    process = subprocess.Popen([sys.executable, "-c", RUN, "fill", *given], start_new_session=True)
    while process.poll() is None:
        peak = max(peak, peak_of(process.pid))
        if seconds is not None and time.perf_counter() - began > seconds:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        time.sleep(WAIT)
    if process.returncode != (0 if seconds is None else -signal.SIGKILL):
        raise SystemExit(f"the fill ended with {process.returncode}")
    return {"seconds": round(time.perf_counter() - began, 1), "peak_mb": round(peak / 1024)}


def peak_of(process: int) -> int:
    """Return the largest resident set of a process, in KiB, as Linux counts it; 0 once it ended."""
    try:
        found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{process}/status").read_text())
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(found[1]) if found else 0


def look(scene: Path, out: Path, picture: Path) -> None:
    """Write the first, the middle and the last frame, before and after."""
    before, after = read_video(scene).frames, read_video(out).frames
    at = [0, len(before) // 2, len(before) - 1]
    rows = [np.concatenate([frames[t] for t in at], axis=1) for frames in (before, after)]
    write_picture(picture, np.concatenate(rows, axis=0))


if __name__ == "__main__":
    main()
