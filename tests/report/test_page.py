"""The report in a real browser: it opens offline, the divider moves, the players keep step."""

from __future__ import annotations

import json
import re

import cv2
import numpy as np
import pytest

import cleanplate as cp
from cleanplate.errors import BadInput
from cleanplate.report.compare import compare
from cleanplate.report.evaluate import evaluate
from cleanplate.report.page import read_run, report_page, write_page, write_study, write_table
from cleanplate.report.rows import NAME

SIZE = (48, 80)


@pytest.fixture(scope="module")
def run(pan, tmp_path_factory):
    """What evaluate wrote of two little clips, one with a name that would be a tag."""
    root = tmp_path_factory.mktemp("page")
    for number, clip in enumerate(("one", "<b>two")):
        place = root / "set" / clip
        place.mkdir(parents=True)
        for t, frame in enumerate(pan(6, (2, 0), size=SIZE, start=(30 * number, 40))):
            cv2.imwrite(str(place / f"{t:05d}.png"), frame[..., ::-1])
    evaluate(
        root / "set", methods=["telea", "flow"], masks="fixed", out=root / "run", size=SIZE,
        metrics=["psnr", "psnr_hole"], processes=1,
    )  # fmt: skip
    return root / "run"


@pytest.fixture(scope="module")
def written(run):
    page = run.parent / "page.html"
    write_page(run, page)
    return page


def pixel(page, selector, x, y):
    """The RGB of a canvas at a place, 0 to 1."""
    script = """([selector, x, y]) => {
        const canvas = document.querySelector(selector);
        const [i, j] = [Math.floor(x * canvas.width), Math.floor(y * canvas.height)];
        const probe = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
        probe.drawImage(canvas, i, j, 1, 1, 0, 0, 1, 1);
        return [...probe.getImageData(0, 0, 1, 1).data].slice(0, 3);
    }"""
    return np.array(page.evaluate(script, [selector, x, y]))


def green(colour):
    return colour[1] > colour[0] + 25 and colour[1] > colour[2] + 25


def until(page, script):
    """Wait until a script says true; playwright's own way needs eval, which the page forbids."""
    for _ in range(200):
        if page.evaluate(script):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"never: {script}")


def settled(page):
    until(page, "document.getElementById('frame').value !== ''")
    until(page, "document.getElementById('loading').textContent === ''")
    page.wait_for_timeout(100)


def test_the_divider_moves(written, open_page):
    page = open_page(written, viewport={"width": 1280, "height": 3600})
    settled(page)
    assert page.locator("#right").evaluate("s => s.selectedOptions[0].text") == "flow"
    assert green(pixel(page, "#view", 0.45, 0.5))  # left of it the hole is tinted
    assert not green(pixel(page, "#view", 0.55, 0.5))
    handle = page.locator("#divider").bounding_box()
    stage = page.locator("#stage").bounding_box()
    page.mouse.move(handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2)
    page.mouse.down()
    page.mouse.move(stage["x"] + 0.4 * stage["width"], handle["y"] + 20, steps=4)
    page.mouse.up()
    page.wait_for_timeout(100)
    assert page.locator("#divider").get_attribute("aria-valuenow") == "40"
    assert not green(pixel(page, "#view", 0.45, 0.5))
    page.locator("#divider").press("End")
    page.wait_for_timeout(100)
    assert page.locator("#divider").get_attribute("aria-valuenow") == "100"
    assert green(pixel(page, "#view", 0.55, 0.5))


def test_players_keep_step(written, open_page):
    page = open_page(written)
    settled(page)
    before = pixel(page, "#strip figure:nth-child(2) canvas", 0.1, 0.1)
    page.locator("#seek").fill("4")
    until(page, "document.getElementById('frame').value.startsWith('4 ')")
    assert page.locator("#values").inner_text().count("frame 4") == 1
    assert page.locator("#strip canvas").count() == 3
    for number in (1, 2, 3):
        now = pixel(page, f"#strip figure:nth-child({number}) canvas", 0.1, 0.1)
        assert not np.array_equal(now, before)
    page.locator("#play").click()
    until(page, "document.getElementById('seek').value === '1'")
    page.locator("#play").click()
    assert page.locator("#play").get_attribute("aria-pressed") == "false"


