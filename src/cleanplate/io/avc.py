"""H.264's headers: parameter sets beside a stream (avcC), units in packets, two streams in one.

ISO/IEC 14496-15 and 14496-10. Two encoders' pictures live in one stream where their parameter sets
have different numbers: each picture names the set that it was made by.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

IDR, SPS, PPS = 5, 7, 8  # kinds of units
MOST_SETS = 31  # numbers of sequence parameter sets, 0 to 31
PROFILES = {66: "baseline", 77: "main", 100: "high", 110: "high10", 122: "high422"}
START = b"\x00\x00\x01"


@dataclass(frozen=True)
class Header:
    """What lies beside a stream of H.264 in MP4 and Matroska.

    profile, flags, level: of the first sequence parameter set. length: bytes of a unit's length in
    packets. sps, pps: the parameter sets. rest: what may follow them.
    """

    profile: int
    flags: int
    level: int
    length: int
    sps: tuple[bytes, ...]
    pps: tuple[bytes, ...]
    rest: bytes = b""

    def written(self) -> bytes:
        """Return it as bytes."""
        parts = [bytes([1, self.profile, self.flags, self.level, 0xFC | (self.length - 1)])]
        for mark, sets in ((0xE0, self.sps), (0, self.pps)):
            parts.append(bytes([mark | len(sets)]))
            parts += [len(each).to_bytes(2, "big") + each for each in sets]
        return b"".join(parts) + self.rest

    def joined(self, other: Header) -> Header:
        """Return the header of a stream that holds pictures of both."""
        return replace(
            self,
            flags=self.flags & other.flags,
            level=max(self.level, other.level),
            sps=self.sps + other.sps,
            pps=self.pps + other.pps,
        )


def header_of(data: bytes | None) -> Header | None:
    """Read what lies beside a stream; None where it is of another kind or broken."""
    if not data or len(data) < 7 or data[0] != 1:
        return None
    at, found = 5, []
    for mask in (0x1F, 0xFF):
        count, sets = data[at : at + 1], []
        at += 1
        for _ in range(count[0] & mask if count else 0):
            long = int.from_bytes(data[at : at + 2], "big")
            sets.append(data[at + 2 : at + 2 + long])
            at += 2 + long
        if not sets or at > len(data) or not all(sets):
            return None
        found.append(tuple(sets))
    return Header(data[1], data[2], data[3], (data[4] & 3) + 1, found[0], found[1], data[at:])


def header_of_units(data: bytes, length: int) -> Header:
    """Return the header of a stream whose parameter sets are units behind start codes."""
    units = list(units_behind_start_codes(data))
    sps = tuple(unit for unit in units if unit[0] & 31 == SPS)
    pps = tuple(unit for unit in units if unit[0] & 31 == PPS)
    return Header(sps[0][1], sps[0][2], sps[0][3], length, sps, pps)


def units_behind_start_codes(data: bytes) -> Iterator[bytes]:
    """Yield the units of a packet as encoders give it."""
    at = data.find(START)
    while at >= 0:
        after = data.find(START, at + 3)
        unit = data[at + 3 : after if after >= 0 else len(data)].rstrip(b"\x00")
        if unit:
            yield unit
        at = after


def units_by_length(data: bytes, length: int) -> Iterator[bytes]:
    """Yield the units of a packet as containers hold it; raises ValueError where it is broken."""
    at = 0
    while at < len(data):
        end = at + length + int.from_bytes(data[at : at + length], "big")
        if end > len(data) or end == at + length:
            raise ValueError("a packet's units do not fit into it")
        yield data[at + length : end]
        at = end


def with_lengths(data: bytes, length: int) -> bytes:
    """Return a packet as containers hold it, of one as encoders give it."""
    units = units_behind_start_codes(data)
    return b"".join(len(unit).to_bytes(length, "big") + unit for unit in units)


def number_of(unit: bytes) -> int:
    """Return the number of a parameter set."""
    return _exp_golomb(unit[4:] if unit[0] & 31 == SPS else unit[1:])


def _exp_golomb(data: bytes) -> int:
    """Read the first number of a unit's body, unsigned Exp-Golomb.

    >>> [_exp_golomb(bytes([first])) for first in (0b1000_0000, 0b0100_0000, 0b0010_1000)]
    [0, 1, 4]
    """
    bits = int.from_bytes(data[:8].ljust(8, b"\x00"), "big")
    zeros = 64 - bits.bit_length()
    return (bits >> (63 - 2 * zeros)) - 1 if zeros <= 31 else -1
