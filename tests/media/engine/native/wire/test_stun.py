"""STUN in C reads and writes what it does in Python."""

import ctypes
import hashlib
import hmac
import ipaddress
import socket
import struct
import zlib
from ctypes import POINTER, Structure, c_bool, c_size_t, c_ubyte, c_uint16

from hypothesis import given
from hypothesis import strategies as some
from tests.fuzz.corpus import PASSWORD, SESSIONS
from tests.fuzz.mutants import datagrams

from farmlive.media.wire import stun

CHECKS = [data for session in SESSIONS for data in session.stun]
KEY = PASSWORD.encode()
KEYS = some.just(KEY) | some.binary(max_size=200)
BYTES = POINTER(c_ubyte)
ADDRESSES = some.ip_addresses(v=4) | some.ip_addresses(v=6)
# As parsers see them where lengths and checksums are right: any attributes, each of any size.
NAMES = some.sampled_from((0x0006, 0x0006, 0x0008, 0x0020, 0x0025, 0x8028, 0xC057))
TEXTS = some.text(max_size=40).map(str.encode)
ENCODED = TEXTS | some.binary(max_size=24) | some.binary(min_size=20, max_size=20)


class Message(Structure):
    _fields_ = (
        ("kind", c_uint16),
        ("transaction", BYTES),
        ("username", BYTES),
        ("username_size", c_size_t),
        ("use_candidate", c_bool),
        ("integrity_at", c_size_t),
        ("raw", BYTES),
        ("size", c_size_t),
    )


class Address(Structure):
    _fields_ = (("name", c_ubyte * 28), ("size", ctypes.c_uint))


def parse(native: ctypes.CDLL, data: bytes) -> Message | None:
    """The message keeps pointers into a copy of the datagram, which it keeps."""
    message, kept = Message(), ctypes.create_string_buffer(data, max(1, len(data)))
    message.kept = kept
    native.stun_parse.restype = c_bool
    return message if native.stun_parse(kept, c_size_t(len(data)), ctypes.byref(message)) else None


def bytes_at(pointer: "ctypes._Pointer[c_ubyte]", size: int) -> bytes:
    return ctypes.string_at(ctypes.cast(pointer, ctypes.c_void_p), size)


def authentic(native: ctypes.CDLL, message: Message, key: bytes) -> bool:
    native.stun_authentic.restype = c_bool
    found: bool = native.stun_authentic(ctypes.byref(message), key, c_size_t(len(key)))
    return found


def address(native: ctypes.CDLL, host: str, port: int) -> Address:
    found = Address()
    native.address_read.restype = c_bool
    assert native.address_read(ctypes.byref(found), host.encode(), port)
    return found


def success(native: ctypes.CDLL, request: Message, host: str, port: int, key: bytes) -> bytes:
    out = ctypes.create_string_buffer(76)
    native.stun_success.restype = c_size_t
    size = native.stun_success(
        ctypes.byref(request),
        ctypes.byref(address(native, host, port)),
        key,
        c_size_t(len(key)),
        out,
    )
    return out.raw[:size]


def compare(native: ctypes.CDLL, data: bytes, key: bytes) -> None:
    found = parse(native, data)
    try:
        expected = stun.parse(data)
    except stun.Malformed:
        assert found is None
        return
    assert found is not None
    assert (found.kind, bytes_at(found.transaction, 12)) == (expected.kind, expected.transaction)
    assert bytes_at(found.username, found.username_size).decode() == expected.username
    assert found.use_candidate == expected.use_candidate
    assert found.integrity_at == (expected.integrity_at or 0)
    assert bytes_at(found.raw, found.size) == data
    assert authentic(native, found, key) == expected.authentic(key)


def message(attributes: list[tuple[int, bytes]], fingerprint: bool) -> bytes:
    body = b""
    for name, value in attributes:
        body += name.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value
        body += bytes(-len(value) & 3)
    data = b"\0\1" + (len(body) + 8 * fingerprint).to_bytes(2, "big") + CHECKS[0][4:20] + body
    if fingerprint:
        code = zlib.crc32(data) ^ 0x5354554E
        data += bytes.fromhex("80280004") + code.to_bytes(4, "big")
    return data


