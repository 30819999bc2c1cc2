"""The pages in real old browsers: Chromium 80, 83, 92 and 107 open start, live, order, console.

For each page: whether its scripts began (1), and how many errors the console showed; of the live
page whether Buy is within the screen and a tap on it opens the order, whether the bag opens, and
whether the picture plays. No WebKit of 2020 is to be had: Safari's floor is held by
./scripts/check alone.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

from scripts.benches.lab.ports import ReservedPort
from scripts.benches.old_engines.browser import HEIGHT, Tab, tab_of
from scripts.benches.old_engines.packages import ENGINES, FOLDER, Engine, fetch
from scripts.benches.report import ROOT

Look = Callable[[Tab, dict[str, Any], dict[str, Any]], Awaitable[None]]
LIMITS = {f"{engine.name}.{page}.errors": 0.0 for engine in ENGINES for page in ("start", "order")}
FLOORS = {
    f"{engine.name}.{figure}": 1.0
    for engine in ENGINES
    for figure in (
        "start.begins",
        "live.begins",
        "live.buy_in_sight",
        "live.buy_opens",
        "live.bag_opens",
        "live.bag_fits",
        "order.begins",
        "console.begins",
        "console.chat_fits",
    )
}
_BEGUN = """!document.getElementById('too-old') || (document.getElementById('too-old').hidden
  && !document.querySelector('[aria-busy=true] .skeleton'))"""
# The middle of the first button that is shown and not covered, or null.
_MIDDLE = """(selector => {
  for (const button of document.querySelectorAll(selector)) {
    const { left, top, width, height } = button.getBoundingClientRect();
    const x = left + width / 2, y = top + height / 2;
    const there = width && document.elementFromPoint(x, y);
    if (there && button.contains(there)) return { x, y, bottom: top + height };
  }
  return null;
})"""
_PLAYS = "[...document.querySelectorAll('video')].some(each => each.videoWidth > 0)"
_OPEN = "Boolean(document.querySelector('dialog[open]'))"
# Each row's name has most of its width, and its button no more than its words need.
_BAG_FITS = """(() => {
  const rows = [...document.querySelectorAll('dialog[open] .bag__row')];
  const width = (row, part) => row.querySelector(part).offsetWidth;
  return rows.length > 0 && rows.every(row =>
    width(row, '.bag__look') > row.offsetWidth / 2 &&
    width(row, '.bag__buy') < row.offsetWidth / 2);
})()"""
# Whether the chat's input field, and each message, is wide enough to read.
_CHAT_FITS = """(() => {
  const parts = document.querySelectorAll('#say, [data-chat-list] > *');
  return parts.length > 1 && [...parts].every(part => part.offsetWidth > 80);
})()"""
_FILM_S = 240.0


async def run(long: bool, say: Callable[[str], None]) -> dict[str, Any]:
    """Open the pages in each browser; `long` keeps a picture of each in .bench/engines."""
    figures: dict[str, Any] = {}
    told: dict[str, Any] = {}
    programs = [(engine, await _fetched(engine, say)) for engine in ENGINES]
    async with _demo(say) as demo:
        for engine, program in programs:
            figures[engine.name], told[engine.name] = {}, {}
            for name, look in PAGES.items():
                say(f"{engine.name}: {name}")
                found, heard = await _visit(program, demo, name, look, long)
                figures[engine.name][name] = found
                told[engine.name][name] = heard
    return {**figures, "told": told, "runs": [figures]}


async def _fetched(engine: Engine, say: Callable[[str], None]) -> Path:
    say(f"{engine.package} has Chromium {engine.version}")
    return await fetch(engine)


async def _visit(
    program: Path, demo: dict[str, Any], name: str, look: Look, keeps_picture: bool
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the figures of a page in a browser of its own, and what that says of itself."""
    found: dict[str, Any] = {"begins": 0}
    heard: dict[str, Any] = {}
    async with tab_of(program) as tab:
        try:
            heard["browser"] = (await tab.send("Browser.getVersion"))["product"]
            heard["webrtc"] = await tab.run("typeof RTCPeerConnection === 'function'")
            await look(tab, demo, found)
            if keeps_picture:
                await tab.picture(program.parent / f"{name}.png")
        except (RuntimeError, TimeoutError) as error:
            heard["failed"] = str(error) or "it did not answer in time"
        found["errors"] = len(tab.errors)
        heard["errors"] = list(dict.fromkeys(tab.errors))[:10]
    return found, heard


