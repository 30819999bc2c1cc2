"""The sessions of one peer."""

import os

import pytest
from pylibsrtp import Policy, Session
from tests.media.support import packets

from farmlive.media.engine.interface import Keys
from farmlive.media.engine.python.srtp import Protection, Unreadable
from farmlive.media.wire import rtcp
from farmlive.media.wire.rtp import Packet


def test_what_was_changed_on_its_way_is_unreadable() -> None:
    key = os.urandom(28)
    profile = Policy.SRTP_PROFILE_AEAD_AES_128_GCM
    sender = Session(Policy(key=key, ssrc_type=Policy.SSRC_ANY_OUTBOUND, srtp_profile=profile))
    receiver = Protection(Keys(profile, 16, os.urandom(28), key))
    plain = packets.write(Packet(1, 9, False, b"sound"), 96, 7)
    data = sender.protect(plain)
    with pytest.raises(Unreadable):
        receiver.unprotect(data[:-1] + bytes((data[-1] ^ 1,)))
    assert receiver.unprotect(data) == plain


def test_from_more_ssrcs_than_anyone_has_nothing_is_read() -> None:
    key = os.urandom(28)
    profile = Policy.SRTP_PROFILE_AEAD_AES_128_GCM
    sender = Session(Policy(key=key, ssrc_type=Policy.SSRC_ANY_OUTBOUND, srtp_profile=profile))
    receiver = Protection(Keys(profile, 16, os.urandom(28), key))
    reports = [rtcp.receiver_report(ssrc, []) for ssrc in range(257)]
    for report in reports[:256]:
        assert receiver.unprotect_rtcp(sender.protect_rtcp(report)) == report
    with pytest.raises(Unreadable):
        receiver.unprotect_rtcp(sender.protect_rtcp(reports[256]))
    with pytest.raises(Unreadable):
        receiver.unprotect(sender.protect(packets.write(Packet(1, 9, False, b""), 96, 256)))
    plain = packets.write(Packet(1, 9, False, b"sound"), 96, 7)
    assert receiver.unprotect(sender.protect(plain)) == plain
    assert receiver.unprotect_rtcp(sender.protect_rtcp(reports[7])) == reports[7]
