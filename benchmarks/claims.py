"""What the benchmarks of papers' claims share: rows that are kept, and lines that are compared."""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import skimage
import torch

import cleanplate as cp
from cleanplate.metrics.fidelity import psnr, psnr_hole
from cleanplate.region import reduce_hole, reduce_picture
from material import filmed, videos
from quality import DATA, JUDGING, load

Row = dict[str, Any]
Clip = tuple[np.ndarray, np.ndarray]  # frames, holes

PHOTOGRAPHS = Path(skimage.__file__).parent / "data"
LAST = 0.75  # of the steps: from there on the rate is a tenth

# Of a fill, as they are printed: PSNR of the hole and of the frame; see `change`.
SCORES = {"hole": "hole, dB", "frame": "frame, dB", "change": "change"}


@dataclass(frozen=True)
class Line:
    """A training, and what of it is scored."""

    label: str
    training: str = "base"
    part: str = ""


@dataclass(frozen=True)
class Table:
    """Lines of which the first should be the best, by one of the scores. note: what else is known.

    lower: whether a lower score is better. seeded: whether chance is in it; where it is not, lines
    differ by their clips alone.
    """

    title: str
    lines: tuple[Line, ...]
    by: str
    note: str = ""
    lower: bool = False
    seeded: bool = True


@dataclass(frozen=True)
class Claim:
    """What is tried of a paper with small networks of one of our methods.

    size: (height, width) of pictures. kinds: of holes that are judged, and each in words. network,
    training: settings of all trainings; trainings: what each has of the network beside. fills: what
    fills by weights as a part of a line wants it, on a device.
    """

    method: str
    size: tuple[int, int]
    kinds: Mapping[str, str]
    network: Mapping[str, Any]
    training: Mapping[str, Any]
    trainings: Mapping[str, Mapping[str, Any]]
    tables: tuple[Table, ...]
    fills: Callable[[Path, str, str], Any]


def run(claim: Claim, given: argparse.Namespace) -> None:
    """Train what is not in --out yet, then print the tables: of all holes, and kind by kind."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    clips = judging_clips(given.data, claim.kinds, given.clips, claim.size, given.frames)
    told = {
        name: [told_of(claim, name, seed, given) for seed in given.seeds]
        for name in claim.trainings
    }
    in_turn = [one for each in zip(*told.values(), strict=True) for one in each]  # seed by seed
    rows = kept_rows(given.out)
    missing = missing_of(in_turn, rows)
    if missing:
        rows += keep(made_rows(claim, missing, clips, given), given.out)
    print_by_kind(claim.tables, told, rows, clips, kinds=dict(claim.kinds), clips=given.clips)


def parser_of(doc: str, *, name: str, steps: int, rate: float) -> argparse.ArgumentParser:
    """Return what reads a claim's command line; doc: of the benchmark, which has that name."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("--steps", type=int, default=steps)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--out", type=Path, default=Path(f"{name}.jsonl"))
    parser.add_argument("--clips", nargs="+", default=list(JUDGING), help="that judge")
    parser.add_argument("--frames", type=int, default=40, help="of each, the first so many")
    parser.add_argument("--rate", type=float, default=rate, help="of learning")
    parser.add_argument("--photographs", type=Path, nargs="*", default=[PHOTOGRAPHS])
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--data", type=Path, default=DATA)
    return parser


def told_of(claim: Claim, name: str, seed: int, given: argparse.Namespace) -> Row:
    """Return all that makes a difference to a row."""
    return {
        "name": name,
        "photographs": [str(folder) for folder in given.photographs],
        "settings": {
            "network": {**claim.network, **claim.trainings[name]},
            "training": {
                **claim.training,
                "device": given.device,
                "steps": given.steps,
                "seed": seed,
                "learning_rate": given.rate,
                "schedule": [[int(LAST * given.steps), 0.1]],
                **dict.fromkeys(("log_every", "save_every", "pictures_every"), given.steps),
            },
        },
        "parts": parts_of(name, claim.tables),
        "clips": given.clips,
        "frames": given.frames,
    }


