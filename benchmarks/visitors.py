"""Twenty visitors at once on one server of ``cleanplate web``, after one alone on another.

    python benchmarks/visitors.py [--visitors 20] [--frames 24]

The command runs as a process of its own, with a folder of its own for temporary files. Every
visitor brings a DAVIS clip at 854x480, as it is or mirrored, with the visitor's number in black and
white squares in a corner; draws a box around the object in the first frame, has it followed, takes
a quick look, has the clip filled, and downloads the result and its masks. A result is a visitor's
own if it has the clip's size and length and, outside its hole, is nearer to that clip than to all
others. Then each asks for all that the next one has, and every answer but "404" is counted; the
owner gets "200" for what can be looked at.

Memory is the sum of PSS (a page that n processes share counts 1/n in each) over the server and all
processes that it started, looked at twice a second, as is what lies in the folder. Seconds are
counted from when all begin. A light request is /api/state, asked by every visitor twice a second.
Ends with 1 where anything is not as it should be.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import NamedTuple

import cv2
import numpy as np

from caller import Caller, Failed
from camel import DATA
from cleanplate.io import read_video
from cleanplate.io.clip import write_stream
from cleanplate.masks.draw.files import Annotation
from cleanplate.masks.draw.shuffled import forth_and_back
from cleanplate.region import bounding_box

SIZE = (854, 480)  # width, height
SQUARE = 16  # pixels
OFTEN = 0.5  # seconds between two looks at the server's memory
GRACE = 3.0  # seconds that the server's processes have to end after it
SERVER = "import sys; from cleanplate.cli import main; sys.exit(main())"


class Film(NamedTuple):
    """What a visitor brings: a file, the object's box, and three of its frames by number."""

    path: Path
    box: list[int]
    frames: int
    samples: dict[int, np.ndarray]


@dataclass
class Stay:
    """What came of a visit: ids, files as bytes; or why it failed."""

    caller: Caller
    clip: str = ""
    tried: str = ""
    filled: str = ""
    seconds: float = 0.0
    failed: str = ""
    video: bytes = b""
    masks: bytes = b""


@dataclass
class Seen:
    """The most that was seen of a server: bytes of memory and on the disk, and processes."""

    memory: int = 0
    disk: int = 0
    processes: set[int] = field(default_factory=set)
    at_once: int = 0


def main() -> None:
    """Print what came of one visitor, then of all at once."""
    arguments = parse()
    with tempfile.TemporaryDirectory() as place:
        films = [
            film(arguments.data, Path(place) / f"{number}.mp4", number, arguments.frames)
            for number in range(arguments.visitors)
        ]
        fine = [visited(films[:count]) for count in dict.fromkeys((1, len(films)))]
    sys.exit(not all(fine))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--visitors", type=int, default=20)
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--data", type=Path, default=DATA)
    return parser.parse_args()


