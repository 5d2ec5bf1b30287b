"""Where what is made of a clip lies, and how it is taken away again."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cleanplate.io import sweep
from cleanplate.web.queue import Job
from cleanplate.web.rooms import Clip


def new(clip: Clip, kind: str, suffix: str = "") -> Path:
    """Return a name in a clip's folder that nothing has."""
    return clip.folder / f"{kind}-{secrets.token_hex(4)}{suffix}"


def discard(out: Path) -> None:
    """Remove a file or folder that is not taken, whole or torn."""
    sweep(out)
    if out.is_dir():
        shutil.rmtree(out, ignore_errors=True)
    else:
        out.unlink(missing_ok=True)


def clearing(out: Path) -> Callable[[Job, Any], None]:
    """Return what takes away a folder where nothing whole came of it."""

    def ended(job: Job, result: Any) -> None:
        if result is None:
            shutil.rmtree(out, ignore_errors=True)

    return ended
