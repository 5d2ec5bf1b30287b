"""Addresses: what is fetched, what is sent, what is refused, and that nothing stays behind."""

from __future__ import annotations

import uuid

import pytest

import cleanplate as cp
from cleanplate.cli import main
from cleanplate.inputs import stamp
from cleanplate.io import near, remote
from cleanplate.io.remote import fetch, is_address, name_of, reach, send, shown_as
from far_server import serving
from made_fills import SIZE, SPEC, boxed, everything, mask_picture, masks

fsspec = pytest.importorskip("fsspec")


@pytest.fixture
def far():
    """A folder of a machine that is in memory alone."""
    files, folder = fsspec.filesystem("memory"), f"/{uuid.uuid4().hex}"
    files.mkdir(folder)
    yield files, folder, f"memory:/{folder}"
    files.rm(folder, recursive=True)


@pytest.fixture(autouse=True)
def own(tmp_path_factory, monkeypatch):
    """The user's folder, and the system's for temporary files."""
    kept = tmp_path_factory.mktemp("kept")
    temporary = tmp_path_factory.mktemp("temporary")
    monkeypatch.setenv("CLEANPLATE_REMOTE", str(kept))
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    yield kept, temporary
    assert everything(temporary) == {}


def test_a_fill_of_addresses_is_that_of_files(make, tmp_path, far, own):
    files, folder, address = far
    source = make("in.mp4", audio=True, count=6)
    mask = mask_picture(tmp_path / "mask.png", boxed())
    here = cp.fill_file(source, mask, tmp_path / "out.mp4")
    for path in (source, mask):
        files.put_file(str(path), f"{folder}/{path.name}")
    there = cp.fill_file(f"{address}/in.mp4", f"{address}/mask.png", f"{address}/out.mp4")
    assert files.cat_file(f"{folder}/out.mp4") == (tmp_path / "out.mp4").read_bytes()
    assert there.output == f"{address}/out.mp4"
    assert there.borrowed == here.borrowed
    assert everything(own[0]) == {}


def test_a_plan_of_addresses_is_that_of_files(make, far, own):
    files, folder, address = far
    source = make("in.mp4", count=4)
    files.put_file(str(source), f"{folder}/in.mp4")
    there = cp.plan_file(f"{address}/in.mp4", SPEC, f"{address}/out.mp4")
    assert there.windows == cp.plan_file(source, SPEC, "out.mp4").windows
    assert [each["name"] for each in files.ls(folder)] == [f"{folder}/in.mp4"]
    assert everything(own[0]) == {}


def test_folders_go_both_ways(make, tmp_path, far):
    """Frames and masks that are pictures, of which a folder is a copy but not what lies below."""
    files, folder, address = far
    cp.fill_file(make("in.mp4", count=4), SPEC, tmp_path / "frames")
    masks(tmp_path / "masks", 4)
    for name in ("frames", "masks"):
        files.put(str(tmp_path / name), f"{folder}/{name}", recursive=True)
    files.pipe_file(f"{folder}/frames/below/0.png", b"none")
    cp.fill_file(tmp_path / "frames", tmp_path / "masks", tmp_path / "out")
    cp.fill_file(f"{address}/frames", f"{address}/masks", f"{address}/out")
    for path in (tmp_path / "out").iterdir():
        assert files.cat_file(f"{folder}/out/{path.name}") == path.read_bytes()
    with pytest.raises(cp.BadOutput, match="is a folder that is not empty"):
        cp.fill_file(f"{address}/frames", f"{address}/masks", f"{address}/out")


def test_masks_of_single_frames(make, tmp_path, far):
    files, folder, address = far
    source = make("in.mp4", count=4)
    mask = mask_picture(tmp_path / "first.png", boxed())
    files.put_file(str(mask), f"{folder}/first.png")
    outs = [tmp_path / "one.mp4", tmp_path / "two.mp4"]
    for out, spec in zip(outs, (f"{mask}@1", f"{address}/first.png@1"), strict=True):
        cp.fill_file(source, [spec], out, track=True)
    assert outs[0].read_bytes() == outs[1].read_bytes()


