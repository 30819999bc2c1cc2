"""What a socket gets that the kernel sifts for us."""

import os
import socket
import sys

import pytest
from pylibsrtp import Policy
from tests.media.support import packets
from tests.support.free_ports import APART
from tests.support.waiting import LONG_S

from farmlive.media.engine.interface import Keys
from farmlive.media.engine.python.net.bpf_filter import attach, detach
from farmlive.media.engine.python.srtp import Protection
from farmlive.media.wire import rtcp, stun
from farmlive.media.wire.rtp import Packet


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="classic BPF is Linux's")
@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
@pytest.mark.parametrize(
    ("profile", "length", "tag"),
    [
        (Policy.SRTP_PROFILE_AEAD_AES_128_GCM, 28, 16),
        (Policy.SRTP_PROFILE_AES128_CM_SHA1_80, 30, 10),
    ],
)
def test_receiver_reports_alone_are_left_out_and_nothing_else(
    family: socket.AddressFamily, profile: int, length: int, tag: int
) -> None:
    protection = Protection(Keys(profile, tag, os.urandom(length), os.urandom(length)))
    blocks = [rtcp.ReceiverReport(8, 0, 0, 7, 6, 5, 4)]
    alone = [protection.protect_rtcp(rtcp.receiver_report(9, blocks * count)) for count in range(4)]
    report = rtcp.receiver_report(9, blocks)
    others = [
        b"",
        b"\x80\xc9",
        os.urandom(3),
        stun.request("a:b", b"key", bytes(12)),
        b"\x16\xfe\xff" + bytes(60),
        protection.protect_rtcp(report + rtcp.nack(9, 8, [1])),
        protection.protect_rtcp(report + rtcp.picture_loss(9, 8)),
        protection.protect_rtcp(rtcp.picture_loss(9, 8)),
        protection.protect_rtcp(report + rtcp.source_description([9], "farm")),
        packets.write(Packet(1, 2, True, bytes(100)), 96, 7),
    ]
    host = APART if family == socket.AF_INET else "::1"
    with (
        socket.socket(family, socket.SOCK_DGRAM) as here,
        socket.socket(family, socket.SOCK_DGRAM) as there,
    ):
        here.bind((host, 0))
        here.settimeout(LONG_S)
        attach(here)
        for data in (*alone, *others):
            there.sendto(data, here.getsockname())
        assert [here.recv(2048) for _ in others] == others
        here.setblocking(False)
        with pytest.raises(BlockingIOError):
            here.recv(2048)
        detach(here)
        there.sendto(alone[1], here.getsockname())
        here.settimeout(LONG_S)
        assert here.recv(2048) == alone[1], "where layers are chosen by it, it comes again"
