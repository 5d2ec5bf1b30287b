"""Exports are checked before they are believed, and every person counts once."""

from __future__ import annotations

import base64
import json

import pytest

import cleanplate as cp
from cleanplate.report.answers import FORMAT, LARGEST, Key, read_answers, seal, unseal

KEY = Key(
    {"aaaa1": "camel", "bbbb1": "dog"},
    {
        "t001": ("aaaa1", "flow"), "t002": ("aaaa1", "telea"), "t003": ("aaaa1", "median"),
        "t004": ("bbbb1", "median"), "t005": ("bbbb1", "flow"), "t006": ("bbbb1", "telea"),
    },
)  # fmt: skip


def answer(clip="aaaa1", ranks=None, **fields):
    ranks = ranks or {"t001": 1, "t002": 3, "t003": 2}
    return {"clip": clip, "ranks": ranks, "replays": 2, "seconds": 10.5, **fields}


DOG = answer("bbbb1", {"t004": 3, "t005": 2, "t006": 1})


def export(**fields):
    return {
        "format": FORMAT,
        "study": "5tudy",
        "person": "anna1",
        "at": "2025-01-02T03:04:05.678Z",
        "key": seal(KEY),
        "answers": [answer(), DOG],
        **fields,
    }


@pytest.fixture
def save(tmp_path):
    def write(name="a.json", **fields):
        (tmp_path / name).write_text(json.dumps(export(**fields)))
        return tmp_path / name

    return write


def test_answers_name_methods_and_clips(save):
    answers = read_answers([save()])
    assert answers.study == "5tudy"
    assert answers.methods == ("flow", "median", "telea")
    assert [(r.person, r.clip, r.ranks) for r in answers.rankings] == [
        ("anna1", "camel", {"flow": 1, "telea": 3, "median": 2}),
        ("anna1", "dog", {"flow": 2, "telea": 1, "median": 3}),
    ]
    assert answers.warnings == ()


def test_files_and_folders(save, tmp_path):
    (tmp_path / "more").mkdir()
    save("more/b.json", person="bert1")
    save("more/c.json", person="carl1", answers=[DOG])
    (tmp_path / "more" / "notes.txt").write_text("not an answer")
    answers = read_answers([save("a.json"), str(tmp_path / "more")])
    assert [r.person for r in answers.rankings] == ["anna1", "anna1", "bert1", "bert1", "carl1"]


@pytest.mark.parametrize("order", [("old.json", "new.json"), ("new.json", "old.json")])
def test_of_one_person_the_later_export_counts(save, tmp_path, order):
    save("old.json", answers=[answer()])
    save("new.json", at="2025-01-02T03:04:05.679Z", answers=[DOG])
    answers = read_answers([tmp_path / name for name in order])
    assert [r.clip for r in answers.rankings] == ["dog"]
    (told,) = answers.warnings
    assert "old.json and " in told
    assert told.endswith("new.json counts, saved later")


def test_a_file_given_twice_counts_once(save):
    answers = read_answers([save(), save()])
    assert len(answers.rankings) == 2
    assert len(answers.warnings) == 1


def test_a_file_that_went_through_an_editor(save):
    path = save()
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes() + b"\r\n")
    assert len(read_answers([path]).rankings) == 2


def test_different_studies_are_not_mixed(save):
    with pytest.raises(cp.BadInput, match=r"answers study 5tudy, .*b.json answers 0ther"):
        read_answers([save(), save("b.json", person="bert1", study="0ther")])


def test_different_keys_of_one_study_are_not_mixed(save):
    swapped = {take: (clip, {"flow": "telea", "telea": "flow"}.get(method, method))
               for take, (clip, method) in KEY.takes.items()}  # fmt: skip
    with pytest.raises(cp.BadInput, match="name the methods of study 5tudy differently"):
        read_answers([save(), save("b.json", person="bert1", key=seal(Key(KEY.clips, swapped)))])


def sealed(clips=None, takes=None):
    told = {"clips": KEY.clips if clips is None else clips, "takes": takes or KEY.takes}
    return base64.b64encode(json.dumps(told).encode()).decode()


