"""Small seeded clips and looks into files, through the video library itself and not ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

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


def moving_planes(size: tuple[int, int], pix_fmt: str, index: int) -> Planes:
    """A smooth texture that moves by two luma samples a frame, down and to the right."""
    planes = []
    top = 1023 if "10" in pix_fmt else 255
    across, down = next(shift for name, shift in SHAPES.items() if name in pix_fmt)
    for seed, (log2_h, log2_w) in enumerate([(0, 0), (down, across), (down, across)]):
        height, width = -(-size[0] >> log2_h), -(-size[1] >> log2_w)
        noise = np.random.default_rng(seed).normal(size=(height + 160, width + 160))
        smooth = cv2.GaussianBlur(noise, None, 6 / (1 << log2_h))
        texture = (0.5 + 0.12 * smooth / smooth.std()).clip(0.05, 0.95) * top
        y, x = (160 - (2 * index >> log2) for log2 in (log2_h, log2_w))
        plane = texture[y : y + height, x : x + width]
        planes.append(np.rint(plane).astype(np.uint16 if top > 255 else np.uint8))
    return tuple(planes)


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


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes a clip, with the video library itself, and returns its path."""

    def made(
        name: str,
        *,
        size: tuple[int, int] = (48, 64),
        pix_fmt: str = "yuv420p",
        pts: list[int] | None = None,
        count: int = 10,
        time_base: Fraction = Fraction(1, 25),
        codec: str = "libx264",
        options: dict[str, str] | None = None,
        setup: Callable[[Any, Any], None] | None = None,
        audio: bool = False,
        audio_start: int = 0,
        planes: Callable[..., Planes] = random_planes,
    ) -> Path:
        path = tmp_path / name
        pts = list(range(count)) if pts is None else pts
        with av.open(str(path), "w") as container:
            stream = container.add_stream(codec, rate=25, options=options or {"qp": "0"})
            stream.height, stream.width, stream.pix_fmt = *size, pix_fmt
            stream.codec_context.time_base = stream.time_base = time_base
            sound = container.add_stream("aac", rate=48000, layout="mono") if audio else None
            if setup is not None:
                setup(container, stream)
            for index, tick in enumerate(pts):
                frame = av_frame(planes(size, pix_fmt, index), pix_fmt)
                frame.pts, frame.time_base = tick, time_base
                frame.color_range = stream.codec_context.color_range
                frame.colorspace = stream.codec_context.colorspace
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
            if sound is not None:
                for piece in tone(0.4, start=audio_start):
                    container.mux(sound.encode(piece))
                container.mux(sound.encode(None))
        return path

    return made
