"""The handshake between two ends, with datagrams lost by a script."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from structlog.testing import capture_logs
from tests.support.waiting import until

from farmlive.media.engine.interface import Keys
from farmlive.media.signalling.dtls import Certificate, Handshake


def certificate(curve: ec.EllipticCurve) -> Certificate:
    key = ec.generate_private_key(curve)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "farm")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=9))
    return Certificate(key, builder.sign(key, hashes.SHA256()))


class End:
    """One end: what it became, and the datagrams that it sent."""

    def __init__(self, role: str, own: Certificate, other: Certificate, lose: int = 0) -> None:
        self.sent: list[bytes] = []
        self.keys: Keys | None = None
        self.closed = 0
        self.lose = lose
        self.other: End
        fingerprints = [("sha-256", other.fingerprint)]
        self.handshake = Handshake(own, fingerprints, role, self._send, self._secured, self._close)

    def _send(self, data: bytes) -> None:
        self.sent.append(data)
        if len(self.sent) > self.lose:
            self.other.handshake.datagram(data)

    def _secured(self, keys: Keys) -> None:
        self.keys = keys

    def _close(self) -> None:
        self.closed += 1


def ends(own: Certificate, other: Certificate, lose: int = 0) -> tuple[End, End]:
    client, server = End("client", own, other, lose), End("server", other, own)
    client.other, server.other = server, client
    # Who speaks first is the last to begin.
    for end in (server, client):
        end.handshake.start()
    return client, server


@pytest.fixture(scope="module")
def ours() -> Certificate:
    return Certificate.generateCertificate()


async def test_both_ends_get_the_keys_of_the_other(ours: Certificate) -> None:
    client, server = ends(ours, certificate(ec.SECP256R1()))
    await until(lambda: client.keys and server.keys, "both have keys")
    assert client.keys
    assert server.keys
    assert client.keys.transmit == server.keys.receive
    assert client.keys.receive == server.keys.transmit
    sent = len(client.sent)
    assert sent == 2, "nothing was sent twice"
    client.handshake.stop()
    await until(lambda: server.closed, "the server is told")
    server.handshake.stop()
    assert client.closed == 0


@pytest.mark.parametrize("lose", [1, 3])
async def test_the_first_flight_is_soon_sent_again(
    ours: Certificate, lose: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Not by OpenSSL's timer of a second.
    monkeypatch.setattr(Handshake, "_on_timeout", lambda *_: None)
    client, server = ends(ours, certificate(ec.SECP256R1()), lose)
    await until(lambda: client.keys and server.keys, "both have keys")
    assert client.sent[: lose + 1] == client.sent[:1] * (lose + 1)
    for end in (client, server):
        end.handshake.stop()


async def test_an_end_that_never_answers_is_given_up(ours: Certificate) -> None:
    client = End("client", ours, ours, lose=1000)
    # Long after the last of these, and before the next one, at 750 ms.
    client.handshake.start(limit_s=0.74)
    await until(lambda: client.closed, "it is given up")
    assert len(client.sent) == 4, "at once, then after 50, 150 and 350 ms"
    client.handshake.stop()


@pytest.mark.parametrize(
    ("told", "good"),
    [
        (["sha-256"], True),
        (["sha-512", "sha-384"], True),
        (["sha-1", "sha-256"], True),
        (["sha-1"], False),
        (["sha-256", "sha-512 of another"], False),
    ],
    ids=str,
)
async def test_the_certificate_must_have_every_known_fingerprint(
    ours: Certificate, told: list[str], good: bool
) -> None:
    theirs, another = certificate(ec.SECP256R1()), certificate(ec.SECP256R1())
    client, server = End("client", theirs, ours), End("server", ours, theirs)
    client.other, server.other = server, client
    digests = {
        each: {f.algorithm: f.value for f in each.getFingerprints()} for each in (theirs, another)
    }
    fingerprints = [
        (name, digests[another if rest else theirs].get(name, "AA:BB").lower())
        for name, _, rest in (each.partition(" of ") for each in told)
    ]
    server.handshake = Handshake(
        ours, fingerprints, "server", server._send, server._secured, server._close
    )
    with capture_logs():
        server.handshake.start()
        client.handshake.start()
        await until(lambda: server.keys or server.closed, "it is decided")
    assert (server.keys is not None, server.closed) == (good, 0 if good else 1)
    for end in (client, server):
        end.handshake.stop()


async def test_a_lost_flight_of_the_server_is_sent_again(ours: Certificate) -> None:
    client, server = End("client", ours, ours), End("server", ours, ours, lose=1)
    client.other, server.other = server, client
    server.handshake.start()
    client.handshake.start()
    assert (len(client.sent), len(server.sent)) == (1, 1)
    await until(lambda: client.keys and server.keys, "both have keys")
    for end in (client, server):
        end.handshake.stop()


async def test_an_end_that_is_stopped_says_nothing_more_and_hears_nothing(
    ours: Certificate,
) -> None:
    never = End("client", ours, ours)
    never.handshake.stop()
    never.handshake.start()
    client, server = ends(ours, ours)
    client.handshake.stop()
    said = len(client.sent)
    for record in server.sent:
        client.handshake.datagram(record)
    client.handshake.stop()
    assert (never.sent, len(client.sent)) == ([], said)
    assert (server.closed, client.closed, never.closed) == (1, 0, 0)


async def test_a_certificate_that_tls_refuses_is_told_to_the_operator(ours: Certificate) -> None:
    with capture_logs() as logs:
        client, server = ends(ours, certificate(ec.SECP224R1()))
        await until(lambda: client.closed, "it is refused")
        for end in (client, server):
            end.handshake.stop()
    assert client.keys is None
    assert "P-256" in logs[0]["what_to_do"]
    assert logs[0]["log_level"] == "warning"


async def test_a_datagram_of_nothing_is_no_record(ours: Certificate) -> None:
    client, server = ends(ours, ours)
    for end in (client, server):
        end.handshake.datagram(b"")
    await until(lambda: client.keys and server.keys, "both have their keys")
    for end in (client, server):
        end.handshake.stop()


async def test_a_handshake_ends_in_time_whatever_comes(ours: Certificate) -> None:
    client = End("client", ours, ours, lose=1000)
    client.handshake.start(0.02)
    loop = asyncio.get_running_loop()
    # A record of an epoch that has not begun, which is dropped.
    noise = bytes.fromhex("17fefd0001000000000001000100")

    def disturb() -> None:
        # At every turn of the loop, so that one comes when the time is over.
        client.handshake.datagram(noise)
        if not client.closed:
            loop.call_soon(disturb)

    disturb()
    await until(lambda: client.closed, "the handshake has ended")
    client.handshake.stop()
    assert client.keys is None


async def test_a_hello_of_ours_fits_into_what_an_encoders_check_pays_for(ours: Certificate) -> None:
    """FFmpeg's check has 104 bytes, whose answer has 64, as our check of it has 100."""
    sent: list[bytes] = []
    handshake = Handshake(
        ours, [("sha-256", ours.fingerprint)], "client", sent.append, lambda _: None, lambda: None
    )
    handshake.start()
    handshake.stop()
    assert 64 + 100 + len(sent[0]) <= 3 * 104
