"""Peak memory of the whole process for clips of two lengths, the longer played forth and back.

    python benchmarks/memory.py [--lengths 90,900] [--size 854x480] [--tunes removal,fidelity]
    python benchmarks/memory.py --lengths 300 --memory 600M,800M

Each fill runs as a command of its own; what is printed is the largest resident set that Linux
counted for it (VmHWM, since the figure of getrusage is inherited from the process that started it).
With --memory it is told to keep to so much, and what it needs is printed beside that.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from itertools import product
from pathlib import Path

from camel import DATA, SIZE, make_clip, size_of

RUN = """
import json, re, sys
from pathlib import Path
from cleanplate.cli import main
code = main(sys.argv[1:])
peak = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]
print(json.dumps({"code": code, "peak_mb": int(peak) / 1024}))
"""


def main() -> None:
    """Print a row for each length and tune."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lengths", default="90,900")
    parser.add_argument("--size", type=size_of, default=SIZE)
    parser.add_argument("--tunes", default="removal,fidelity")
    parser.add_argument("--memory", default="", help="amounts, such as 600M,800M")
    parser.add_argument("--codec", default="", help="of the result, such as h265")
    parser.add_argument("--data", type=Path, default=DATA)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for length in map(int, arguments.lengths.split(",")):
            place = Path(folder) / str(length)
            video, masks = make_clip(arguments.data, place, length=length, size=arguments.size)
            for tune, most in product(arguments.tunes.split(","), arguments.memory.split(",")):
                told = ["--tune", tune, *(["--memory", most] if most else [])]
                told += ["--codec", arguments.codec] if arguments.codec else []
                peak = peak_megabytes(video, masks, Path(folder) / "out.mp4", told)
                print(f"{length:6} frames  {tune:10} {most:6} {peak:7.0f} MB", flush=True)


def peak_megabytes(video: Path, masks: Path, out: Path, told: list[str]) -> float:
    """Fill in a process of its own and return its peak resident set."""
    command = [sys.executable, "-c", RUN, "fill", str(video), str(masks), "-o", str(out)]
    done = subprocess.run([*command, *told, "--quiet"], check=True, capture_output=True, text=True)
    result = json.loads(done.stdout.splitlines()[-1])
    if result["code"]:
        raise SystemExit(f"fill ended with {result['code']}: {done.stderr}")
    return float(result["peak_mb"])


if __name__ == "__main__":
    main()
