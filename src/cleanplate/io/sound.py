"""Sound from an array, encoded beside pictures: for clips that are made, not filled."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import BadInput

Audio = tuple[NDArray[Any], int]  # samples (N,) or (N, channels) from -1 to 1, samples a second

CODECS = {"webm": "libopus"}  # others take AAC
LAYOUTS = {1: "mono", 2: "stereo"}
PIECE = 960  # samples handed over at once: 20 ms at 48 kHz


class Sound:
    """Samples being encoded; until and rest hand over packets as Sides does."""

    def __init__(self, audio: Audio, output: Any) -> None:
        samples, self._rate = _checked(audio)
        self._samples, self._at = samples, 0
        self._layout = LAYOUTS[samples.shape[1]]
        self._output = output
        codec = CODECS.get(output.format.name, "aac")
        self._stream = output.add_stream(codec, rate=self._rate, layout=self._layout)

    def until(self, seconds: Fraction) -> None:
        """Encode the samples up to this time."""
        while self._at < len(self._samples) and Fraction(self._at, self._rate) <= seconds:
            piece = np.ascontiguousarray(self._samples[self._at : self._at + PIECE].T)
            frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout=self._layout)
            frame.sample_rate, frame.pts = self._rate, self._at
            frame.time_base = Fraction(1, self._rate)
            self._at += piece.shape[1]
            self._output.mux(self._stream.encode(frame))

    def rest(self) -> None:
        """Encode the samples that are left."""
        self.until(Fraction(len(self._samples), self._rate))
        self._output.mux(self._stream.encode(None))


def _checked(audio: Audio) -> tuple[NDArray[np.float32], int]:
    """Return (N, channels) samples and how many a second; raises BadInput."""
    try:
        samples, rate = np.asarray(audio[0], np.float32), int(audio[1])
    except (TypeError, ValueError, IndexError, OverflowError):
        raise BadInput(
            "audio is not (samples, rate). Give floats from -1 to 1, and 48000."
        ) from None
    if samples.ndim == 1:
        samples = samples[:, None]
    if samples.ndim != 2 or samples.shape[1] not in LAYOUTS:
        raise BadInput(f"audio has shape {samples.shape}. Give (N,) or (N, 2).")
    if rate < 1:
        raise BadInput(f"audio has {rate} samples a second. Give a number above 0, such as 48000.")
    if not np.isfinite(samples).all():
        raise BadInput("audio holds samples that are not finite. Give floats from -1 to 1.")
    return samples, rate
