"""Records the corpus anew: what real clients say to a relay on loopback, as its parsers see it.

    .venv/bin/python -m tests.fuzz.record

Chromium (/usr/bin/chromium), the ffmpeg of imageio-ffmpeg and aiortc publish and play, one after
the other. Media is kept as it is after unprotect. Of packets that look alike only the first are
kept; addresses of this machine become ones of RFC 5737, and the ICE passwords are not secrets.
"""

import asyncio
import json
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from playwright.async_api import Browser, async_playwright
from tests.fuzz.corpus import CORPUS, PASSWORD
from tests.media.support import packets
from tests.media.support.aiortc_peers import ffmpeg, publish, view
from tests.media.support.media_server import BROADCAST, Media, serving

from farmlive.media import relay
from farmlive.media.engine.interface import Credentials
from farmlive.media.engine.python.net.gso_batch import GsoBatch
from farmlive.media.engine.python.net.ice import IceLite
from farmlive.media.engine.python.send_group import SendGroup
from farmlive.media.engine.python.srtp import Protection
from farmlive.media.signalling import negotiation, session
from farmlive.media.wire import stun
from farmlive.settings import Settings

_ALIKE = 2
_RTCP = {200: "SR", 201: "RR", 202: "SDES", 203: "BYE", 204: "APP", 207: "XR"}
_FEEDBACK = {(205, 1): "NACK", (205, 15): "transport-cc", (206, 1): "PLI", (206, 4): "FIR",
             (206, 15): "REMB"}  # fmt: skip

# A page that sends or plays. `take` is a list of regular expressions: lines of the offer that the
# answer is made to accept, so that the browser sends what the relay would not ask for.
_PAGE = """
async (options) => {
  const canvas = document.createElement("canvas");
  canvas.width = 640; canvas.height = 360;
  const context = canvas.getContext("2d");
  let number = 0;
  setInterval(() => {
    context.fillStyle = `hsl(${number++ * 7 % 360} 80% 50%)`;
    context.fillRect(number * 5 % 600, number * 3 % 300, 80, 80);
  }, 33);
  const pc = new RTCPeerConnection();
  globalThis.pc = pc;
  if (options.way === "whip") {
    const audio = new AudioContext();
    const tone = new OscillatorNode(audio);
    const out = audio.createMediaStreamDestination();
    tone.connect(out); tone.start();
    const encodings = options.layers
      ? [{rid: "l", scaleResolutionDownBy: 4}, {rid: "m", scaleResolutionDownBy: 2}, {rid: "h"}]
      : [{}];
    const video = pc.addTransceiver(canvas.captureStream(30).getVideoTracks()[0],
      {direction: "sendonly", sendEncodings: encodings});
    const all = RTCRtpSender.getCapabilities("video").codecs;
    video.setCodecPreferences(all.filter((each) =>
      [options.codec, "video/rtx"].includes(each.mimeType)));
    const sound = pc.addTransceiver(out.stream.getAudioTracks()[0], {direction: "sendonly"});
    if (options.red) {
      const kinds = RTCRtpSender.getCapabilities("audio").codecs;
      sound.setCodecPreferences([...kinds.filter((each) => each.mimeType === "audio/red"),
        ...kinds.filter((each) => each.mimeType === "audio/opus")]);
    }
  } else {
    pc.addTransceiver("video", {direction: "recvonly"});
    pc.addTransceiver("audio", {direction: "recvonly"});
    pc.ontrack = (event) => {
      const element = document.createElement(event.track.kind);
      element.muted = true; element.autoplay = true;
      element.srcObject = new MediaStream([event.track]);
      document.body.append(element);
    };
  }
  await pc.setLocalDescription(await pc.createOffer());
  await new Promise((done) => {
    if (pc.iceGatheringState === "complete") done();
    pc.onicegatheringstatechange = () => pc.iceGatheringState === "complete" && done();
    setTimeout(done, 2000);
  });
  const response = await fetch(options.url, {method: "POST", body: pc.localDescription.sdp,
    headers: {"Content-Type": "application/sdp", "Authorization": "Bearer orchard"}});
  let answer = await response.text();
  if (!response.ok) throw new Error(answer);
  const offered = pc.localDescription.sdp.split("\\r\\n");
  const parts = (lines) => {
    const found = [[]];
    for (const line of lines) {
      if (line.startsWith("m=")) found.push([]);
      found.at(-1).push(line);
    }
    return found;
  };
  const ours = parts(offered), theirs = parts(answer.trimEnd().split("\\r\\n"));
  for (let index = 0; index < theirs.length; index++) {
    const wanted = options.take.map((each) => new RegExp(each));
    for (const line of ours[index]) {
      if (!theirs[index].includes(line) && wanted.some((each) => each.test(line))) {
        const type = line.match(/^a=rtpmap:(\\d+)/);
        if (type && !theirs[index][0].split(" ").includes(type[1])) {
          const words = theirs[index][0].split(" ");
          words.splice(3, 0, type[1]);
          theirs[index][0] = words.join(" ");
        }
        theirs[index].push(line.replace(/^a=rid:(\\S+) send/, "a=rid:$1 recv")
          .replace(/^a=simulcast:send/, "a=simulcast:recv"));
      }
    }
  }
  answer = theirs.flat().join("\\r\\n") + "\\r\\n";
  await pc.setRemoteDescription({type: "answer", sdp: answer});
  globalThis.session = response.headers.get("location");
}
"""


