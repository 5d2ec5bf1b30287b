from __future__ import annotations

import re

import numpy as np
import pytest

import cleanplate as cp
from cleanplate.web.worker import Worker
from made_shadows import shadowed_clip

NAME = "<img src=x onerror=alert(1)>&amp;.mp4"
PATIENT = 60_000  # milliseconds, for what a busy machine computes


@pytest.fixture
def opened(serve, open_page, clip):
    """Open the page, and the scene on it; opened(**options) returns the page."""

    def begin(hire=None, **options):
        address = serve(**({} if hire is None else {"hire": hire}))
        page = open_page(address, **options)
        page.locator("#file").set_input_files(
            {"name": NAME, "mimeType": "video/mp4", "buffer": clip}
        )
        page.locator("#work").wait_for(timeout=PATIENT)
        return page

    return begin


def at(page, x, y):
    """Where a pixel of the clip is on the page."""
    seen = page.locator("#view").bounding_box()
    return seen["x"] + x / 128 * seen["width"], seen["y"] + y / 96 * seen["height"]


def drag(page, one, other):
    page.mouse.move(*at(page, *one))
    page.mouse.down()
    page.mouse.move(*at(page, *other), steps=4)
    page.mouse.up()


def mark(page):
    """Draw a box around the disc of the first frame."""
    drag(page, (12, 30), (48, 66))
    page.locator("#marked", has_text="Marked in frame 1").wait_for()


def white(holes):
    """Holes as a video of masks."""
    return np.repeat(holes[..., None], 3, axis=-1).astype(np.uint8) * 255


def colour(page, x, y):
    """The colour of a pixel of the canvas."""
    read = "(c, [x, y]) => [...c.getContext('2d').getImageData(x, y, 1, 1).data]"
    return page.locator("#view").evaluate(read, [x, y])


def distance(one, other):
    return max(abs(a - b) for a, b in zip(one, other, strict=True))


def until(page, true):
    """Wait for what no selector tells."""
    for _ in range(100):
        if true():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it never came to that")


def psnr(one, other):
    return -10 * np.log10(np.mean((one.astype(float) - other) ** 2) / 255**2)


@pytest.mark.timeout(300)
def test_the_whole_way_from_a_clip_to_the_same_without_the_thing(opened, scene, tmp_path):
    frames, truth, holes = scene
    page = opened(hire=Worker)
    mark(page)
    until(page, lambda: colour(page, 30, 48)[0] > 100)  # the mask is red on the green disc
    page.get_by_role("button", name="Follow it through the clip").click()
    page.locator("#followed", has_text=re.compile("through the clip|Look there")).wait_for(
        timeout=PATIENT
    )
    page.get_by_role("button", name="Quick look").click()
    page.locator("#divider").wait_for(timeout=PATIENT)
    page.get_by_role("button", name="Remove it", exact=True).click()
    page.locator("#jobs li", has_text="Remov").first.wait_for()
    page.reload()  # the job goes on, and is found again
    link = page.get_by_role("link", name="Download the video")
    link.wait_for(timeout=PATIENT)
    assert page.locator("#jobs").inner_text().count(NAME) >= 1
    with page.expect_download() as coming:
        link.click()
    assert coming.value.suggested_filename.endswith("-clean.mp4")
    coming.value.save_as(tmp_path / "clean.mp4")
    clean = cp.read_video(tmp_path / "clean.mp4").frames
    telea = cp.fill(frames, cp.grow(holes, 4), method="telea")
    assert len(clean) == len(frames)
    assert psnr(clean[holes], truth[holes]) > psnr(telea[holes], truth[holes]) + 3


