"""Which frames of a broken clip are missing or damaged, told apart while it is read."""

from __future__ import annotations

Span = tuple[int, int]  # first and last frame index


class Losses:
    """Follow packets in and frames out; frames are counted in presentation order.

    A decoder gives frames in presentation order, so a packet whose time lies before a frame that
    has come out will not come any more.
    """

    def __init__(self) -> None:
        self.errors = 0  # refusals of the decoder and the demuxer
        self.missing = 0  # frames before the latest one that did not come out
        self.discarded = 0  # packets that an edit list hides: never meant to be shown
        self._waiting: set[int] = set()
        self._next = 0
        self._missing: list[Span] = []
        self._damaged: list[Span] = []

    def sent(self, pts: int | None, *, discarded: bool) -> None:
        """Note a packet that goes into the decoder."""
        if discarded:
            self.discarded += 1
        elif pts is not None:
            self._waiting.add(pts)

    def came(self, pts: int | None, *, damaged: bool) -> None:
        """Note a frame that came out."""
        if pts is not None:
            late = [other for other in self._waiting if other < pts]
            self._waiting.difference_update(late)
            self._waiting.discard(pts)
            if self.errors:  # without a refusal the packet was never a frame of its own
                self._skip(len(late))
        if damaged:
            _extend(self._damaged, self._next)
        self._next += 1

    @property
    def seen(self) -> int:
        """How many frames came out or are known to be missing."""
        return self._next

    def report(self, expected: int | None, *, exact: bool) -> list[str]:
        """Say what is wrong, a sentence each; call once, when the clip has ended.

        expected: how many frames the file itself states, None where it does not: a guess from its
        duration is no promise. exact: so surely that a single one too few means something.
        """
        promised = (expected or 0) - self.discarded
        slack = 0 if exact or self.errors else max(2, promised // 50)
        ahead = promised - self._next
        tail = ahead if ahead > slack else 0
        if self.errors and not tail:
            tail = len(self._waiting)
        total = max(promised, self._next + tail)
        told = [f"{_named(s)} of about {total} could not be decoded" for s in self._missing]
        told += [
            f"{_named(s)} of about {total} came out damaged: the decoder guessed a part"
            for s in self._damaged
        ]
        if tail:
            span = (self._next, self._next + tail - 1)
            told.append(
                f"the clip breaks off: {_named(span)} of about {total} could not be decoded"
            )
        return told

    def _skip(self, count: int) -> None:
        for _ in range(count):
            _extend(self._missing, self._next)
            self._next += 1
        self.missing += count


def _extend(spans: list[Span], index: int) -> None:
    if spans and spans[-1][1] == index - 1:
        spans[-1] = (spans[-1][0], index)
    else:
        spans.append((index, index))


def _named(span: Span) -> str:
    return f"frames {span[0]}-{span[1]}" if span[0] != span[1] else f"frame {span[0]}"