@dataclass
class Heard:
    """What one client said."""

    name: str
    way: str
    offer: str = ""
    kept: dict[str, list[list[str]]] = field(
        default_factory=lambda: {"stun": [], "rtp": [], "rtcp": []}
    )
    seen: dict[Any, int] = field(default_factory=dict)

    def keep(self, kind: str, alike: Any, what: str, data: bytes) -> None:
        key = kind, alike
        self.seen[key] = self.seen.get(key, 0) + 1
        if self.seen[key] <= _ALIKE:
            self.kept[kind].append([what, data.hex()])

    def take_stun(self, data: bytes) -> None:
        attributes = tuple(_stun_attributes(data))
        self.keep("stun", attributes, "check with " + " ".join(map(hex, attributes)), data)

    def take_rtp(self, data: bytes) -> None:
        received = packets.parse(data)
        extension = received.extension
        payload = received.packet.payload
        shape = None if extension is None else (extension[0], len(extension[1]))
        alike = (data[0], received.payload_type, shape, payload[:1], len(payload) > 300)
        what = f"type {received.payload_type}, {len(payload)} bytes"
        what += f", extension {extension[0]:x}" if extension else ""
        self.keep("rtp", alike, what, data)

    def take_rtcp(self, data: bytes) -> None:
        names = list(_rtcp_names(data))
        self.keep("rtcp", (tuple(names), len(data) // 64), " ".join(names), data)


def _stun_attributes(data: bytes) -> Iterator[int]:
    at = 20
    while at + 4 <= len(data):
        yield int.from_bytes(data[at : at + 2], "big")
        size = int.from_bytes(data[at + 2 : at + 4], "big")
        at += 4 + size + (-size & 3)


def _rtcp_names(data: bytes) -> Iterator[str]:
    at = 0
    while at + 4 <= len(data):
        kind, form = data[at + 1], data[at] & 31
        yield _RTCP.get(kind) or _FEEDBACK.get((kind, form)) or f"{kind}/{form}"
        at += 4 + 4 * int.from_bytes(data[at + 2 : at + 4], "big")


class Ear:
    """Hears all that the parsers are given, and knows whose it is by the order of the sessions."""

    def __init__(self) -> None:
        self.all: list[Heard] = []
        self.current: Heard | None = None
        self._by_ufrag: dict[str, Heard | None] = {}
        self._by_keys: dict[int, tuple[Protection, Heard | None]] = {}

    def begin(self, name: str, way: str) -> Heard:
        self.current = Heard(name, way)
        self.all.append(self.current)
        return self.current

    def credentials(self) -> Credentials:
        ufrag = f"corpus{len(self._by_ufrag)}"
        self._by_ufrag[ufrag] = self.current
        return Credentials(ufrag, PASSWORD)

    def _of(self, protection: Protection) -> Heard | None:
        return self._by_keys.setdefault(id(protection), (protection, self.current))[1]

    @contextmanager
    def listening(self) -> Iterator[None]:
        plain_rtp, plain_rtcp = Protection.unprotect, Protection.unprotect_rtcp
        plain_check = IceLite.check
        publish, view = negotiation.publish, negotiation.view

        def unprotect(protection: Protection, data: bytes) -> bytes:
            plain = plain_rtp(protection, data)
            heard = self._of(protection)
            if heard is not None:
                heard.take_rtp(plain)
            return plain

        def unprotect_rtcp(protection: Protection, data: bytes) -> bytes:
            plain = plain_rtcp(protection, data)
            heard = self._of(protection)
            if heard is not None:
                heard.take_rtcp(plain)
            return plain

        def check(ice: IceLite[Any], port: Any, data: bytes, *rest: Any) -> Any:
            name = stun.parse(data).username.partition(":")[0]
            heard = self._by_ufrag.get(name)
            if heard is not None:
                heard.take_stun(data)
            return plain_check(ice, port, data, *rest)

        def offered(answer: Callable[..., Any]) -> Callable[..., Any]:
            def heard(text: str, *rest: Any) -> Any:
                if self.current is not None and not self.current.offer:
                    self.current.offer = text
                return answer(text, *rest)

            return heard

        with (
            patch.object(Protection, "unprotect", unprotect),
            patch.object(Protection, "unprotect_rtcp", unprotect_rtcp),
            patch.object(IceLite, "check", check),
            patch.object(negotiation, "publish", offered(publish)),
            patch.object(negotiation, "view", offered(view)),
            patch.object(relay, "new_credentials", self.credentials),
            patch.object(session, "new_credentials", self.credentials),
        ):
            yield


def _anonymous(offer: str) -> list[str]:
    """The lines of an offer without an address or a name of this machine."""
    lines = []
    for line in offer.replace("\r", "").strip().split("\n"):
        line = re.sub(r"\b\d+\.\d+\.\d+\.\d+\b", _example, line)
        line = re.sub(r"^(a=candidate:(?:\S+ ){4})\S*:\S* ", r"\g<1>2001:db8::7 ", line)
        line = re.sub(r"[0-9a-f-]{36}\.local", "browser.local", line)
        lines.append(line)
    return lines


def _example(found: re.Match[str]) -> str:
    return found[0] if found[0] in ("0.0.0.0", "127.0.0.1") else "192.0.2.7"


async def _browser(
    chromium: Browser, media: Media, way: str, seconds: float, **options: Any
) -> None:
    page = await chromium.new_page()
    await page.route(
        f"{media.url}/", lambda route: route.fulfill(body="<html>", content_type="text/html")
    )
    await page.goto(f"{media.url}/")
    url = f"{media.url}/{way}/{BROADCAST}"
    given = {"codec": "", "layers": False, "red": False, "take": [], **options}
    await page.evaluate(_PAGE, {"way": way, "url": url, **given})
    await asyncio.sleep(seconds)
    await page.evaluate(
        'fetch(session, {method: "DELETE", headers: {Authorization: "Bearer orchard"}})'
    )
    await page.evaluate("pc.close()")
    await page.close()


async def _all(ear: Ear, folder: Path) -> None:
    settings = Settings(data=folder, port=0, udp_port=0, udp_addresses=("127.0.0.1",))
    count = 0
    plain_send = SendGroup.send

    def lossy(audience: SendGroup, run: GsoBatch) -> int:
        nonlocal count
        count += 1
        return 0 if count % 25 == 0 else plain_send(audience, run)

    async with async_playwright() as playwright, serving(settings) as media:
        chromium = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required"],
        )
        with patch.object(SendGroup, "send", lossy):
            for codec in ("VP8", "H264", "VP9", "AV1"):
                ear.begin(f"chromium publishes {codec}", "publish")
                await _browser(chromium, media, "whip", 3, codec=f"video/{codec}")
            ear.begin("chromium publishes all header extensions", "publish")
            await _browser(chromium, media, "whip", 4, codec="video/VP8", take=["^a=extmap"])
            ear.begin("chromium publishes AV1 with a dependency descriptor", "publish")
            await _browser(chromium, media, "whip", 3, codec="video/AV1", take=["^a=extmap"])
            ear.begin("chromium publishes VP8 in three layers, with RED", "publish")
            await _browser(
                chromium, media, "whip", 6, codec="video/VP8", layers=True, red=True,
                take=["^a=extmap"],
            )  # fmt: skip
            ear.begin("ffmpeg publishes H264", "publish")
            async with ffmpeg(media, keyframes=30):
                await asyncio.sleep(4)
            ear.begin("aiortc publishes VP8", "publish")
            publisher = await publish(media)
            ear.begin("chromium plays", "play")
            await _browser(chromium, media, "whep", 8)
            ear.begin("chromium plays and tells all it can", "play")
            await _browser(
                chromium,
                media,
                "whep",
                8,
                take=["^a=rtcp-fb:96 (goog-remb|ccm|rrtr)", "^a=rtcp-rs"],
            )
            ear.begin("aiortc plays", "play")
            viewer = await view(media)
            await asyncio.sleep(6)
            await viewer.close()
            await publisher.close()
        await chromium.close()


def main() -> None:
    ear = Ear()
    with ear.listening(), tempfile.TemporaryDirectory() as folder:
        asyncio.run(_all(ear, Path(folder)))
    sessions = [
        {"name": heard.name, "way": heard.way, "offer": _anonymous(heard.offer), **heard.kept}
        for heard in ear.all
    ]
    CORPUS.write_text(json.dumps(sessions, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    for heard in ear.all:
        print(heard.name, {kind: len(packets) for kind, packets in heard.kept.items()})  # noqa: T201
    print(f"{CORPUS.stat().st_size // 1024} KiB in {CORPUS}")  # noqa: T201


if __name__ == "__main__":
    main()
