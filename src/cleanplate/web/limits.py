"""What one visitor of the page may ask of the machine."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """How much is taken from visitors.

    upload: bytes of a clip. frames, pixels: of a clip, and of one of its frames. clips, jobs: that
    a visitor has, and that are waiting or running for one. room: bytes that lie on the disk for
    one. visitors: that are known at a time. keep_seconds: how long a visitor may be gone.
    """

    upload: int = 2_000_000_000
    frames: int = 3600
    pixels: int = 3840 * 2160
    clips: int = 8
    jobs: int = 8
    room: int = 20_000_000_000
    visitors: int = 100
    keep_seconds: float = 24 * 3600