def test_a_stopped_fill_goes_on(make, tmp_path, far, own, monkeypatch):
    files, folder, address = far
    monkeypatch.setattr("cleanplate.stream.window_length", lambda *_: 10)
    source = make("in.mp4", count=18)
    files.put_file(str(source), f"{folder}/in.mp4")
    given = f"{address}/in.mp4", SPEC, f"{address}/out.mp4"

    def progress(done, _):
        if done >= 11:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cp.fill_file(*given, progress=progress)
    assert list(own[0].rglob("*.window"))
    assert not files.exists(f"{folder}/out.mp4")
    assert cp.fill_file(*given).resumed_frames == 10
    assert files.exists(f"{folder}/out.mp4")
    assert everything(own[0]) == {}


def test_what_cannot_be_sent_is_not_there_and_not_lost(make, far, own, monkeypatch):
    """The far disk gets full half-way: the windows are kept, and serve the next run."""
    files, folder, address = far
    plain = type(files).put_file

    def full(self, here, path, **told):
        with self.open(path, "wb") as file:
            file.write(b"half")
            raise OSError(28, "No space left, says memory://me:secret@far/x")

    monkeypatch.setattr(type(files), "put_file", full)
    source, out = make("in.mp4", count=4), f"{address}/out.mp4"
    with pytest.raises(cp.BadOutput, match=r"cannot be written \(OSError: .*No space") as told:
        cp.fill_file(source, SPEC, out)
    assert "secret" not in str(told.value)
    assert files.ls(folder) == []
    assert {path.suffix for path in own[0].rglob("*") if path.is_file()} == {".window", ""}
    monkeypatch.setattr(type(files), "put_file", plain)
    assert cp.fill_file(source, SPEC, out).resumed_frames == 4


def test_a_folder_that_cannot_be_sent_is_not_there(tmp_path, far, monkeypatch):
    files, folder, address = far
    masks(tmp_path / "pictures", 4)
    plain = type(files).put_file

    def some(self, here, path, **told):
        if here.endswith("02.png"):
            raise OSError("gone")
        plain(self, here, path, **told)

    monkeypatch.setattr(type(files), "put_file", some)
    with pytest.raises(cp.BadOutput):
        send(tmp_path / "pictures", f"{address}/pictures")
    assert files.find(folder) == []


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("file:///etc/passwd", "is no address that is known"),
        ("local:///etc/passwd", "is no address that is known"),
        ("reference:///a.json", "is no address that is known"),
        ("simplecache::file:///etc/passwd", "is no address that is known"),
        ("memory://a::file:///etc/passwd", "is no address that is known"),
        ("zip://a.mp4::memory://a/b.zip", "is no address that is known"),
        ("memory://none/at-all.mp4", "does not exist"),
        ("memory://none/", "names no file|does not exist"),
        ("memory://none/..", "names no file"),
    ],
)
def test_what_is_refused(tmp_path, address, said):
    with pytest.raises(cp.BadInput, match=said) as told:
        fetch(address, tmp_path)
    assert "\n" not in str(told.value)
    assert everything(tmp_path) == {}


def test_what_a_library_lacks_is_told(monkeypatch):
    def lacking(*_, **__):
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr("fsspec.core.url_to_fs", lacking)
    with pytest.raises(cp.BadInput, match=r"Install s3fs .*pip install .cleanplate\[remote\]"):
        reach("s3://bucket/a.mp4")


def test_a_result_in_place_of_its_source_is_refused(make, far):
    files, folder, address = far
    files.put_file(str(make("in.mp4", count=3)), f"{folder}/in.mp4")
    before = files.cat_file(f"{folder}/in.mp4")
    for out in (f"{address}/in.mp4", f"memory:///{folder[1:]}/in.mp4"):
        with pytest.raises(cp.BadOutput, match="is the input itself"):
            cp.fill_file(f"{address}/in.mp4", SPEC, out)
    assert files.cat_file(f"{folder}/in.mp4") == before