async def _open(tab: Tab, url: str, found: dict[str, Any]) -> None:
    began = time.monotonic()
    await tab.open(url)
    found["begins"] = int(await tab.wait(_BEGUN))
    found["ready_s"] = round(time.monotonic() - began, 2)


async def _start(tab: Tab, demo: dict[str, Any], found: dict[str, Any]) -> None:
    await _open(tab, f"{demo['url']}/?lang=en", found)


async def _order(tab: Tab, demo: dict[str, Any], found: dict[str, Any]) -> None:
    await tab.open(demo["url"])
    token = await tab.run(_placed(demo))
    await _open(tab, f"{demo['url']}/order/{token}", found)


async def _console(tab: Tab, demo: dict[str, Any], found: dict[str, Any]) -> None:
    await tab.open(demo["url"])
    await tab.run(_signed_in(demo))
    await _open(tab, f"{demo['url']}/studio/{demo['live']}", found)
    found["plays"] = int(await tab.wait(_PLAYS))
    found["chat_fits"] = int(await tab.wait(_CHAT_FITS))


async def _live(tab: Tab, demo: dict[str, Any], found: dict[str, Any]) -> None:
    await _open(tab, f"{demo['url']}/live/{demo['live']}", found)
    found["plays"] = int(await tab.wait(_PLAYS))
    # The demo's host pins a card a few seconds after each minute's start, at the latest.
    await tab.wait(f"Boolean({_MIDDLE}('.pinned__buy'))", 60.0)
    buy = await tab.run(f"{_MIDDLE}('.pinned__buy')")
    found["buy_in_sight"] = int(bool(buy) and buy["bottom"] <= HEIGHT)
    found["buy_opens"] = 0
    if buy:
        await tab.tap(buy["x"], buy["y"])
        found["buy_opens"] = int(await tab.wait(_OPEN))
        await tab.run("document.querySelectorAll('dialog[open]').forEach(each => each.close())")
    bag = await tab.run(f"{_MIDDLE}('#bag-open')")
    found["bag_opens"] = found["bag_fits"] = 0
    if bag:
        await tab.tap(bag["x"], bag["y"])
        shown = "document.querySelectorAll('dialog[open] .bag__row:not([aria-busy])').length > 0"
        found["bag_opens"] = int(await tab.wait(shown))
        found["bag_fits"] = int(await tab.wait(_BAG_FITS))


PAGES = {"start": _start, "live": _live, "order": _order, "console": _console}


def _posted(path: str, body: dict[str, Any], key: str) -> str:
    return f"""fetch({json.dumps(path)}, {{ method: 'POST', body: {json.dumps(json.dumps(body))},
      headers: {{ 'content-type': 'application/json',
        'idempotency-key': '{os.urandom(12).hex()}' }} }})
      .then(answer => answer.json()).then(said => said[{json.dumps(key)}])"""


def _placed(demo: dict[str, Any]) -> str:
    """Return a script that places an order, and gives the token of its page."""
    offer = demo["offers"][0]
    body = {
        "lines": [{"offer": offer["id"], "quantity": 1, "price": offer["price"]["amount"]}],
        "buyer": {"name": "测量", "phone": "13800138000"},
        "delivery": {"way": "parcel", "address": "福建省福州市鼓楼区东街 12 号"},
        "payment": "cash_on_delivery",
    }
    return _posted(f"/api/v1/broadcasts/{demo['live']}/orders", body, "token")


def _signed_in(demo: dict[str, Any]) -> str:
    host = next(user for user in demo["users"] if user["role"] == "host")
    return _posted("/api/v1/session", {k: host[k] for k in ("name", "password")}, "name")


@contextlib.asynccontextmanager
async def _demo(say: Callable[[str], None]) -> AsyncIterator[dict[str, Any]]:
    """Start the demo county in .bench/engines; give its demo.json, and end it afterwards."""
    data, ports = FOLDER / "demo", [ReservedPort(), ReservedPort()]
    data.mkdir(parents=True, exist_ok=True)
    (data / "demo.json").unlink(missing_ok=True)
    say("starting the demo county; its film is drawn once")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "farmlive", "demo", "--data", str(data), "--host", "127.0.0.1"),
        *("--port", str(ports[0].port), "--udp-port", str(ports[1].port)),
        cwd=ROOT,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(_FILM_S):
            while not (data / "demo.json").exists():
                if process.returncode is not None:
                    raise RuntimeError("the demo ended before it began")
                await asyncio.sleep(0.2)
        yield dict(json.loads((data / "demo.json").read_text()))
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)
        await process.wait()
        for port in ports:
            port.close()
