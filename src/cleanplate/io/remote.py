"""Files that lie at an address (s3://, gs://, https://): fetched, sent, and told apart, by fsspec.

An address is plain and leads to another machine. What fsspec could do beside that (chains of
addresses, lists of other files, this machine's own files) is refused: an address that somebody else
wrote, in a manifest perhaps, is not to open what a path could not.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from secrets import token_hex
from typing import Any, NamedTuple, TypeGuard

from cleanplate.errors import BadInput, BadOutput, CleanplateError
from cleanplate.io.refuse import reading, writing
from cleanplate.memory import in_words

HTTP = ("http", "https")
SCHEMES = (
    "s3", "s3a", "gs", "gcs", *HTTP, "abfs", "abfss", "az", "adl", "oci", "oss", "hf", "ftp",
    "sftp", "ssh", "smb", "hdfs", "webhdfs", "memory",
)  # fmt: skip
# By which of what a machine tells of a file it is known that it has changed.
CHANGES = (
    "ETag", "etag", "generation", "md5Hash", "Content-MD5", "Digest", "LastModified",
    "last_modified", "Last-Modified", "updated", "mtime", "created",
)  # fmt: skip
BLOCK = 1 << 20  # bytes read at a time
LEAST_FREE = 100_000_000  # bytes that are left free on a disk
CONNECT_SECONDS, SILENCE_SECONDS = 30, 60  # waited for, over http
_ANY = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://[^\s'\"]+")  # in the words of a library
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+(?:::|://)")


class Far(NamedTuple):
    """Where an address leads: files as fsspec has them, and the path among them."""

    files: Any
    path: str


def is_address(given: object) -> TypeGuard[str]:
    """Tell whether a string is an address, not a path.

    >>> is_address("s3://bucket/park.mp4"), is_address("park.mp4"), is_address("box:1,2,3,4")
    (True, False, False)
    """
    return isinstance(given, str) and _ADDRESS.match(given) is not None


def shown_as(given: str | Path) -> str:
    """Return a path or an address as it may be shown: without passwords, keys and signatures.

    >>> shown_as("https://me:secret@example.org/park.mp4?signature=abc")
    'https://example.org/park.mp4'
    """
    if not is_address(given):
        return str(given)
    scheme, _, rest = given.partition("://")
    place = re.split(r"[?#]", rest)[0] if scheme.lower() in HTTP else rest
    host, slash, path = place.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"


def name_of(address: str) -> str:
    """Return the name of the file that an address leads to; raises BadInput where it has none."""
    return _last_of(shown_as(address).partition("://")[2].partition("/")[2])


def fetch(address: str, folder: Path) -> Path:
    """Fetch a file, or the files of a folder, into a folder of this machine; return where it lies.

    No more than the disk has room for. Raises BadInput.
    """
    here = folder / name_of(address)
    with _asking(address, BadInput, "cannot be fetched"):
        far = reach(address)
        told = far.files.info(far.path)
        if told["type"] != "directory":
            _copy(far, told, here, address)
            return here
        with reading(here):
            here.mkdir()
        for child in _children(far):
            path = child["name"]
            _copy(Far(far.files, path), child, here / _last_of(path), address)
    return here


def send(here: Path, address: str) -> None:
    """Send a file, or the files of a folder, to an address: whole, or not at all.

    Raises BadOutput.
    """
    with _asking(address, BadOutput, "cannot be written"):
        far = reach(address)
        pairs = [(here, far.path)]
        if here.is_dir():
            pairs = [
                (part, f"{far.path.rstrip('/')}/{part.name}") for part in sorted(here.iterdir())
            ]
        told = {"method": "put"} if _scheme(address) in HTTP else {}
        sent: list[str] = []
        try:
            with far.files.transaction:
                for part, path in pairs:
                    sent.append(path)
                    far.files.put_file(str(part), path, **told)
        except BaseException:
            if here.is_dir():  # a single file is there whole or not at all by itself
                for path in sent:
                    with suppress(Exception):
                        far.files.rm_file(path)
            raise


def refuse_taken(address: str, *, folder: bool) -> None:
    """Refuse an address that cannot be reached, or leads to a folder with something in it.

    folder: the result is a folder of pictures. Raises BadOutput.
    """
    with _asking(address, BadOutput, "cannot be written"):
        far = reach(address)
        if folder and far.files.isdir(far.path) and _children(far):
            raise BadOutput(f"{shown_as(address)} is a folder that is not empty. Give a new one.")


def stamp_of(address: str) -> list[Any]:
    """Return what changes when the file at an address, or those of a folder, do.

    Where the other machine does not tell, it is another one every time. Raises BadInput.
    """
    with _asking(address, BadInput, "cannot be looked at"):
        far = reach(address)
        told = far.files.info(far.path)
        parts = _children(far) if told["type"] == "directory" else [told]
        return [[str(part["name"]), part.get("size"), *_changes(part)] for part in parts]


def reach(address: str) -> Far:
    """Return where an address leads; raises BadInput for one that is not plain or not far away."""
    scheme = _scheme(address)
    if "::" in address or scheme not in SCHEMES:
        raise BadInput(
            f"{shown_as(address)} is no address that is known. Give a path of this machine, or "
            f"one address of {', '.join(SCHEMES)}."
        )
    try:
        from fsspec.core import url_to_fs

        files, path = url_to_fs(address, **_told(scheme))
    except ImportError as error:
        raise BadInput(
            f"{shown_as(address)} needs what is not installed ({error}). Install it: pip install "
            '"cleanplate[remote]", and s3fs for s3://, gcsfs for gs://.'
        ) from None
    return Far(files, path)


def _last_of(path: str) -> str:
    """Return the name at the end of a path, which leads nowhere else on any system."""
    name = PurePosixPath(path).name
    if name in ("", "..") or "\\" in name or "\0" in name:
        raise BadInput(f"{path!r} names no file. Give the whole address of one.")
    return name


def _scheme(address: str) -> str:
    return address.partition("://")[0].lower()


def _told(scheme: str) -> dict[str, Any]:
    """Return what fsspec is told: what was known of another run's files is not believed."""
    told: dict[str, Any] = {"skip_instance_cache": True, "use_listings_cache": False}
    if scheme in HTTP:
        from aiohttp import ClientTimeout

        wait = ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=SILENCE_SECONDS)
        told["client_kwargs"] = {"timeout": wait, "trust_env": True}  # proxies
    return told


