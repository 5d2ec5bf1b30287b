"""What a piece of work was made from, so that it is made again when that has changed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from cleanplate.io.refuse import reading
from cleanplate.io.remote import is_address, stamp_of


def digest(*identity: Any) -> str:
    """Return a short name for what JSON can hold, in which nothing that a user wrote is left."""
    text = json.dumps(identity, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def stamp(path: str | Path) -> list[Any]:
    """Return what changes when a file or the files of a folder do; raises BadInput.

    path: may be an address.
    """
    if is_address(path):
        return stamp_of(path)
    path = Path(path)
    with reading(path):
        parts = sorted(path.iterdir()) if path.is_dir() else [path]
        return [(part.name, part.stat().st_size, part.stat().st_mtime_ns) for part in parts]
