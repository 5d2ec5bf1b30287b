"""Broken videos and masks by the thousand: only our own refusals, no crash, no hang, nothing left.

    python benchmarks/fuzz.py [--count 4000] [--seed 0] [--seconds 20]

Each mutant is one of a dozen tiny files with bytes changed, cut out, repeated or moved. A process
of its own opens it as a video and as a mask and decodes what it can; every eighth one is filled.
What is printed is a line of JSON: how many were read and refused, and by their numbers those that
crashed, hung, raised what is no refusal of ours, or left something behind. Ends with 1 where there
is any. `--only 17` looks at one of them again, and `--keep FOLDER` writes it there.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import os
import resource
import select
import shutil
import subprocess
import sys
import tempfile
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np
from PIL import Image

import cleanplate as cp
from cleanplate.io import open_video
from cleanplate.masks import open_holes
from cleanplate.store import folder_of

SIZE = (32, 64)
FRAMES = 6
MOST_FRAMES = 60  # are decoded of one mutant
MEMORY = 8 << 30  # bytes of addresses that a process may take
EVERY = 8  # so manieth mutant is filled as well
EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
CLIPS = {
    "h264.mp4": ("libx264", "yuv420p"),
    "h264.mkv": ("libx264", "yuv422p10le"),
    "h264.ts": ("libx264", "yuv420p"),
    "hevc.mp4": ("libx265", "yuv420p"),
    "vp9.webm": ("libvpx-vp9", "yuv420p"),
    "av1.mp4": ("libsvtav1", "yuv420p"),
    "ffv1.mkv": ("ffv1", "yuv444p"),
    "prores.mov": ("prores_ks", "yuv422p10le"),
    "mjpeg.avi": ("mjpeg", "yuvj420p"),
    "mpeg4.avi": ("mpeg4", "yuv420p"),
    "raw.y4m": ("", "yuv420p"),
}
FAULTS = ("crashed", "hung", "foreign", "left")


def main() -> None:
    """Look at all mutants, and say what came of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=20, help="that one mutant may take")
    parser.add_argument("--only", type=int)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        folder, first, last = arguments.child
        look_at_all(Path(folder), range(int(first), int(last)), arguments.seed)
        return
    numbers = range(arguments.count)
    if arguments.only is not None:
        numbers = range(arguments.only, arguments.only + 1)
    with tempfile.TemporaryDirectory() as folder:
        make_sources(Path(folder) / "sources")
        if arguments.keep:
            arguments.keep.mkdir(parents=True, exist_ok=True)
            name, data = mutant(Path(folder) / "sources", numbers[0], arguments.seed)
            (arguments.keep / name).write_bytes(data)
        result = in_children(Path(folder), numbers, arguments.seed, arguments.seconds)
    print(json.dumps(result))
    sys.exit(any(result[fault] for fault in FAULTS))


# ---- mutants


def make_sources(folder: Path) -> None:
    """Write the whole files from which all mutants come."""
    folder.mkdir()
    frames = np.random.default_rng(0).integers(0, 256, (FRAMES, *SIZE, 3), np.uint8)
    frames = np.stack([cv2.GaussianBlur(frame, None, 2) for frame in frames])
    os.environ.setdefault("SVT_LOG", "1")
    for name, (codec, pix_fmt) in CLIPS.items():
        if name.endswith(".y4m"):
            head = f"YUV4MPEG2 W{SIZE[1]} H{SIZE[0]} F25:1 Ip A1:1 C420jpeg\n".encode()
            planes = [cv2.cvtColor(f, cv2.COLOR_RGB2YUV_I420).tobytes() for f in frames]
            (folder / name).write_bytes(head + b"".join(b"FRAME\n" + p for p in planes))
            continue
        with av.open(str(folder / name), "w") as container:
            stream = container.add_stream(codec, rate=25)
            stream.height, stream.width, stream.pix_fmt = *SIZE, pix_fmt
            stream.codec_context.time_base = Fraction(1, 25)
            if codec == "libx265":
                stream.options = {"x265-params": "log-level=none"}
            kind = "libopus" if name.endswith(".webm") else "aac"
            sound = container.add_stream(kind, rate=48000, layout="mono")
            for index, frame in enumerate(frames):
                picture = av.VideoFrame.from_ndarray(frame, "rgb24").reformat(format=pix_fmt)
                picture.pts, picture.time_base = index, Fraction(1, 25)
                container.mux(stream.encode(picture))
            container.mux(stream.encode(None))
            planar, long = ("flt", 960) if kind == "libopus" else ("fltp", 1024)
            tone = av.AudioFrame.from_ndarray(np.zeros((1, long), np.float32), planar, "mono")
            tone.sample_rate, tone.pts, tone.time_base = 48000, 0, Fraction(1, 48000)
            container.mux(sound.encode(tone))
            container.mux(sound.encode(None))
    make_pictures(folder, frames[0])