def test_the_recorded_checks_are_read_and_authentic(native: ctypes.CDLL) -> None:
    assert CHECKS
    for data in CHECKS:
        compare(native, data, KEY)
        found = parse(native, data)
        assert found is not None
        assert authentic(native, found, KEY)
        assert not authentic(native, found, KEY + b"x")


@given(data=datagrams(CHECKS), key=KEYS)
def test_any_datagram_is_read_as_in_python(native: ctypes.CDLL, data: bytes, key: bytes) -> None:
    compare(native, data, key)


@given(attributes=some.lists(some.tuples(NAMES, ENCODED), max_size=6), fingerprint=some.booleans())
def test_any_attributes_are_read_as_in_python(
    native: ctypes.CDLL, attributes: list[tuple[int, bytes]], fingerprint: bool
) -> None:
    compare(native, message(attributes, fingerprint), KEY)


@given(
    kind=some.sampled_from((0x0001, 0x0101, 0x4001, 0x8001, 0xC001)) | some.integers(0, 0xFFFF),
    cookie=some.sampled_from((0x2112A442, 0x2112A442, 0x2112A443, 0)),
    size=some.integers(0, 40),
    more=some.integers(-4, 4),
)
def test_any_head_is_read_as_in_python(
    native: ctypes.CDLL, kind: int, cookie: int, size: int, more: int
) -> None:
    head = struct.pack("!HHI", kind, max(0, size + more), cookie) + bytes(12)
    compare(native, head + bytes(size), KEY)
    compare(native, head[: 20 - size] + bytes(more & 3), KEY)
    # One attribute, not filled up to a word.
    head = struct.pack("!HHI", kind, 4 + size, cookie) + bytes(12)
    compare(native, head + struct.pack("!HH", 0xC057, size) + bytes(size), KEY)


def test_a_right_fingerprint_counts_only_at_the_end_and_of_its_size(native: ctypes.CDLL) -> None:
    for size, after, read in ((4, b"", True), (4, b"\0\x25\0\0", False), (8, b"", False)):
        length = 4 + size + len(after)
        head = b"\0\1" + length.to_bytes(2, "big") + CHECKS[0][4:20]
        code = zlib.crc32(head) ^ 0x5354554E
        data = head + struct.pack("!HHI", 0x8028, size, code) + bytes(size - 4) + after
        compare(native, data, KEY)
        assert (parse(native, data) is not None) == read


@given(
    heads=some.lists(some.integers(0x70, 0xFF), min_size=1, max_size=6),
    tail=some.binary(max_size=4),
)
def test_a_name_is_text_where_python_reads_it(
    native: ctypes.CDLL, heads: list[int], tail: bytes
) -> None:
    compare(native, message([(0x0006, bytes(heads) + tail)], True), KEY)


def test_every_short_name_is_text_where_python_reads_it(native: ctypes.CDLL) -> None:
    # All heads with second bytes about the edges of each range, and all that may follow.
    edges = (0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF)
    for head in range(0x7F, 0x100):
        for second in edges:
            for rest in (b"", b"\x80", b"\xbf\x80", b"\x80\xc0", b"\x80\x80\x80", b"\x7f"):
                compare(native, message([(0x0006, bytes((head, second)) + rest)], False), KEY)


@given(
    username=some.text(max_size=120),
    key=KEYS,
    transaction=some.binary(min_size=12, max_size=12),
    nominate=some.booleans(),
)
def test_a_request_is_read_as_it_was_written(
    native: ctypes.CDLL, username: str, key: bytes, transaction: bytes, nominate: bool
) -> None:
    data = stun.request(username, key, transaction, use_candidate=nominate)
    compare(native, data, key)
    found = parse(native, data)
    assert found is not None
    assert authentic(native, found, key)


@given(check=some.sampled_from(CHECKS), host=ADDRESSES, port=some.integers(0, 65535), key=KEYS)
def test_a_success_is_the_same_as_in_python(
    native: ctypes.CDLL,
    check: bytes,
    host: ipaddress.IPv4Address | ipaddress.IPv6Address,
    port: int,
    key: bytes,
) -> None:
    request = parse(native, check)
    assert request is not None
    expected = stun.success(stun.parse(check), str(host), port, key)
    assert success(native, request, str(host), port, key) == expected