def without(*takes):
    return {take: pair for take, pair in KEY.takes.items() if take not in takes}


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"format": "cleanplate-study-2"}, 'it does not say "format"'),
        ({"extra": 1}, "it does not have the fields"),
        ({"study": 5}, "wrong kind of study"),
        ({"study": "../../etc"}, "small letters and digits"),
        ({"person": "\x1b[31m"}, "its person is not"),
        ({"at": "yesterday"}, "its time is not one"),
        ({"answers": {}}, "wrong kind of answers"),
        ({"answers": []}, "it has no answers"),
        ({"answers": [answer(), answer()]}, "answers one clip twice"),
        ({"answers": [5]}, "an answer does not have the fields"),
        ({"answers": [answer("cccc1")]}, "a clip that its key does not have"),
        ({"answers": [answer(extra=1)]}, "an answer does not have the fields"),
        ({"answers": [answer(ranks={"t001": 1, "t002": 2})]}, "other takes"),
        ({"answers": [answer(ranks=DOG["ranks"])]}, "other takes"),
        ({"answers": [answer(ranks={"t001": 1, "t002": 1, "t003": 2})]}, "not 1 to 3, once each"),
        ({"answers": [answer(ranks={"t001": 0, "t002": 1, "t003": 2})]}, "not 1 to 3, once each"),
        ({"answers": [answer(ranks={"t001": True, "t002": 2, "t003": 3})]}, "not 1 to 3"),
        ({"answers": [answer(ranks={"t001": "1", "t002": 2, "t003": 3})]}, "not 1 to 3"),
        ({"answers": [answer(ranks={"t001": [], "t002": {}, "t003": None})]}, "not 1 to 3"),
        ({"answers": [answer(replays=-1)]}, "less than nothing"),
        ({"answers": [answer(replays=True)]}, "wrong kind of replays"),
        ({"answers": [answer(seconds=-0.5)]}, "less than nothing"),
        ({"answers": [answer(seconds=float("nan"))]}, "it has NaN for a number"),
        ({"key": "%%%"}, "its key cannot be read"),
        ({"key": base64.b64encode(b"\xff\xff").decode()}, "its key cannot be read"),
        ({"key": base64.b64encode(b"[" * 100_000).decode()}, "its key cannot be read"),
        ({"key": base64.b64encode(b"[]").decode()}, "its key does not have the fields"),
        ({"key": sealed(clips={})}, "a take in its key is of a clip that is not there"),
        ({"key": sealed(clips={"aaaa1": "x", "bbbb1": "x"})}, "have the same name"),
        ({"key": sealed(clips={"aaaa1": "x\n", "bbbb1": "y"})}, "that can be printed"),
        ({"key": sealed(clips={"aaaa1": "", "bbbb1": "y"})}, "1 to 500 characters"),
        ({"key": sealed(takes=without("t001"))}, "shows other methods"),
        ({"key": sealed(takes={**KEY.takes, "t007": 5})}, "is not a clip and a method"),
        ({"key": sealed(takes={**KEY.takes, "t007": [["a"], "b"]})}, "is not a clip and a method"),
        ({"key": sealed(takes={**KEY.takes, "t007": ["aaaa1", "flow"]})}, "2 to 9 different"),
        ({"key": sealed(takes={"T!": ["aaaa1", "flow"]})}, "a name in its key is not"),
    ],
)
def test_what_is_no_export_is_refused(save, fields, sentence):
    with pytest.raises(cp.BadInput, match=r"a.json is no export of a study: ") as refusal:
        read_answers([save(**fields)])
    assert sentence in str(refusal.value)
    assert str(refusal.value).isprintable()


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "it is not JSON"),
        (b"\x89PNG\r\n\x1a\n\xff", "it is not JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"format": ' + b"9" * 5000 + b"}", "it is not JSON"),
        (b"[1, 2]", 'it does not say "format"'),
        (b" " * (LARGEST + 1), "larger than 10 MB"),
    ],
)
def test_what_is_no_json_is_refused(tmp_path, data, sentence):
    (tmp_path / "a.json").write_bytes(data)
    with pytest.raises(cp.BadInput) as refusal:
        read_answers([tmp_path / "a.json"])
    assert sentence in str(refusal.value)


def test_what_is_not_there_is_refused(tmp_path):
    with pytest.raises(cp.BadInput, match="does not exist"):
        read_answers([tmp_path / "a.json"])
    with pytest.raises(cp.BadInput, match=r"holds no \.json file"):
        read_answers([tmp_path])
    with pytest.raises(cp.BadInput, match="no answers were given"):
        read_answers([])


def test_a_key_is_not_read_by_chance_and_comes_back():
    key = Key({"aaaa1": "Kamel ü"}, {"t001": ("aaaa1", "flow"), "t002": ("aaaa1", "telea")})
    assert unseal(seal(key)) == key
    assert not {"flow", "telea", "Kamel"} & set(seal(key))
    assert seal(key).isascii()
