"""What people answered in a study: the files that its page exports, checked and put together."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from cleanplate.errors import BadInput
from cleanplate.io.refuse import path_of, reading, refuse_pipe

FORMAT = "cleanplate-study-1"
LARGEST = 10_000_000  # bytes of a file; a study of a thousand clips takes a tenth of it
LONGEST = 500  # characters of a name
MOST_METHODS = 9  # side by side, each ranked by one key

IDENTITY = re.compile(r"[0-9a-z]{4,64}")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")  # as such text sorts by time


@dataclass(frozen=True)
class Key:
    """What the meaningless names in a page stand for.

    clips: name by clip. takes: clip and method by take.
    """

    clips: Mapping[str, str]
    takes: Mapping[str, tuple[str, str]]

    def methods(self, clip: str) -> dict[str, str]:
        """Return the method of each take of a clip."""
        return {take: method for take, (home, method) in self.takes.items() if home == clip}


@dataclass(frozen=True)
class Ranking:
    """How one person ranked the takes of one clip: rank by method, 1 is the best."""

    person: str
    clip: str
    ranks: Mapping[str, int]


@dataclass(frozen=True)
class Answers:
    """Everything that the people of one study answered.

    methods: what was ranked, in alphabetical order. rankings: one a person and clip. warnings:
    sentences about what was left out. files: all that were read.
    """

    study: str
    methods: tuple[str, ...]
    rankings: tuple[Ranking, ...]
    warnings: tuple[str, ...]
    files: tuple[Path, ...]


@dataclass(frozen=True)
class _Export:
    """One file. at: when it was saved, as text that sorts by time."""

    path: Path
    study: str
    key: Key
    person: str
    at: str
    rankings: tuple[Ranking, ...]


class _Wrong(ValueError):
    """What is wrong with a file, to follow its name."""


def read_answers(paths: Iterable[str | Path]) -> Answers:
    """Read exported answers: files, and folders of `.json` files.

    Of the files of one person the one that was saved last counts, and a warning says so. Raises
    BadInput for a file that is no export and for exports of different studies.
    """
    exports = [_read(path) for path in _files(paths)]
    if not exports:
        raise BadInput("no answers were given. Give the files that the study page saved.")
    first = exports[0]
    for other in exports[1:]:
        _refuse_different(first, other)
    latest, warnings = _latest(exports)
    return Answers(
        study=first.study,
        methods=tuple(sorted({method for _, method in first.key.takes.values()})),
        rankings=tuple(ranking for export in latest for ranking in export.rankings),
        warnings=tuple(warnings),
        files=tuple(export.path for export in exports),
    )


def seal(key: Key) -> str:
    """Write a key so that nobody reads it by chance; it is no secret.

    >>> key = Key({"c1a0": "park"}, {"t1a0": ("c1a0", "flow"), "t2b0": ("c1a0", "telea")})
    >>> "flow" in seal(key), unseal(seal(key)) == key
    (False, True)
    """
    takes = {take: list(pair) for take, pair in key.takes.items()}
    text = json.dumps({"clips": dict(key.clips), "takes": takes}, sort_keys=True)
    return base64.b64encode(text.encode()).decode()


def unseal(text: str) -> Key:
    """Read what `seal` wrote; raises ValueError with what is wrong."""
    try:
        told = _parse(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        raise _Wrong("its key cannot be read") from None
    fields = _fields(told, "its key", clips=dict, takes=dict)
    for identity in [*fields["clips"], *fields["takes"]]:
        _identity(identity, "a name in its key")
    clips = fields["clips"]
    takes = {take: _take(pair, clips) for take, pair in fields["takes"].items()}
    return check_key(Key(clips, takes))


def check_key(key: Key) -> Key:
    """Return a key if every clip shows the same methods, once each; else raise ValueError."""
    for name in [*key.clips.values(), *(method for _, method in key.takes.values())]:
        _check_name(name)
    if not key.clips:
        raise _Wrong("it has no clips")
    if len(set(key.clips.values())) < len(key.clips):
        raise _Wrong("two of its clips have the same name")
    shown = {clip: sorted(key.methods(clip).values()) for clip in key.clips}
    methods = next(iter(shown.values()))
    if not 2 <= len(methods) <= MOST_METHODS or len(set(methods)) < len(methods):
        raise _Wrong(f"a clip needs 2 to {MOST_METHODS} different methods")
    for clip, others in shown.items():
        if others != methods:
            raise _Wrong(f"clip {key.clips[clip]!r} shows other methods than the first")
    return key


def _files(paths: Iterable[str | Path]) -> list[Path]:
    """Return the files, with those of folders in the order of their names."""
    files: list[Path] = []
    for path in map(path_of, paths):
        with reading(path):
            refuse_pipe(path)
            inside = sorted(path.glob("*.json")) if path.is_dir() else [path]
        if not inside:
            raise BadInput(f"folder {path} holds no .json file. Give the files of a study page.")
        files += inside
    return files


def _read(path: Path) -> _Export:
    with reading(path):
        refuse_pipe(path)
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    try:
        if len(data) > LARGEST:
            raise _Wrong(f"it is larger than {LARGEST // 1_000_000} MB")
        return _export(path, _parse(data))
    except _Wrong as wrong:
        raise BadInput(
            f"{path} is no export of a study: {wrong}. Give a file that the study page saved."
        ) from None


def _export(path: Path, told: Any) -> _Export:
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        raise _Wrong(f'it does not say "format": "{FORMAT}"')
    fields = _fields(
        told, "it", format=str, study=str, key=str, person=str, at=str, answers=list
    )  # fmt: skip
    if not MOMENT.fullmatch(fields["at"]):
        raise _Wrong("its time is not one")
    key, person = unseal(fields["key"]), _identity(fields["person"], "its person")
    rankings = tuple(_ranking(answer, person, key) for answer in fields["answers"])
    if not rankings:
        raise _Wrong("it has no answers")
    if len({ranking.clip for ranking in rankings}) < len(rankings):
        raise _Wrong("it answers one clip twice")
    return _Export(
        path, _identity(fields["study"], "its study"), key, person, fields["at"], rankings
    )


def _ranking(told: Any, person: str, key: Key) -> Ranking:
    """Check one answer: every take of its clip, and every rank once."""
    fields = _fields(told, "an answer", clip=str, ranks=dict, replays=int, seconds=(int, float))
    clip, ranks = fields["clip"], fields["ranks"]
    if clip not in key.clips:
        raise _Wrong("it answers a clip that its key does not have")
    methods = key.methods(clip)
    if ranks.keys() != methods.keys():
        raise _Wrong("an answer ranks other takes than the clip has")
    if any(type(rank) is not int for rank in ranks.values()) or (
        sorted(ranks.values()) != list(range(1, len(methods) + 1))
    ):
        raise _Wrong(f"the ranks of an answer are not 1 to {len(methods)}, once each")
    if fields["replays"] < 0 or not 0 <= fields["seconds"] < float("inf"):
        raise _Wrong("an answer counts less than nothing")
    return Ranking(person, key.clips[clip], {methods[take]: ranks[take] for take in methods})


def _refuse_different(first: _Export, other: _Export) -> None:
    if first.study != other.study:
        raise BadInput(
            f"{first.path} answers study {first.study}, {other.path} answers {other.study}. "
            "Give answers of one page."
        )
    if first.key != other.key:
        raise BadInput(
            f"{first.path} and {other.path} name the methods of study {first.study} differently: "
            "one of them was changed. Leave it out."
        )


def _latest(exports: list[_Export]) -> tuple[list[_Export], list[str]]:
    """Return the last export of every person, and what is to be said of the others."""
    latest: dict[str, _Export] = {}
    warnings = []
    for export in exports:
        known = latest.setdefault(export.person, export)
        if known is export:
            continue
        old, new = (known, export) if known.at <= export.at else (export, known)
        latest[export.person] = new
        if old.path == new.path:
            warnings.append(f"{new.path} was given twice: it counts once")
            continue
        warnings.append(
            f"{old.path} and {new.path} are of the same person: only {new.path} counts, "
            f"saved {'at the same time' if old.at == new.at else 'later'}"
        )
    return list(latest.values()), warnings


def _parse(data: bytes) -> Any:
    try:
        return json.loads(data.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except RecursionError:
        raise _Wrong("it is nested too deeply") from None
    except _Wrong:
        raise
    except ValueError:
        raise _Wrong("it is not JSON") from None


def _refuse_constant(name: str) -> NoReturn:
    raise _Wrong(f"it has {name} for a number")


def _fields(told: Any, what: str, **kinds: type | tuple[type, ...]) -> dict[str, Any]:
    """Return an object if it has these fields of these kinds and no other."""
    if not isinstance(told, dict) or told.keys() != kinds.keys():
        raise _Wrong(f"{what} does not have the fields {', '.join(kinds)}")
    for name, kind in kinds.items():
        if not isinstance(told[name], kind) or isinstance(told[name], bool):
            raise _Wrong(f"{what} has a wrong kind of {name}")
    return told


def _identity(text: str, what: str) -> str:
    if not IDENTITY.fullmatch(text):
        raise _Wrong(f"{what} is not 4 to 64 small letters and digits")
    return text


def _check_name(text: Any) -> None:
    if not isinstance(text, str) or not text.isprintable() or not 0 < len(text) <= LONGEST:
        raise _Wrong(f"a name is not 1 to {LONGEST} characters that can be printed")


def _take(pair: Any, clips: Mapping[str, str]) -> tuple[str, str]:
    if not isinstance(pair, list) or len(pair) != 2 or not isinstance(pair[0], str):
        raise _Wrong("a take in its key is not a clip and a method")
    if pair[0] not in clips:
        raise _Wrong("a take in its key is of a clip that is not there")
    return pair[0], pair[1]