@given(key=some.binary(max_size=150), head=some.binary(max_size=9), body=some.binary(max_size=300))
def test_codes_are_those_of_hmac_sha1(
    native: ctypes.CDLL, key: bytes, head: bytes, body: bytes
) -> None:
    assert code(native, key, head, body) == hmac.digest(key, head + body, "sha1")


def code(native: ctypes.CDLL, key: bytes, head: bytes, body: bytes) -> bytes:
    out = ctypes.create_string_buffer(20)
    native.sha1_hmac(
        key, c_size_t(len(key)), head, c_size_t(len(head)), body, c_size_t(len(body)), out
    )
    return out.raw


def test_codes_are_right_at_every_size_about_a_block(native: ctypes.CDLL) -> None:
    for size in range(200):
        body = bytes(range(size))
        assert code(native, b"key", b"", body) == hmac.digest(b"key", body, "sha1")
        assert code(native, body, b"", b"") == hmac.digest(body, b"", hashlib.sha1)


def told(native: ctypes.CDLL, found: Address) -> tuple[str, int]:
    out = ctypes.create_string_buffer(46)
    native.address_host(ctypes.byref(found), out)
    native.address_port.restype = c_uint16
    return out.value.decode(), native.address_port(ctypes.byref(found))


def hashed(native: ctypes.CDLL, found: Address) -> int:
    native.address_hash.restype = ctypes.c_uint64
    value: int = native.address_hash(ctypes.byref(found))
    return value


def equal(native: ctypes.CDLL, a: Address, b: Address) -> bool:
    native.address_equal.restype = c_bool
    found: bool = native.address_equal(ctypes.byref(a), ctypes.byref(b))
    return found


@given(host=ADDRESSES, port=some.integers(0, 65535))
def test_an_address_is_written_as_the_socket_module_has_it(
    native: ctypes.CDLL, host: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int
) -> None:
    family = socket.AF_INET if host.version == 4 else socket.AF_INET6
    text = socket.inet_ntop(family, host.packed)
    found = address(native, text, port)
    assert told(native, found) == (text, port)
    assert found.size == (16 if host.version == 4 else 28)
    assert bytes(found.name[:2]) == family.to_bytes(2, "little")


@given(hosts=some.tuples(ADDRESSES, ADDRESSES), ports=some.tuples(*[some.integers(0, 3)] * 2))
def test_addresses_are_equal_where_host_and_port_are(
    native: ctypes.CDLL,
    hosts: tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, ...],
    ports: tuple[int, int],
) -> None:
    a, b = (address(native, str(host), port) for host, port in zip(hosts, ports, strict=True))
    again = address(native, str(hosts[0]), ports[0])
    assert equal(native, a, again)
    assert hashed(native, a) == hashed(native, again)
    same = (hosts[0], ports[0]) == (hosts[1], ports[1])
    assert equal(native, a, b) == same
    assert (hashed(native, a) == hashed(native, b)) == same


def test_a_scope_is_part_of_an_address_and_not_of_its_host(native: ctypes.CDLL) -> None:
    one, other = (address(native, f"fe80::1%{scope}", 7) for scope in ("lo", "4000000000"))
    assert told(native, one) == told(native, other) == ("fe80::1", 7)
    assert int.from_bytes(bytes(one.name[24:28]), "little") == socket.if_nametoindex("lo")
    assert not equal(native, one, other)
    assert hashed(native, one) != hashed(native, other)
    one.name[4:8] = [1, 2, 3, 4]  # the flow label, which does not count
    again = address(native, "fe80::1%lo", 7)
    assert equal(native, one, again)
    assert hashed(native, one) == hashed(native, again)


def test_what_is_no_address_is_refused(native: ctypes.CDLL) -> None:
    native.address_read.restype = c_bool
    for host, port in (
        ("", 1), ("localhost", 1), ("1.2.3", 1), ("1.2.3.4%lo", 1), ("::1::", 1), ("::1%", 1),
        ("::1%nowhere", 1), ("::1%4294967296", 1), ("::1%1x", 1), ("1" * 300, 1),
        ("127.0.0.1", 65536),
    ):  # fmt: skip
        assert not native.address_read(ctypes.byref(Address()), host.encode(), port), host
