"""Rows of jobs and of clips: what they say, and that focus stays on what is in them."""

from __future__ import annotations

import pytest

PATIENT = 60_000  # milliseconds, for what a busy machine computes

LIST = """async (given) => {
  const { listJobs } = await import("/assets/jobs.js");
  let list = document.getElementById("told");
  if (!list) {
    list = document.createElement("ul");
    list.id = "told";
    document.body.append(list);
  }
  const usual = { kind: "fill", clip: "a", done: 0, total: null, seconds_left: null, message: "" };
  const act = { look() {}, stop() {} };
  listJobs(list, given.map((job) => ({ ...usual, ...job })), [{ id: "a", name: "park.mp4" }], act);
}"""

TRIED = {"kind": "try", "state": "done", "result": {"first": 0, "frames": 12}}


@pytest.fixture
def page(serve, open_page):
    return open_page(serve())


def is_focused(one):
    return one.evaluate("one => one === document.activeElement")


def poll(page):
    """Wait until the page has asked anew, and shows what it was told."""
    for _ in range(2):
        with page.expect_response("**/api/state"):
            pass


def test_a_job_keeps_its_button_while_it_begins_and_others_come_and_end(page):
    page.evaluate(LIST, [{"id": "1", "state": "waiting", "place": 1}])
    stop = page.locator("#told [data-key='1']").get_by_role("button", name="Stop")
    stop.focus()
    for others in (
        [],
        [{"id": "2", "state": "running", "done": 3, "total": 9}],
        [{"id": "2", **TRIED}],
        [{"id": "2", **TRIED}, {"id": "3", "state": "waiting", "place": 0}],
        [{"id": "3", **TRIED}],
    ):
        page.evaluate(LIST, [*others, {"id": "1", "state": "running", "done": 1, "total": 9}])
        assert is_focused(stop)
        assert page.locator("#told > li").count() == 1 + len(others)


@pytest.mark.parametrize(
    ("end", "others", "where"),
    [
        (TRIED, ["2"], "[data-key='1']"),
        ({"kind": "try", "state": "failed", "message": "no."}, [], "[data-key='1']"),
        ({"kind": "follow", "state": "done"}, ["2", "3"], "[data-key='2']"),
        ({"kind": "follow", "state": "stopped"}, [], None),
    ],
)
def test_focus_goes_on_from_the_row_whose_button_is_gone(page, end, others, where):
    others = [{"id": name, "state": "waiting", "place": 1} for name in others]
    page.evaluate(LIST, [{"id": "1", "kind": end["kind"], "state": "running"}, *others])
    page.locator("#told [data-key='1']").get_by_role("button", name="Stop").focus()
    for _ in range(2):
        page.evaluate(LIST, [*others, {"id": "1", **end}])
        assert is_focused(page.locator(f"#told > {where}" if where else "main:visible"))


def test_who_is_elsewhere_stays_there_when_a_job_ends(page):
    page.locator("#file").focus()
    for jobs in ([{"id": "1", "state": "running"}], [{"id": "1", **TRIED}], []):
        page.evaluate(LIST, jobs)
        assert is_focused(page.locator("#file"))


def test_what_is_told_of_a_job_stands_in_its_row(page):
    rows = page.locator("#told > li")
    page.evaluate(LIST, [{"id": "1", "state": "running", "done": 1, "total": 4}])
    assert rows.locator("progress").evaluate("bar => bar.value") == 0.25
    files = ["video", "masks"]
    ended = {"borrowed": 1, "painted": 0, "invented": 0, "seconds": 9, "warnings": []}
    done = {"id": "1", "state": "done", "files": files, "result": {**ended, "problems": []}}
    page.evaluate(LIST, [done, {"id": "2", **TRIED}])
    titles = rows.locator("b").all_inner_texts()
    assert titles == ["Quick look: park.mp4", "Removed: park.mp4"]
    assert not rows.nth(1).locator("progress").is_visible()
    assert rows.nth(1).get_by_role("link").all_inner_texts() == ["Download the video", "Masks"]
    assert rows.nth(1).get_by_role("button").all_inner_texts() == ["Look at it"]


@pytest.mark.parametrize(
    ("far", "said", "share"),
    [
        ({}, "At work …", None),
        ({"done": 7}, "7 frames so far …", None),
        ({"done": 0, "total": 8}, "0 %", 0),
        ({"done": 6, "total": 8, "seconds_left": 5}, "75 %, about 5 s left", 0.75),
        ({"done": 8, "total": 8, "seconds_left": 0}, "Nearly done …", None),
    ],
)
def test_how_far_a_job_is_is_told_where_it_is_known(page, far, said, share):
    rows = page.locator("#told > li")
    for before in ({"done": 1, "total": 2}, far):
        page.evaluate(LIST, [{"id": "1", "state": "running", **before}])
    assert rows.locator("span").inner_text() == said
    bar = rows.locator("progress")
    assert bar.evaluate("bar => bar.position") == (-1 if share is None else share)


def test_focus_stays_on_buttons_of_clips_and_of_jobs(page, clip):
    for name in ("park.mp4", "lake.mp4"):
        file = {"name": name, "mimeType": "video/mp4", "buffer": clip}
        page.locator("#file").set_input_files(file)
        page.locator("#work").wait_for(timeout=PATIENT)
        page.locator("#another").click()
    page.locator("#back").click()
    pick = page.locator("#clips").get_by_role("button", name="park.mp4")
    pick.focus()
    page.keyboard.press("Enter")
    poll(page)
    assert is_focused(pick) and pick.get_attribute("aria-pressed") == "true"
    page.get_by_text("Paint", exact=True).click()
    page.locator("#view").click()
    page.locator("#marked", has_text="Marked in frame 1").wait_for()
    page.get_by_role("button", name="use this mask in every frame").click()
    page.get_by_role("button", name="Quick look").click()
    look = page.locator("#jobs").get_by_role("button", name="Look at it")
    look.wait_for(timeout=PATIENT)
    look.focus()
    page.keyboard.press("Enter")
    poll(page)
    assert is_focused(look)
