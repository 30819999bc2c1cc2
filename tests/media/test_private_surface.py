"""The private parts of aiortc and pylibsrtp that this room stands on are still there.

Both are pinned. When one of these fails after an upgrade, read dtls.py and srtp.py again.
"""

import inspect
import os
from importlib.metadata import version

from aiortc import rtcdtlstransport
from aiortc.rtcdtlstransport import RTCCertificate, RTCDtlsTransport, State
from pylibsrtp import Policy, Session
from pylibsrtp._binding import ffi, lib


def test_the_versions_are_the_pinned_ones() -> None:
    assert version("aiortc") == "1.16.0"
    assert version("pylibsrtp") == "1.0.0"


def test_dtls_transport_asks_for_its_keys_by_the_method_that_we_replace() -> None:
    start = inspect.getsource(RTCDtlsTransport.start)
    assert "self._setup_srtp()" in start
    assert "self._validate_peer_identity(remoteParameters)" in start
    assert start.index("_validate_peer_identity") < start.index("_setup_srtp")
    assert "_create_ssl_context(" in start
    assert "srtp_profiles=self._srtp_profiles" in start
    own = inspect.getsource(RTCDtlsTransport._setup_srtp)
    assert 'b"EXTRACTOR-dtls_srtp"' in own
    assert "self._set_state(State.FAILED)" in own


def test_dtls_transport_needs_no_more_of_its_transport() -> None:
    used = set()
    for name, part in inspect.getmembers(RTCDtlsTransport, inspect.isfunction):
        if name.startswith("__"):
            continue
        for line in inspect.getsource(part).split("\n"):
            for piece in line.split("self.transport.")[1:]:
                used.add(piece.split("(")[0].split(",")[0].split(" ")[0].strip())
    assert used <= {"_recv", "_send", "role", "state"}


def test_states_profiles_and_certificate() -> None:
    assert {State.FAILED, State.CLOSED, State.CONNECTED} <= set(State)
    for profile in (
        rtcdtlstransport.SRTP_AEAD_AES_128_GCM,
        rtcdtlstransport.SRTP_AES128_CM_SHA1_80,
    ):
        assert len(profile.get_key_and_salt(bytes(100), 1)) == (
            profile.key_length + profile.salt_length
        )
    parameters = inspect.signature(RTCCertificate._create_ssl_context).parameters
    assert list(parameters) == ["self", "srtp_profiles"]


def test_srtp_session_has_its_pointer_and_the_binding_its_function() -> None:
    policy = Policy(
        key=os.urandom(28),
        ssrc_type=Policy.SSRC_ANY_OUTBOUND,
        srtp_profile=Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    )
    session = Session(policy)
    packet = bytes.fromhex("806000010000000200000003") + b"payload"
    buffer, length = ffi.new("char[]", packet + bytes(16)), ffi.new("int *", len(packet))
    assert lib.srtp_protect(session._srtp[0], buffer, length) == 0
    assert length[0] == len(packet) + 16
    assert ffi.typeof(lib.srtp_protect).args[1].kind == "pointer"
