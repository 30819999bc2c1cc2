"""A browser of any age, driven by the Chrome DevTools Protocol: today's drivers know no Chromium of
2020.
"""

import asyncio
import base64
import contextlib
import itertools
import json
import os
import re
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

WIDTH, HEIGHT = 390, 844
_ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--remote-debugging-port=0",
)
_LISTENING = re.compile(rb"DevTools listening on (ws://\S+)")


class BrowserEnded(RuntimeError):
    """The browser ended by itself, or its page did."""


class Tab:
    """A phone's page: it opens addresses, runs scripts, and keeps what the console said."""

    def __init__(self, socket: ClientConnection):
        self._socket = socket
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._session: str | None = None
        self._loaded = asyncio.Event()
        self._reading = asyncio.create_task(self._read())
        self.errors: list[str] = []

    async def begin(self) -> None:
        """Open the tab, as large as a phone's screen and with its touch."""
        made = await self.send("Target.createTarget", url="about:blank")
        attached = await self.send("Target.attachToTarget", targetId=made["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "Inspector"):
            await self.send(f"{domain}.enable")
        await self.send(
            "Emulation.setDeviceMetricsOverride",
            width=WIDTH,
            height=HEIGHT,
            deviceScaleFactor=1,
            mobile=True,
        )
        await self.send("Emulation.setTouchEmulationEnabled", enabled=True)

    async def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command of the protocol; return its result."""
        number = next(self._numbers)
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send(json.dumps(message))
        async with asyncio.timeout(90):
            said = await answer
        if "error" in said:
            raise RuntimeError(f"{method}: {said['error']['message']}")
        return dict(said["result"])

    async def open(self, url: str) -> None:
        """Open an address and wait until it is loaded."""
        self._loaded.clear()
        self.errors.clear()
        await self.send("Page.navigate", url=url)
        async with asyncio.timeout(30):
            await self._loaded.wait()

    async def run(self, script: str) -> Any:
        """Return what a script's expression, or the promise of it, comes to."""
        said = await self.send(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in said:
            raise RuntimeError(_words_of(said["exceptionDetails"]))
        return said["result"].get("value")

    async def wait(self, script: str, most_s: float = 10.0) -> bool:
        """Return whether an expression comes true in that time."""
        return bool(
            await self.run(
                f"""new Promise(end => {{
                  const last = Date.now() + {most_s * 1000:.0f};
                  (function look() {{
                    if ({script}) end(true);
                    else if (Date.now() > last) end(false);
                    else setTimeout(look, 100);
                  }})();
                }})"""
            )
        )

    async def tap(self, x: float, y: float) -> None:
        """Tap a point of the screen."""
        for kind in ("mousePressed", "mouseReleased"):
            await self.send(
                "Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1
            )

    async def picture(self, path: Path) -> None:
        """Write what the screen shows as a PNG file."""
        said = await self.send("Page.captureScreenshot", format="png")
        await asyncio.to_thread(path.write_bytes, base64.b64decode(said["data"]))

    async def close(self) -> None:
        """Stop reading."""
        self._reading.cancel()

    async def _read(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for text in self._socket:
                message = json.loads(text)
                if (number := message.get("id")) in self._answers:
                    self._answers.pop(number).set_result(message)
                self._note(message.get("method", ""), message.get("params", {}))
        self._fail("the browser ended")

    def _fail(self, why: str) -> None:
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(BrowserEnded(why))
        self._answers.clear()

    def _note(self, method: str, said: dict[str, Any]) -> None:
        if method == "Page.loadEventFired":
            self._loaded.set()
        elif method == "Inspector.targetCrashed":
            self._fail("the page crashed")
        elif method == "Runtime.exceptionThrown":
            self.errors.append(_words_of(said["exceptionDetails"]))
        elif method == "Log.entryAdded" and said["entry"]["level"] == "error":
            self.errors.append(f"{said['entry']['text']} {said['entry'].get('url', '')}".strip())


def _words_of(details: dict[str, Any]) -> str:
    thrown = details.get("exception", {}).get("description") or details.get("text", "")
    where = f"{details.get('url', '').rpartition('/')[2]}:{details.get('lineNumber', 0) + 1}"
    return f"{thrown.splitlines()[0]} ({where})"


@contextlib.asynccontextmanager
async def tab_of(program: Path) -> AsyncIterator[Tab]:
    """Start a browser with a profile of its own; give a tab of it, and end it afterwards."""
    beside = program.parent
    libraries = os.pathsep.join([str(beside / "lib"), str(beside / "swiftshader")])
    environment = {**os.environ, "LD_LIBRARY_PATH": libraries, "FONTCONFIG_PATH": "/etc/fonts"}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            *(str(program), *_ARGUMENTS, f"--user-data-dir={profile}", "about:blank"),
            env=environment,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        draining = None
        try:
            assert process.stderr
            async with asyncio.timeout(30):
                while not (found := _LISTENING.search(await _line(process.stderr))):
                    pass
            draining = asyncio.create_task(_drain(process.stderr))
            async with connect(found[1].decode(), max_size=None, compression=None) as socket:
                tab = Tab(socket)
                await tab.begin()
                yield tab
                await tab.close()
        finally:
            if draining:
                draining.cancel()
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def _line(stream: asyncio.StreamReader) -> bytes:
    line = await stream.readline()
    if not line:
        raise RuntimeError("the browser ended before it listened")
    return line


async def _drain(stream: asyncio.StreamReader) -> None:
    while await stream.read(65536):
        pass
