"""Small seeded clips, made with the video library itself and not with our writer."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from made_clips import av_frame, random_planes, tone


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes a clip and returns its path."""

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
                frame = av_frame(random_planes(size, pix_fmt, index), pix_fmt)
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