def test_layers_zoom_and_slices(written, open_page):
    page = open_page(written)
    settled(page)
    page.locator("#right").select_option(label="telea: where from")
    page.wait_for_timeout(100)
    assert (pixel(page, "#view", 0.55, 0.5) > [200, -1, 200]).all()  # invented: magenta
    assert "invented (magenta)" in page.locator("#legend").inner_text()
    page.locator("#right").select_option(label="flow: error")
    page.wait_for_timeout(100)
    assert pixel(page, "#view", 0.95, 0.05).max() < 70  # dimmed
    page.locator("#zoom").fill("8")
    page.wait_for_timeout(100)
    assert green(pixel(page, "#view", 0.05, 0.5))  # the hole fills the left half now
    slices = page.locator("#slices canvas")
    assert slices.count() == 3
    assert slices.first.evaluate("c => [c.width, c.height]") == [80, 6]
    shown = [pixel(page, f"#slices figure:nth-child({n}) canvas", 0.5, 0.5) for n in (1, 2, 3)]
    assert shown[0].any() and not np.array_equal(shown[0], shown[2])  # truth, and telea's fill
    page.locator("[name=line][value=column]").check()
    assert slices.first.evaluate("c => [c.width, c.height]") == [6, 48]


def test_names_of_clips_are_text(written, open_page):
    page = open_page(written)
    settled(page)
    page.get_by_role("tab", name="<b>two").click()
    page.wait_for_timeout(200)
    assert page.locator("#clip-name").inner_text() == "<b>two"


def test_the_table_can_be_saved(written, open_page, tmp_path, run):
    page = open_page(written)
    settled(page)
    for name, option in (("csv", {"csv": tmp_path / "t"}), ("latex", {"latex": tmp_path / "t"})):
        with page.expect_download() as caught:
            page.locator(f"[data-save={name}]").click()
        write_table(run, **option)
        assert caught.value.path().read_text("utf-8") == (tmp_path / "t").read_text("utf-8")


def test_a_run_without_pictures_shows_its_curves(run, tmp_path, open_page):
    rows = [json.loads(line) for line in (run / NAME).read_text().splitlines()]
    lines = [json.dumps({**row, "shown": None}) for row in rows]
    (tmp_path / NAME).write_text("\n".join([*lines, ""]))
    write_page(tmp_path, tmp_path / "page.html")
    page = open_page(tmp_path / "page.html")
    assert page.locator("#curve path").count() == 2
    assert page.locator("#stage-area").is_hidden()
    assert "No pictures" in page.locator("#clip-note").inner_text()


def test_a_comparison_of_files_has_no_papers_beside_it(make, tmp_path, open_page):
    rows = compare(make("in.mp4"), "box:10,10,16,16", tmp_path / "both", methods=["flow", "ns"])
    assert [row["method"] for row in rows] == ["flow", "ns"]
    write_page(tmp_path / "both", tmp_path / "page.html")
    page = open_page(tmp_path / "page.html")
    settled(page)
    assert page.locator("tbody tr").count() == 3
    assert "no truth" in page.locator("tbody").inner_text()
    assert "flow: error" not in page.locator("#right").inner_text()


def test_the_page_is_the_same_however_the_rows_came(run, tmp_path):
    lines = (run / NAME).read_text().splitlines()
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / NAME).write_text("\n".join([*reversed(lines), ""]))
    (tmp_path / "run" / "shown").symlink_to(run / "shown")
    assert report_page(tmp_path / "run") == report_page(run)


def test_only_the_clips_asked_for(run):
    page = report_page(run, clips=["one"])
    data = json.loads(re.search(r'id="data">(.*?)</script>', page, re.S)[1])
    assert [clip["name"] for group in data["groups"] for clip in group["clips"]] == ["one"]
    assert "2 clips" in page  # the table is of all
    with pytest.raises(BadInput, match="'three'"):
        read_run(run, ["three"])


def test_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(BadInput, match="no rows"):
        write_page(tmp_path, tmp_path / "page.html")
    assert list(tmp_path.iterdir()) == []


def test_a_study_of_a_run_can_be_opened(run, tmp_path, open_page):
    write_study(run, tmp_path / "study.html")
    assert "telea" not in (tmp_path / "study.html").read_text()
    open_page(tmp_path / "study.html").wait_for_timeout(300)


def test_a_run_does_not_write_over_itself(run):
    before = (run / NAME).read_bytes()
    kept = next((run / "shown").iterdir())
    for place in (run / NAME, kept):
        for write in (write_page, write_study):
            with pytest.raises(cp.BadOutput, match="part of the run"):
                write(run, place)
        with pytest.raises(cp.BadOutput, match="part of the run"):
            write_table(run, csv=place)
    assert (run / NAME).read_bytes() == before


def test_keys_play_and_go_frame_by_frame(written, open_page):
    page = open_page(written)
    settled(page)
    page.locator("h1").click()
    page.keyboard.press(".")
    until(page, "document.getElementById('seek').value === '1'")
    page.keyboard.press(",")
    until(page, "document.getElementById('seek').value === '0'")
    page.keyboard.press(" ")
    until(page, "document.getElementById('seek').value === '2'")
    page.keyboard.press(" ")
    assert page.locator("#play").inner_text() == "Play"
