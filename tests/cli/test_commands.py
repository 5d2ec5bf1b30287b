from __future__ import annotations

import json
import subprocess
import sys
import types
from dataclasses import dataclass, field

import numpy as np
import pytest
from PIL import Image

from cleanplate.cli import main
from cleanplate.errors import BadInput


@dataclass(frozen=True)
class FakeSummary:
    frames: int = 50
    size: tuple[int, int] = (480, 854)
    filled_frames: int = 50
    hole_share: float = 0.052
    borrowed: float = 0.972
    painted: float = 0.0
    invented: float = 0.028
    median_distance: float | None = 4.0
    furthest: int | None = 21
    shots: int = 2
    seconds: float = 12.34
    warnings: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    output: str = "clean.mp4"
    resumed_frames: int = 0


class FakePipeline(types.ModuleType):
    """Stands for the pipeline: notes what it is asked, then answers or fails."""

    def __init__(self):
        super().__init__("cleanplate.pipeline")
        self.calls = []
        self.answer = FakeSummary()

    def fill_file(self, video, mask, out, **settings):
        self.calls.append((video, mask, out, settings))
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


@pytest.fixture
def pipeline(monkeypatch):
    fake = FakePipeline()
    monkeypatch.setitem(sys.modules, "cleanplate.pipeline", fake)
    return fake


FILL = ["fill", "park.mp4", "mask.png", "-o", "clean.mp4"]


def one_line(text):
    return text.endswith("\n") and text.count("\n") == 1


def test_fill_passes_everything_on(pipeline, capsys):
    assert main(FILL) == 0
    video, mask, out, settings = pipeline.calls[0]
    assert (str(video), mask, str(out)) == ("park.mp4", "mask.png", "clean.mp4")
    assert settings["tune"] == "removal"
    assert settings["mask_options"].grow == 4
    assert settings["progress"] is None  # no bar where stderr is no terminal
    more = "--tune fidelity --grow 0 --invert-mask --object 3 --crf 18 --lossless --seed 7"
    assert main([*FILL, *more.split(), "--device", "cpu", "--provenance", "p"]) == 0
    settings = pipeline.calls[1][3]
    options = settings["mask_options"]
    assert (options.invert, options.object_index, options.grow) == (True, 3, 0)
    assert (settings["encoding"].crf, settings["encoding"].lossless) == (18, True)
    assert (settings["tune"], settings["device"], settings["seed"]) == ("fidelity", "cpu", 7)
    assert str(settings["provenance"]) == "p"
    assert (settings["attention"], settings["options"]) == (None, {})
    more = "--method sttn --weights w.safetensors --precision bf16 --compile --attention a"
    more += " --set stride=10 --set blend=running"
    assert main([*FILL, *more.split()]) == 0
    settings = pipeline.calls[2][3]
    own = {"precision": "bf16", "compile": True, "stride": 10, "blend": "running"}
    assert settings["options"] == own
    assert (str(settings["attention"]), settings["features"]) == ("a", None)
    more = "--propagation published --set epsilon=3 --set image=deepfill.safetensors"
    assert main([*FILL, *more.split()]) == 0
    own = {"propagation": "published", "epsilon": 3, "image": "deepfill.safetensors"}
    assert pipeline.calls[3][3]["options"] == own


def test_summary_in_plain_words(pipeline, capsys):
    assert main(FILL) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    assert shown.out == (
        "clean.mp4: 50 frames of 854x480 in 2 shots, in 12.3 s.\n"
        "Filled every frame; the hole is 5.2 % of the picture on average.\n"
        "97.2 % of the hole is visible in other frames and was borrowed, typically from 4 frames "
        "away (at most 21). 2.8 % was taken from no frame: it was invented.\n"
    )


@pytest.mark.parametrize("invented, rest", [(0.0, "."), (0.25, "; 25 % was invented.")])
def test_what_a_network_painted_is_told(pipeline, capsys, invented, rest):
    pipeline.answer = FakeSummary(borrowed=0.0, painted=1 - invented, invented=invented)
    assert main(FILL) == 0
    share = "75 %" if invented else "100 %"
    told = f"{share} of the hole was painted by a network, from what it saw around it"
    assert capsys.readouterr().out.endswith(f"{told}{rest}\n")


def test_json_is_alone_on_stdout(pipeline, capsys):
    pipeline.answer = FakeSummary(warnings=["odd"])
    assert main([*FILL, "--json"]) == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out)["furthest"] == 21
    assert shown.out.count("\n") == 1


def test_the_words_tell_of_the_folders(pipeline, capsys):
    folders = ["--validity", "trust", "--attention", "maps", "--provenance", "where"]
    assert main([*FILL, *folders, "--features", "seen"]) == 0
    assert str(pipeline.calls[-1][3]["validity"]) == "trust"
    assert str(pipeline.calls[-1][3]["features"]) == "seen"
    told = capsys.readouterr().out.splitlines()
    assert told[-4].startswith("where: where every pixel came from.")
    assert told[-3].startswith("maps: what the holes of some frames attend to.")
    assert told[-2].startswith("trust: what some frames may take from their neighbours")
    assert told[-1].startswith("seen: how some frames see others.")


