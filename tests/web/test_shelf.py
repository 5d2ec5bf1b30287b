from __future__ import annotations

import pytest

from cleanplate.errors import BadInput
from cleanplate.web.shelf import Shelf


@pytest.fixture
def shelf(tmp_path):
    """A folder with a video, a folder of pictures, and much that is nobody's business."""
    laid, secret = tmp_path / "laid", tmp_path / "secret"
    for folder in (laid, laid / "frames", laid / "empty", laid / "mixed", secret):
        folder.mkdir()
    for path in (
        laid / "park.mp4",
        laid / ".hidden.mp4",
        laid / "notes.txt",
        laid / "frames" / "00000.png",
        laid / "mixed" / "00000.png",
        secret / "film.mp4",
        secret / "00000.png",
    ):
        path.write_bytes(b"x")
    (laid / "link.mp4").symlink_to(secret / "film.mp4")
    (laid / "door").symlink_to(secret)
    (laid / "mixed" / "00001.png").symlink_to(secret / "00000.png")
    (laid / "again.mp4").symlink_to(laid / "park.mp4")
    (laid / "round.mp4").symlink_to(laid / "round.mp4")
    return Shelf(laid)


def test_videos_and_folders_of_pictures_are_offered_and_no_link_that_leads_elsewhere(shelf):
    assert shelf.names() == ["again.mp4", "frames", "park.mp4"]


def test_a_clip_is_taken_by_its_name(shelf, tmp_path):
    assert shelf.path("park.mp4") == tmp_path / "laid" / "park.mp4"


@pytest.mark.parametrize(
    "name",
    ["link.mp4", "door", "mixed", ".hidden.mp4", "notes.txt", "../secret/film.mp4", "..", ".", "",
     "frames/00000.png", "/etc/passwd", "park.mp4\0", "./park.mp4", "PARK.MP4"],
)  # fmt: skip
def test_nothing_else_is_taken(shelf, name):
    with pytest.raises(BadInput, match="no clip of this name"):
        shelf.path(name)


def test_what_is_no_folder_is_refused(tmp_path):
    with pytest.raises(BadInput, match="is no folder"):
        Shelf(tmp_path / "nowhere")
