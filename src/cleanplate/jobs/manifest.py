"""Manifests: which clips are to be filled, how, and where the results go."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath, PurePosixPath
from typing import Any

from cleanplate.configs import pairs
from cleanplate.errors import BadInput
from cleanplate.io import Encoding
from cleanplate.io.refuse import reading
from cleanplate.io.remote import is_address, name_of, shown_as
from cleanplate.masks import MaskOptions
from cleanplate.masks.load import is_box
from cleanplate.memory import bytes_of
from cleanplate.span import Span, moment_of

LINES = {".jsonl", ".ndjson"}
SET = "set."  # a column of an option that the method has beside the common ones
GROW = 4  # pixels, as of the command that fills one clip


@dataclass(frozen=True)
class Entry:
    """One clip of a manifest.

    line: of the manifest, from 1. video, mask, out: what is filled, and the result: paths, or
    addresses as strings. told: the other arguments of `fill_file`.
    """

    line: int
    video: Path | str
    mask: str
    out: Path | str
    told: Mapping[str, Any] = field(default_factory=dict)


def read_manifest(path: Path, folder: Path | str) -> list[Entry]:
    """Return the clips of a manifest: CSV with a line of names first, or JSON lines (.jsonl).

    video and mask are needed, each a path from where the manifest lies, or an address; out is a
    name in `folder`, which may be an address, that of the video if it is missing. The other columns
    are those of COLUMNS, or set.KEY. Raises BadInput, naming the line.
    """
    with reading(path):
        text = path.read_text("utf-8-sig")
    lines = _of_json if path.suffix.lower() in LINES else _of_csv
    entries = [_entry(line, values, path, folder) for line, values in lines(text, path)]
    if not entries:
        raise BadInput(f"{path} names no clip. Give a line for each, with its video and mask.")
    _check_outputs(entries, path)
    _check_sources(entries, path)
    return entries


def _of_csv(text: str, path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line, values) of each line that says anything; empty values are left out."""
    rows = csv.DictReader(text.splitlines(), skipinitialspace=True)
    for row in rows:
        if None in row:
            raise BadInput(f"line {rows.line_num} of {path} has more values than names.")
        values = {name.strip(): value.strip() for name, value in row.items() if value}
        if values:
            yield rows.line_num, values


def _of_json(text: str, path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line, values) of each line that says anything."""
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            values = json.loads(line)
        except (ValueError, RecursionError):
            values = None
        if not isinstance(values, dict):
            raise BadInput(f"line {number} of {path} is no JSON object. Give one a line.")
        yield number, values


def _entry(line: int, values: dict[str, Any], path: Path, folder: Path | str) -> Entry:
    where = f"line {line} of {path}"
    given = dict(values)
    for name in ("video", "mask"):
        if not isinstance(given.get(name), str) or not given[name]:
            raise BadInput(f"{where} has no {name}. Give its path.")
    video, mask, out = (
        _joined(path.parent, given.pop("video")),
        given.pop("mask"),
        given.pop("out", None),
    )
    if out is None:
        out = name_of(video) if is_address(video) else Path(video).name
    if not isinstance(out, str) or Path(out).name != out or out in ("", ".", ".."):
        raise BadInput(f"{where} has the out {out!r}. Give a name without a folder.")
    try:
        told = _told(given)
    except BadInput as refusal:
        raise BadInput(f"{where}: {refusal}") from None
    options = {k: _here(v, path) for k, v in told.pop("options").items()}
    told = {**{k: _here(v, path) for k, v in told.items()}, "options": options}
    mask = mask if is_box(mask) else str(_joined(path.parent, mask))
    return Entry(line, video, mask, _joined(folder, out), told)


def _joined(folder: Path | str, name: str) -> Path | str:
    """Return what a name in a folder means: an address by itself, or where the folder has one."""
    if is_address(name):
        return name
    return f"{folder.rstrip('/')}/{name}" if is_address(folder) else Path(folder) / name


def _here(value: Any, path: Path) -> Any:
    """Return what names a file, seen from the manifest, as the path of that file."""
    if isinstance(value, str) and value and (path.parent / value).is_file():
        return str(path.parent / value)
    return value


def _told(given: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of `fill_file` that the other columns of a line mean."""
    more = {name.removeprefix(SET): given.pop(name) for name in list(given) if name[:4] == SET}
    for name in given:
        if name not in COLUMNS:
            known = ", ".join(COLUMNS)
            raise BadInput(f"{name!r} is no column. Choose from: {known}, or {SET}KEY.")
    values = {name: COLUMNS[name](value, name) for name, value in given.items()}
    mask = MaskOptions(
        values.pop("invert", False),
        values.pop("object", None),
        values.pop("grow", GROW),
        values.pop("grow_shadow", False),
    )
    codec, crf, preset = (values.pop(name, None) for name in ("codec", "crf", "preset"))
    encoding = Encoding(codec, crf, preset, values.pop("lossless", False))
    span = Span(values.pop("from", None), values.pop("to", None))
    options = pairs([f"{k}={v}" for k, v in more.items() if isinstance(v, str)])
    options |= {k: v for k, v in more.items() if not isinstance(v, str)}
    return {**values, "mask_options": mask, "encoding": encoding, "span": span, "options": options}


