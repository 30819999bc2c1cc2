"""Numbers of packets go round after six minutes: what an output knows by them holds for longer."""

from random import Random

import pytest
from tests.media.engine.native.output.scripted_camera import PLAIN, Camera, on_air
from tests.media.engine.native.output.sending_twins import Twins

# Of so many numbers all but the last three are lost on the way, as in a frame that is too long.
STEP = 2_500


def go_on(camera: Camera, packets: int) -> None:
    """So many packets of the camera's, none of a keyframe."""
    for _ in range(packets // STEP):
        camera.sequences[0] = (camera.sequences[0] + STEP - 3) & 0xFFFF
        camera.frames(1)


def test_what_is_asked_for_is_found_however_long_a_stretch_lasts(twins: Twins) -> None:
    camera = on_air(twins)
    twins.join(1, PLAIN)
    for step in range(1, 60):
        go_on(camera, STEP)
        twins.second(1)
        twins.nack(1, twins.numbers(1)[-3:])
        assert len(twins.packets(1, 12)) == 3 * step
    twins.state()
    twins.agree()


def test_a_viewer_with_offsets_of_its_own_is_served_while_others_come_and_go(
    twins: Twins,
) -> None:
    camera = on_air(twins)
    twins.join(1, PLAIN)
    twins.join(2, PLAIN)
    twins.fall(1, 5)
    twins.second(1)
    # After four seconds it is tried whether it can have all again.
    camera.frames(150)
    twins.second(1)
    camera.frames(1, keyframes=(0,))
    own, other = twins.viewers[1].epoch, twins.viewers[2].epoch
    assert own is not None
    assert other is not None
    assert own.shift != other.shift
    for step in range(30):
        camera.frames(1, keyframes=(0,))
        twins.join(3 + step, PLAIN)
        twins.remove(3 + step)
        # Who comes gets the numbers of one of the two.
        before = [len(twins.numbers(peer)) for peer in (1, 2)]
        go_on(camera, STEP)
        twins.second(1)
        twins.second(2)
        assert [len(twins.numbers(peer)) for peer in (1, 2)] == [each + 3 for each in before]
    twins.agree()


LONG = pytest.mark.parametrize("packets", [5_000, 20_000, 35_000, 45_000, 67_500])


@LONG
def test_a_source_is_switched_to_however_long_its_last_keyframe_is_ago(
    twins: Twins, packets: int
) -> None:
    on_air(twins)
    viewer = twins.join(1, PLAIN)
    other = Camera(twins, 1, Random(1))
    other.frames(1, keyframes=(0,))
    go_on(other, packets)
    twins.air(1)
    other.frames(1)
    assert twins.outputs[0].on_air is twins.publishers[0]
    other.frames(1, keyframes=(0,))
    assert viewer.epoch is not None
    assert viewer.epoch.track is other.publisher.layers[0]
    twins.state()
    twins.agree()


@LONG
def test_who_joins_waits_for_a_keyframe_that_is_there_and_for_no_longer(
    twins: Twins, packets: int
) -> None:
    camera = on_air(twins)
    go_on(camera, packets)
    twins.join(1, PLAIN)
    camera.frames(1)
    assert twins.packets(1) == []
    camera.frames(2, keyframes=(0,))
    assert len(twins.packets(1)) == 6
    twins.state()
    twins.agree()


def switching(twins: Twins) -> Camera:
    """A camera that is switched to, and the packet that came before its keyframe is late."""
    on_air(twins, codec="H264:baseline")
    twins.join(1, PLAIN)
    other = Camera(twins, 1, Random(1), "H264:baseline")
    other.frames(2)
    twins.air(1)
    return other


def test_a_keyframe_begins_once_what_came_late_is_there(twins: Twins) -> None:
    other = switching(twins)
    late = other.datagrams()
    for datagram in late[:-1]:
        twins.take(1, datagram)
    other.frame(keyframe=True)
    assert twins.outputs[0].on_air is twins.publishers[0]
    twins.take(1, late[-1])
    assert twins.outputs[0].on_air is other.publisher
    twins.agree()


def test_another_keyframe_is_asked_for_where_one_began_nothing(twins: Twins) -> None:
    other = switching(twins)
    for datagram in other.datagrams()[:-1]:
        twins.take(1, datagram)
    other.frame(keyframe=True)
    twins.feedback(1)
    assert not other.publisher.wanted, "it came, though in part"
    twins.now += 1
    twins.want()
    assert other.publisher.wanted
    twins.feedback(1)
    other.frame(keyframe=True)
    assert twins.outputs[0].on_air is other.publisher
    twins.agree()


def test_a_keyframe_that_waits_is_forgotten_with_the_ring(twins: Twins) -> None:
    other = switching(twins)
    late = other.datagrams()
    for datagram in late[:-1]:
        twins.take(1, datagram)
    other.frame(keyframe=True)
    assert other.publisher.layers[0].held is not None
    go_on(other, 5_000)
    assert other.publisher.layers[0].held is None
    other.frame(keyframe=True)
    assert twins.outputs[0].on_air is other.publisher
    twins.agree()