@pytest.mark.parametrize(
    "wish, said",
    [
        (["--precision", "bf16"], "method 'flow' has no option 'precision'"),
        (["--compile"], "method 'flow' has no option 'compile'"),
        (["--propagation", "dreamt"], "propagation 'dreamt' is unknown."),
        (["--set", "merge=weighted"], "merge means nothing to the propagation 'traced'."),
        (["--propagation", "published", "--method", "telea"], "has no option 'propagation'"),
        (["--set", "name=sttn"], "method 'flow' has no option 'name'"),
        (["--set", "method=sttn"], "method 'flow' has no option 'method'"),
        (["--set", "seed=1"], "seed is not among a method's own options. Give it by itself"),
        (["--set", "weights=w.pth"], "weights is not among a method's own options."),
        (["--set", "stride"], "setting 'stride' is not KEY=VALUE."),
        (["--attention", "maps"], "this method has no attention to draw. Choose one of: sttn"),
        (["--validity", "v"], "this method has no validity of flow to draw. Choose one of: tsam"),
        (["--features", "f"], "this method has no alignment to draw. Choose one of: taan"),
    ],
)
def test_wishes_that_are_not_granted(wish, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main([*FILL, *wish]) == 2
    shown = capsys.readouterr().err
    assert one_line(shown)
    assert said in shown
    assert not list(tmp_path.iterdir())


def test_quiet_and_warnings(pipeline, capsys):
    pipeline.answer = FakeSummary(filled_frames=0, borrowed=0.0, invented=0.0, warnings=["Empty."])
    assert main([*FILL, "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")
    assert main(FILL) == 0
    shown = capsys.readouterr()
    assert "Nothing was filled." in shown.out
    assert shown.err == "Warning: Empty.\n"


def test_a_clip_that_broke_off_is_exit_code_1(pipeline, capsys):
    pipeline.answer = FakeSummary(problems=["The video breaks off after frame 50."])
    assert main(FILL) == 1
    assert capsys.readouterr().err == "Problem: The video breaks off after frame 50.\n"


def test_a_refusal_is_one_line_and_exit_code_2(pipeline, capsys):
    pipeline.answer = BadInput("mask has 48 frames,\n the video has 50.")
    assert main(FILL) == 2
    shown = capsys.readouterr()
    assert shown.err == "Error: mask has 48 frames, the video has 50.\n"
    assert shown.out == ""


def test_stopped_is_130(pipeline, capsys):
    pipeline.answer = KeyboardInterrupt()
    assert main(FILL) == 130
    assert capsys.readouterr().err.strip() == "Stopped; nothing half-written is left."


@pytest.mark.parametrize("error", [ZeroDivisionError("ours"), OSError(28, "ours")])
def test_our_own_bugs_keep_their_traceback(pipeline, error):
    pipeline.answer = error
    with pytest.raises(type(error), match="ours"):
        main(FILL)


@pytest.mark.parametrize(
    "arguments",
    [
        ["fill", "park.mp4", "mask.png"],
        ["fill", "park.mp4", "-o", "x.mp4"],
        [*FILL, "--tune", "beauty"],
        [*FILL, "--grow", "-1"],
        [*FILL, "--nonsense"],
        ["paint"],
        ["mask"],
        ["mask", "grow", "m.png", "-o", "n.png"],
    ],
)
def test_usage_errors_are_one_line_and_exit_code_2(arguments, pipeline, capsys):
    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert one_line(shown.err)
    assert "See cleanplate --help." in shown.err
    assert not pipeline.calls


def test_version_and_help(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("cleanplate ")
    for arguments in ([], ["--help"], ["fill", "--help"], ["mask", "grow", "--help"]):
        assert main(arguments) == 0
        assert "Usage: cleanplate" in capsys.readouterr().out


def test_a_slip_of_the_pen_is_one_sentence_after_the_other(capsys):
    assert main(["fil"]) == 2
    assert "?." not in capsys.readouterr().err


def test_help_imports_nothing_heavy():
    program = (
        "import sys; from cleanplate.cli import main; "
        "[main(a.split()) for a in ('--help', '--version', 'fill --help', 'mask grow --help')]; "
        "sys.exit(any(m in sys.modules for m in ('numpy', 'cv2', 'av', 'torch', 'numba')))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def save(path, hole):
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(hole).save(path)
    return path


@pytest.fixture
def dot():
    hole = np.zeros((20, 30), bool)
    hole[10, 15] = True
    return hole


def test_mask_grow_picture_and_folder(tmp_path, dot, capsys):
    mask = save(tmp_path / "mask.png", dot)
    out = tmp_path / "grown.png"
    assert main(["mask", "grow", str(mask), "-o", str(out), "--pixels", "2"]) == 0
    assert capsys.readouterr().out == f"{out}: 1 mask grown by 2 pixels.\n"
    assert set(np.unique(np.asarray(Image.open(out)))) == {0, 255}
    assert (np.asarray(Image.open(out)) > 0).sum() == 13
    for name in ("f_03.png", "f_07.png"):
        save(tmp_path / "masks" / name, ~dot)
    out = tmp_path / "many"
    arguments = ["mask", "grow", str(tmp_path / "masks"), "-o", str(out), "--pixels", "1"]
    assert main([*arguments, "--invert-mask", "--quiet"]) == 0
    assert sorted(p.name for p in out.iterdir()) == ["f_03.png", "f_07.png"]
    assert (np.asarray(Image.open(out / "f_07.png")) > 0).sum() == 5
    assert capsys.readouterr().out == ""


def test_mask_grow_leaves_nothing_behind(tmp_path, dot, capsys):
    masks = tmp_path / "masks"
    save(masks / "0.png", dot)
    (masks / "1.png").write_bytes(b"broken")
    before = sorted(p.name for p in tmp_path.iterdir())
    for mask, out in [
        (masks, "many"),
        (masks / "0.png", "out.jpg"),
        (masks / "0.png", "no/out.png"),
        (masks / "2.png", "out.png"),
        (masks, "masks/0.png"),
    ]:
        assert main(["mask", "grow", str(mask), "-o", str(tmp_path / out), "--pixels", "1"]) == 2
        assert one_line(capsys.readouterr().err)
    assert sorted(p.name for p in tmp_path.iterdir()) == before
    assert sorted(p.name for p in masks.iterdir()) == ["0.png", "1.png"]
