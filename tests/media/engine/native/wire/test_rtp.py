"""RTP in C is read as in Python."""

import ctypes
import struct
from ctypes import POINTER, Structure, c_bool, c_size_t, c_ubyte, c_uint8, c_uint16, c_uint32

from hypothesis import example, given
from hypothesis import strategies as some
from tests.fuzz.corpus import SESSIONS
from tests.fuzz.mutants import datagrams

from farmlive.media.wire import rtp

PACKETS = [data for session in SESSIONS for data in session.rtp]
BYTES = POINTER(c_ubyte)
PROFILES = some.sampled_from((0xBEDE, 0x1000, 0x1007)) | some.integers(0, 0xFFFF)


class Packet(Structure):
    _fields_ = (
        ("payload_type", c_uint8),
        ("marker", c_bool),
        ("sequence", c_uint16),
        ("timestamp", c_uint32),
        ("ssrc", c_uint32),
        ("payload", BYTES),
        ("size", c_size_t),
        ("extension", BYTES),
        ("extension_size", c_size_t),
        ("profile", c_uint16),
    )


def bytes_at(pointer: "ctypes._Pointer[c_ubyte]", size: int) -> bytes:
    return ctypes.string_at(ctypes.cast(pointer, ctypes.c_void_p), size)


def split(native: ctypes.CDLL, data: bytes) -> Packet | None:
    packet, kept = Packet(), ctypes.create_string_buffer(data, max(1, len(data)))
    packet.kept = kept
    native.rtp_split.restype = c_bool
    return packet if native.rtp_split(kept, c_size_t(len(data)), ctypes.byref(packet)) else None


def parts(packet: Packet) -> rtp.Parts:
    extension = None
    if packet.extension:
        extension = packet.profile, bytes_at(packet.extension, packet.extension_size)
    return (
        packet.payload_type,
        packet.ssrc,
        packet.sequence,
        packet.timestamp,
        packet.marker,
        bytes_at(packet.payload, packet.size),
        extension,
    )


def value(native: ctypes.CDLL, packet: Packet, number: int) -> bytes | None:
    size = c_size_t()
    native.rtp_extension.restype = BYTES
    found = native.rtp_extension(ctypes.byref(packet), number, ctypes.byref(size))
    return bytes_at(found, size.value) if found else None


def compare(native: ctypes.CDLL, data: bytes, numbers: range = range(1, 16)) -> None:
    found = split(native, data)
    try:
        expected = rtp.split(data)
    except rtp.Malformed:
        assert found is None
        return
    assert found is not None
    assert parts(found) == expected
    for number in numbers:
        assert value(native, found, number) == rtp.extension_value(expected[6], number)


def test_the_recorded_packets_are_read_as_in_python(native: ctypes.CDLL) -> None:
    assert PACKETS
    for data in PACKETS:
        assert split(native, data) is not None
        compare(native, data)


@given(data=datagrams(PACKETS))
def test_any_datagram_is_read_as_in_python(native: ctypes.CDLL, data: bytes) -> None:
    compare(native, data)


@given(
    first=some.integers(0x80, 0xBF),
    words=some.integers(0, 20),
    rest=some.binary(max_size=80),
    padding=some.integers(0, 255),
)
def test_any_head_is_read_as_in_python(
    native: ctypes.CDLL, first: int, words: int, rest: bytes, padding: int
) -> None:
    head = struct.pack("!BBHII", first, 0xE0, 1, 2, 3) + bytes(4 * (first & 15))
    compare(native, head + struct.pack("!HH", 0xBEDE, words) + rest + bytes((padding,)))
    compare(native, head)
    compare(native, head[:-1] + bytes((padding,)))


@given(profile=PROFILES, body=some.binary(max_size=64), small=some.lists(some.integers(0, 34)))
def test_any_extension_has_the_values_that_it_has_in_python(
    native: ctypes.CDLL, profile: int, body: bytes, small: list[int]
) -> None:
    for each in (body, bytes(small), bytes(small) + body):
        whole = each + bytes(-len(each) & 3)
        head = struct.pack("!BBHIIHH", 0x90, 96, 1, 2, 3, profile, len(whole) // 4)
        compare(native, head + whole + b"payload", range(1, 256))


@given(seconds=some.floats(0, 2**31) | some.integers(0, 2**31).map(float))
@example(seconds=0.0)
@example(seconds=1_700_000_000.999_999_9)
def test_times_are_those_of_python(native: ctypes.CDLL, seconds: float) -> None:
    native.ntp_of.restype, native.ntp_of.argtypes = ctypes.c_uint64, (ctypes.c_double,)
    assert native.ntp_of(seconds) == rtp.ntp(seconds) % 2**64


@given(time=some.integers(0, 2**64 - 1))
def test_ntp_times_are_those_of_python(native: ctypes.CDLL, time: int) -> None:
    native.ntp_seconds.restype = ctypes.c_double
    assert native.ntp_seconds(ctypes.c_uint64(time)) == rtp.seconds(time)
