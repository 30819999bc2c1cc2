"""Runs: what leaves in one send arrives as the packets that went in."""

import errno
import os
import socket
from typing import Any

import pytest
from pylibsrtp import Policy, Session

from farmlive.media import rtp
from farmlive.media.engine import Keys
from farmlive.media.rtp import Packet
from farmlive.media.srtp import Protection, Unreadable, runs

PROFILES = [
    (Policy.SRTP_PROFILE_AEAD_AES_128_GCM, 28, 16),
    (Policy.SRTP_PROFILE_AES128_CM_SHA1_80, 30, 10),
]


def packets(*sizes: int) -> list[bytes]:
    return [
        rtp.write(Packet(number, 9, False, bytes((number,)) * size), 96, 7)
        for number, size in enumerate(sizes)
    ]


def both_ends(profile: int, length: int, tag: int) -> tuple[Protection, Session]:
    key = os.urandom(length)
    theirs = Policy(key=key, ssrc_type=Policy.SSRC_ANY_INBOUND, srtp_profile=profile)
    return Protection(Keys(profile, tag, key, os.urandom(length))), Session(theirs)


def test_runs_are_of_one_size_but_for_the_last() -> None:
    cut = runs(packets(50, 50, 40, 50, 60, 60, 60))
    assert [[len(p) - 12 for p in run.packets] for run in cut] == [[50, 50, 40], [50], [60] * 3]
    assert [run.count for run in runs(packets(*[1200] * 100))] == [48, 48, 4]
    assert runs([]) == []


@pytest.mark.parametrize(("profile", "length", "tag"), PROFILES)
def test_a_run_arrives_as_its_packets(profile: int, length: int, tag: int) -> None:
    protection, other = both_ends(profile, length, tag)
    sent = packets(1000, 1000, 1000, 20) + packets(5)
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as here,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as there,
    ):
        there.bind(("127.0.0.1", 0))
        there.settimeout(5)
        for run in runs(sent):
            assert protection.send(run, here, there.getsockname()) == 0
        arrived = [other.unprotect(there.recv(2048)) for _ in sent[:4]]
    assert arrived == sent[:4]


@pytest.mark.parametrize("number", [errno.EMSGSIZE, errno.EINVAL, errno.EIO])
def test_where_segmentation_fails_each_leaves_alone(number: int) -> None:
    protection, other = both_ends(*PROFILES[0])
    arrived: list[bytes] = []

    class Narrow:
        def sendmsg(self, *_: Any) -> int:
            raise OSError(number, "too long for this route")

        def sendto(self, data: memoryview, address: object) -> int:
            arrived.append(bytes(data))
            return len(data)

    narrow: Any = Narrow()
    sent = packets(1000, 1000, 300)
    (run,) = runs(sent)
    assert protection.send(run, narrow, None) == 0
    assert [other.unprotect(data) for data in arrived] == sent
    assert not protection.segmented


def test_a_full_buffer_is_a_counted_loss_and_no_error() -> None:
    protection, _ = both_ends(*PROFILES[0])

    class Full:
        def sendmsg(self, *_: Any) -> int:
            raise BlockingIOError

        sendto = sendmsg

    full: Any = Full()
    (run,) = runs(packets(1000, 1000))
    assert protection.send(run, full, None) == 2
    assert protection.segmented
    (single,) = runs(packets(1000))
    assert protection.send(single, full, None) == 1


def test_what_was_changed_on_its_way_is_unreadable() -> None:
    key = os.urandom(28)
    profile = PROFILES[0][0]
    sender = Session(Policy(key=key, ssrc_type=Policy.SSRC_ANY_OUTBOUND, srtp_profile=profile))
    receiver = Protection(Keys(profile, 16, os.urandom(28), key))
    data = sender.protect(packets(20)[0])
    with pytest.raises(Unreadable):
        receiver.unprotect(data[:-1] + bytes((data[-1] ^ 1,)))
    assert receiver.unprotect(data) == packets(20)[0]
