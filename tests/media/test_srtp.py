"""The sessions of one peer."""

import os

import pytest
from pylibsrtp import Policy, Session
from tests.media import packets

from farmlive.media.engine import Keys
from farmlive.media.rtp import Packet
from farmlive.media.srtp import Protection, Unreadable


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