def film(data: Path, path: Path, number: int, count: int) -> Film:
    """Write the clip of a visitor, unlike that of any other."""
    clips = sorted((data / "JPEGImages" / "480p").iterdir())
    clip, mirrored = clips[number % len(clips)], number // len(clips) % 2 == 1
    pictures = sorted(clip.glob("*.jpg"))
    order = [pictures[i] for i in forth_and_back(count, len(pictures))]
    frames = np.stack([cv2.resize(cv2.imread(str(p)), SIZE)[..., ::-1] for p in order])
    frames = np.ascontiguousarray(frames[:, :, ::-1] if mirrored else frames)
    for bit in range(8):
        white = 255 * (number >> bit & 1)
        frames[:, :SQUARE, SQUARE * bit : SQUARE * (bit + 1)] = white
    write_stream(path, iter(frames), like=frames[:1], rate=Fraction(24))
    label = Annotation(data / "Annotations" / "480p" / clip.name)[0].astype(np.uint8)
    first = cv2.resize(label, SIZE, interpolation=cv2.INTER_NEAREST) > 0
    rows, columns = bounding_box(first[:, ::-1] if mirrored else first, margin=0)
    box = [columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start]
    samples = {n: frames[n].copy() for n in (0, count // 2, count - 1)}
    return Film(path, box, count, samples)


def visited(films: list[Film]) -> bool:
    """Have so many visitors come at once, and print what came of it; whether all is well."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        with served(place) as (server, address):
            began = time.perf_counter()
            with (
                looked_at(server.pid, place) as seen,
                ThreadPoolExecutor(len(films)) as all_at_once,
            ):
                callers = [Caller(address) for _ in films]
                stays = list(all_at_once.map(partial(visit, began=began), callers, films))
            own = [number for number, stay in enumerate(stays) if is_own(number, stay, films)]
            asked, open_to_all = strangers(stays)
        code = server.returncode
        left = [str(path.relative_to(place)) for path in place.rglob("*")]
    alive = still_there(seen.processes)
    print(f"{len(films)} at once")
    print(f"  got their own results     {len(own)}")
    print(f"  asked for others' things  {asked} times, answered but with 404: {open_to_all}")
    tell_figures(stays, seen)
    rest = f"left: {left or 'nothing'}, processes: {alive or 'none'}"
    print(f"  ended with {code}; {rest}", flush=True)
    return len(own) == len(films) and not open_to_all and not left and not alive


def tell_figures(stays: list[Stay], seen: Seen) -> None:
    """Print memory, the disk, and how long it took."""
    took: dict[str, list[float]] = defaultdict(list)
    for stay in stays:
        for kind, seconds in stay.caller.took:
            took[kind].append(seconds)
    done = [stay.seconds for stay in stays if not stay.failed]
    most, disk = seen.memory / 1e6, seen.disk / 1e6
    print(f"  most memory, PSS          {most:.0f} MB in at most {seen.at_once} processes")
    print(f"  most in the folder        {disk:.0f} MB")
    if done:
        print(f"  seconds to a result       first {min(done):.1f}, last {max(done):.1f}")
    for kind, all_took in took.items():
        longest, usual = max(all_took), statistics.median(all_took)
        told = f"{len(all_took)} answers, longest {longest:.3f} s, median {usual:.3f} s"
        print(f"  {kind:26}{told}")
    for stay in stays:
        if stay.failed:
            print(f"  failed: {stay.failed}")


@contextmanager
def served(place: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the command in a folder of its own; give its process and address. Ctrl-C ends it."""
    command = [sys.executable, "-c", SERVER, "web", "--port", "0"]
    environment = {**os.environ, "TMPDIR": str(place)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=environment, cwd=place
    ) as server:
        try:
            assert server.stdout is not None
            found = re.search(r"http://\S+", server.stdout.readline())
            if found is None:
                raise SystemExit("the server does not start")
            yield server, found[0]
        finally:
            server.send_signal(signal.SIGINT)
            try:
                server.wait(60)
            except subprocess.TimeoutExpired:
                server.kill()


def visit(caller: Caller, film: Film, *, began: float) -> Stay:
    """Do all that a visitor does; return what came of it."""
    stay = Stay(caller)
    try:
        caller.told("enter", "GET", "/")
        sent = caller.json("upload", "POST", "/api/clips?name=clip.mp4", film.path.read_bytes())
        stay.clip = sent["clip"]
        caller.wait(sent["job"])
        base = f"/api/clips/{stay.clip}"
        (clip,) = caller.state()["clips"]
        share = clip["seen"][0] / clip["size"][0]
        box = {"box": [round(share * side) for side in film.box]}
        caller.json("box", "POST", f"{base}/point/0", box)
        caller.wait(caller.json("begin", "POST", f"{base}/jobs/follow", {})["job"])
        middle = {"frame": film.frames // 2}
        stay.tried = caller.json("begin", "POST", f"{base}/jobs/try", middle)["job"]
        caller.wait(stay.tried)
        stay.filled = caller.json("begin", "POST", f"{base}/jobs/fill", {})["job"]
        caller.wait(stay.filled)
        stay.video = caller.told("download", "GET", f"/api/jobs/{stay.filled}/video")
        stay.seconds = time.perf_counter() - began
        stay.masks = caller.told("download", "GET", f"/api/jobs/{stay.filled}/masks")
    except (Failed, OSError) as error:
        stay.failed = str(error)
    return stay


def is_own(number: int, stay: Stay, films: list[Film]) -> bool:
    """Whether a visitor's result is a clip of the right size and length, and of no one else's."""
    if stay.failed:
        return False
    mine = films[number]
    with tempfile.TemporaryDirectory() as folder:
        video, masks = Path(folder) / "clean.mp4", Path(folder) / "masks.zip"
        video.write_bytes(stay.video)
        masks.write_bytes(stay.masks)
        frames = read_video(video).frames
        with zipfile.ZipFile(masks) as packed:
            data = [
                np.frombuffer(packed.read(name), np.uint8) for name in sorted(packed.namelist())
            ]
    if frames.shape != (mine.frames, *SIZE[::-1], 3) or len(data) != mine.frames:
        return False
    outside = {n: cv2.imdecode(data[n], cv2.IMREAD_GRAYSCALE) == 0 for n in mine.samples}

    def far(other: Film) -> float:
        apart = (cv2.absdiff(frames[n], other.samples[n])[outside[n]] for n in outside)
        return float(np.mean([np.mean(part) for part in apart]))

    return int(np.argmin([far(other) for other in films])) == number


def strangers(stays: list[Stay]) -> tuple[int, list[str]]:
    """Have each ask for what the next one has; return how often, and what was not refused."""
    asked, answered = 0, []
    for number, stay in enumerate(stays):
        other = stays[(number + 1) % len(stays)]
        if other is stay or stay.failed or other.failed:
            continue
        clip = f"/api/clips/{other.clip}"
        seen = [f"{clip}/frames/0", f"{clip}/masks/0/object", f"{clip}/masks/0/hole"]
        seen += [f"/api/jobs/{other.filled}/{part}" for part in ("video", "masks")]
        seen += [f"/api/jobs/{other.filled}/{part}/0" for part in ("after", "origin")]
        seen += [f"/api/jobs/{other.tried}/after/0"]
        unknown = [path for path in seen if other.caller.ask("GET", path)[0] != 200]
        if unknown:
            raise SystemExit(f"not even their owner gets {unknown}")
        done = [f"{clip}/{what}" for what in ("point/0", "hold/0", "forget/0", "jobs/fill")]
        tries = [("GET", path) for path in seen] + [("POST", path) for path in done]
        tries += [("POST", f"/api/jobs/{other.filled}/stop"), ("DELETE", clip)]
        for method, path in tries:
            asked += 1
            status, _ = stay.caller.ask(method, path, {} if method == "POST" else None)
            answered += [f"{method} {path}: {status}"] * (status != 404)
    return asked, answered


@contextmanager
def looked_at(pid: int, place: Path) -> Iterator[Seen]:
    """Look at a server now and then, until the work is done."""
    seen, over = Seen(), Event()

    def look() -> None:
        while not over.wait(OFTEN):
            pids = tree(pid)
            seen.processes |= set(pids)
            seen.at_once = max(seen.at_once, len(pids))
            seen.memory = max(seen.memory, sum(map(memory_of, pids)))
            seen.disk = max(seen.disk, bytes_in(place))

    looking = Thread(target=look)
    looking.start()
    try:
        yield seen
    finally:
        over.set()
        looking.join()


def tree(root: int) -> list[int]:
    """Return a process and all that it started, and these in turn."""
    children = defaultdict(list)
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has just ended
            children[int(path.read_text().rpartition(")")[2].split()[1])].append(
                int(path.parent.name)
            )
    found = [root]
    for pid in found:
        found += children[pid]
    return found


def still_there(pids: set[int]) -> list[str]:
    """Return the commands of processes that do not end within a few seconds."""
    until = time.monotonic() + GRACE
    while time.monotonic() < until and any(Path(f"/proc/{pid}").exists() for pid in pids):
        time.sleep(0.05)
    found = []
    for pid in sorted(pids):
        with suppress(OSError):  # it has ended
            found.append(Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")[:100])
    return found


def memory_of(pid: int) -> int:
    """Return the PSS of a process in bytes; 0 where it has ended."""
    with suppress(OSError):
        told = re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)
        return 1024 * int(told[1]) if told else 0
    return 0


def bytes_in(folder: Path) -> int:
    """Return how much lies in a folder."""
    held = 0
    for inner, _, names in os.walk(folder):  # goes on where one was just removed
        for name in names:
            with suppress(OSError):
                held += Path(inner, name).lstat().st_size
    return held


if __name__ == "__main__":
    main()
