"""STUN from anyone."""

import ipaddress

import aioice.stun
from hypothesis import given
from hypothesis import strategies as some
from tests.fuzz.corpus import PASSWORD, SESSIONS
from tests.fuzz.mutants import datagrams, steps

from farmlive.client.media import stun as client
from farmlive.media.wire import stun

CHECKS = [data for session in SESSIONS for data in session.stun]
KEY = PASSWORD.encode()
ADDRESSES = some.ip_addresses(v=4) | some.ip_addresses(v=6)


def test_the_recorded_checks_are_read_and_authentic() -> None:
    assert CHECKS
    for data in CHECKS:
        message = stun.parse(data)
        assert message.kind == stun.BINDING_REQUEST
        assert message.username.startswith("corpus")
        assert message.authentic(KEY)


@given(datagrams(CHECKS))
def test_any_datagram_is_read_within_its_bounds_or_malformed(data: bytes) -> None:
    try:
        message = stun.parse(data)
    except stun.Malformed:
        return
    assert len(data) >= 20
    assert message.raw == data
    assert message.transaction == data[8:20]
    assert message.username.encode() in data[20:]
    if message.integrity_at is not None:
        assert 20 <= message.integrity_at <= len(data) - 24
    assert isinstance(message.authentic(KEY), bool)


@given(some.sampled_from(CHECKS), some.data())
def test_a_flipped_bit_of_what_is_signed_is_noticed(check: bytes, data: some.DataObject) -> None:
    # Without the fingerprint, which would notice it first.
    bare = check[:2] + (len(check) - 28).to_bytes(2, "big") + check[4:-8]
    assert stun.parse(bare).authentic(KEY)
    at = data.draw(some.integers(0, len(bare) * 8 - 1))
    changed = bytearray(bare)
    changed[at // 8] ^= 1 << at % 8
    try:
        assert not stun.parse(bytes(changed)).authentic(KEY)
    except stun.Malformed:
        return


@given(
    some.text(max_size=120), some.binary(max_size=64), some.binary(min_size=12, max_size=12),
    some.booleans(),
)  # fmt: skip
def test_a_request_is_read_as_it_was_written(
    username: str, key: bytes, transaction_id_of: bytes, nominate: bool
) -> None:
    message = stun.parse(stun.request(username, key, transaction_id_of, use_candidate=nominate))
    assert (message.kind, message.username) == (stun.BINDING_REQUEST, username)
    assert (message.transaction, message.use_candidate) == (transaction_id_of, nominate)
    assert message.authentic(key)
    assert not message.authentic(key + b"x")


@given(some.sampled_from(CHECKS), ADDRESSES, some.integers(0, 65535))
def test_others_read_our_success(
    check: bytes, address: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int
) -> None:
    response = stun.success(stun.parse(check), str(address), port, KEY)
    assert client.has_integrity(response, PASSWORD)
    read = aioice.stun.parse_message(response)
    assert read.check_message_integrity(KEY)
    assert read.transaction_id == check[8:20]
    host, told = read.attributes["XOR-MAPPED-ADDRESS"]
    assert (ipaddress.ip_address(host), told) == (address, port)


def test_the_work_grows_with_the_size() -> None:
    def cost(attributes: int) -> int:
        body = bytes.fromhex("00060000") * attributes
        head = b"\x00\x01" + len(body).to_bytes(2, "big") + CHECKS[0][4:20]
        return steps(lambda: stun.parse(head + body))

    assert cost(16_000) < 4.2 * cost(4_000)
