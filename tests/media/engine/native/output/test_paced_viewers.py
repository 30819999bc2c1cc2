"""Viewers on links that are estimated: C sends them what Python sends, and when."""

from random import Random

from tests.media.engine.native.output.scripted_camera import PLAIN, Camera, on_air
from tests.media.engine.native.output.sending_twins import Twins


def narrow(twins: Twins, camera: Camera, peer: int) -> None:
    """The viewer, which is live, reports a long queue twice: one report does not prove it."""
    twins.report(peer, twins.numbers(peer)[-1], 0, 0.05)
    for _ in range(2):
        camera.frames(30)
        twins.report(peer, twins.numbers(peer)[-1], 0, 0.4)
    assert twins.viewers[peer].link.state == "narrow"


def wide(twins: Twins, camera: Camera, peer: int) -> None:
    """The viewer's link is good for so long that it is wide."""
    for _ in range(60):
        for _ in range(30):
            camera.frames(1)
            twins.pump()
        twins.report(peer, twins.numbers(peer)[-1], 0, 0.05)
        if twins.viewers[peer].link.state == "wide":
            return
    raise AssertionError("the link is not wide again")


def test_who_goes_back_live_leaves_the_splices_of_others(twins: Twins) -> None:
    camera = on_air(twins)
    twins.join(1, PLAIN, controlled=True)
    narrow(twins, camera, 1)
    # Longer than the ring: what this viewer began with is far behind.
    for _ in range(1_400):
        camera.frames(1)
        twins.pump()
    wide(twins, camera, 1)
    # Another one waits for a keyframe, before which a packet is late.
    twins.viewer(2, PLAIN)
    late = camera.datagrams()[-1]
    camera.frame(keyframe=True)
    assert twins.viewers[2].forwarder is not None
    assert twins.viewers[1].forwarder is None
    twins.pump()
    assert twins.viewers[1].forwarder is not None
    before = twins.numbers(2)
    twins.take(0, late)
    twins.flush()
    assert twins.numbers(2) == before, "a packet from before the keyframe that it began with"
    twins.agree()


def test_a_burst_that_nothing_paces_is_not_charged(twins: Twins) -> None:
    camera = on_air(twins, codec="H264:baseline")
    twins.join(1, PLAIN, controlled=True)
    wide(twins, camera, 1)
    # Of a camera that is switched to a large keyframe has come when it can be used: the packet
    # before it was late.
    other = Camera(twins, 1, Random(1), "H264:baseline")
    other.frames(2)
    twins.air(1)
    late = other.datagrams()
    for datagram in late[:-1]:
        twins.take(1, datagram)
    other.frame(keyframe=True, sizes=(1_100,) * 60)
    twins.take(1, late[-1])
    assert 1 in twins.outputs[0].joining.catching
    while twins.outputs[0].joining.catching:
        twins.pump()
    narrow(twins, other, 1)
    count = len(twins.numbers(1))
    other.frame()
    twins.whole()
    twins.now += 0.01
    twins.pump()
    assert len(twins.numbers(1)) > count, "as if it had been paced all the time"
    twins.agree()
