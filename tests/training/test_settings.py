"""Settings of a run: strict, and the same after a file."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from cleanplate.errors import BadInput
from cleanplate.training.settings import (
    LoopSettings,
    changed,
    differences,
    from_pairs,
    read_settings,
    write_settings,
)


@dataclass(frozen=True)
class Net:
    size: tuple[int, int] = (48, 96)
    name: str = 'a "quoted"\nname'
    most: int | None = None


@dataclass(frozen=True)
class All:
    network: Net = field(default_factory=Net)
    training: LoopSettings = field(default_factory=LoopSettings)


def test_round_trip(tmp_path):
    settings = All(Net(most=3), LoopSettings(schedule=((10, 0.1), (20, 0.5)), learning_rate=1e-7))
    for each in (settings, All()):
        write_settings(tmp_path / "s.toml", each)
        assert changed(All(), read_settings(tmp_path / "s.toml"), source="s") == each
    assert [path.name for path in tmp_path.iterdir()] == ["s.toml"]


def test_pairs():
    given = from_pairs(
        ["batch=4", "clip=1", "schedule=[[5, 0.1]]", "network.size=[8, 9]", "licence=CC BY 4.0"]
    )
    settings = changed(All(), given, source="settings")
    assert settings.training.batch == 4
    assert settings.training.clip == 1.0
    assert settings.training.schedule == ((5, 0.1),)
    assert settings.training.licence == "CC BY 4.0"
    assert settings.network.size == (8, 9)
    assert differences(All(), settings) == [
        "network.size", "training.batch", "training.schedule", "training.clip", "training.licence",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("pair", "problem"),
    [
        ("colour=red", r"\[training\] has no setting 'colour'. Choose from: steps, batch"),
        ("paint.colour=red", "has no table 'paint'. Choose from: network, training"),
        ("batch=many", r"batch of settings \[training\] is 'many'. Give a whole number"),
        ("batch=true", "batch .* is 'True'. Give a whole number"),
        ("batch=1.5", "batch .* is '1.5'. Give a whole number"),
        ("learning_rate=nan", "learning_rate .* is 'nan'. Give a number"),
        ("schedule=[[1, 2, 3]]", r"schedule .* is .*Give a list of 2"),
        ("network.size=4", "size of .* is '4'. Give a list of 2"),
        ("batch", "setting 'batch' is not KEY=VALUE"),
        ("=4", "is not KEY=VALUE"),
        ("batch=0", "batch is 0. Give 1 or more"),
        ("ema=1.0", "ema is 1.0"),
        ("precision=fp8", "precision 'fp8' is unknown. Choose one of: auto, fp32, bf16"),
        ("schedule=[[10, 0]]", "factors > 0"),
    ],
)
def test_what_means_nothing_is_refused(pair, problem):
    with pytest.raises(BadInput, match=problem):
        changed(All(), from_pairs([pair]), source="settings")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("batch = 4", "batch of .* is in no table"),
        ("[training", "is not TOML"),
        ("\xff", "failed|not TOML"),
    ],
)
def test_bad_files(tmp_path, text, problem):
    (tmp_path / "s.toml").write_bytes(text.encode("latin-1"))
    with pytest.raises(BadInput, match=problem):
        read_settings(tmp_path / "s.toml")
    with pytest.raises(BadInput, match="does not exist"):
        read_settings(tmp_path / "none.toml")


def test_rates():
    settings = LoopSettings(learning_rate=1.0, schedule=((2, 0.5), (4, 0.1)))
    assert [settings.rate(step) for step in range(6)] == [1, 1, 0.5, 0.5, 0.05, 0.05]
    assert replace(settings, schedule=()).rate(10**9) == 1
