"""The whole way over loopback with stock aiortc peers."""

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from tests.media.support.aiortc_peers import ffmpeg, publish, send_b_frames, view
from tests.media.support.media_server import BROADCAST, Media, serving
from tests.support.waiting import until

from farmlive.media.wire.errors import NobodyPublishing
from farmlive.settings import Settings


@pytest.mark.parametrize("codec", ["VP8", "H264"])
async def test_early_and_late_viewer_decode(media: Media, codec: str) -> None:
    await publish(media, codec)
    await until(lambda: ("joined", "orchard") in media.access.told, "the source joined")
    early = await view(media)
    await until(lambda: early.frames["video"] > 30, "the early viewer decodes")
    late = await view(media)
    await until(lambda: late.frames["video"] > 10, "the late viewer decodes")
    await until(lambda: late.frames["audio"] > 10, "the late viewer hears")
    assert media.access.told == [("joined", "orchard"), ("switched", "orchard")]


async def test_ffmpeg_publishes_and_a_late_viewer_starts_in_the_group(media: Media) -> None:
    async with ffmpeg(media, keyframes=90):
        await until(lambda: ("switched", "orchard") in media.access.told, "ffmpeg is on air")
        viewer = await view(media)
        await until(lambda: viewer.frames["video"] > 20, "the viewer decodes")
        await until(lambda: viewer.frames["audio"] > 10, "the viewer hears")
    await until(lambda: ("paused", "orchard") in media.access.told, "its DELETE came")


async def test_pyav_publishes_with_a_certificate_on_a_curve_that_tls_still_takes(
    media: Media, tmp_path: Path
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "orchard")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=9))
    signed = builder.sign(key, hashes.SHA256())
    (tmp_path / "certificate.pem").write_bytes(signed.public_bytes(Encoding.PEM))
    (tmp_path / "key.pem").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    muxer = await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__).parent / "support" / "pyav_muxer.py"),
        f"{media.url}/whip/{BROADCAST}",
        "orchard",
        str(tmp_path / "certificate.pem"),
        str(tmp_path / "key.pem"),
        stdin=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await until(lambda: ("switched", "orchard") in media.access.told, "PyAV is on air")
        viewer = await view(media)
        await until(lambda: viewer.frames["video"] > 20, "the viewer decodes")
    finally:
        await muxer.communicate(b"end\n")
    assert muxer.returncode == 0


async def test_publisher_away_and_back_viewers_go_on(media: Media) -> None:
    source = await publish(media)
    viewer = await view(media)
    await until(lambda: viewer.frames["video"] > 10, "the viewer decodes")
    assert (await media.http.delete(source.location)).status_code == 200
    await until(lambda: ("paused", "orchard") in media.access.told, "viewers are told of the pause")
    await source.close()
    before = dict(viewer.frames)
    # Another key of the same source, another codec: the same viewer goes on.
    await publish(media, "H264", key="orchard-obs")
    await until(lambda: ("resumed", "orchard") in media.access.told, "viewers are told of the end")
    await until(lambda: viewer.frames["video"] > before["video"] + 20, "the picture goes on")
    await until(lambda: viewer.frames["audio"] > before["audio"] + 20, "the sound goes on")
    assert media.access.told == [
        ("joined", "orchard"),
        ("switched", "orchard"),
        ("paused", "orchard"),
        ("resumed", "orchard"),
    ]
    assert viewer.connection.connectionState == "connected"


async def test_a_reload_replaces_the_session_without_a_pause(media: Media) -> None:
    source = await publish(media)
    viewer = await view(media)
    await until(lambda: viewer.frames["video"] > 10, "the viewer decodes")
    await publish(media)
    before = viewer.frames["video"]
    await until(lambda: viewer.frames["video"] > before + 20, "the picture goes on")
    assert ("paused", "orchard") not in media.access.told
    assert (await media.http.delete(source.location)).status_code == 404


