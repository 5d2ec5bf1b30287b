"""What browsers send: a clip, as it comes, or a few numbers; never more than is allowed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from starlette.requests import Request

from cleanplate.errors import BadInput
from cleanplate.io.refuse import cause
from cleanplate.memory import in_words

_LONGEST = 100_000  # bytes of what is asked for


async def receive_file(request: Request, path: Path, most: int) -> None:
    """Write what is sent into a new file, of at most so many bytes; raises BadInput for more."""
    taken = 0
    try:
        with path.open("xb") as file:
            async for chunk in request.stream():
                taken += len(chunk)
                if taken > most:
                    raise too_large(most)
                file.write(chunk)
    except OSError as error:
        raise BadInput(f"the file {cause(error)}.") from None  # and where, is nobody's business
    if not taken:
        raise BadInput("the file is empty. Choose a video.")


async def receive_bytes(request: Request, most: int) -> bytes:
    """Return what is sent, at most so many bytes; raises BadInput for more."""
    parts, taken = [], 0
    async for chunk in request.stream():
        taken += len(chunk)
        if taken > most:
            raise BadInput(f"more than {most} bytes were sent.")
        parts.append(chunk)
    return b"".join(parts)


async def receive_asked(request: Request) -> dict[str, Any]:
    """Return the object of JSON that is sent; raises BadInput for anything else."""
    try:
        asked = json.loads(await receive_bytes(request, _LONGEST) or b"{}")
    except (ValueError, RecursionError):
        asked = None
    if not isinstance(asked, dict):
        raise BadInput("what was sent is no object of JSON.")
    return asked


def announced(request: Request) -> int:
    """Return how many bytes are said to come."""
    text = request.headers.get("content-length", "0")
    return int(text) if text.isascii() and text.isdigit() else 0


def too_large(most: int) -> BadInput:
    """Return the refusal of a file of more than so many bytes."""
    return BadInput(f"the file is larger than {in_words(most)}, the most that is taken here.")
