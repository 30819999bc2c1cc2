"""What someone sends without end takes no more of the native engine than it may."""

from tests.media.engine.native.support.stepped_engine import HERE, VIEWING, Hand

from farmlive.media.wire import rtcp


def test_from_more_ssrcs_than_anyone_has_nothing_is_read(hand: Hand) -> None:
    output, (peer, end) = hand.engine.add_output(), hand.secured()
    hand.engine.view(peer, output, VIEWING)
    for ssrc in (*range(1_000), *range(256)):
        feedback = rtcp.nack(ssrc, hand.engine.ssrcs(output).video, [1])
        hand.relay.take(end.protect_rtcp(feedback), -1.0, HERE, hand.now)
    counts = hand.engine.counters()
    assert (counts["nacks_received"], counts["datagrams_ignored"]) == (2 * 256, 1_000 - 256)
