"""Noise, frames and looks into files, through the video library itself and not through ours."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

Planes = tuple[np.ndarray, ...]
SHAPES = {"420": (1, 1), "422": (1, 0), "444": (0, 0)}


def random_planes(size: tuple[int, int], pix_fmt: str, seed: int) -> Planes:
    """Smooth-free noise in every sample, so that any change anywhere shows."""
    rng = np.random.default_rng(seed)
    deep = "10" in pix_fmt
    high, dtype = (1024, np.uint16) if deep else (256, np.uint8)
    across, down = next(shift for name, shift in SHAPES.items() if name in pix_fmt)
    height, width = size
    chroma = (-(-height >> down), -(-width >> across))
    return tuple(rng.integers(0, high, s).astype(dtype) for s in (size, chroma, chroma))


def av_frame(planes: Planes, pix_fmt: str) -> av.VideoFrame:
    height, width = planes[0].shape
    frame = av.VideoFrame(width, height, pix_fmt)
    for plane, samples in zip(frame.planes, planes, strict=True):
        rows = np.frombuffer(plane, samples.dtype)
        rows = rows[: len(samples) * (plane.line_size // samples.itemsize)]
        rows.reshape(len(samples), -1)[:, : samples.shape[1]] = samples
    return frame


def av_planes(path: Path) -> list[Planes]:
    """Decode with the video library alone."""
    done = []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            dtype = np.dtype(np.uint16 if frame.format.components[0].bits > 8 else np.uint8)
            planes = []
            for plane, part in zip(frame.planes, frame.format.components, strict=True):
                rows = np.frombuffer(plane, dtype).reshape(-1, plane.line_size // dtype.itemsize)
                planes.append(rows[: part.height, : part.width].copy())
            done.append(tuple(planes))
    return done


def packets(path: Path, kind: str) -> list[tuple[bytes, Fraction]]:
    """(bytes, seconds) of every packet of the streams of a kind."""
    with av.open(str(path)) as container:
        streams = [s for s in container.streams if s.type == kind]
        return [
            (bytes(p), Fraction(p.pts * p.time_base)) for p in container.demux(*streams) if p.size
        ]


def times(path: Path) -> list[Fraction]:
    with av.open(str(path)) as container:
        return [frame.pts * frame.time_base for frame in container.decode(video=0)]


def tone(seconds: float, *, start: int = 0) -> Iterator[av.AudioFrame]:
    wave = np.sin(np.arange(int(seconds * 48000)) / 20).astype(np.float32) * 0.3
    for at in range(0, len(wave), 1024):
        frame = av.AudioFrame.from_ndarray(wave[None, at : at + 1024], "fltp", "mono")
        frame.sample_rate, frame.pts, frame.time_base = 48000, start + at, Fraction(1, 48000)
        yield frame
