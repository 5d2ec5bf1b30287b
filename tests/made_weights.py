"""Weights files that tests make, whole, damaged and malicious."""

from __future__ import annotations

from pathlib import Path

import pytest

from cleanplate.errors import BadInput

torch = pytest.importorskip("torch")


def made(seed=0, *, width=4):
    """A network."""
    torch.manual_seed(seed)
    return torch.nn.Sequential(torch.nn.Conv2d(3, width, 3), torch.nn.BatchNorm2d(width))


def refused(pattern, function, *arguments, **options):
    """What is said, in one line."""
    with pytest.raises(BadInput, match=pattern) as refusal:
        function(*arguments, **options)
    assert "\n" not in str(refusal.value)
    assert str(refusal.value).endswith(".")
    return str(refusal.value)


def tensors_or_refusal(read, path, place, noise, cut):
    """Overwrite a file from a place on, cut it there if told, and see that reading it does no harm.

    Returns the tensors that are read, none for a refusal.
    """
    content = path.read_bytes()
    place %= len(content)
    rest = b"" if cut else content[place + len(noise) :]
    path.write_bytes(content[:place] + noise + rest)
    try:
        return read(path)
    except BadInput as refusal:
        assert "\n" not in str(refusal)
        return {}


class Malicious:
    """What touches a file where it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return (Path.touch, (self.mark,))
