"""Published weights: fetched by name, checked before anybody opens them, or not kept at all."""

from __future__ import annotations

import hashlib
import io
import re
from urllib.error import URLError

import pytest

import cleanplate as cp
from cleanplate import known
from cleanplate.known import KNOWN, Known, Part, files_of, folder

CONTENT = bytes(range(256)) * 20


def part(name="some.pth", content=CONTENT):
    digest = hashlib.sha256(content).hexdigest()
    return Part(name, f"https://example.org/{name}", digest, len(content), "MIT")


@pytest.fixture
def place(monkeypatch, tmp_path):
    """The folder of weights; two files are known by the name `made`."""
    monkeypatch.setenv("CLEANPLATE_WEIGHTS", str(tmp_path / "deep" / "weights"))
    monkeypatch.setattr(known, "BLOCK", 1000)
    parts = part("one.pth"), part("two.pth", CONTENT[:700])
    monkeypatch.setitem(KNOWN, "made", Known("lpips", "made up", parts))
    return tmp_path / "deep" / "weights"


@pytest.fixture
def serve(monkeypatch):
    """Serve bytes, or raise, by the end of an address; return the addresses that were asked."""

    def prepare(**contents):
        asked = []

        def open_it(address):
            asked.append(address)
            content = contents[address.rpartition("/")[2].removesuffix(".pth")]
            if isinstance(content, BaseException):
                raise content
            return content if hasattr(content, "read") else io.BytesIO(content)

        monkeypatch.setattr(known, "_open", open_it)
        return asked

    return prepare


def test_the_table_says_all_that_matters():
    parts = [p for each in KNOWN.values() for p in each.parts]
    assert len({p.name for p in parts}) == len(parts)
    for each in parts:
        assert each.address.startswith("https://")
        assert re.fullmatch("[0-9a-f]{64}", each.sha256)
        assert 0 < each.size_bytes < 2**30
        assert each.licence in ("BSD-2-Clause", "BSD-3-Clause", "Apache-2.0")
        assert each.name == each.name.rpartition("/")[2]
        # The names tell how the sums begin, torchvision's in their addresses too.
        assert each.name.rpartition("-")[2].split(".")[0] == each.sha256[:8]


def test_fetched_once_under_their_names_and_told(place, serve):
    asked, told = serve(one=CONTENT, two=CONTENT[:700]), []
    files = files_of("lpips", "made", tell=told.append)
    assert files == (str(place / "one.pth"), str(place / "two.pth"))
    assert sorted(path.name for path in place.iterdir()) == ["one.pth", "two.pth"]
    assert (place / "one.pth").read_bytes() == CONTENT
    assert asked == ["https://example.org/one.pth", "https://example.org/two.pth"]
    for sentence, each in zip(told, KNOWN["made"].parts, strict=True):
        assert all(s in sentence for s in (each.name, each.address, each.sha256, each.licence))
    assert files_of("lpips", "made", tell=told.append) == files
    assert len(asked) == len(told) == 2


def test_a_file_that_was_changed_is_fetched_again(place, serve):
    asked = serve(one=CONTENT, two=CONTENT[:700])
    files_of("lpips", "made")
    (place / "one.pth").write_bytes(CONTENT[:-1] + b"!")
    files_of("lpips", "made")
    assert asked.count("https://example.org/one.pth") == 2
    assert (place / "one.pth").read_bytes() == CONTENT


class Endless(io.RawIOBase):
    """Bytes without end; says how many were taken."""

    taken = 0

    def read(self, size=-1):
        self.taken += size
        return bytes(size)


class Broken(io.BytesIO):
    """Breaks off after its bytes."""

    def __init__(self, content, error):
        super().__init__(content)
        self.error = error

    def read(self, size=-1):
        block = super().read(size)
        if not block:
            raise self.error
        return block


@pytest.mark.parametrize(
    ("served", "sentence"),
    [
        (CONTENT[:-1] + b"!", "thrown away unopened"),
        (CONTENT + b"!", "gave more bytes where 5120 are expected"),
        (CONTENT[:4000], "gave 4000 bytes where 5120 are expected"),
        (b"", "gave 0 bytes"),
        (URLError("no route to host"), r"cannot be fetched \(no route to host\).*Go online"),
        (TimeoutError(), r"cannot be fetched \(TimeoutError\)"),
        (Broken(CONTENT[:3000], ConnectionResetError(104, "reset")), "cannot be fetched .*reset"),
    ],
)
def test_what_is_not_the_file_is_not_kept(place, serve, served, sentence):
    serve(one=served)
    with pytest.raises(cp.BadInput, match=sentence) as refusal:
        files_of("lpips", "made")
    assert "\n" not in str(refusal.value)
    assert str(place / "one.pth") in str(refusal.value)  # where it may be put
    assert list(place.iterdir()) == []


def test_no_more_is_read_than_there_should_be(place, serve):
    endless = Endless()
    serve(one=endless)
    with pytest.raises(cp.BadInput, match="gave more bytes"):
        files_of("lpips", "made")
    assert endless.taken <= len(CONTENT) + known.BLOCK
    assert list(place.iterdir()) == []


def test_nothing_is_left_of_what_was_interrupted(place, serve):
    serve(one=Broken(CONTENT[:3000], KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        files_of("lpips", "made")
    assert list(place.iterdir()) == []


def test_a_folder_that_cannot_be_made(place, serve):
    place.parent.parent.joinpath("deep").write_text("a file")
    serve(one=CONTENT)
    with pytest.raises(cp.BadOutput):
        files_of("lpips", "made")


def test_files_are_left_as_they_are_given(place, tmp_path):
    assert files_of("lpips", "some.pth") == ("some.pth",)
    two = [tmp_path / "one.pth", "two.pth"]
    assert files_of("lpips", two) == (str(tmp_path / "one.pth"), "two.pth")
    assert files_of("lpips", tmp_path / "made") == (str(tmp_path / "made"),)  # a path is no name


@pytest.mark.parametrize(
    ("metric", "name", "sentence"),
    [
        ("vfid", "alex", "weights 'alex' are not known for vfid. Give a file, or one of: i3d."),
        ("lpips", "alexx", "Give a file, or one of: alex, vgg."),
        ("psnr", "alex", "weights 'alex' are not known for psnr. Give a file."),
    ],
)
def test_names_that_are_not_known(metric, name, sentence):
    with pytest.raises(cp.BadInput) as refusal:
        files_of(metric, name)
    assert str(refusal.value).endswith(sentence)


def test_the_folder_is_the_users_own(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("CLEANPLATE_WEIGHTS", raising=False)
    for given in ("", "relative"):
        monkeypatch.setenv("XDG_CACHE_HOME", given)
        assert folder() == tmp_path / ".cache" / "cleanplate" / "weights"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    assert folder() == tmp_path / "caches" / "cleanplate" / "weights"
    monkeypatch.setenv("CLEANPLATE_WEIGHTS", str(tmp_path / "own"))
    assert folder() == tmp_path / "own"


@pytest.mark.parametrize("address", ["http://localhost:1/x", "file:///etc/hostname", "ftp://a/b"])
def test_nothing_but_https_is_opened(address):
    with pytest.raises(URLError, match="unknown url type"):
        known._open(address)