def _children(far: Far) -> list[dict[str, Any]]:
    """Return what is told of the files of a folder, not of those in folders below."""
    found = far.files.ls(far.path, detail=True)
    whole = far.path.strip("/")  # some name the folder itself among its files
    return [each for each in found if each["type"] == "file" and each["name"].strip("/") != whole]


def _changes(told: dict[str, Any]) -> Sequence[str]:
    return [f"{key} {told[key]}" for key in CHANGES if told.get(key)] or [token_hex()]


def _copy(far: Far, told: dict[str, Any], here: Path, address: str) -> None:
    """Copy a file that is far away, as long as there is room for it."""
    size, count = told.get("size"), 0
    _refuse_full(address, here.parent, size or 0)
    with far.files.open(far.path, "rb") as source, writing(here), here.open("xb") as file:
        while block := _block(source, address):
            count += len(block)
            _refuse_full(address, here.parent, len(block))
            file.write(block)
    if size is not None and count != size:
        raise BadInput(
            f"{shown_as(address)} gave {count} bytes where {size} are expected. Try again."
        )


def _block(source: Any, address: str) -> bytes:
    """Read on; what goes wrong is the address's fault, not the disk's."""
    with _asking(address, BadInput, "cannot be fetched"):
        block: bytes = source.read(BLOCK)
    return block


def _refuse_full(address: str, folder: Path, size: int) -> None:
    """Refuse what a disk has no room for; raises BadInput."""
    free = shutil.disk_usage(folder).free
    if size > free - LEAST_FREE:
        raise BadInput(
            f"{shown_as(address)} does not fit into {folder}, where {in_words(free)} are free. "
            "Make room, or name another folder by TMPDIR."
        )


@contextmanager
def _asking(address: str, kind: type[CleanplateError], what: str) -> Iterator[None]:
    """Raise a refusal, naming the address, for whatever is raised inside: each library has its own.

    what: in words, cannot be done.
    """
    try:
        yield
    except CleanplateError as refusal:
        raise kind(str(refusal)) from refusal
    except FileNotFoundError:
        raise kind(f"{shown_as(address)} does not exist. Look at the address.") from None
    except Exception as error:
        said = " ".join(_ANY.sub(lambda found: shown_as(found[0]), str(error)).split())[:300]
        why = f"{type(error).__name__}{said and ': '}{said}".rstrip(".")
        raise kind(f"{shown_as(address)} {what} ({why}).") from None