def make_pictures(folder: Path, frame: np.ndarray) -> None:
    """Write the masks among them, and pictures of every kind."""
    hole = np.zeros(SIZE, np.uint8)
    hole[8:20, 10:30] = 255
    Image.fromarray(hole).save(folder / "grey.png")
    Image.fromarray(hole).convert("P").save(folder / "palette.png")
    Image.fromarray(np.dstack([frame, hole])).save(folder / "alpha.png")
    Image.fromarray(hole).save(folder / "grey.bmp")
    Image.fromarray(hole).save(folder / "grey.webp")
    Image.fromarray(frame).save(folder / "colour.jpg")
    cv2.imwrite(str(folder / "deep.tiff"), hole.astype(np.uint16) * 257)
    cv2.imwrite(str(folder / "deep.png"), frame.astype(np.uint16) * 257)


def mutant(sources: Path, number: int, seed: int) -> tuple[str, bytes]:
    """Return the name and the bytes of a mutant, the same for a number and a seed everywhere."""
    rng = np.random.default_rng([seed, number])
    files = sorted(sources.iterdir())
    source = files[int(rng.integers(len(files)))]
    data = bytearray(source.read_bytes())
    for _ in range(int(rng.choice([1, 1, 2, 4, 16]))):
        change(data, rng)
    return f"{number}{source.suffix}", bytes(data)


def change(data: bytearray, rng: np.random.Generator) -> None:
    """Change bytes at one place; half of all changes lie in the first half a kilobyte."""
    if not data:
        return
    reach = min(len(data), 512) if rng.random() < 0.5 else len(data)
    at, long = int(rng.integers(reach)), int(rng.integers(1, 65))
    kind = int(rng.integers(7))
    if kind == 0:
        data[at] ^= 1 << int(rng.integers(8))
    elif kind == 1:
        data[at] = int(rng.integers(256))
    elif kind == 2:  # a number at the end of its range, in either order of bytes
        value, wide = int(rng.choice(EXTREMES)), int(rng.choice([1, 2, 4]))
        order = "big" if rng.random() < 0.5 else "little"
        data[at : at + wide] = (value & ((1 << 8 * wide) - 1)).to_bytes(wide, order)
    elif kind == 3:
        del data[at : at + long]
    elif kind == 4:
        data[at:at] = data[at : at + long]
    elif kind == 5:
        del data[max(at, 16) :]
    else:
        other = int(rng.integers(len(data)))
        data[at : at + long] = data[other : other + long]


# ---- in a process of its own


def look_at_all(folder: Path, numbers: range, seed: int) -> None:
    """Look at mutants one by one, and say of each that it begins and how it ended."""
    faulthandler.enable(open(os.devnull, "w"))  # noqa: PTH123, SIM115 - what it says is of no use
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    cv2.setNumThreads(1)
    for number in numbers:
        print(f"begin {number}", flush=True)
        print(f"end {number} {look_at(folder, number, seed)}", flush=True)


