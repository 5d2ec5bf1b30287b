"""What the page is made of: files that the server gives as they are."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

TYPES = {
    "page.css": "text/css",
    "page.js": "text/javascript",
    "ask.js": "text/javascript",
    "stage.js": "text/javascript",
    "marks.js": "text/javascript",
    "jobs.js": "text/javascript",
    "renew.js": "text/javascript",
    "player.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
_ELSEWHERE = {"player.js": "cleanplate.report.assets"}  # shared with the reports


@cache
def asset(name: str) -> str:
    """Return the text of a file of the page, by a name of ours."""
    package = _ELSEWHERE.get(name)
    folder = files("cleanplate.report") / "assets" if package else files(__name__)
    return (folder / name).read_text("utf-8")
