"""Finished windows are kept, found again, and never mixed with those of another run."""

from __future__ import annotations

import hashlib
import os
import zlib
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cleanplate as cp
import cleanplate.store as store_module
from cleanplate.store import Store, code_of, folder_of, recipe_of, store_beside
from cleanplate.video import Patch

RECIPE = b"recipe"


def patches(counts, dtype=np.uint8, seed=0):
    rng = np.random.default_rng(seed)
    return [
        Patch(
            rng.integers(0, np.iinfo(dtype).max, (count, 3), dtype, endpoint=True),
            rng.integers(-2, 500, count).astype(np.int32),
            rng.random(count).astype(np.float16),
        )
        for count in counts
    ]


def alike(one, two):
    return len(one) == len(two) and all(
        a.dtype == b.dtype and np.array_equal(a, b)
        for mine, other in zip(one, two, strict=True)
        for a, b in (
            (mine.colours, other.colours),
            (mine.source, other.source),
            (mine.inconsistency, other.inconsistency),
        )
    )


@settings(deadline=None, max_examples=20)
@given(
    counts=st.lists(st.integers(0, 40), min_size=1, max_size=6),
    dtype=st.sampled_from([np.uint8, np.uint16]),
    seed=st.integers(0, 99),
)
def test_what_is_kept_is_found(tmp_path_factory, counts, dtype, seed):
    store = Store(tmp_path_factory.mktemp("store"), RECIPE)
    given = patches(counts, dtype, seed)
    store.keep("one", given)
    assert alike(store.find("one", shared=0), given)
    assert store.found == sum(count > 0 for count in counts)
    assert store.find("two", shared=0) is None


@settings(deadline=None, max_examples=40)
@given(place=st.floats(0, 1), cut=st.booleans())
def test_a_damaged_window_is_not_found(tmp_path_factory, place, cut):
    store = Store(tmp_path_factory.mktemp("store"), RECIPE)
    store.keep("one", patches([30, 20]))
    path = store.folder / "one.window"
    content = bytearray(path.read_bytes())
    at = int(place * (len(content) - 1))
    if cut:
        content = content[:at]
    else:
        content[at] ^= 1
    path.write_bytes(content)
    assert store.find("one", shared=0) is None
    assert store.found == 0
    assert not path.exists()


@pytest.mark.parametrize(
    ("end", "stays"),
    [
        (None, False),
        (cp.BadInput("no"), True),
        (cp.BadOutput("full"), True),
        (KeyboardInterrupt(), True),
        (ZeroDivisionError(), True),
    ],
)
def test_what_an_end_leaves(tmp_path, end, stays):
    out = tmp_path / "out.mp4"
    try:
        with store_beside(out, RECIPE) as store:
            store.keep("one", patches([3]))
            if end:
                raise end
    except BaseException as raised:
        assert raised is end
    assert folder_of(out).is_dir() is stays
    if stays:
        with store_beside(out, RECIPE) as store:
            assert store.find("one", shared=0) is not None


def test_a_run_that_kept_nothing_leaves_nothing(tmp_path):
    with pytest.raises(KeyboardInterrupt), store_beside(tmp_path / "out.mp4", RECIPE):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_was_writing_is_cleared_away(tmp_path):
    torn = [".out.mp4.00aa11bb.part", ".out.mp4.00aa11bc.part"]
    others = [".other.mp4.00aa11bb.part", ".out.mp4.part", "out.mp4"]
    for name in (torn[0], *others):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / torn[1]).mkdir()
    with store_beside(tmp_path / "out.mp4", RECIPE):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(others)


def test_two_runs_for_one_output_are_refused(tmp_path):
    out = tmp_path / "out.mp4"
    with store_beside(out, RECIPE) as first:
        first.keep("one", patches([3]))
        with (
            pytest.raises(cp.BadOutput, match=r"out\.mp4 is being written by another run"),
            store_beside(out, RECIPE),
        ):
            pass
        assert first.find("one", shared=0) is not None
        with store_beside(tmp_path / "else.mp4", RECIPE) as other:
            assert other.find("one", shared=0) is None


def test_without_a_recipe_there_is_no_store(tmp_path):
    with store_beside(tmp_path / "out.mp4", None) as store:
        assert store is None
        assert list(tmp_path.iterdir()) == []


def test_the_code_is_known_by_what_it_says(tmp_path):
    """As it is installed on each machine, at other times."""
    here, there, other = (tmp_path / name for name in ("here", "there", "other"))
    for number, (folder, text) in enumerate(((here, "one"), (there, "one"), (other, "two"))):
        (folder / "deep").mkdir(parents=True)
        (folder / "deep" / "a.py").write_text(text)
        os.utime(folder / "deep" / "a.py", (number, number))
    assert code_of(here) == code_of(there) != code_of(other)
    (there / "b.safetensors").write_text("")
    code_of.cache_clear()
    assert code_of(here) != code_of(there)


def test_a_recipe_tells_processors_apart(monkeypatch):
    recipe = recipe_of("flow", {})
    monkeypatch.setattr("cv2.getCPUFeaturesLine", lambda: "SSE")
    assert recipe_of("flow", {}) != recipe


def test_a_recipe_tells_settings_and_files_apart(tmp_path):
    path = tmp_path / "w.safetensors"
    path.write_bytes(b"one")
    told = {"tune": "removal", "seed": 0, "weights": path}
    recipe = recipe_of("flow", told)
    assert recipe == recipe_of("flow", dict(reversed(told.items())))
    (tmp_path / "copy.safetensors").write_bytes(b"one")
    assert recipe == recipe_of("flow", {**told, "weights": str(tmp_path / "copy.safetensors")})
    path.write_bytes(b"two")
    others = [
        recipe_of("flow", told),
        recipe_of("sttn", told),
        recipe_of("flow", {**told, "seed": 1}),
        recipe_of("flow", {**told, "more": 1}),
    ]
    assert len({recipe, *others}) == 5


def whole(body):
    return store_module.MAGIC + body + hashlib.sha256(body).digest()


def block(array):
    file = BytesIO()
    np.save(file, array)
    packed = zlib.compress(file.getvalue())
    return len(packed).to_bytes(store_module.SIZE_BYTES, "little") + packed


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"junkjunkjunk",
        b"".join(3 * [(13).to_bytes(8, "little") + zlib.compress(b"hello")]),
        block(np.zeros((2, 3), np.uint8)) + block(np.zeros(1, np.int8)) + block(np.zeros(2)),
    ],
)
def test_what_is_whole_but_no_window_is_not_found(tmp_path, body):
    store = Store(tmp_path, RECIPE)
    (tmp_path / "one.window").write_bytes(whole(body))
    assert store.find("one", shared=0) is None
    assert list(tmp_path.iterdir()) == []


def test_a_window_that_becomes_shorter_while_it_is_read_is_not_found():
    assert store_module._read(BytesIO(store_module.MAGIC + b"abc"), 100) is None