def look_at(folder: Path, number: int, seed: int) -> str:
    """Open a mutant as a video and as a mask, and fill some; say how that ended."""
    place = folder / f"{seed}-{number}"
    place.mkdir()
    name, data = mutant(folder / "sources", number, seed)
    path, out = place / name, place / "out.mkv"
    path.write_bytes(data)
    works = [lambda: read(path), lambda: read_mask(path)]
    if number % EVERY == 0:
        works.append(lambda: fill(path, folder / "sources" / "grey.png", out))
        works.append(lambda: fill(folder / "sources" / "ffv1.mkv", path, out))
    results = []
    for work in works:
        try:
            work()
            results.append("read")
        except cp.CleanplateError as refusal:
            wrong = "\n" in str(refusal) or not str(refusal).endswith(".")
            results.append(f"foreign {str(refusal)!r}" if wrong else "refused")
        except BaseException as error:
            results.append(f"foreign {type(error).__name__}: {error!s:.200}".replace("\n", " "))
    mine = (path, out, folder_of(out))  # finished windows stay on purpose: work is not lost
    left = sorted(p.name for p in place.iterdir() if p not in mine)
    shutil.rmtree(place)
    if left:
        return f"left {left}"
    return next((r for r in results if r[:7] == "foreign"), max(results))


def read(path: Path) -> None:
    """Decode what can be decoded."""
    with open_video(path) as reader:
        for picture in islice(reader, MOST_FRAMES):
            picture.rgb()


def read_mask(path: Path) -> None:
    """Read holes, for a clip of ours."""
    with open_holes(path, size=SIZE) as holes:
        for _ in islice(holes, MOST_FRAMES):
            pass


def fill(video: Path, mask: Path, out: Path) -> None:
    """Fill a video, without a word to stderr."""
    encoding = cp.Encoding(codec="ffv1")
    options = cp.MaskOptions(grow=1)
    cp.fill_file(video, mask, out, method="telea", mask_options=options, encoding=encoding)


# ---- from outside


def in_children(folder: Path, numbers: range, seed: int, seconds: float) -> dict[str, object]:
    """Have processes look at mutants; where one crashes or hangs, another goes on after it."""
    result: dict[str, object] = {"mutants": len(numbers), "read": 0, "refused": 0}
    result |= {fault: {} for fault in FAULTS}
    at = numbers.start
    while at < numbers.stop:
        at = in_child(folder, range(at, numbers.stop), seed, seconds, result)
    return result


def in_child(
    folder: Path, numbers: range, seed: int, seconds: float, result: dict[str, object]
) -> int:
    """Have one process look at mutants; return the first that it has not come to."""
    told = [str(folder), str(numbers.start), str(numbers.stop)]
    command = [sys.executable, __file__, "--seed", str(seed), "--child", *told]
    quiet = {**os.environ, "OMP_NUM_THREADS": "1", "TMPDIR": str(folder)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=quiet
    ) as child:
        assert child.stdout
        begun = numbers.start
        patience = 60 + seconds  # until it has started
        while True:
            if not select.select([child.stdout], [], [], patience)[0]:
                child.kill()
                note(result, "hung", begun, f"longer than {seconds:g} s")
                return begun + 1
            line = child.stdout.readline()
            patience = seconds
            if not line:
                break
            word, number, *how = line.split(maxsplit=3)
            begun = int(number)
            if word == "end":
                note(result, how[0], begun, " ".join(how[1:]))
                begun += 1
    if begun < numbers.stop:
        note(result, "crashed", begun, f"ended with {child.returncode}")
        return begun + 1
    return begun


def note(result: dict[str, object], how: str, number: int, why: str) -> None:
    """Count what went well, and name what did not."""
    if how in FAULTS:
        result[how][number] = why  # type: ignore[index]
    else:
        result[how] += 1  # type: ignore[operator]


if __name__ == "__main__":
    main()
