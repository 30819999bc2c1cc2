"""A network out of which nothing leads but a TURN server: Chromium goes by a real coturn."""

import asyncio
import secrets
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import expect
from pydantic import SecretStr
from tests.browser.conftest import PHONE, Open, Sale
from tests.browser.support.playing import FRAMES, KEPT, picture
from tests.support.free_ports import free_port
from tests.support.waiting import LONG_S

from farmlive.server import Server, running
from farmlive.settings import Settings

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(shutil.which("turnserver") is None, reason="coturn is not installed"),
]

# This network lets nothing through but to a relay server.
RELAY_ALONE = (
    KEPT
    + """
const plain = window.RTCPeerConnection;
window.RTCPeerConnection = class extends plain {
  constructor(how) {
    super({ ...how, iceTransportPolicy: "relay" });
    this.begunWith = how.iceServers.length;
  }
};
"""
)
SECRET = secrets.token_hex(8)


@pytest_asyncio.fixture(loop_scope="session")
async def turn(tmp_path: Path) -> AsyncIterator[int]:
    """The port of a coturn on loopback that takes credentials made with the secret."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        "turnserver",
        *("-n", "--no-cli", "--no-tls", "--no-dtls", "--allow-loopback-peers"),
        *("--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1", f"--listening-port={port}"),
        *("--denied-peer-ip=0.0.0.0-255.255.255.255", "--allowed-peer-ip=127.0.0.1"),
        *("--use-auth-secret", f"--static-auth-secret={SECRET}", "--realm=example.org"),
        *("--log-file=stdout", f"--pidfile={tmp_path}/pid", f"--userdb={tmp_path}/db"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(LONG_S):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    break
                except OSError:
                    await asyncio.sleep(0.05)
        writer.close()
        yield port
    finally:
        process.terminate()
        await process.wait()


@pytest_asyncio.fixture(loop_scope="session")
async def site(settings: Settings, turn: int) -> AsyncIterator[Server]:
    urls = (f"turn:127.0.0.1:{turn}?transport=udp", f"turn:127.0.0.1:{turn}?transport=tcp")
    update = {"turn_urls": urls, "turn_secret": SecretStr(SECRET)}
    async with running(settings.model_copy(update=update)) as server:
        yield server


async def test_a_viewer_goes_by_a_relay_where_nothing_else_does(
    site: Server, sale: Sale, key: str, open_page: Open
) -> None:
    async with picture(site, sale, key):
        page = await open_page(sale.path, size=PHONE, script=RELAY_ALONE, language="zh")
        async with asyncio.timeout(LONG_S):
            await page.evaluate(FRAMES, 10)
        await expect(page.locator("#way")).to_have_text("此网络直连不通，画面经中转服务器送达。")
        # By a restart of the session that was there: it began without a relay server. (Where the
        # machine was too busy for that in twelve seconds it is a second one, restarted as well.)
        assert await page.evaluate("window.asked.filter((each) => each === 'PATCH').length") >= 1
        servers = "window.connections.at(-1).getConfiguration().iceServers.length"
        assert await page.evaluate(f"[window.connections.at(-1).begunWith, {servers}]") == [0, 2]
