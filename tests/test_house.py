"""The house rules: floors, sizes, names, and a README that tells the truth."""

from __future__ import annotations

import ast
import contextlib
import doctest
import importlib
import json
import re
import shlex
import shutil
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data
import typer

import cleanplate as cp
from cleanplate.report.answers import FORMAT, Key, seal

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "cleanplate"
FILES = sorted(SOURCE.rglob("*.py"))
README = (ROOT / "README.md").read_text(encoding="utf-8")

FLOORS = [  # from the bottom: a module imports from below, or from its own floor
    {"errors", "video", "span"},
    {
        "threads",
        "memory",
        "compiled",
        "halves",
        "scratch",
        "region",
        "devices",
        "orphans",
        "packed",
        "workers",
    },
    {
        "io",
        "shots",
        "windows",
        "composite",
        "warp",
        "harmonic",
        "overlap",
        "canvas",
        "form",
        "poisson",
    },
    {"states", "inputs", "journal"},
    {"weights", "known", "configs", "losses", "winograd", "vgg", "patchgan"},
    {"flow", "propagate", "album", "merge", "seams", "blend", "rims"},
    {"masks", "store", "provenance", "sheets", "gaze", "trust", "alignment", "veil"},
    {"training", "datasets", "metrics", "methods"},
    {"stream", "matched", "summary", "asked", "pipeline", "motion", "learn", "convert", "tracking"},
    {"overlaid", "unblending", "foresight"},
    {"report", "jobs"},
    {"web"},
    {"cli", "comfyui"},
]
FLOOR = {name: number for number, names in enumerate(FLOORS) for name in names}


def module_of(path):
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in FILES}
by_module = pytest.mark.parametrize("module", sorted(MODULES))


