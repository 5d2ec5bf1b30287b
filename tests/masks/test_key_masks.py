"""Masks of single frames."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from cleanplate.errors import BadInput
from cleanplate.masks import MaskOptions
from cleanplate.masks.keys import check_keys, check_reach, parse_key, read_keys

SIZE = (20, 30)


@pytest.fixture
def drawn(tmp_path):
    mask = np.zeros(SIZE, np.uint8)
    mask[5:9, 6:12] = 255
    Image.fromarray(mask).save(tmp_path / "first.png")
    Image.fromarray(mask[:, ::-1].copy()).save(tmp_path / "fix.png")
    return tmp_path, mask > 0


def test_keys_come_in_the_order_of_frames(drawn):
    folder, mask = drawn
    given = [f"{folder}/fix.png@25", folder / "first.png", "box:1,2,3,4@7"]
    keys, warnings = read_keys(given, size=SIZE, options=MaskOptions(grow=4))
    assert list(keys) == [0, 7, 25]
    assert (keys[0] == mask).all()  # not grown
    assert (keys[25] == mask[:, ::-1]).all()
    assert keys[7].sum() == 12
    assert warnings == []


def test_a_file_may_have_the_sign_in_its_name(drawn):
    folder, _ = drawn
    name = folder / "first.png@3"
    (folder / "first.png").rename(name)
    assert parse_key(name) == (str(name), 0)
    assert parse_key(f"{name}@8") == (str(name), 8)


def test_refusals(drawn):
    folder, mask = drawn
    first = folder / "first.png"
    options = MaskOptions()
    with pytest.raises(BadInput, match="two masks of frame 0"):
        read_keys([first, f"{first}@0"], size=SIZE, options=options)
    with pytest.raises(BadInput, match="does not exist"):
        read_keys(["no.png@4"], size=SIZE, options=options)
    with pytest.raises(BadInput, match="name that is too long"):
        read_keys([f"{'a' * 300}.png@1"], size=SIZE, options=options)
    with pytest.raises(BadInput, match="many frames"):
        read_keys([folder], size=SIZE, options=options)
    with pytest.raises(BadInput, match="is empty"):
        check_keys({0: np.zeros(SIZE, bool)}, size=SIZE)
    with pytest.raises(BadInput, match="Give bool"):
        check_keys({0: mask.astype(np.uint8)}, size=SIZE)
    with pytest.raises(BadInput, match="whole number"):
        check_keys({-1: mask}, size=SIZE)
    with pytest.raises(BadInput, match="from 0 to 4"):
        check_reach({5: mask}, 5)
