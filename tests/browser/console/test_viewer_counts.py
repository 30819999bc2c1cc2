"""What a host reads of viewers who get less than all: how many, of what, and what to set."""

from typing import Any

import pytest
from playwright.async_api import Route, expect
from tests.browser.conftest import Open, Sale
from tests.browser.support.colour_cameras import GREEN, put_on_air, sending
from tests.support.waiting import until

from farmlive.client.media.light_viewer import LightViewer
from farmlive.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.shared_server]

# What stands after each look: a count of the server's, and how many viewers there are.
COUNTS = """
async (looks) => {
  const { countWords, LastingCounts } =
    await import("/static/pages/console/cameras/viewer-delivery.js");
  const counts = new LastingCounts();
  return looks.map(([delivery, viewers]) => {
    const found = counts.take(delivery, viewers);
    return [countWords(found), found?.link ?? 0];
  });
}
"""
ADVICE = """
async ([advice, isEncoder]) => {
  const { whatToDo } = await import("/static/pages/console/cameras/stream-advice.js");
  const { HealthWatch } = await import("/static/pages/console/cameras/stream-health.js");
  const watch = new HealthWatch();
  const looks = Array.from({ length: 7 }, () => watch.take({ id: "a", advice: [advice] }));
  return [whatToDo(advice, isEncoder), looks.map(({ level, advice }) => [level, advice.length])];
}
"""
TOO_MUCH = {"code": "viewers", "level": "fair", "limited": 14, "counted": 60, "kbps": 2600}


def counted(link: int = 0, choice: int = 0, of: int = 60, **gets: int) -> dict[str, Any]:
    less = dict.fromkeys(("smaller_picture", "fewer_frames", "still_pictures", "sound"), 0) | gets
    return {
        "counted": of,
        "gets": {"all": of - sum(less.values()), **less},
        "limited_by": {"link": link, "choice": choice},
    }


async def test_numbers_are_said_once_they_have_lasted(open_page: Open, sale: Sale) -> None:
    page = await open_page("/sign-in")
    less = counted(9, 5, smaller_picture=9, still_pictures=3, sound=2)
    looks = [[None, 60], [counted(), 60], *[[less, 60]] * 5, *[[counted(), 60]] * 5, [None, 0]]
    words = [each for each, _ in await page.evaluate(COUNTS, looks)]
    told = (
        "14 of 60 viewers get a reduced picture: "
        "9 a smaller picture, 3 still pictures, 2 sound only. 5 of them chose it."
    )
    assert words[:6] == [""] * 6
    assert words[6] == told
    # One good count takes nothing back, and what the most counts say stands.
    assert words[7:9] == [told] * 2
    assert words[-2:] == ["", ""]


async def test_of_a_large_audience_the_host_reads_about_how_many(open_page: Open) -> None:
    page = await open_page("/sign-in")
    looks = [[counted(120, of=480, still_pictures=120), 1200]] * 5
    words, link = (await page.evaluate(COUNTS, looks))[-1]
    assert words == ("About 300 of 1,200 viewers get a reduced picture: 300 still pictures.")
    assert link == 300


async def test_words_for_what_to_set(open_studio: Open, sale: Sale) -> None:
    page = await open_studio(f"/studio/{sale.broadcast}")
    words, looks = await page.evaluate(ADVICE, [TOO_MUCH | {"wanted_kbps": 1500}, True])
    assert "sends 2.6 Mbit/s, too much for 14 of 60 viewers" in words
    assert "“Bitrate” to 1500 Kbps" in words
    assert "“Total Layers” to 3" in words
    assert looks[0] == ["good", 0]
    assert looks[-1] == ["good", 1], "the camera's own signal is as good as before"
    words, _ = await page.evaluate(ADVICE, [TOO_MUCH | {"wanted_kbps": 1500}, False])
    assert "too much for 14 of 60 viewers" in words
    assert "OBS" not in words


@pytest.mark.engines
async def test_host_reads_how_many_get_less(site: Server, open_studio: Open, sale: Sale) -> None:
    engine = site.house.media.relay._engine
    host = await sending(open_studio, sale, GREEN)
    await put_on_air(sale, "Camera 1")
    whep = f"{site.url}/whep/{sale.broadcast}"
    viewers = [LightViewer(whep), LightViewer(f"{whep}?choice=sound_only")]
    try:
        for viewer in viewers:
            await viewer.start()
        await viewers[0].wait_packets(50, 60)
        entry = site.house.media.relay._broadcasts[sale.broadcast]
        assert viewers[0].session is not None
        token = viewers[0].session.location.rpartition("/")[2]
        session = next(each for each in entry.viewers if each.token == token)

        def is_known() -> bool:
            health = engine.viewer_health(session.peer)
            return health is not None and health.link == "wide"

        await until(is_known, "its link is known")
        # As the engine does where the link carries no more.
        engine.limit_rung(session.peer, "keyframes")
        line = host.locator("[data-viewers-less]").last
        await expect(line).to_contain_text("viewers get a reduced picture")
        await expect(line).to_contain_text("1 a still picture")
        await expect(line).to_contain_text("1 sound only")
        await expect(line).to_contain_text("1 of them chose it.")
        await expect(host.locator("[data-bar] [data-viewers-less]")).to_have_text("1 gets less")
        engine.limit_rung(session.peer, None)
        await expect(host.locator("[data-bar] [data-viewers-less]")).to_be_hidden()
        await expect(line).not_to_contain_text("still picture")
    finally:
        for viewer in viewers:
            await viewer.close()

    async def none_left() -> bool:
        return bool((await sale.api.health(sale.broadcast))["viewers"] <= 1)

    await until(none_left, "they have left")


async def test_host_reads_what_to_set_beside_the_picture(open_studio: Open, sale: Sale) -> None:
    host = await sending(open_studio, sale, GREEN)

    async def narrow(route: Route) -> None:
        answer = await route.fetch()
        health = await answer.json()
        for source in health["sources"]:
            source["advice"] = [TOO_MUCH | {"wanted_kbps": 1500}]
        await route.fulfill(response=answer, json=health)

    await host.route("**/health", narrow)
    await expect(host.locator("[data-advice]")).to_contain_text("too much for 14 of 60 viewers")
    await expect(host.locator("[data-signal-words]")).to_have_text("good")
    await host.unroute_all(behavior="ignoreErrors")
