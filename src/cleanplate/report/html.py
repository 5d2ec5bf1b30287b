"""Put a page together: one file that opens offline and asks nothing of anybody."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

from cleanplate.io.place import Place
from cleanplate.io.refuse import writing
from cleanplate.report.rows import finite


def assemble(template: str, parts: dict[str, str]) -> str:
    """Return a page of assets/ with every @@name@@ replaced, once.

    template: a file in assets/. parts: by name; the other names are files in assets/. A part is
    put in as it is: text of others must have gone through `html.escape` or `as_script`.
    """
    assets = files("cleanplate.report") / "assets"

    def part(found: re.Match[str]) -> str:
        name = found[1]
        return parts[name] if name in parts else (assets / name).read_text("utf-8")

    return re.sub(r"@@([\w.]+)@@", part, (assets / template).read_text("utf-8"))


def write_text(path: Path, text: str) -> None:
    """Write a file that appears when it is complete; raises BadOutput."""
    place = Place(path)
    try:
        with writing(path):
            place.part.write_text(text, "utf-8")
        place.keep()
    finally:
        place.drop()


def as_script(value: Any) -> str:
    r"""Return a value as JSON that can stand in a script of any page, whatever its texts hold.

    >>> as_script({"name": "</script>"})
    '{"name": "\\u003c/script\\u003e"}'
    """
    text = json.dumps(finite(value), allow_nan=False)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text
