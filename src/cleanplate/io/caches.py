"""Folders of the user's for what outlasts a run."""

from __future__ import annotations

import os
from pathlib import Path


def own_folder(name: str, variable: str) -> Path:
    """Return the folder that a variable of the environment names, else one among the caches.

    name: of that one, ``cleanplate/NAME``. It need not be there yet.
    """
    own = os.environ.get(variable)
    if own:
        return Path(own)
    caches = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not caches.is_absolute():  # as the rules of these folders want it
        caches = Path("~/.cache").expanduser()
    return caches / "cleanplate" / name
