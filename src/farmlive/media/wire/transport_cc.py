"""Transport-wide congestion control, the receiver's part: when each packet arrived.

draft-holmer-rmcat-transport-wide-cc-extensions-01, section 3.1. Without this feedback a publishing
browser stays at a fraction of its bandwidth.
"""

import struct

EXTENSION = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
_TICK_S = 0.000_25
_REFERENCE_S = 0.064
# The most sequence numbers that a feedback packet covers: it must fit into a datagram.
_MOST = 1_000
# A number further behind than this is not a delayed packet.
_SIZE = 1_024
_MOST_ARRIVALS = 400


class Arrivals:
    """Collects arrival times by transport-wide sequence number and writes the feedback.

    Sequence numbers are unwrapped here. Each is reported at most once, and none before the one
    where the last feedback ended.
    """

    def __init__(self) -> None:
        self._times: dict[int, float] = {}
        self._highest = -1
        self._next = -1
        # The next sequence number of a suspected restart.
        self._unlike: int | None = None
        self._count = 0

    def add(self, sequence: int, arrival_s: float) -> None:
        """Record that the packet with this 16-bit number arrived at `arrival_s` (any monotonic
        clock).
        """
        if self._highest < 0:
            unwrapped = sequence + 0x10000
            self._next = unwrapped
        else:
            unwrapped = self._highest + (((sequence - self._highest + 0x8000) & 0xFFFF) - 0x8000)
        if unwrapped < self._next - _SIZE:
            # So far behind is not reordering but a restarted count, if a second packet agrees.
            agrees, self._unlike = sequence == self._unlike, (sequence + 1) & 0xFFFF
            if not agrees:
                return
            self._times.clear()
            self._highest, self._unlike = -1, None
            self._next = unwrapped = sequence + 0x10000
        if unwrapped > self._highest:
            self._highest = unwrapped
        if unwrapped >= self._next:
            self._times.setdefault(unwrapped, arrival_s)

    def feedback(self, own_ssrc: int, media_ssrc: int) -> bytes | None:
        """Write the feedback on all arrivals since the last one, or None without any."""
        if not self._times:
            return None
        base = max(self._next, self._highest - _MOST)
        if len(self._times) > _MOST_ARRIVALS:
            base = max(base, sorted(self._times)[-_MOST_ARRIVALS])
        times = [self._times.get(n) for n in range(base, self._highest + 1)]
        self._times.clear()
        self._next = self._highest + 1
        packet = write(own_ssrc, media_ssrc, base & 0xFFFF, times, self._count)
        self._count = (self._count + 1) & 0xFF
        return packet


def write(
    own_ssrc: int, media_ssrc: int, base: int, times: list[float | None], count: int
) -> bytes:
    """Write one feedback packet: `times` from sequence number `base` on, None for lost packets."""
    first = next(time for time in times if time is not None)
    reference = int(first / _REFERENCE_S)
    previous = reference * _REFERENCE_S
    # Compute each delta from the sum of the written ones, so that rounding errors don't accumulate.
    ticks = round(previous / _TICK_S)
    symbols: list[int] = []
    deltas = b""
    for time in times:
        if time is None:
            symbols.append(0)
            continue
        delta = round(time / _TICK_S) - ticks
        if 0 <= delta <= 255:
            symbols.append(1)
            deltas += bytes((delta,))
        else:
            delta = max(-32768, min(32767, delta))
            symbols.append(2)
            deltas += struct.pack("!h", delta)
        ticks += delta
    body = struct.pack(
        "!IIHHI",
        own_ssrc,
        media_ssrc,
        base,
        len(symbols),
        ((reference & 0xFFFFFF) << 8) | count,
    )
    body += _chunks(symbols) + deltas
    padding = -len(body) & 3
    if padding:
        body += bytes(padding - 1) + bytes((padding,))
    head = 0x80 | 15 | (0x20 if padding else 0)
    return struct.pack("!BBH", head, 205, len(body) // 4) + body


def _chunks(symbols: list[int]) -> bytes:
    """Return packet status chunks: a run of 7 or more equal symbols, else a vector of seven."""
    out = b""
    at, size = 0, len(symbols)
    while at < size:
        symbol = symbols[at]
        run = 1
        while at + run < size and run < 0x1FFF and symbols[at + run] == symbol:
            run += 1
        if run >= 7 or at + run == size:
            out += struct.pack("!H", (symbol << 13) | run)
            at += run
            continue
        chunk = 0xC000
        for index in range(7):
            if at + index < size:
                chunk |= symbols[at + index] << (12 - 2 * index)
        out += struct.pack("!H", chunk)
        at += min(7, size - at)
    return out
