"""Who cuts objects out and follows them on the page."""

from __future__ import annotations

import numpy as np
import pytest

from cleanplate.errors import BadInput
from cleanplate.masks.select import select
from cleanplate.web import finder as module
from cleanplate.web.ask import way_of
from cleanplate.web.finder import Finder


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    from made_sam2 import save

    folder = tmp_path_factory.mktemp("sam2")
    save(folder)
    return folder


def test_without_weights_there_is_no_sam2(monkeypatch):
    monkeypatch.setattr(module, "has_torch", lambda: False)
    finder = Finder()
    assert finder.ways == ("usual",)
    assert finder.selector("usual") is select
    assert finder.tracking("usual") == {"name": "flow"}
    for asked in (finder.selector, finder.tracking):
        with pytest.raises(BadInput, match="SAM 2 is not at hand here"):
            asked("sam2")
        with pytest.raises(BadInput, match="no PyTorch here"):
            asked("internal")


def test_with_torch_a_network_may_be_fitted(monkeypatch):
    monkeypatch.setattr(module, "has_torch", lambda: True)
    finder = Finder()
    assert finder.ways == ("usual", "internal")
    assert finder.selector("internal") is select
    assert finder.tracking("internal") == {"name": "internal"}


def test_weights_that_are_none_are_refused_at_the_start(tmp_path):
    with pytest.raises(BadInput, match=r"have no config\.json"):
        Finder(tmp_path)


def test_weights_that_are_damaged_are_refused_at_the_start(weights, tmp_path):
    (tmp_path / "config.json").write_bytes((weights / "config.json").read_bytes())
    (tmp_path / "model.safetensors").write_bytes(bytes(100))
    with pytest.raises(BadInput, match="damaged"):
        Finder(tmp_path)


def test_with_weights_it_is_held(weights):
    finder = Finder(weights)
    assert finder.ways == ("usual", "internal", "sam2")
    assert finder.tracking("sam2") == {"name": "sam2", "weights": weights}
    assert finder.selector("usual") is select
    selector = finder.selector("sam2")
    assert finder.selector("sam2") is selector
    found = selector(np.zeros((40, 60, 3), np.uint8), (10, 10, 20, 20), others=())
    assert found.shape == (40, 60)


def test_of_a_line_sam2_is_told_a_few_points(weights, monkeypatch):
    asked = []

    def selector(frame, box=None, **told):
        asked.append((box, told))
        return np.ones(frame.shape[:2], bool)

    monkeypatch.setattr(module, "load_selector", lambda name, **_: selector)
    line, clicks = [(x, 7) for x in range(200)], [(3, 4), (5, 6)]
    found = Finder(weights).selector("sam2")(
        np.zeros((40, 200, 3), np.uint8), inside=line, outside=clicks, others=()
    )
    (box, told) = asked[0]
    assert found.all() and box is None
    assert told["outside"] == clicks and told["others"] == ()
    across = [x for x, _ in told["inside"]]
    assert len(across) == 16 and (across[0], across[-1]) == (0, 199)
    assert set(np.diff(across)) <= {13, 14}


def test_a_way_that_is_not_known_is_refused():
    assert way_of({}) == "usual"
    assert way_of({"way": "sam2"}) == "sam2"
    for given in ("sam3", None, ["sam2"]):
        with pytest.raises(BadInput, match="unknown"):
            way_of({"way": given})


def test_on_the_page_it_is_offered_where_its_weights_are(weights, serve, open_page, clip):
    file = {"name": "park.mp4", "mimeType": "video/mp4", "buffer": clip}
    pages = []
    for given in ({}, {"sam2": weights}):
        page = open_page(serve(**given))
        page.locator("#file").set_input_files(file)
        page.locator("#work").wait_for()
        pages.append(page)
    assert pages[0].locator("#way option[value=sam2]").is_disabled()
    page = pages[1]
    page.locator("#way").select_option("sam2")
    view = page.locator("#view").bounding_box()
    with page.expect_request("**/point/0") as sent:
        page.locator("#view").click(position={"x": view["width"] / 4, "y": view["height"] / 2})
        page.locator("label", has_text="Click on it").click()
        page.locator("#view").click(position={"x": view["width"] / 4, "y": view["height"] / 2})
    assert sent.value.post_data_json["way"] == "sam2"
    page.locator("#marked", has_text="Marked in frame 1").wait_for()
    with page.expect_request("**/jobs/follow") as sent:
        page.get_by_role("button", name="Follow it through the clip").click()
    assert sent.value.post_data_json["way"] == "sam2"
    page.get_by_role("button", name="Follow it again").wait_for()
    page.locator("#way").select_option("usual")
    with page.expect_request("**/jobs/follow") as sent:
        page.get_by_role("button", name="Follow it again").click()
    assert sent.value.post_data_json["way"] == "usual"
