"""Strategies: packets and offers like the recorded ones, with something wrong in them; and what a
parser costs, counted in steps.
"""

import re
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import FrameType
from typing import Any

from hypothesis import strategies as some

# What a length, a count or a number is set to.
_EXTREMES = (0, 1, 2, 3, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFE, 0xFFFF)


def _flip(draw: Any, data: bytearray, samples: Sequence[bytes]) -> None:
    at = draw(some.integers(0, len(data) * 8 - 1))
    data[at // 8] ^= 1 << at % 8


def _set_byte(draw: Any, data: bytearray, samples: Sequence[bytes]) -> None:
    data[draw(some.integers(0, len(data) - 1))] = draw(some.integers(0, 255))


def _set_length(draw: Any, data: bytearray, samples: Sequence[bytes]) -> None:
    """Put an extreme number where a length may be: at an even place, most often near the start."""
    at = 2 * draw(some.integers(0, min(len(data) // 2, 40)))
    data[at : at + 2] = draw(some.sampled_from(_EXTREMES)).to_bytes(2, "big")


def _cut(draw: Any, data: bytearray, samples: Sequence[bytes]) -> None:
    del data[draw(some.integers(0, len(data))) :]


def _leave_out(draw: Any, data: bytearray, samples: Sequence[bytes]) -> None:
    first = draw(some.integers(0, len(data) - 1))
    del data[first : first + draw(some.integers(1, 32))]


def _repeat(draw: Any, data: bytearray, samples: Sequence[bytes]) -> None:
    first = draw(some.integers(0, len(data) - 1))
    piece = data[first : first + draw(some.integers(1, 64))]
    data[first:first] = piece * draw(some.integers(1, 8))


def _extend(draw: Any, data: bytearray, samples: Sequence[bytes]) -> None:
    data += draw(some.binary(max_size=64))


def _splice(draw: Any, data: bytearray, samples: Sequence[bytes]) -> None:
    other = draw(some.sampled_from(samples))
    del data[draw(some.integers(0, len(data))) :]
    data += other[draw(some.integers(0, len(other))) :]


_CHANGES = (_flip, _set_byte, _set_length, _cut, _leave_out, _repeat, _extend, _splice)


@some.composite
def mutants(draw: Any, samples: Sequence[bytes], most: int = 2048) -> bytes:
    """One of the samples after one to four changes, at most `most` bytes."""
    data = bytearray(draw(some.sampled_from(samples)))
    for change in draw(some.lists(some.sampled_from(_CHANGES), min_size=1, max_size=4)):
        if data:
            change(draw, data, samples)
    return bytes(data[:most])


def datagrams(samples: Sequence[bytes], most: int = 2048) -> some.SearchStrategy[bytes]:
    """Samples as they are, mutants of them, and bytes that mean nothing."""
    return some.one_of(mutants(samples, most), some.binary(max_size=96), some.sampled_from(samples))


# Texts.

_NUMBERS = (
    "0", "-1", "1.5", "٣", "²", "15", "72", "96", "97", "128", "256", "65536", "4294967296",
    "9" * 20, "9" * 5000, "0" * 300 + "96", "1e5", "0x60", "+96", "9_6",
)  # fmt: skip
_VALUES = (
    "", " ", *_NUMBERS, "\x00", "\t", "a b", "é",
    "a\rb", "a\x85b", "a\u2028b", "a\x0bb", "/", "//", "=", ";", ":", "*",
    "rtx/90000", "VP8/90000", "H264/90000", "opus/48000/2", "red/48000/2", "apt=96",
    "BUNDLE", "BUNDLE 0 0", "actpass", "sha-256", "0 1", "<script>", "%s%n", "x" * 400,
)  # fmt: skip


@some.composite
def offers(draw: Any, samples: Sequence[str]) -> str:
    """A recorded offer in which lines are left out, repeated, moved, mixed or changed."""
    lines = draw(some.sampled_from(samples)).split("\r\n")
    others = draw(some.sampled_from(samples)).split("\r\n")
    for _ in range(draw(some.integers(1, 5))):
        at = draw(some.integers(0, len(lines) - 1)) if lines else 0
        line = lines[at] if lines else ""
        match draw(some.sampled_from((0, 1, 2, 3, 4, 4, 5, 6, 7, 7, 7))):
            case 0:
                lines[at : at + 1] = []
            case 1:
                lines[at:at] = [line] * draw(some.integers(1, 20))
            case 2:
                lines.insert(draw(some.integers(0, len(lines))), line)
            case 3:
                lines.insert(at, draw(some.sampled_from(others)))
            case 4:
                # One word of the line becomes an extreme one.
                parts = _words(line)
                index = 2 * draw(some.integers(min(1, len(parts) // 2), len(parts) // 2))
                parts[index] = draw(some.sampled_from(_VALUES))
                lines[at : at + 1] = ["".join(parts)]
            case 7:
                # A number in any line becomes an extreme one.
                text = "\n".join(lines)
                found = [each.span() for each in re.finditer(r"\d+", text)]
                if found:
                    first, end = draw(some.sampled_from(found))
                    text = text[:first] + draw(some.sampled_from(_NUMBERS)) + text[end:]
                    lines = text.split("\n")
            case 5:
                cut = draw(some.integers(0, len(line)))
                lines[at : at + 1] = [line[:cut] + draw(some.text(max_size=8)) + line[cut + 1 :]]
            case _:
                lines[at:] = others[at:]
    ends: str = draw(some.sampled_from(("\r\n", "\n")))
    return ends.join(lines)


def _words(line: str) -> list[str]:
    """The line cut at the marks between its words, the marks included."""
    parts = [""]
    for each in line:
        if each in " :/=;,":
            parts += [each, ""]
        else:
            parts[-1] += each
    return parts


# Steps.


def steps(call: Callable[[], Any]) -> int:
    """How many lines of Python the call runs through, whatever it raises."""
    count = 0

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        with suppress(Exception):
            call()
    finally:
        sys.settrace(before)
    return count
