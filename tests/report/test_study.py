"""The study page in a real browser: quiet, blind, and what it saves is what was clicked."""

from __future__ import annotations

import base64
import json

import cv2
import numpy as np
import pytest

import cleanplate as cp
from cleanplate.cli import main
from cleanplate.report.answers import read_answers, unseal
from cleanplate.report.study import study_page

SIZE, BOX, COUNT = (48, 64), [8, 16, 24, 32], 3  # BOX: top, left, height, width
METHODS = {"flow-guided": (220, 20, 20), "telea-march": (20, 200, 20), "median-time": (20, 20, 220)}
CLIPS = ("camel-walk", "dog-agility", "</script><b>car")


def uri(colour, *, hole=None, size=SIZE):
    """A picture of one colour, RGB, transparent outside the hole (top, left, height, width)."""
    picture = np.full((*size, 3), colour[::-1], np.uint8)
    if hole:
        top, left, height, width = hole
        alpha = np.zeros(size, np.uint8)
        alpha[top : top + height, left : left + width] = 255
        picture = np.dstack([picture, alpha])
    data = bytes(cv2.imencode(".webp", picture)[1])
    return "data:image/webp;base64," + base64.b64encode(data).decode()


def made_take(name, colour):
    fill = uri(colour, size=BOX[2:])
    return {"name": name, "boxes": [BOX] * COUNT, "fill": [fill] * COUNT}


def made_scene(name, **fields):
    """A grey clip whose takes are told by the colour that they fill the hole with."""
    height, width = SIZE
    return {
        "name": name,
        "height": height,
        "width": width,
        "rate": 10.0,
        "first": 0,
        "frames": [uri((128, 128, 128 + t)) for t in range(COUNT)],
        "holes": [uri((255, 255, 255), hole=BOX)] * COUNT,
        "takes": [made_take(*method) for method in METHODS.items()],
        **fields,
    }


@pytest.fixture(scope="module")
def scenes():
    return [made_scene(name) for name in CLIPS]


@pytest.fixture(scope="module")
def path(scenes, tmp_path_factory):
    path = tmp_path_factory.mktemp("study") / "study.html"
    path.write_text(study_page(scenes), "utf-8")
    return path


# ---- the page as text


def test_the_page_names_nobody(scenes, path):
    page = path.read_text("utf-8")
    for name in (*METHODS, *CLIPS):
        assert name not in page
    data = json.loads(page.split('id="study">')[1].split("</script>")[0])
    key = unseal(data["key"])
    assert set(key.clips.values()) == set(CLIPS)
    assert all(set(key.methods(clip).values()) == set(METHODS) for clip in data["clips"])


def test_the_page_holds_everything(path):
    page = path.read_text("utf-8")
    assert "@@" not in page
    assert "http" not in page.replace("http-equiv", "")
    assert page.count("</script>") == 3 + len(CLIPS)


def test_the_same_scenes_are_the_same_study_and_others_are_not(scenes):
    page = study_page(scenes)
    back = [{**scene, "takes": scene["takes"][::-1]} for scene in scenes[::-1]]
    other = [{**scenes[0], "frames": scenes[0]["frames"][::-1]}, *scenes[1:]]
    assert study_page(back) == page
    assert identity(study_page(other)) != identity(page)
    renamed = [{**scene, "takes": [{**take, "name": take["name"] + "2"} for take in scene["takes"]]}
               for scene in scenes]  # fmt: skip
    assert identity(study_page(renamed)) != identity(page)


def identity(page):
    return json.loads(page.split('id="study">')[1].split("</script>")[0])["study"]


def test_clips_that_show_nothing_are_left_out(scenes):
    empty = {**scenes[0], "name": "empty", "frames": 0}
    assert identity(study_page([*scenes, empty])) == identity(study_page(scenes))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda scenes: [], "it has no clips"),
        (lambda scenes: [scenes[0], scenes[0]], "have the same name"),
        (lambda scenes: [{**scenes[0], "takes": scenes[0]["takes"] * 2}], "one method twice"),
        (lambda scenes: [{**scenes[0], "takes": scenes[0]["takes"][:1]}], "2 to 9 different"),
        (
            lambda scenes: [scenes[0], {**scenes[1], "takes": scenes[1]["takes"][1:]}],
            "clip 'dog-agility' shows other methods than the first",
        ),
        (lambda scenes: [{**scenes[0], "frames": scenes[0]["frames"][1:]}], "other frames"),
        (lambda scenes: [{**scenes[0], "takes": [{"name": "flow"}] * 2}], "other frames"),
        (lambda scenes: [{**scenes[0], "name": "bell\a"}], "characters that can be printed"),
    ],
)
def test_what_makes_no_study_is_refused(scenes, change, sentence):
    with pytest.raises(cp.BadInput) as refusal:
        study_page(change(scenes))
    assert sentence in str(refusal.value)


# ---- the page in a browser


LOOK = """({ x, y }) => [...document.querySelectorAll(".take canvas")].map((canvas) =>
  [...canvas.getContext("2d").getImageData(x, y, 1, 1).data].slice(0, 3))"""