def made_rows(
    claim: Claim, missing: list[Row], clips: dict[str, Clip], given: argparse.Namespace
) -> Iterator[Row]:
    """Train, and fill the clips that judge."""
    with tempfile.TemporaryDirectory() as place:
        material = Path(place) / "clips"
        write_material(material, claim.size, given.data, given.photographs, given.clips)
        for number, told in enumerate(missing):
            began, out = time.perf_counter(), Path(place) / str(number)
            done = cp.train(
                claim.method, data=material, out=out, config="tiny", settings=told["settings"]
            )
            found = {
                part: scores(claim.fills(done.weights, part, given.device), clips)
                for part in told["parts"]
            }
            seconds = round(time.perf_counter() - began)
            yield {"told": told, "scores": found, "seconds": seconds}


def trainings_of(tables: Iterable[Table]) -> list[str]:
    """Return the trainings that tables need, each once."""
    return list(dict.fromkeys(line.training for table in tables for line in table.lines))


def parts_of(training: str, tables: Iterable[Table]) -> list[str]:
    """Return what of a training any table scores."""
    lines = [line for table in tables for line in table.lines]
    return sorted({line.part for line in lines if line.training == training})


def kept_rows(path: Path) -> list[Row]:
    """Return the rows of an earlier run, and drop one that was torn as it was written."""
    text = path.read_text() if path.exists() else ""
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        path.write_text(whole)
    return [json.loads(line) for line in whole.splitlines()]


def missing_of(wanted: Sequence[Row], rows: list[Row]) -> list[Row]:
    """Return what is told of trainings that no row is of yet."""
    return [told for told in wanted if all(row["told"] != told for row in rows)]


def keep(rows: Iterable[Row], path: Path) -> list[Row]:
    """Add rows to a file as they are made, and return them."""
    kept = []
    for row in rows:
        with path.open("a") as file:
            file.write(json.dumps(row) + "\n")
        seed = row["told"]["settings"]["training"]["seed"]
        print(f"{row['told']['name']}, seed {seed}: {row['seconds']} s", flush=True)
        kept.append(row)
    return kept


def write_material(
    out: Path, size: tuple[int, int], data: Path, photographs: list[Path], judging: Iterable[str]
) -> None:
    """Write the clips to learn from, none of those that judge, as pictures (height, width)."""
    left_out = set(judging)
    for name, frames in [*videos(data), *filmed(photographs)]:
        if name not in left_out:
            (out / name).mkdir(parents=True)
            for number, frame in enumerate(frames):
                cv2.imwrite(str(out / name / f"{number:05d}.png"), reduce_picture(frame, size))


def judging_clips(
    data: Path, kinds: Iterable[str], clips: Sequence[str], size: tuple[int, int], frames: int
) -> dict[str, Clip]:
    """Return frames (T, h, w, 3) and holes (T, h, w) of whatever has any share of one."""
    by_name = {}
    for kind in kinds:
        for clip in clips:
            pictures, holes = load(data, kind, clip, frames)
            by_name[f"{kind}/{clip}"] = (
                np.stack([reduce_picture(picture, size) for picture in pictures]),
                np.stack([reduce_hole(hole, size) for hole in holes]),
            )
    return by_name


def scores(method: Any, clips: dict[str, Clip]) -> dict[str, list[float]]:
    """Fill each clip and return SCORES."""
    by_clip = {}
    for name, (frames, holes) in clips.items():
        result = method.fill(frames, holes).frames
        by_clip[name] = [
            psnr_hole(result, frames, holes),
            psnr(result, frames),
            change(result, frames, holes),
        ]
    return by_clip


def change(result: np.ndarray, truth: np.ndarray, holes: np.ndarray) -> float:
    """Return how far changes to the next frame are off, in levels, where both have a hole."""
    both = holes[1:] & holes[:-1]
    off = np.diff(result.astype(int), axis=0) - np.diff(truth.astype(int), axis=0)
    return float(np.abs(off[both]).mean())