def is_type_checking(node):
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def imports_of(path):
    """Every module that a file imports when it runs, anywhere in it: (module, name or None)."""
    pending, found = [ast.parse(path.read_text(encoding="utf-8"))], []
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Import):
            found += [(alias.name, None) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            found += [(node.module, alias.name) for alias in node.names]
        skip = node.body if is_type_checking(node) else []
        pending += [child for child in ast.iter_child_nodes(node) if child not in skip]
    return found


def own_imports(path):
    """The modules of the house that a file imports, as full names."""
    found = set()
    for module, name in imports_of(path):
        if module.split(".")[0] == "cleanplate":
            deeper = f"{module}.{name}"
            found.add(deeper if deeper in MODULES else module)
    return found


def part_of(module):
    """The file or folder of the house that a module belongs to."""
    return module.split(".")[1]


def test_every_part_of_the_house_has_a_floor():
    parts = {part_of(module) for module in MODULES if module != "cleanplate"}
    assert parts <= FLOOR.keys()


@by_module
def test_imports_go_downwards(module):
    if module == "cleanplate":
        assert own_imports(MODULES[module]) == set()  # names are fetched when first used
        return
    for other in own_imports(MODULES[module]):
        assert other != "cleanplate", f"{module} imports the front door"
        mine, theirs = part_of(module), part_of(other)
        assert FLOOR[theirs] <= FLOOR[mine], f"{module} imports {other} from a floor above"


def test_no_part_of_the_house_imports_itself_in_a_circle():
    """Also not by way of others; a package's own files may look at each other as they like."""
    graph = {}
    for module in MODULES.keys() - {"cleanplate"}:
        others = {part_of(other) for other in own_imports(MODULES[module])}
        graph.setdefault(part_of(module), set()).update(others - {part_of(module)})
    while graph:
        free = {part for part, others in graph.items() if not others & graph.keys()}
        assert free, f"a circle among {sorted(graph)}"
        graph = {part: others for part, others in graph.items() if part not in free}


@by_module
def test_rooms_never_import_rooms(module):
    parts = module.split(".")
    if parts[1:2] == ["methods"] and len(parts) > 2:
        for other in own_imports(MODULES[module]):
            if other.startswith("cleanplate.methods"):
                allowed = ([parts[2]], ["options"])  # what every room shares
                assert other.split(".")[2:3] in allowed, f"{module} imports {other}"


@by_module
def test_only_io_imports_the_video_library(module):
    libraries = {name.split(".")[0] for name, _ in imports_of(MODULES[module])}
    assert "av" not in libraries or part_of(module) == "io"


@by_module
def test_files_are_short_and_plain(module):
    text = MODULES[module].read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 350
    assert MODULES[module].name not in {"utils.py", "common.py", "misc.py", "helpers.py"}
    assert "sys.path" not in text
    assert all(name != "*" for _, name in imports_of(MODULES[module]))
    assert ast.get_docstring(ast.parse(text)), f"{module} does not say what it is for"


def test_the_checks_themselves_see_imports(tmp_path):
    file = tmp_path / "some.py"
    file.write_text(
        "import os\nif TYPE_CHECKING:\n    import typing\nelse:\n    import json\n"
        "def f():\n    from a.b import c, d\n"
    )
    assert sorted(imports_of(file), key=str) == [
        ("a.b", "c"), ("a.b", "d"), ("json", None), ("os", None)
    ]  # fmt: skip
    assert "cleanplate.errors" in own_imports(SOURCE / "video.py")


@by_module
def test_examples_in_docstrings_run(module):
    failed, _ = doctest.testmod(importlib.import_module(module))
    assert not failed


def test_there_are_examples():
    assert sum(path.read_text(encoding="utf-8").count(">>> ") for path in FILES) > 10


@pytest.mark.parametrize("name", cp.__all__)
def test_public_names_are_there(name):
    assert getattr(cp, name).__doc__
    assert cp._HOMES[name].split(".")[0] in FLOOR


# ---- the README


def blocks(language):
    """Fenced blocks of a language in the README, in order."""
    fenced = re.findall(r"^```([^\n]*)\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    return [text for tag, text in fenced if tag.split()[:1] == [language]]


def tree():
    fenced = re.findall(r"^```[^\n]*\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    trees = [text for text in fenced if "src/cleanplate" in text]
    assert trees, "the README shows no tree of src/cleanplate"
    return trees[0]


def test_the_tree_in_the_readme_names_every_file():
    shown = Counter(re.findall(r"[\w-]+\.py\b", tree()))
    ours = Counter(path.name for path in FILES if path.name != "__init__.py")
    assert not ours - shown, "files that the tree does not name (as often as they are)"
    for path in FILES:
        if path.name == "__init__.py" and path.parent != SOURCE:
            assert f"{path.parent.name}/" in tree()


def test_the_tree_in_the_readme_names_nothing_that_is_not_there():
    here = {p.name for folder in ("src", "tests", "benchmarks") for p in (ROOT / folder).rglob("*")}
    assert set(re.findall(r"[\w-]+\.py\b", tree())) <= here


def first_column(table):
    """First cells of the rows below the header of a Markdown table."""
    rows = [line.strip().strip("|").split("|")[0].strip() for line in table.splitlines()]
    return [row for row in rows[1:] if row.strip(":- ")]


def test_the_conventions_in_the_readme_are_those_of_the_code():
    import cleanplate.video

    lines = cleanplate.video.__doc__.splitlines()
    rules = [number for number, line in enumerate(lines) if line.startswith("===")]
    code = [line.split("  ")[0] for line in lines[rules[1] + 1 : rules[2]] if line[:1] != " "]
    assert code
    tables = re.findall(r"(?:^\|.*\n?)+", README, re.MULTILINE)
    conventions = [t for t in tables if re.match(r"\|\s*thing\s*\|", t)]
    assert conventions, "the README has no table of conventions (| thing | in the house |)"
    assert first_column(conventions[0]) == code


@pytest.fixture(scope="session")
def park(tmp_path_factory):
    """What the README takes for granted: park.mp4, a pan of 8 frames, masks, a run, answers."""
    folder = tmp_path_factory.mktemp("park")
    photograph = skimage.data.coffee()
    frames = np.stack([photograph[100:196, 100 + 4 * t : 228 + 4 * t] for t in range(8)])
    holes = np.zeros(frames.shape[:3], bool)
    holes[:, 40:56, 60:80] = True
    cp.write_video(folder / "park.mp4", frames)
    for name in ("mask.png", "first.png"):
        cv2.imwrite(str(folder / name), holes[0].astype(np.uint8) * 255)
    (folder / "masks").mkdir()
    for number, hole in enumerate(holes):
        cv2.imwrite(str(folder / "masks" / f"{number:05d}.png"), hole.astype(np.uint8) * 255)
    (folder / "clips").mkdir()
    for copy in ("clean.mp4", "truth.mp4", "clips/park.mp4"):
        shutil.copy(folder / "park.mp4", folder / copy)
    with contextlib.chdir(folder):
        cp.evaluate("clips", methods=["flow", "telea"], masks="stationary", out="run")
    (folder / "answers").mkdir()
    takes = {"t001": ("aaaa1", "flow"), "t002": ("aaaa1", "telea")}
    for number, person in enumerate(("anna1", "bert1")):
        answer = {"clip": "aaaa1", "ranks": {"t001": 1 + number, "t002": 2 - number}}
        told = {
            "format": FORMAT, "study": "5tudy", "person": person, "at": "2025-01-02T03:04:05.678Z",
            "key": seal(Key({"aaaa1": "park"}, takes)),
            "answers": [{**answer, "replays": 0, "seconds": 9}],
        }  # fmt: skip
        (folder / "answers" / f"{person}.json").write_text(json.dumps(told))
    return folder, frames, holes


@pytest.mark.timeout(400)  # all of the README, one thing after the other
def test_python_in_the_readme_runs(park, monkeypatch, capsys):
    folder, frames, holes = park
    monkeypatch.chdir(folder)
    space = {"__name__": "readme", "frames": frames, "holes": holes}
    snippets = blocks("python")
    assert snippets, "the README shows no python"
    for number, snippet in enumerate(snippets):
        exec(compile(snippet, f"README python block {number}", "exec"), space)


def commands():
    """The arguments of every `cleanplate ...` line in the README's shell blocks."""
    found = []
    for block in blocks("sh"):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line.removeprefix("$ "), comments=True)
            for word in ("|", "&&", ";", ">", "2>"):
                words = words[: words.index(word)] if word in words else words
            if words and Path(words[0]).name == "cleanplate":
                found.append(words[1:])
    return found


def parse(arguments):
    """Parse a command line as `cleanplate` would, without running it; refuses as it would."""
    from cleanplate.cli import app

    command, context = typer.main.get_command(app), None
    name = "cleanplate"
    while True:
        context = command.make_context(name, list(arguments), parent=context)
        rest = [*getattr(context, "_protected_args", []), *context.args]
        if not hasattr(command, "resolve_command") or not rest:
            return context.command_path, context.params
        name, command, arguments = command.resolve_command(context, rest)


def test_parsing_finds_what_is_wrong():
    path, given = parse(["fill", "park.mp4", "mask.png", "-o", "out.mp4", "--tune", "fidelity"])
    assert path == "cleanplate fill"
    assert given["tune"] == "fidelity"
    for wrong in (
        ["fill", "park.mp4", "mask.png", "-o", "out.mp4", "--colour", "red"],
        ["fill", "park.mp4", "-o", "out.mp4"],
        ["paint", "park.mp4"],
        ["mask", "shrink", "mask.png"],
    ):
        with pytest.raises(Exception, match=r"(?i)no such|missing|unexpected"):
            parse(wrong)


@pytest.mark.parametrize("arguments", commands(), ids=" ".join)
def test_commands_in_the_readme_exist(arguments):
    try:
        parse(arguments)
    except Exception as stop:  # --help and --version end the parsing, which is well
        if type(stop).__name__ != "Exit":
            raise


def test_the_readme_shows_commands():
    assert commands()


def end_soon(arguments):
    """Neither the demonstration nor a server: these have tests of their own."""
    return arguments[0] not in ("demo", "web")


@pytest.mark.parametrize("arguments", list(filter(end_soon, commands())), ids=" ".join)
def test_commands_in_the_readme_run(park, monkeypatch, capsys, arguments):
    """With the little park as their input: a command that needs another fails here."""
    from cleanplate.cli import main

    folder, *_ = park
    monkeypatch.chdir(folder)
    assert main(arguments) in (0, 1)