def start(page):
    page.click("#begin")
    wait(page)


def wait(page):
    page.wait_for_selector("#replay:enabled")


def shown(page, x=30, y=20):
    """The methods as they stand on the page, told by their colours inside the hole."""
    colours = page.evaluate(LOOK, {"x": x, "y": y})
    names, known = list(METHODS), np.array(list(METHODS.values()))
    return [names[np.abs(known - colour).sum(axis=1).argmin()] for colour in colours]


def give(page, ranks):
    """Click a rank for every method; returns how they stood."""
    order = shown(page)
    for index, method in enumerate(order):
        if method in ranks:
            page.click(f".take:nth-child({index + 1}) .ranks button:nth-child({ranks[method]})")
    return order


def pressed(page):
    """The rank of each method, as the page shows it."""
    found = page.evaluate(
        """() => [...document.querySelectorAll(".ranks")].map((group) =>
          [...group.children].findIndex((b) => b.getAttribute("aria-pressed") === "true") + 1)"""
    )
    return dict(zip(shown(page), found, strict=True))


def save(page, folder):
    with page.expect_download() as started:
        page.click("#save")
    name = started.value.suggested_filename
    started.value.save_as(folder / name)
    return folder / name


RANKS = [dict(zip(METHODS, places, strict=True)) for places in ((1, 2, 3), (3, 1, 2), (2, 3, 1))]


def rank_all(page, ranks):
    """Rank clip after clip; returns the order in which methods stood in each."""
    orders = []
    for number, given in enumerate(ranks):
        assert page.inner_text("#where") == f"Clip {number + 1} of {len(CLIPS)}"
        orders.append(give(page, given))
        page.click("#next")
        if number + 1 < len(ranks):
            wait(page)
    return orders


def test_ranking_by_clicks_and_what_is_saved(open_page, path, tmp_path, capsys):
    page = open_page(path, accept_downloads=True)
    assert page.inner_text("h1") == "Which looks most natural?"
    start(page)
    orders = rank_all(page, RANKS)
    first = save(page, tmp_path)
    answers = read_answers([first])
    assert [ranking.ranks for ranking in answers.rankings] == RANKS
    assert sorted(ranking.clip for ranking in answers.rankings) == sorted(CLIPS)
    assert json.loads(page.input_value("#text")) == json.loads(first.read_text())
    assert first.name == f"answers-{answers.rankings[0].person[:8]}.json"
    assert all(sorted(order) == sorted(METHODS) for order in orders)

    page.on("dialog", lambda dialog: dialog.accept())
    page.click("#again")
    start(page)
    rank_all(page, RANKS[:1] * 3)
    second = save(page, tmp_path)
    assert main(["study", str(first), str(second), "--json"]) == 0
    lines = {line["method"]: line for line in json.loads(capsys.readouterr().out)}
    assert {line["people"] for line in lines.values()} == {2}
    shares = {name: [share["share"] for share in line["shares"]] for name, line in lines.items()}
    sixths = {"flow-guided": (4, 1, 1), "telea-march": (1, 4, 1), "median-time": (1, 1, 4)}
    assert shares == {name: [pytest.approx(n / 6) for n in each] for name, each in sixths.items()}


def test_takes_are_the_frames_with_the_fill_in_its_box(open_page, path):
    page = open_page(path)
    start(page)
    page.click("#pause")
    inside = page.evaluate(LOOK, {"x": 47, "y": 31})
    outside = page.evaluate(LOOK, {"x": 48, "y": 31})
    assert np.abs(np.array(outside) - 129).max() < 6
    assert all(np.ptp(colour) > 100 for colour in inside)


def test_ranks_never_tie(open_page, path):
    page = open_page(path)
    start(page)
    flow, telea, median = METHODS
    assert page.is_disabled("#next")
    give(page, {flow: 1})
    give(page, {telea: 1})  # takes it away
    assert pressed(page) == {flow: 0, telea: 1, median: 0}
    assert page.inner_text("#left") == "2 still without a rank"
    give(page, {flow: 2})
    give(page, {flow: 1})  # they change places
    assert pressed(page) == {flow: 1, telea: 2, median: 0}
    assert page.is_disabled("#next")
    give(page, {median: 3})
    assert page.is_enabled("#next")
    give(page, {median: 3})  # taken back
    assert pressed(page) == {flow: 1, telea: 2, median: 0}
    assert page.is_disabled("#next")


def test_a_reload_keeps_the_answers_and_the_order(open_page, path):
    page = open_page(path)
    start(page)
    order = give(page, RANKS[0])
    page.click("#next")
    wait(page)
    give(page, {"flow-guided": 2})
    second = shown(page)
    page.reload()
    assert page.inner_text("#begin") == "Go on (1 of 3 ranked)"
    start(page)
    assert page.inner_text("#where") == "Clip 2 of 3"
    assert shown(page) == second
    assert pressed(page)["flow-guided"] == 2
    page.click("#back")
    wait(page)
    assert shown(page) == order
    assert pressed(page) == RANKS[0]


