r"""Peak memory and time a frame of the whole process, for clips of two lengths or beside a floor.

    python benchmarks/memory.py [--lengths 90,900] [--size 854x480] [--tunes removal,fidelity]
    python benchmarks/memory.py --lengths 300 --memory 600M,800M
    python benchmarks/memory.py --lengths 500,10000 --mask still --tunes removal
    python benchmarks/memory.py --lengths 500,10000 --mask moving --tunes removal
    python benchmarks/memory.py --lengths 60 --size 3840x2160 --bits 10 --codec h265 --floor \
        --tunes removal

Longer clips are played forth and back. Each fill runs as a command of its own; what is printed is
the largest resident set that Linux counted for it (VmHWM, since the figure of getrusage is
inherited from the process that started it), and the time it took, libraries loaded and compiled
code read. With --memory it is told to keep to so much, and what it needs is printed beside that.
With several lengths the last line of a tune compares the longest with the shortest. With --floor
every length is also decoded and encoded alone, by the same codec and settings, in turn with the
fill, `--repeats` times: medians are printed, and their quotient.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from itertools import product
from pathlib import Path
from typing import NamedTuple

from camel import DATA, SIZE, make_clip, size_of

RUN = """
import json, re, sys, time
from pathlib import Path
from cleanplate.cli import main
from cleanplate.io import Encoding, open_video, open_writer

def floor(video, out, codec, preset):
    with open_video(video) as reader:
        with open_writer(out, reader, Encoding(codec or None, None, preset or None)) as writer:
            for picture in reader:
                writer.write(picture)
            writer.finish()

what, *given = sys.argv[1:]
began = time.perf_counter()
code = floor(*given) if what == "floor" else main([what, *given])
seconds = time.perf_counter() - began
peak = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]
print(json.dumps({"code": code or 0, "peak_mb": int(peak) / 1024, "seconds": seconds}))
"""


class Took(NamedTuple):
    """What a process took: its peak resident set, and seconds."""

    megabytes: float
    seconds: float


def main() -> None:
    """Print a row for each length and tune, and how the longest compares with the shortest."""
    arguments = parse()
    lengths, tunes = list(map(int, arguments.lengths.split(","))), arguments.tunes.split(",")
    rows: dict[tuple[str, str], list[tuple[int, Took]]] = {}
    for length in lengths:
        with tempfile.TemporaryDirectory() as folder:
            clip = make_clip(
                arguments.data,
                Path(folder),
                length=length,
                size=arguments.size,
                bits=arguments.bits,
                still=arguments.mask == "still",
            )
            for tune, most in product(tunes, arguments.memory.split(",")):
                took = measured(clip, tune, most, arguments)
                rows.setdefault((tune, most), []).append((length, took))
                told = f"{took.megabytes:7.0f} MB {1000 * took.seconds / length:7.1f} ms a frame"
                print(f"{length:6} frames  {tune:10} {most:6} {told}", flush=True)
    for (tune, most), found in rows.items():
        (short, less), (long, more) = min(found), max(found)
        if long > short:
            memory = more.megabytes / less.megabytes
            speed = more.seconds / long / (less.seconds / short)
            told = f"memory {memory:.3f}, time a frame {speed:.3f}"
            print(f"{tune:10} {most:6} {long} / {short} frames: {told}")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lengths", default="90,900")
    parser.add_argument("--size", type=size_of, default=SIZE)
    parser.add_argument("--bits", type=int, default=8, choices=[8, 10])
    parser.add_argument("--mask", default="moving", choices=["moving", "still"])
    parser.add_argument("--tunes", default="removal,fidelity")
    parser.add_argument("--memory", default="", help="amounts, such as 600M,800M")
    parser.add_argument("--codec", default="", help="of the result, such as h265")
    parser.add_argument("--preset", default="", help="of its encoder, such as fast")
    parser.add_argument("--floor", action="store_true", help="decode and encode alone as well")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--data", type=Path, default=DATA)
    return parser.parse_args()


def measured(clip: tuple[Path, Path], tune: str, most: str, arguments: argparse.Namespace) -> Took:
    """Fill a clip, in turn with the floor if that is asked for; return the medians."""
    video, mask = map(str, clip)
    out = str(clip[0].with_name("out.mp4"))
    fill = ["fill", video, mask, "-o", out, "--quiet", "--tune", tune]
    for name in ("codec", "preset"):
        fill += [f"--{name}", getattr(arguments, name)] if getattr(arguments, name) else []
    fill += ["--memory", most] if most else []
    fills, floors = [], []
    for _ in range(arguments.repeats):
        if arguments.floor:
            floors.append(took_by(["floor", video, out, arguments.codec, arguments.preset]))
        fills.append(took_by(fill))
    took = median(fills)
    if floors:
        base = median(floors)
        print(
            f"decoded and encoded alone: {base.megabytes:.0f} MB, {base.seconds:.1f} s; filled "
            f"{took.seconds:.1f} s, {took.seconds / base.seconds:.2f} times"
        )
    return took


def median(all_took: list[Took]) -> Took:
    return Took(*(statistics.median(column) for column in zip(*all_took, strict=True)))


def took_by(given: list[str]) -> Took:
    """Do a piece of work in a process of its own and return what it took."""
    command = [sys.executable, "-c", RUN, *given]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    result = json.loads(done.stdout.splitlines()[-1])
    if result["code"]:
        raise SystemExit(f"{given[0]} ended with {result['code']}: {done.stderr}")
    return Took(result["peak_mb"], result["seconds"])


if __name__ == "__main__":
    main()