def _check_outputs(entries: list[Entry], path: Path) -> None:
    """Refuse two clips whose results would be one file."""
    seen: dict[Path | str, int] = {}
    for entry in entries:
        if entry.out in seen:
            raise BadInput(
                f"lines {seen[entry.out]} and {entry.line} of {path} would both be written as "
                f"{shown_as(entry.out)}. Give each an out of its own."
            )
        seen[entry.out] = entry.line


def _check_sources(entries: list[Entry], path: Path) -> None:
    """Refuse a result that would take the place of what some clip is filled from."""
    sources = {_place(path)}
    for entry in entries:
        sources |= {_place(entry.video), *map(_place, files_of(entry))}
    for entry in entries:
        whole = _place(entry.out)
        if whole in sources or any(source in whole.parents for source in sources):
            raise BadInput(
                f"line {entry.line} of {path} would be written to {shown_as(entry.out)}, from "
                "which a clip is to be filled. Give another out, or another folder."
            )


def _place(given: Path | str) -> PurePath:
    """Return where something lies, links followed, so that two names of one place are alike."""
    return PurePosixPath(given) if is_address(given) else Path(given).resolve()


def files_of(entry: Entry) -> list[str]:
    """Return what an entry names beside its video that is a file or a folder, or has an address."""
    told = [entry.mask, *entry.told.values(), *entry.told.get("options", {}).values()]
    texts = [text for text in told if isinstance(text, str)]
    return [text for text in texts if is_address(text) or Path(text).exists()]


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise BadInput(f"{name} is {value!r}. Give a word.")
    return value


def _memory(value: Any, name: str) -> int | None:
    if isinstance(value, bool):
        raise BadInput(f"{name} is {value!r}. Give an amount such as 2G, or a number of bytes.")
    return bytes_of(value if isinstance(value, int) else _text(value, name))


def _whole(value: Any, name: str) -> int:
    text = str(value).strip()
    if isinstance(value, bool) or not text.removeprefix("-").isdecimal():
        raise BadInput(f"{name} is {value!r}. Give a whole number.")
    return int(text)


def _number(value: Any, name: str) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise BadInput(f"{name} is {value!r}. Give a number.") from None


def _yes(value: Any, name: str) -> bool:
    said = str(value).lower()
    if said not in ("true", "false", "yes", "no", "1", "0"):
        raise BadInput(f"{name} is {value!r}. Give yes or no.")
    return said in ("true", "yes", "1")


COLUMNS: dict[str, Callable[[Any, str], Any]] = {
    "method": _text,
    "tune": _text,
    "weights": _text,
    "device": _text,
    "memory": _memory,
    "seed": _whole,
    "grow": _whole,
    "grow_shadow": _yes,
    "invert": _yes,
    "object": _whole,
    "codec": _text,
    "crf": _number,
    "preset": _text,
    "lossless": _yes,
    "copy_untouched": _yes,
    "from": lambda value, _: moment_of(str(value)),
    "to": lambda value, _: moment_of(str(value)),
}
