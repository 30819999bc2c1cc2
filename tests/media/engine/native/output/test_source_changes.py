"""What becomes of sound and picture where sources come back, lack one of them, or begin anew."""

from itertools import pairwise
from random import Random

import pytest
from tests.media.engine.native.output.scripted_camera import OPUS, PLAIN, TYPES, Camera, on_air
from tests.media.engine.native.output.sending_twins import Twins

from farmlive.media.engine.interface import Outgoing, Viewing
from farmlive.media.wire.rtp import HEADER

VP8_ALONE = Viewing({"VP8": Outgoing(*TYPES["VP8"])}, {"OPUS": Outgoing(OPUS)})


def say(twins: Twins, camera: Camera, packets: int) -> None:
    for _ in range(packets):
        camera.say()
        twins.whole()
        twins.now += 0.02


@pytest.mark.parametrize("away", [6_000, 35_000, 50_000])
@pytest.mark.parametrize("between", ["another", "nobody"])
def test_the_sound_of_a_source_that_comes_back_goes_on_without_a_gap(
    twins: Twins, away: int, between: str
) -> None:
    """However much of it nobody heard meanwhile."""
    camera = on_air(twins)
    twins.join(1, PLAIN)
    say(twins, camera, 20)
    if between == "another":
        on_air(twins, number=1)
    else:
        twins.air(None)
    for _ in range(away // 2_500):
        camera.sound_sequence = (camera.sound_sequence + 2_499) & 0xFFFF
        twins.now += 50
        camera.say()
    on_air(twins, camera=camera)
    say(twins, camera, 20)
    heard = [each.packet for each in twins.packets(1, 13)]
    assert len(heard) == 40
    assert [each.sequence - heard[0].sequence for each in heard] == list(range(40))
    assert all(a.timestamp < b.timestamp for a, b in pairwise(heard))
    twins.agree()


def follow(twins: Twins, camera: Camera, seconds: float) -> bool:
    """Its sound comes for so long; whether it went on air meanwhile without a picture."""
    went = False
    for step in range(round(seconds / 0.02)):
        say(twins, camera, 1)
        if step % 5 == 0:
            twins.want()
            went |= twins.sound_alone()
    return went


@pytest.mark.parametrize("before", [False, True])
def test_a_source_whose_picture_never_comes_goes_on_air_with_its_sound(
    twins: Twins, before: bool
) -> None:
    if before:
        on_air(twins)
    viewer = twins.join(1, PLAIN)
    mute = Camera(twins, 1, Random(1))
    twins.air(1)
    assert not follow(twins, mute, 2.5)
    assert twins.outputs[0].on_air is not mute.publisher
    assert follow(twins, mute, 1)
    assert twins.outputs[0].on_air is mute.publisher
    assert viewer.epoch is None
    heard = len(twins.packets(1, 13))
    say(twins, mute, 5)
    assert len(twins.packets(1, 13)) == heard + 5
    mute.frames(2, keyframes=(0,))
    assert viewer.epoch is not None, "its picture comes when it comes"
    assert viewer.epoch.track is mute.publisher.layers[0]
    twins.state()
    twins.agree()


def test_a_source_that_is_silent_too_does_not(twins: Twins) -> None:
    camera = on_air(twins)
    mute = Camera(twins, 1, Random(1))
    twins.air(1)
    assert not follow(twins, mute, 0.5)
    for _ in range(60):
        twins.now += 0.1
        assert not twins.sound_alone()
    assert twins.outputs[0].on_air is camera.publisher
    twins.agree()


def test_a_source_whose_picture_is_between_keyframes_is_waited_for(twins: Twins) -> None:
    camera = on_air(twins)
    other = Camera(twins, 1, Random(1))
    twins.air(1)
    for _ in range(60):
        other.frames(1)
        say(twins, other, 3)
        assert not twins.sound_alone()
    assert twins.outputs[0].on_air is camera.publisher
    twins.agree()


def test_who_can_not_play_the_next_source_sees_the_one_before_no_more(twins: Twins) -> None:
    camera = on_air(twins)
    viewer, other = twins.join(1, VP8_ALONE), twins.join(2, PLAIN)
    before = len(twins.packets(1))
    on_air(twins, codec="AV1", number=1)
    camera.frames(3)
    assert viewer.epoch is None
    assert len(twins.packets(1)) == before
    assert other.epoch is not None
    assert twins.outputs[0] not in camera.publisher.listeners
    twins.state()
    on_air(twins, camera=camera)
    assert viewer.epoch is not None
    twins.agree()


def test_who_can_not_play_it_asks_for_no_keyframe(twins: Twins) -> None:
    camera = on_air(twins, codec="AV1")
    twins.now += 5
    for _ in range(60):
        camera.frames(4)
    assert not camera.publisher.wanted
    twins.join(1, VP8_ALONE)
    assert not camera.publisher.wanted
    twins.join(2, PLAIN)
    assert camera.publisher.wanted
    twins.agree()


def test_one_late_packet_of_the_stream_before_does_not_begin_it_again(twins: Twins) -> None:
    camera = on_air(twins)
    viewer = twins.join(1, PLAIN)
    late = camera.datagrams()
    for datagram in late[:-1]:
        twins.take(0, datagram)
    camera.ssrcs[0] += 50
    keyframe = camera.datagrams(keyframe=True)
    twins.take(0, keyframe[0])
    twins.take(0, late[-1])
    for datagram in keyframe[1:]:
        twins.take(0, datagram)
    twins.whole()
    assert viewer.epoch is not None
    assert viewer.epoch.track.ssrc == camera.ssrcs[0]
    # An encoder that goes back to it later is followed.
    twins.now += 2
    camera.ssrcs[0] -= 50
    camera.frames(2, keyframes=(0,))
    assert viewer.epoch.track.ssrc == camera.ssrcs[0]
    twins.state()
    twins.agree()


def test_pictures_are_counted_on_though_padding_came_last(twins: Twins) -> None:
    camera = on_air(twins)
    viewer = twins.join(1, PLAIN)
    for _ in range(3):
        head = HEADER.pack(
            0xA0, TYPES["VP8"][0], camera.sequences[0], camera.stamp(0), camera.ssrcs[0]
        )
        twins.take(0, head + bytes(7) + b"\x08")
        camera.sequences[0] = (camera.sequences[0] + 1) & 0xFFFF
    twins.whole()
    on_air(twins, number=1)
    assert viewer.last is not None
    pictures = [
        int.from_bytes(each.packet.payload[2:4], "big") & 0x7FFF
        for each in twins.packets(1)
        if each.packet.payload
    ]
    assert pictures == sorted(pictures)
    assert pictures[-1] - pictures[0] == 5
    twins.agree()