def test_the_divider_shows_before_on_one_side_and_after_on_the_other(opened):
    page = opened()
    mark(page)
    page.get_by_role("button", name="use this mask in every frame").click()
    page.locator("#followed", has_text="mask of frame 1").wait_for()
    page.get_by_role("button", name="Remove it", exact=True).click()
    page.get_by_role("link", name="Download the video").wait_for(timeout=PATIENT)
    divider = page.locator("#divider")
    divider.wait_for()
    green = lambda: np.argmax(colour(page, 30, 48)[:3]) == 1 and colour(page, 30, 48)[1] > 150  # noqa: E731
    divider.focus()
    page.keyboard.press("End")
    until(page, green)
    page.keyboard.press("Home")
    until(page, lambda: not green())
    assert divider.get_attribute("aria-valuenow") == "0"
    page.mouse.move(*at(page, 1, 48))
    page.mouse.down()
    page.mouse.move(*at(page, 100, 48), steps=4)
    page.mouse.up()
    until(page, green)
    page.get_by_role("button", name="Where it came from").click()
    page.locator("#legend").wait_for()


def test_by_keyboard_alone(opened):
    page = opened()
    view = page.locator("#view")
    view.focus()
    for key, times in (("ArrowLeft", 24), ("ArrowUp", 9)):
        for _ in range(times):
            page.keyboard.press(key)
    page.keyboard.press("Enter")
    for key, times in (("ArrowRight", 17), ("ArrowDown", 17)):
        for _ in range(times):
            page.keyboard.press(key)
    page.keyboard.press("Enter")
    page.locator("#marked", has_text="Marked in frame 1").wait_for()
    page.locator("#frame").focus()
    page.keyboard.press("End")
    until(page, lambda: page.locator("#number").inner_text() == "12 of 12")
    for name in ("Undo", "Follow it through the clip", "Logo that stands still", "Play"):
        button = page.get_by_role("button", name=name)
        button.focus()
        assert button.evaluate("one => one === document.activeElement"), name


def test_painting_erasing_and_taking_it_back(opened):
    page = opened()
    until(page, lambda: colour(page, 105, 20)[3] == 255)
    bare = colour(page, 105, 20)
    page.get_by_text("Paint", exact=True).click()
    drag(page, (100, 20), (110, 20))
    page.locator("#marked", has_text="Marked in frame 1").wait_for()
    red = lambda: distance(colour(page, 105, 20), bare) > 30  # noqa: E731
    until(page, red)
    page.get_by_text("Erase", exact=True).click()
    drag(page, (98, 20), (112, 20))
    until(page, lambda: not red())
    undo = page.get_by_role("button", name="Undo")
    for shown in (red, lambda: not red()):
        until(page, undo.is_enabled)
        undo.click()
        until(page, shown)
    page.locator("#marked", has_text="Choose a frame").wait_for()


def test_on_a_phone_nothing_lies_beside_the_window(opened):
    page = opened(viewport={"width": 390, "height": 844}, has_touch=True)
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390
    page.get_by_text("Click on it", exact=True).tap()
    page.touchscreen.tap(*at(page, 30, 48))
    page.locator("#marked", has_text="Marked in frame 1").wait_for()
    for one in page.get_by_role("button").all():
        box = one.bounding_box()
        assert box is None or (box["x"] >= 0 and box["x"] + box["width"] <= 390)


def test_what_is_wrong_is_said_in_a_sentence(serve, open_page):
    page = open_page(serve())
    page.locator("#file").set_input_files(
        {"name": "diary.mp4", "mimeType": "video/mp4", "buffer": b"dear diary"}
    )
    page.get_by_role("alert").filter(has_text="diary.mp4 is not a video").wait_for(timeout=PATIENT)
    assert page.locator("#start").is_visible()


@pytest.mark.timeout(180)
def test_a_mask_of_ones_own_is_checked_and_mended(opened, scene, tmp_path):
    holes = scene[2].copy()
    holes[5] = False
    cp.write_video(tmp_path / "masks.mkv", white(holes), encoding=cp.Encoding(lossless=True))
    page = opened()
    page.locator("#mask-file").set_input_files(tmp_path / "masks.mkv")
    page.locator("#followed", has_text="Your mask is used").wait_for(timeout=PATIENT)
    page.locator("#check").click()
    page.locator("#findings", has_text="frame 6").wait_for(timeout=PATIENT)
    page.locator("#mend").click()
    page.locator("#findings", has_text="1 mask filled in").wait_for(timeout=PATIENT)
    page.locator("#check").click()
    page.locator("#findings", has_text="Nothing looks wrong").wait_for(timeout=PATIENT)
    assert not page.locator("#mend").is_visible()
    page.locator("#mask-file").set_input_files(
        {"name": "notes.png", "mimeType": "image/png", "buffer": b"no picture"}
    )
    page.locator("#message", has_text="neither a picture nor a video").wait_for(timeout=PATIENT)


