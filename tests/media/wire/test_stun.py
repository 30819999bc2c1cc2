"""STUN against the test vectors of RFC 5769 and against aioice."""

import aioice.stun
import pytest
from hypothesis import given
from hypothesis import strategies as some

from farmlive.media.wire import stun

# RFC 5769, section 2.1: the sample request, password VOkJxbRl1RmTxUk/WvJxBt.
REQUEST = bytes.fromhex(
    "000100582112a442b7e7a701bc34d686fa87dfae"
    "802200105354554e207465737420636c69656e74"
    "002400046e0001ff80290008932ff9b151263b36"
    "000600096576746a3a68367659202020"
    "000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2"
    "80280004e57a3bcf"
)
KEY = b"VOkJxbRl1RmTxUk/WvJxBt"


def test_reads_the_sample_request() -> None:
    message = stun.parse(REQUEST)
    assert message.kind == stun.BINDING_REQUEST
    assert message.username == "evtj:h6vY"
    assert message.transaction.hex() == "b7e7a701bc34d686fa87dfae"
    assert message.authentic(KEY)
    assert not message.authentic(b"another")
    assert not message.use_candidate


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8:1234:5678:11:2233:4455:6677"])
def test_aioice_reads_our_success(address: str) -> None:
    response = stun.success(stun.parse(REQUEST), address, 32853, KEY)
    read = aioice.stun.parse_message(response)
    assert read.check_message_integrity(KEY)
    assert read.message_class == aioice.stun.Class.RESPONSE
    assert read.transaction_id.hex() == "b7e7a701bc34d686fa87dfae"
    assert read.attributes["XOR-MAPPED-ADDRESS"] == (address, 32853)


def test_reads_our_request() -> None:
    message = stun.parse(stun.request("a:b", b"key", bytes(12), use_candidate=True))
    assert message.username == "a:b"
    assert message.use_candidate
    assert message.authentic(b"key")


def test_attributes_after_the_integrity_do_not_count() -> None:
    signed = stun.request("a:b", b"key", bytes(12))
    body = signed[20:-8] + bytes.fromhex("00250000")
    forged = signed[:2] + len(body).to_bytes(2, "big") + signed[4:20] + body
    assert not stun.parse(forged).use_candidate


@pytest.mark.parametrize(
    "data",
    [
        b"",
        REQUEST[:19],
        REQUEST[:-1],
        REQUEST + bytes(4),
        b"\x40" + REQUEST[1:],
        REQUEST[:-1] + b"\x00",
        REQUEST[:4] + bytes(4) + REQUEST[8:],
        REQUEST[:22] + b"\xff\xff" + REQUEST[24:],
    ],
)
def test_refuses_what_is_no_message(data: bytes) -> None:
    with pytest.raises(stun.Malformed):
        stun.parse(data)


@given(some.binary(max_size=60))
def test_any_datagram_is_read_or_malformed(body: bytes) -> None:
    size = len(body).to_bytes(2, "big")
    for data in (body, REQUEST[:2] + size + REQUEST[4:20] + body):
        try:
            message = stun.parse(data)
        except stun.Malformed:
            continue
        assert not message.authentic(KEY)
