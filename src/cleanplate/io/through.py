"""Give a file through untouched, where there is nothing to do."""

from __future__ import annotations

import shutil
from pathlib import Path

from cleanplate.io.encode import Encoding
from cleanplate.io.place import Place, refuse_same
from cleanplate.io.reader import Reader
from cleanplate.io.refuse import writing


def copy_file(reader: Reader, out: str | Path, encoding: Encoding) -> bool:
    """Copy the reader's file to `out` byte for byte; False, and nothing done, where that is not it.

    That is so for a folder of pictures, a clip that breaks off, another container, and where an
    encoding is asked for. Raises BadOutput.
    """
    source, out = reader.path, Path(out)
    alike = source.is_file() and source.suffix.lower() == out.suffix.lower()
    if not alike or reader.problems or encoding != Encoding():
        return False
    refuse_same(source, out)
    place = Place(out)
    try:
        with writing(out):
            shutil.copyfile(source, place.part)
        place.keep()
    finally:
        place.drop()
    return True