def test_what_is_chosen_under_more_is_said_and_asked_for(opened):
    page = opened()
    mark(page)
    page.get_by_role("button", name="use this mask in every frame").click()
    page.locator("#followed", has_text="mask of frame 1").wait_for()
    assert page.locator("#find-shadow").is_disabled()  # nothing tells it where nothing moves
    assert page.get_by_text("A shadow is told by how its object moves").is_visible()
    page.locator("summary", has=page.locator("#chosen")).click()
    page.locator("#growth").select_option("8")
    assert "8 pixels margin" in page.locator("#chosen").inner_text()
    page.locator("#check").click()
    shown = page.locator("#findings", has_text="Other frames show")
    shown.wait_for(timeout=PATIENT)
    page.locator("#growth").select_option("16")
    shown.wait_for(state="hidden")  # nobody knows, of another margin
    page.locator("#growth").select_option("8")
    shown.wait_for()
    with page.expect_request("**/jobs/fill") as sent:
        page.get_by_role("button", name="Remove it", exact=True).click()
    assert {"method": "flow", "growth": 8}.items() <= sent.value.post_data_json.items()
    page.get_by_role("link", name="Download the video").wait_for(timeout=PATIENT)


@pytest.mark.timeout(180)
def test_a_shadow_is_shown_in_the_mask_and_can_be_left_in(serve, open_page, tmp_path):
    frames, holes, shadow = shadowed_clip(0.5)
    for name, pictures in (("clip", frames), ("masks", white(holes))):
        cp.write_video(tmp_path / f"{name}.mkv", pictures, encoding=cp.Encoding(lossless=True))
    page = open_page(serve())
    page.locator("#file").set_input_files(tmp_path / "clip.mkv")
    page.locator("#work").wait_for(timeout=PATIENT)
    page.locator("#mask-file").set_input_files(tmp_path / "masks.mkv")
    page.locator("#followed", has_text="Your mask is used").wait_for(timeout=PATIENT)
    page.locator("#frame").fill("15")
    cast = np.argwhere(shadow[15])[shadow[15].sum() // 2][::-1].tolist()
    bluer = lambda: colour(page, *cast)[2] - colour(page, *cast)[0] > 60  # noqa: E731
    until(page, lambda: page.locator("#number").inner_text().startswith("16 "))
    assert not bluer()
    find = page.get_by_role("button", name="Find its shadow as well")
    needed = page.locator(f"#{find.get_attribute('aria-describedby')}")
    assert not needed.is_visible() and not needed.text_content()  # nothing is missing
    find.click()
    page.locator("#cast", has_text="Its shadow").wait_for(timeout=PATIENT)
    until(page, bluer)
    assert page.locator("#blue").is_visible()
    leave = page.locator("#cast").get_by_role("button", name="Leave it in")
    leave.focus()
    for _ in range(2):  # the page asks anew meanwhile, and focus stays
        with page.expect_response("**/api/state"):
            pass
    assert leave.evaluate("button => button === document.activeElement")
    leave.click()
    page.locator("#cast", has_text="Its shadow").wait_for(state="hidden")
    until(page, lambda: not bluer())
    assert not page.locator("#blue").is_visible()


def test_a_line_over_an_object_points_at_it(opened):
    page = opened()
    page.get_by_text("Click on it", exact=True).click()
    with page.expect_request("**/point/0") as sent:
        drag(page, (22, 48), (38, 48))
    assert len(sent.value.post_data_json["inside"]) > 2
    page.locator("#marked", has_text="Marked in frame 1").wait_for()
    until(page, lambda: colour(page, 30, 48)[0] > 120)
