"""RTP protected by the native engine itself is what libsrtp makes of it, to the last byte."""

import ctypes
import os
import random
from collections.abc import Callable
from ctypes import POINTER, c_bool, c_int, c_size_t, c_uint, c_void_p

import pytest
from pylibsrtp import Error, Policy, Session
from tests.media.engine.native.support.compiling import LIBRARY, compiled

from farmlive.media.engine.interface import Keys
from farmlive.media.engine.python import srtp

GCM = Policy.SRTP_PROFILE_AEAD_AES_128_GCM
WINDOW = 256


def functions() -> "ctypes.Array[c_void_p]":
    found = srtp.ciphers()
    assert found is not None
    return (c_void_p * len(found))(*found)


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    library = ctypes.CDLL(str(compiled(tmp_path_factory, "gcm.so", [], ("gcm",), *LIBRARY)))
    library.gcm_use.restype = c_bool
    library.gcm_new.restype = c_void_p
    library.gcm_protect.restype = c_size_t
    assert library.gcm_use(functions())
    return library


class Twins:
    """One key, and both who protect by it."""

    def __init__(self, native: ctypes.CDLL) -> None:
        key = os.urandom(28)
        keys = Keys(GCM, 16, key, bytes(28))
        assert srtp.gcm_key(keys) == key
        self.session: Session = srtp.sessions(keys)[0]
        self.native, self.gcm = native, c_void_p(native.gcm_new(key))

    def ours(self, packet: bytes, *, in_place: bool = False) -> bytes | None:
        out = ctypes.create_string_buffer(packet, len(packet) + 16)
        plain = out if in_place else packet
        size = self.native.gcm_protect(self.gcm, out, plain, c_size_t(len(packet)))
        return out.raw[:size] if size else None

    def theirs(self, packet: bytes) -> bytes | None:
        try:
            protected: bytes = self.session.protect(packet)
        except Error:
            return None
        return protected

    def same(self, packet: bytes) -> bytes | None:
        """What both make of it."""
        protected = self.ours(packet)
        assert protected == self.theirs(packet)
        return protected

    def end(self) -> None:
        self.native.gcm_free(self.gcm)


@pytest.fixture
def twins(native: ctypes.CDLL) -> "Callable[[], Twins]":
    return lambda: Twins(native)


Make = Callable[[], Twins]


def rtp(
    sequence: int, ssrc: int = 7, payload: bytes = b"a picture", head: bytes = b"\x80"
) -> bytes:
    return (
        head + b"\x60" + sequence.to_bytes(2, "big") + bytes(4) + ssrc.to_bytes(4, "big") + payload
    )


def test_numbers_that_come_as_they_do(twins: Make) -> None:
    chance = random.Random(1)
    for _ in range(20):
        both = twins()
        at = chance.randrange(1 << 16)
        for _ in range(2_000):
            at += chance.choice((1, 1, 1, 2, 0, -1, -5, 300, -70, -260, 9_000))
            both.same(rtp(at & 0xFFFF, payload=os.urandom(chance.randrange(40))))
        both.end()


def test_numbers_of_all_distances(twins: Make) -> None:
    chance = random.Random(2)
    for _ in range(100):
        both = twins()
        for _ in range(200):
            both.same(rtp(chance.randrange(1 << 16)))
        both.end()


def test_rollovers_are_counted(twins: Make) -> None:
    both = twins()
    for round_ in range(4):
        for sequence in range(0, 1 << 16, 16_000):
            assert both.same(rtp(sequence)) is not None, (round_, sequence)
    both.end()


def test_what_is_too_old_is_refused(twins: Make) -> None:
    both = twins()
    assert both.same(rtp(1_000)) is not None
    assert both.same(rtp(1_000 - WINDOW + 1)) is not None
    assert both.same(rtp(1_000 - WINDOW)) is None
    assert both.same(rtp(1_001)) is not None
    both.end()


def test_no_number_is_protected_twice(twins: Make) -> None:
    both = twins()
    assert both.same(rtp(0)) is not None
    for sequence in (5, 3, 4, 5 + WINDOW - 1):
        assert both.same(rtp(sequence)) is not None
        assert both.same(rtp(sequence, payload=b"another")) is None
    assert both.same(rtp(5)) is None
    assert both.same(rtp(6)) is not None, "it was left out before"
    both.end()


def test_each_stream_has_numbers_of_its_own(twins: Make) -> None:
    both = twins()
    for sequence in (65_535, 0, 1):
        for ssrc in range(1, 20):
            assert both.same(rtp((sequence + ssrc) & 0xFFFF, ssrc)) is not None
    both.end()


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 100, 1_200, 1_300])
def test_payloads_of_all_sizes(twins: Make, size: int) -> None:
    packet = rtp(9, payload=os.urandom(size))
    both = twins()
    assert both.same(packet) is not None
    both.end()
    both = twins()
    assert both.ours(packet, in_place=True) == both.theirs(packet)
    both.end()


def test_all_of_the_header_is_authenticated_and_none_of_it_hidden(twins: Make) -> None:
    both = twins()
    sources = bytes(range(8))
    extension = b"\xbe\xde\x00\x02" + bytes(range(8))
    kinds = ((b"\x82", sources), (b"\x90", extension), (b"\x92", sources + extension))
    for number, (head, more) in enumerate(kinds):
        protected = both.same(rtp(number, payload=more + b"a picture", head=head))
        assert protected is not None
        assert protected[12 : 12 + len(more)] == more
    both.end()


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        rtp(1)[:11],
        rtp(1, head=b"\x40"),
        rtp(1, payload=b"", head=b"\x81"),
        rtp(1, payload=b"\xbe\xde\x00", head=b"\x90"),
        rtp(1, payload=b"\xbe\xde\x00\x01abc", head=b"\x90"),
    ],
)
def test_what_is_no_rtp_is_refused(twins: Make, packet: bytes) -> None:
    both = twins()
    assert both.ours(packet) is None
    both.end()


def test_functions_that_do_something_else_are_not_used(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    library = ctypes.CDLL(str(compiled(tmp_path_factory, "gcm-2.so", [], ("gcm",), *LIBRARY)))
    library.gcm_use.restype = c_bool
    library.gcm_new.restype = c_void_p
    assert library.gcm_new(bytes(28)) is None, "it has none"
    nothing = ctypes.CFUNCTYPE(c_void_p, c_void_p, ctypes.c_char_p, ctypes.c_char_p)(
        lambda *_: None
    )
    plain = ctypes.CFUNCTYPE(c_int, c_void_p, POINTER(c_uint), c_void_p, c_uint)(
        lambda context, out, data, size: size
    )
    for at, wrong in ((0, nothing), (4, plain)):
        others = functions()
        others[at] = ctypes.cast(wrong, c_void_p)
        assert not library.gcm_use(others)
        assert library.gcm_new(bytes(28)) is None
    assert library.gcm_use(functions())