def test_no_more_is_fetched_than_there_is_room_for(tmp_path, far, monkeypatch):
    files, folder, address = far
    files.pipe_file(f"{folder}/a.mp4", bytes(3000))
    free = remote.LEAST_FREE + 2000
    monkeypatch.setattr(remote.shutil, "disk_usage", lambda _: type("Free", (), {"free": free}))
    with pytest.raises(cp.BadInput, match=r"does not fit .*TMPDIR"):
        fetch(f"{address}/a.mp4", tmp_path)
    told = type(files).info
    silent = lambda self, path, **more: {**told(self, path, **more), "size": None}  # noqa: E731
    monkeypatch.setattr(type(files), "info", silent)
    with pytest.raises(cp.BadInput, match=r"does not fit .*TMPDIR"):
        fetch(f"{address}/a.mp4", tmp_path)


def test_what_comes_short_is_refused(tmp_path, far, monkeypatch):
    files, folder, address = far
    files.pipe_file(f"{folder}/a.mp4", bytes(3000))
    told = type(files).info
    more = lambda self, path, **more: {**told(self, path, **more), "size": 4000}  # noqa: E731
    monkeypatch.setattr(type(files), "info", more)
    with pytest.raises(cp.BadInput, match="gave 3000 bytes where 4000 are expected"):
        fetch(f"{address}/a.mp4", tmp_path)


def test_refusals_name_the_address(far):
    files, folder, address = far
    files.pipe_file(f"{folder}/in.mp4", b"no video")
    with pytest.raises(cp.BadInput, match=f"^{address}/in.mp4 is not a video that can be read"):
        cp.fill_file(f"{address}/in.mp4", SPEC, f"{address}/out.mp4")
    assert [each["name"] for each in files.ls(folder)] == [f"{folder}/in.mp4"]


def test_secrets_are_not_shown():
    assert shown_as("ftp://me:secret@host/a/b.mp4") == "ftp://host/a/b.mp4"
    assert shown_as("https://host/a?sig=secret#x") == "https://host/a"
    assert shown_as("s3://bucket/what?.mp4") == "s3://bucket/what?.mp4"
    assert name_of("https://host/a/b.mp4?sig=/x/y") == "b.mp4"


@pytest.mark.parametrize("given", ["C:\\park.mp4", "C:/park.mp4", "box:1,2,3,4", "-", "a/b.mp4"])
def test_paths_are_no_addresses(given):
    assert not is_address(given)


def test_what_has_changed_shows(far, monkeypatch):
    files, folder, address = far
    files.pipe_file(f"{folder}/a.mp4", b"one")
    before = stamp(f"{address}/a.mp4")
    assert stamp(f"{address}/a.mp4") == before
    files.pipe_file(f"{folder}/a.mp4", b"two")
    assert stamp(f"{address}/a.mp4") != before
    monkeypatch.setattr(remote, "CHANGES", ())
    assert stamp(f"{address}/a.mp4") != stamp(f"{address}/a.mp4")


def test_the_same_result_is_not_written_twice_at_a_time(far):
    _, _, address = far
    with (
        near.stand_in(f"{address}/out.mp4"),
        pytest.raises(cp.BadOutput, match="is being written by another run"),
        near.stand_in(f"{address}/out.mp4"),
    ):
        pass


@pytest.mark.filterwarnings("default")  # of the library, at its end
def test_over_http(make, tmp_path, capsys):
    pytest.importorskip("aiohttp")
    with serving() as (files, address):
        by_http(make, tmp_path, capsys, files, address)


def by_http(make, tmp_path, capsys, files, address):
    source = make("in.mp4", count=4)
    files["/in.mp4"] = source.read_bytes()
    files["/mask.png"] = mask_picture(tmp_path / "mask.png", boxed(SIZE)).read_bytes()
    cp.fill_file(source, tmp_path / "mask.png", tmp_path / "out.mp4")
    given = [f"{address}/{name}?key=secret" for name in ("in.mp4", "mask.png", "out.mp4")]
    assert main(["fill", *given[:2], "-o", given[2]]) == 0
    assert files["/out.mp4"] == (tmp_path / "out.mp4").read_bytes()
    told = capsys.readouterr()
    assert f"{address}/out.mp4" in told.out
    assert main(["fill", f"{address}/none.mp4?key=secret", given[1], "-o", given[2]]) == 2
    told = capsys.readouterr()
    assert told.err == f"Error: {address}/none.mp4 does not exist. Look at the address.\n"
    assert "secret" not in told.out + told.err
