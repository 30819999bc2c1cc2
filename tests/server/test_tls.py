"""HTTPS as farmlive serves it by itself: what it agrees on with whom."""

import asyncio
import ipaddress
import ssl
import warnings
from pathlib import Path

import pytest

from farmlive.demo.authority import get_certificates
from farmlive.server import running
from farmlive.settings import Settings

OLD_CBC = "ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:AES128-SHA"


def lax(context: ssl.SSLContext, most: ssl.TLSVersion, ciphers: str) -> None:
    """Let it take whatever is old; else OpenSSL itself offers none of that."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, most
    context.set_ciphers(f"{ciphers}:@SECLEVEL=0")


async def agreed(port: int, most: ssl.TLSVersion, ciphers: str = "ALL") -> tuple[str, str]:
    """The version and the cipher on which a server agrees with a client of up to this version."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    lax(client, most, ciphers)
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client)
    cipher = writer.get_extra_info("cipher")
    writer.close()
    writer.transport.abort()
    return cipher[1], cipher[0]


async def test_it_agrees_on_the_newest_version_and_on_nothing_old(
    settings: Settings, tables: None, tmp_path: Path
) -> None:
    made = get_certificates(tmp_path, [ipaddress.ip_address("127.0.0.1")])
    update = {"tls_cert": made.chain, "tls_key": made.key}
    old = ((ssl.TLSVersion.TLSv1_1, "ALL"), (ssl.TLSVersion.TLSv1_2, OLD_CBC))
    async with running(settings.model_copy(update=update)) as server:
        version, _ = await agreed(server.port, ssl.TLSVersion.MAXIMUM_SUPPORTED)
        assert version == "TLSv1.3"
        _, cipher = await agreed(server.port, ssl.TLSVersion.TLSv1_2)
        assert "GCM" in cipher or "POLY1305" in cipher
        for each in old:
            with pytest.raises((ssl.SSLError, ConnectionError)):
                await agreed(server.port, *each)
    # It is the server that refuses: one that takes anything agrees on it with this client.
    takes = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    takes.load_cert_chain(made.chain, made.key)
    lax(takes, ssl.TLSVersion.MAXIMUM_SUPPORTED, "ALL")
    taker = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=takes)
    async with taker:
        for each in old:
            await agreed(taker.sockets[0].getsockname()[1], *each)
