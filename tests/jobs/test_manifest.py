"""Manifests: what they say, and what they may not."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest

import cleanplate as cp
from cleanplate.jobs.manifest import read_manifest
from cleanplate.span import Moment, Span


def written(tmp_path, text, name="clips.csv"):
    path = tmp_path / "lists" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_memory_and_copies_are_told(tmp_path):
    path = written(tmp_path, "video,mask,memory,copy_untouched\na.mp4,m.png,2G,yes\n")
    (entry,) = read_manifest(path, tmp_path)
    assert entry.told["memory"] == 2 * 10**9
    assert entry.told["copy_untouched"] is True
    line = '{"video": "a.mp4", "mask": "m.png", "memory": %s}'
    (entry,) = read_manifest(written(tmp_path, line % "2000000000", "a.jsonl"), tmp_path)
    assert entry.told["memory"] == 2 * 10**9
    with pytest.raises(cp.BadInput, match=r"line 1 of .*memory is True\. Give an amount"):
        read_manifest(written(tmp_path, line % "true", "a.jsonl"), tmp_path)
    with pytest.raises(cp.BadInput, match=r"line 2 of .*'much' is no amount of memory"):
        read_manifest(written(tmp_path, "video,mask,memory\na.mp4,m.png,much\n"), tmp_path)


def test_csv_and_json_lines_say_the_same(tmp_path):
    as_csv = written(
        tmp_path,
        "\ufeffvideo,mask,out,tune,grow,from,to,crf,set.propagation\n"
        "park.mp4,masks,clean.mkv,fidelity,2,1:05,,20,published\n"
        "\n"
        '../b.mov,"box:1,2,3,4",,,,,7,,\n',
    )
    lines = [
        {"video": "park.mp4", "mask": "masks", "out": "clean.mkv", "tune": "fidelity", "grow": 2,
         "from": "1:05", "crf": 20, "set.propagation": "published"},
        {"video": "../b.mov", "mask": "box:1,2,3,4", "to": 7},
    ]  # fmt: skip
    as_json = written(tmp_path, "\n\n".join(json.dumps(line) for line in lines), "clips.jsonl")
    out, here = tmp_path / "out", tmp_path / "lists"
    first, second = read_manifest(as_csv, out)
    assert (first.video, first.mask) == (here / "park.mp4", str(here / "masks"))
    assert first.out == out / "clean.mkv"
    assert first.told["tune"] == "fidelity"
    assert first.told["mask_options"] == cp.MaskOptions(grow=2)
    assert first.told["encoding"] == cp.Encoding(crf=20.0)
    assert first.told["span"] == Span(Moment(seconds=Fraction(65)))
    assert first.told["options"] == {"propagation": "published"}
    assert (second.video, second.mask) == (here / "../b.mov", "box:1,2,3,4")
    assert second.out == out / "b.mov"
    assert second.told["span"] == Span(None, Moment(frame=7))
    assert second.told["mask_options"] == cp.MaskOptions(grow=4)
    others = read_manifest(as_json, out)
    assert [(e.video, e.mask, e.out, e.told) for e in others] == [
        (e.video, e.mask, e.out, e.told) for e in (first, second)
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "names no clip"),
        ("video,mask\n", "names no clip"),
        ("video,mask\na.mp4\n", "line 2 of .* has no mask"),
        ("mask\nb.png\n", "line 2 of .* has no video"),
        ("video,mask\na.mp4,b.png,c\n", "line 2 of .* has more values than names"),
        ("video,mask,colour\na.mp4,b.png,red\n", "line 2 of .*: 'colour' is no column"),
        ("video,mask,grow\na.mp4,b.png,much\n", "grow is 'much'. Give a whole number"),
        ("video,mask,lossless\na.mp4,b.png,maybe\n", "lossless is 'maybe'. Give yes or no"),
        ("video,mask,from\na.mp4,b.png,soon\n", "no moment of a clip"),
        ("video,mask,out\na.mp4,b.png,../x.mp4\n", "Give a name without a folder"),
        ("video,mask,out\na.mp4,b.png,/etc/x\n", "Give a name without a folder"),
        ("video,mask\na.mp4,b.png\nc/a.mp4,b.png\n", "lines 2 and 3 of .* would both be written"),
    ],
)
def test_csv_that_is_refused(tmp_path, text, said):
    with pytest.raises(cp.BadInput, match=said):
        read_manifest(written(tmp_path, text), tmp_path)


@pytest.mark.parametrize("line", ["[1]", "{", '"a"', "[" * 100_000])
def test_json_that_is_refused(tmp_path, line):
    with pytest.raises(cp.BadInput, match=r"line 1 of .* is no JSON object"):
        read_manifest(written(tmp_path, line, "clips.jsonl"), tmp_path)


@pytest.mark.parametrize("out", ["b.mp4", "mask.png", "clips.csv"])
def test_no_result_takes_the_place_of_a_source(tmp_path, out):
    text = f"video,mask,out\na.mp4,mask.png,{out}\nb.mp4,mask.png,c.mp4\n"
    path = written(tmp_path, text)
    (path.parent / "mask.png").write_bytes(b"")
    with pytest.raises(cp.BadInput, match="from which a clip is to be filled"):
        read_manifest(path, path.parent)
    assert len(read_manifest(path, tmp_path / "other")) == 2


def test_files_of_options_lie_where_the_manifest_does(tmp_path):
    path = written(tmp_path, "video,mask,weights,set.image\na.mp4,b.png,w.pt,i.pt\n")
    (path.parent / "i.pt").write_bytes(b"")
    (entry,) = read_manifest(path, tmp_path)
    assert entry.told["weights"] == "w.pt"
    assert entry.told["options"]["image"] == str(path.parent / "i.pt")


def test_a_manifest_that_is_not_there(tmp_path):
    with pytest.raises(cp.BadInput, match="does not exist"):
        read_manifest(tmp_path / "none.csv", tmp_path)
