"""The private parts of aiortc, pylibsrtp and pyOpenSSL that this room stands on are still there.

Both are pinned. When one of these fails after an upgrade, read dtls.py and srtp.py again.
"""

import ctypes
import inspect
import os
from importlib.metadata import version

from aiortc import rtcdtlstransport
from aiortc.rtcdtlstransport import RTCCertificate
from OpenSSL import SSL
from OpenSSL._util import lib as binding
from pylibsrtp import Policy, Session
from pylibsrtp._binding import ffi, lib

from farmlive.media.engine.interface import Keys
from farmlive.media.engine.python import srtp


def test_the_versions_are_the_pinned_ones() -> None:
    assert version("aiortc") == "1.16.0"
    assert version("pylibsrtp") == "1.0.0"


def test_profiles_and_certificate() -> None:
    for profile in (
        rtcdtlstransport.SRTP_AEAD_AES_128_GCM,
        rtcdtlstransport.SRTP_AES128_CM_SHA1_80,
    ):
        assert len(profile.get_key_and_salt(bytes(100), 1)) == (
            profile.key_length + profile.salt_length
        )
    parameters = inspect.signature(RTCCertificate._create_ssl_context).parameters
    assert list(parameters) == ["self", "srtp_profiles"]


def test_pyopenssl_has_the_function_that_names_signature_algorithms() -> None:
    context = SSL.Context(SSL.DTLS_METHOD)
    assert binding.SSL_CTX_set1_sigalgs_list(context._context, b"ECDSA+SHA256") == 1


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


def test_the_binding_has_the_functions_of_openssl_that_the_engine_in_c_calls() -> None:
    ciphers = srtp.ciphers()
    assert ciphers is not None
    assert all(ciphers)


def test_srtp_functions_work_by_their_addresses() -> None:
    keys = Keys(Policy.SRTP_PROFILE_AEAD_AES_128_GCM, 16, bytes(28), bytes(28))
    (ours, _), (_, theirs) = srtp.sessions(keys), srtp.sessions(keys)
    signature = ctypes.CFUNCTYPE(
        ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p, ctypes.POINTER(ctypes.c_int)
    )
    protect, unprotect, protect_rtcp, unprotect_rtcp = map(signature, srtp.functions())
    for there, back, plain, tag in (
        (protect, unprotect, bytes.fromhex("806000010000000200000003") + b"payload", 16),
        (protect_rtcp, unprotect_rtcp, bytes.fromhex("81c9000700000003") + bytes(24), 20),
    ):
        buffer = ctypes.create_string_buffer(plain, 100)
        size = ctypes.c_int(len(plain))
        assert there(srtp.address_of(ours), buffer, size) == 0
        assert size.value == len(plain) + tag
        assert plain not in buffer.raw
        assert back(srtp.address_of(theirs), buffer, size) == 0
        assert buffer.raw[: size.value] == plain