async def test_the_first_source_stays_on_air_and_comes_back_to_it(media: Media) -> None:
    orchard = await publish(media)
    viewer = await view(media)
    await until(lambda: viewer.frames["video"] > 10, "the viewer decodes")
    await publish(media, "H264", key="kitchen")
    before = viewer.frames["video"]
    await until(lambda: viewer.frames["video"] > before + 20, "the orchard is still seen")
    assert ("switched", "kitchen") not in media.access.told
    assert [s["on_air"] for s in media.relay.health(BROADCAST)["sources"]] == [True, False]
    assert [s["holds_air"] for s in media.relay.health(BROADCAST)["sources"]] == [True, False]
    await media.http.delete(orchard.location)
    await until(lambda: media.access.told[-1] == ("switched", "kitchen"), "the kitchen stands in")
    before = viewer.frames["video"]
    await until(lambda: viewer.frames["video"] > before + 20, "the kitchen is seen")
    await publish(media)
    await until(lambda: media.access.told[-1] == ("switched", "orchard"), "the orchard is back")
    before = viewer.frames["video"]
    await until(lambda: viewer.frames["video"] > before + 20, "the orchard is seen")
    assert ("paused", "orchard") not in media.access.told


async def test_after_the_grace_the_source_has_left(settings: Settings) -> None:
    async with serving(settings.model_copy(update={"source_grace_s": 0.3})) as media:
        source = await publish(media)
        viewer = await view(media)
        await until(lambda: viewer.frames["video"] > 5, "the viewer decodes")
        await media.http.delete(source.location)
        await until(lambda: media.access.told[-1] == ("left", "orchard"), "the source left")
        response = await media.http.post(
            f"/whep/{BROADCAST}", content="v=0", headers={"Content-Type": "application/sdp"}
        )
        assert response.status_code == 409


async def test_who_offers_anew_while_away_is_not_sent_off_at_the_end_of_its_grace(
    media: Media,
) -> None:
    source = await publish(media)
    await until(lambda: ("joined", "orchard") in media.access.told, "the source joined")
    await media.http.delete(source.location)
    (orchard,) = media.relay._broadcasts[BROADCAST].sources.values()
    assert orchard.grace is not None
    offer = (Path(__file__).parent / "offers" / "publish-chromium-156.sdp").read_text()
    media.relay.publish(BROADCAST, media.access.keys["orchard"], offer)
    assert orchard.grace is None
    assert orchard.handover is not None


async def test_delete_frees_everything(media: Media) -> None:
    await publish(media)
    viewer = await view(media)
    await until(lambda: viewer.frames["video"] > 5, "the viewer decodes")
    assert media.relay.viewers() == {BROADCAST: 1}
    held = media.held
    assert held.pop("addresses") >= 2
    assert held == {
        "peers": 2,
        "publishers": 1,
        "viewers": 1,
        "outputs": 1,
        "ufrags": 2,
        "secured": 2,
        "sockets": 1,
        "connections": 0,
    }
    assert media.relay.metrics()["held_viewers"] == 1
    await media.http.delete(viewer.location)
    assert media.relay.viewers() == {BROADCAST: 0}
    await until(
        lambda: viewer.connection.connectionState in ("closed", "failed"), "the viewer is told"
    )
    media.relay.end(BROADCAST)
    assert media.relay.metrics()["sources"] == 0
    await until(lambda: not any(media.held.values()), "nothing is left")


async def test_a_stream_with_b_frames_is_not_put_on_air_and_its_health_says_what_to_set(
    media: Media, monkeypatch: pytest.MonkeyPatch
) -> None:
    send_b_frames(monkeypatch)
    await publish(media, "H264")
    sentence = await until(
        lambda: media.relay.health(BROADCAST)["sources"][0]["objection"], "it is objected to"
    )
    assert "“B-Frames” to 0" in sentence
    response = await media.http.post(
        f"/whep/{BROADCAST}", content="v=0", headers={"Content-Type": "application/sdp"}
    )
    assert response.status_code == 409
    assert media.access.told == [("joined", "orchard")]
    monkeypatch.undo()
    await publish(media, "H264")
    await until(lambda: media.access.told[-1] == ("switched", "orchard"), "set right, it is on air")
    # Set wrong while it is on air: who comes is told to wait, not let in to nothing.
    send_b_frames(monkeypatch)
    await publish(media, "H264")
    source = await until(
        lambda: next((s for s in media.relay.health(BROADCAST)["sources"] if s["objection"]), None),
        "it is objected to again",
    )
    assert not source["on_air"]
    with pytest.raises(NobodyPublishing):
        media.relay.view(BROADCAST, "v=0")