def test_who_finishes_early_saves_what_is_ranked(open_page, path, tmp_path):
    page = open_page(path)
    start(page)
    assert page.is_hidden("#stop")
    give(page, RANKS[1])
    page.click("#next")
    wait(page)
    give(page, {"flow-guided": 2})
    page.click("#stop")
    assert "You ranked 1 of 3 clips." in page.inner_text("#end")
    answers = read_answers([save(page, tmp_path)])
    assert [ranking.ranks for ranking in answers.rankings] == RANKS[1:2]
    page.click("#return")
    wait(page)
    assert page.inner_text("#where") == "Clip 2 of 3"


def test_everybody_has_another_order(open_page, path):
    page = open_page(path)
    page.on("dialog", lambda dialog: dialog.accept())
    drawn = set()
    for _ in range(5):
        start(page)
        kept = page.evaluate("() => ({ ...localStorage })")
        (state,) = (json.loads(value) for value in kept.values())
        drawn.add((state["person"], *state["clips"], *shown(page)))
        give(page, RANKS[0])
        page.click("#stop")
        page.click("#again")
    assert len({order[0] for order in drawn}) == 5
    assert len({order[1:] for order in drawn}) > 1


def test_the_keyboard_alone_is_enough(open_page, path, tmp_path):
    page = open_page(path)
    page.focus("#begin")
    page.keyboard.press("Enter")
    wait(page)
    order = shown(page)
    page.keyboard.type("a2b3c1")
    assert pressed(page) == dict(zip(order, (2, 3, 1), strict=True))
    page.keyboard.type("bz")
    assert [page.locator(".take").nth(n).is_visible() for n in range(3)] == [False, True, False]
    page.keyboard.type("c")
    assert [page.locator(".take").nth(n).is_visible() for n in range(3)] == [False, False, True]
    page.keyboard.type("2")
    assert pressed(page) == dict(zip(order, (1, 3, 2), strict=True))
    page.keyboard.press("Escape")
    assert page.locator(".take:visible").count() == 3
    page.keyboard.type("rr")
    page.keyboard.type("n")
    wait(page)
    assert page.inner_text("#where") == "Clip 2 of 3"
    page.click("#stop")
    (answer,) = json.loads(save(page, tmp_path).read_text())["answers"]
    assert answer["replays"] == 2
    assert 0 <= answer["seconds"] < 60


def test_playing_in_step(open_page, path):
    page = open_page(path)
    start(page)
    for _ in range(100):
        if page.input_value("#position") == "2":
            break
        page.wait_for_timeout(30)
    else:
        pytest.fail("it does not play")
    page.click("#pause")
    assert page.inner_text("#pause") == "Play"
    at = page.input_value("#position")
    page.wait_for_timeout(300)
    assert page.input_value("#position") == at
    page.keyboard.press(".")
    assert page.input_value("#position") == str((int(at) + 1) % COUNT)
    page.click("#slow")
    assert page.get_attribute("#slow", "aria-pressed") == "true"
    assert page.evaluate("clock.speed") == 0.5
    page.click("#replay")
    assert page.inner_text("#pause") == "Pause"


def test_what_was_removed_is_shown_only_when_asked_for(open_page, path):
    page = open_page(path)
    start(page)
    page.click("#pause")
    assert page.is_hidden("#before")
    page.click("#reveal")
    assert page.is_visible("#before")
    red, green, blue = page.evaluate(
        """() => [...document.querySelector("#before canvas").getContext("2d")
          .getImageData(30, 20, 1, 1).data].slice(0, 3)"""
    )
    assert green > red + 20
    assert green > blue + 20


def test_a_browser_that_keeps_nothing(open_page, path, tmp_path):
    page = open_page(path, accept_downloads=True)
    page.context.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new Error('no'); } })"
    )
    page.reload()
    assert "keeps nothing for this page" in page.inner_text("#intro")
    start(page)
    rank_all(page, RANKS)
    assert len(read_answers([save(page, tmp_path)]).rankings) == 3
    page.reload()  # the tab itself remembers
    assert page.inner_text("#begin") == "Go on (3 of 3 ranked)"


def test_nonsense_that_is_kept_is_forgotten(open_page, path):
    page = open_page(path)
    for nonsense in ("{", "5", "null", '{"clips": []}', '{"clips": 7, "person": "x"}'):
        page.evaluate(
            "(text) => { for (const name in localStorage) localStorage[name] &&= text; }", nonsense
        )
        page.reload()
        assert page.inner_text("#begin") == "Begin"
    start(page)


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (1024, 640), (390, 844)])
def test_the_window_is_used_and_nothing_sticks_out(open_page, path, width, height):
    page = open_page(path, viewport={"width": width, "height": height})
    start(page)
    page.click("#reveal")
    page.click(".take:nth-child(2) .picture")
    page.click(".take:nth-child(2) .picture")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate("document.documentElement.scrollHeight") <= height
