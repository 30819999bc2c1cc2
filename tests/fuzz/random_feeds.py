"""What a house is fed: from whom, which bytes, and how long it is until the next."""

import struct

from hypothesis import strategies as some
from tests.fuzz.corpus import SESSIONS, Session
from tests.fuzz.mutants import datagrams, mutants

from farmlive.media.wire import rtcp

ALL_RTP = [data for each in SESSIONS for data in each.rtp]
ALL_RTCP = [data for each in SESSIONS for data in each.rtcp]
CHECKS = [data for each in SESSIONS for data in each.stun]
WORD = some.integers(0, 0xFFFFFFFF)
PAUSES = some.sampled_from((0.0, 0.0, 0.001, 0.02, 0.1, 1.1))


@some.composite
def renumbered(draw: some.DrawFn, samples: list[bytes]) -> bytes:
    """A recorded packet with other numbers, which all layers but the parser believe."""
    data = draw(some.sampled_from(samples))
    sequence = struct.unpack_from("!H", data, 2)[0]
    sequence += draw(some.integers(-5, 5) | some.integers(-300, 300) | some.integers(0, 0xFFFF))
    timestamp, ssrc = struct.unpack_from("!II", data, 4)
    timestamp = draw(some.just(timestamp) | WORD)
    ssrc = draw(some.sampled_from((ssrc, ssrc, ssrc, 0, 1)) | WORD)
    return data[:2] + struct.pack("!HII", sequence & 0xFFFF, timestamp, ssrc) + data[12:]


@some.composite
def reports(draw: some.DrawFn) -> bytes:
    """RTCP of our own writing with any numbers."""
    ssrc = draw(some.sampled_from((1, 7)) | WORD)
    number = draw(some.integers(0, 0xFFFF))
    span = draw(some.integers(1, 600))
    return draw(
        some.sampled_from(
            (
                rtcp.nack(1, ssrc, [(number + each) & 0xFFFF for each in range(0, span, 3)]),
                rtcp.picture_loss(1, ssrc),
                rtcp.sender_report(
                    rtcp.SenderReport(ssrc, draw(some.integers(0, 2**64 - 1)), number, 1, 2)
                ),
                rtcp.receiver_report(
                    1, [rtcp.ReceiverReport(ssrc, 255, -5, number, number, number, number)] * 31
                ),
            )
        )
    )


def feeds(session: Session) -> some.SearchStrategy[list[tuple[str, bytes, float]]]:
    media = list(session.rtp)
    from_publisher = some.one_of(
        some.sampled_from(media),
        renumbered(media),
        mutants(media),
        datagrams(ALL_RTP),
        datagrams(ALL_RTCP),
        reports(),
    )
    from_viewer = some.one_of(datagrams(ALL_RTCP), reports(), datagrams(ALL_RTP))
    anything = some.one_of(
        datagrams(CHECKS), some.binary(max_size=2048), datagrams(ALL_RTP), datagrams(ALL_RTCP)
    )
    one = some.one_of(
        some.tuples(some.just("publisher"), from_publisher, PAUSES),
        some.tuples(some.just("publisher"), from_publisher, PAUSES),
        some.tuples(some.just("viewer"), from_viewer, PAUSES),
        some.tuples(some.sampled_from(("publisher", "viewer", "stranger")), anything, PAUSES),
    )
    return some.lists(one, max_size=40)


def own_streams(data: bytes, ssrcs: tuple[int, ...]) -> bytes:
    """RTCP in which the streams 1 and 7 are those of the output."""
    for number, ssrc in zip((1, 7), ssrcs, strict=False):
        data = data.replace(number.to_bytes(4, "big"), ssrc.to_bytes(4, "big"))
    return data
