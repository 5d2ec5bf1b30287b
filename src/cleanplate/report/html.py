"""Put a page together: one file that opens offline and asks nothing of anybody."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from typing import Any

from cleanplate.journal import finite


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


def as_script(value: Any) -> str:
    r"""Return a value as JSON that can stand in a script of any page, whatever its texts hold.

    >>> as_script({"name": "</script>"})
    '{"name": "\\u003c/script\\u003e"}'
    """
    text = json.dumps(finite(value), allow_nan=False)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text
