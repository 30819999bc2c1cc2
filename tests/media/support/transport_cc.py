"""Transport-wide congestion control feedback as a sender reads it."""

import struct


def read(data: bytes) -> list[tuple[int, float | None]]:
    """Sequence numbers and arrival times in seconds, as a sender reads a feedback packet."""
    base, count, reference = struct.unpack_from("!HHI", data, 12)
    at = 20
    symbols: list[int] = []
    while len(symbols) < count:
        (chunk,) = struct.unpack_from("!H", data, at)
        at += 2
        if not chunk & 0x8000:
            symbols += [chunk >> 13] * (chunk & 0x1FFF)
        elif chunk & 0x4000:
            symbols += [(chunk >> (12 - 2 * i)) & 3 for i in range(7)]
        else:
            symbols += [(chunk >> (13 - i)) & 1 for i in range(14)]
    time = (reference >> 8) * 0.064
    result: list[tuple[int, float | None]] = []
    for index, symbol in enumerate(symbols[:count]):
        sequence = (base + index) & 0xFFFF
        if symbol == 0:
            result.append((sequence, None))
            continue
        if symbol == 1:
            time += data[at] * 0.000_25
            at += 1
        else:
            time += struct.unpack_from("!h", data, at)[0] * 0.000_25
            at += 2
        result.append((sequence, time))
    return result