def found(line: Line, told: Sequence[Row], rows: list[Row], kinds, clips) -> np.ndarray:
    """Return the scores of a line, see `measured`; told: of its training, seed by seed."""
    chosen = [next(row for row in rows if row["told"] == each) for each in told]
    return measured([row["scores"][line.part] for row in chosen], kinds, clips)


def measured(each: list[dict[str, list[float]]], kinds, clips) -> np.ndarray:
    """Return (seeds, clips, scores), means over the kinds of holes, of scores by "kind/clip"."""
    return np.array(
        [[np.mean([one[f"{k}/{c}"] for k in kinds], axis=0) for c in clips] for one in each]
    )


def print_by_kind(
    tables: Iterable[Table],
    told: dict[str, list[Row]],
    rows: list[Row],
    filled: dict[str, Clip],
    *,
    kinds: dict[str, str],
    clips: Sequence[str],
) -> None:
    """Print the tables, and Telea beside them: of all holes, and kind by kind.

    told: of each training, seed by seed. filled: the clips that judge. kinds: names, and in words.
    """
    telea = [scores(cp.load_method("telea"), filled)]
    for name, some in {"all holes": kinds, **{kinds[k]: (k,) for k in kinds}}.items():
        print_heading(list(SCORES.values()))
        print(f"{name}:")
        print_line("Telea", measured(telea, some, clips))
        for table in tables:
            values = [found(x, told[x.training], rows, some, clips) for x in table.lines]
            print_table(table, values, list(SCORES))


def print_heading(scores: Sequence[str]) -> None:
    print(f"\n{'mean ± deviation over seeds':28}" + "".join(f"{name:>16}" for name in scores))


def print_table(table: Table, values: list[np.ndarray], scores: Sequence[str]) -> None:
    """Print the lines of a table, each compared with the first one."""
    print(f"\n{table.title}. {table.note}".rstrip())
    print_line(table.lines[0].label, values[0])
    verdicts = []
    for line, value in zip(table.lines[1:], values[1:], strict=True):
        place = list(scores).index(table.by)
        verdict, gain = compared(values[0], value, place, lower=table.lower, seeded=table.seeded)
        print_line(line.label, value, f"{gain}: {verdict}")
        verdicts.append(verdict)
    counts = (f"{verdict} {verdicts.count(verdict)}x" for verdict in dict.fromkeys(verdicts))
    print(f"  direction: {', '.join(counts)}")


def print_line(label: str, value: np.ndarray, word: str = "") -> None:
    each = value.mean(axis=1)
    spreads = each.std(axis=0, ddof=1) if len(each) > 1 else np.full(value.shape[2], np.nan)
    cells = "".join(f"{m:9.2f} ± {s:4.2f}" for m, s in zip(each.mean(axis=0), spreads, strict=True))
    print(f"  {label:26}{cells.replace('±  nan', '      ')}  {word}".rstrip())


def compared(
    best: np.ndarray, other: np.ndarray, place: int, *, lower: bool, seeded: bool
) -> tuple[str, str]:
    """Say whether the first line of a table beats another, and by how much of a score.

    Within the spread is what is less than two standard errors, over clips, and over seeds where
    there are any; one alone tells nothing.
    """
    gains = (best - other)[..., place] * (-1 if lower else 1)
    sides = [gains.mean(axis=0), *([gains.mean(axis=1)] if seeded else [])]
    known = min(map(len, sides)) > 1
    error = max(s.std(ddof=1) / len(s) ** 0.5 for s in sides) if known else np.inf
    gain = gains.mean()
    verdict = "agrees" if gain > 0 else "disagrees"
    return (
        verdict if abs(gain) > 2 * error else "within the spread",
        f"the first is better by {gain:5.2f} ± {error:.2f}",
    )
