"""What a viewer reads of what its link carries, and its own choice of less, in Chromium."""

import asyncio
from typing import Any

import pytest
from playwright.async_api import Page, expect
from tests.browser.conftest import DESK, Open, Sale
from tests.browser.support.playing import FRAMES, KEPT, choose, picture
from tests.browser.support.touch_targets import SMALL_TARGETS
from tests.support.waiting import LONG_S, until

from farmlive.media.engine.interface import Rung
from farmlive.media.signalling.session import Session
from farmlive.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.shared_server]

SMALL = (360, 640)
CARRIES = "Your connection allows about 0.9 Mbit/s"

WORDS = """
async (all) => {
  const { loadWords } = await import("/static/lib/words.js");
  await loadWords(); // as the page does before the script that says them
  const { deliveryWords } = await import("/static/pages/live/stage/quality-notice.js");
  return all.map(([gets, limited_by, estimated_kbps]) =>
    deliveryWords({ gets, limited_by, estimated_kbps }));
}
"""
# What has lasted after each answer: a time in seconds, what comes, and what the link carries.
LASTING = """
async (all) => {
  const { Lasting } = await import("/static/pages/live/stage/quality-notice.js");
  const lasting = new Lasting();
  return all.map(([at, gets, kbps]) => {
    const limited_by = gets === "all" ? null : "link";
    if (gets === null) lasting.look(at * 1000);
    else lasting.take({ gets, limited_by, estimated_kbps: kbps }, at * 1000);
    return [lasting.shown?.gets ?? null, lasting.shown?.estimated_kbps ?? null];
  });
}
"""
# What came of the picture and of the sound, and whether the sound is heard.
CAME = """
async () => {
  const [connection] = window.connections.slice(-1);
  const all = [...(await connection.getStats()).values()];
  const of = (kind) => all.find((each) => each.type === "inbound-rtp" && each.kind === kind) ?? {};
  return {
    picture: of("video").bytesReceived ?? 0,
    frames: of("video").framesDecoded ?? 0,
    sound: of("audio").packetsReceived ?? 0,
  };
}
"""


def viewer_of(site: Server, sale: Sale) -> Session | None:
    """The session of the one viewer, while it has one."""
    entry = site.house.media.relay._broadcasts.get(sale.broadcast)
    return next(iter(entry.viewers), None) if entry else None


async def gets(site: Server, sale: Sale, rung: Rung) -> None:
    """Wait until the engine sends the one viewer so much."""

    def does() -> bool:
        session = viewer_of(site, sale)
        if session is None:
            return False
        health = site.house.media.relay._engine.viewer_health(session.peer)
        return health is not None and health.rung == rung

    await until(does, f"the viewer gets {rung}")


async def link_known(site: Server, session: Session) -> None:
    """Wait until the engine knows what the viewer's link carries."""

    def is_known() -> bool:
        health = site.house.media.relay._engine.viewer_health(session.peer)
        return health is not None and health.link == "wide"

    await until(is_known, "its link is known")


async def came(page: Page) -> dict[str, int]:
    found: dict[str, int] = await page.evaluate(CAME)
    return found


async def more_sound(page: Page, packets: int) -> dict[str, int]:
    """Wait for so many packets of sound; return what came of the picture meanwhile."""
    before = await came(page)

    async def after() -> dict[str, int] | None:
        now = await came(page)
        return now if now["sound"] >= before["sound"] + packets else None

    now = await until(after, "sound comes", every_s=0.2)
    return {name: now[name] - before[name] for name in now}


async def test_words_for_what_a_link_carries(open_page: Open, sale: Sale) -> None:
    given: list[list[Any]] = [
        ["smaller_picture", "link", 900],
        ["fewer_frames", "link", 900],
        ["still_pictures", "link", 904],
        ["sound", "link", 60],
        ["still_pictures", "link", None],
        ["all", None, None],
        ["smaller_picture", None, None],
        [None, None, None],
        ["smaller_picture", "choice", None],
        ["sound", "choice", 900],
        ["still_pictures", "choice", None],
    ]
    page = await open_page(sale.path)
    assert await page.evaluate(WORDS, given) == [
        f"{CARRIES}: a smaller picture",
        f"{CARRIES}: fewer frames",
        f"{CARRIES}: sound and a still picture",
        "Your connection allows about 0.06 Mbit/s: sound only",
        "Your connection is slow: sound and a still picture",
        None,
        None,
        None,
        None,
        None,
        "Saving data: sound and a still picture",
    ]
    page = await open_page(sale.path, language="zh")
    for words in await page.evaluate(WORDS, given):
        assert words is None or words.isascii() is False
    assert "0.9" in (await page.evaluate(WORDS, given))[0]


async def test_a_change_is_said_only_once_it_has_lasted(open_page: Open, sale: Sale) -> None:
    page = await open_page(sale.path)
    told = await page.evaluate(
        LASTING,
        [
            [0, "all", None],
            [4, "still_pictures", 900],
            [5, "all", None],
            [6, "still_pictures", 900],
            [7, None, None],
            [8.1, None, None],
            [12, "still_pictures", 1000],
            [16, "still_pictures", 600],
            [20, "all", None],
            [24, "still_pictures", 600],
            [28, "sound", 100],
            [30.1, None, None],
            [32, "still_pictures", 300],
            [36, "still_pictures", 300],
            [40, "still_pictures", 300],
            [44, "all", None],
            [50.1, None, None],
        ],
    )
    still = "still_pictures"
    assert told == [
        [None, None],
        [None, None],
        [None, None],
        [None, None],
        [None, None],
        [still, 900],
        [still, 900],
        [still, 600],
        [still, 600],
        [still, 600],
        [still, 600],
        ["sound", 100],
        ["sound", 100],
        ["sound", 100],
        [still, 300],
        [still, 300],
        ["all", None],
    ]


@pytest.mark.engines
async def test_viewer_whose_link_carries_less_reads_it_and_hears_it_once(
    site: Server, sale: Sale, key: str, open_page: Open
) -> None:
    engine = site.house.media.relay._engine
    async with picture(site, sale, key):
        page = await open_page(sale.path, size=SMALL)
        await page.evaluate(FRAMES, 20)
        notice, told = page.locator("#less"), page.locator("#less-told")
        session = await until(lambda: viewer_of(site, sale), "the viewer has a session")
        await link_known(site, session)
        # As the engine does where the link carries no more.
        engine.limit_rung(session.peer, "keyframes")
        still = "Your connection is slow: sound and a still picture"
        await expect(notice).to_have_text(still)
        await expect(told).to_have_text(still)
        await expect(notice).to_be_in_viewport(ratio=1)
        await expect(page.locator("#slate")).to_be_hidden()
        assert await page.evaluate(SMALL_TARGETS) == []
        await notice.click()
        await expect(page.locator("#quality-sheet [data-now]")).to_have_text(still)
        await page.keyboard.press("Escape")
        engine.limit_rung(session.peer, "sound")
        await expect(page.locator("#slate")).to_contain_text("Sound only for now")
        await expect(told).to_have_text("Your connection is slow: sound only")
        engine.limit_rung(session.peer, None)
        await expect(page.locator("#slate")).to_be_hidden()
        await expect(notice).to_be_hidden()
        await expect(told).to_have_text("The whole picture is back.")


@pytest.mark.engines
async def test_choice_holds_at_once_after_a_reload_and_until_it_is_taken_back(
    site: Server, sale: Sale, key: str, open_page: Open
) -> None:
    async with picture(site, sale, key):
        page = await open_page(sale.path, size=SMALL, script=KEPT)
        await page.evaluate(FRAMES, 20)
        before = viewer_of(site, sale)
        button = page.locator("#quality")
        await expect(button).to_have_accessible_name("Picture and data: Auto")
        await button.focus()
        await page.keyboard.press("Enter")
        sheet = page.locator("#quality-sheet")
        await expect(sheet.get_by_role("radio", name="Auto")).to_be_focused()
        assert await page.evaluate(SMALL_TARGETS) == []
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("ArrowDown")
        await expect(sheet.get_by_role("radio", name="Sound only")).to_be_checked()
        await page.keyboard.press("Escape")
        await expect(button).to_be_focused()
        await expect(button).to_have_accessible_name("Picture and data: Sound only")
        await gets(site, sale, "sound")
        assert viewer_of(site, sale) is before, "it is the same session"
        await expect(page.locator("#slate")).to_contain_text("Sound only")
        assert (await more_sound(page, 50))["picture"] == 0

        await page.reload()
        await expect(button).to_have_accessible_name("Picture and data: Sound only")
        await expect(page.locator("#slate")).to_contain_text("You chose to hear the broadcast")
        await expect(page.locator("#sound")).to_be_visible()
        await gets(site, sale, "sound")
        await page.locator("#sound").click()
        await more_sound(page, 50)
        assert (await came(page))["frames"] == 0, "no picture was ever sent"

        await page.get_by_role("button", name="Show the picture").click()
        await gets(site, sale, "full")
        async with asyncio.timeout(LONG_S):
            await page.evaluate(FRAMES, 10)
        await expect(page.locator("#slate")).to_be_hidden()
        await expect(button).to_have_accessible_name("Picture and data: Auto")
        await page.reload()
        await expect(button).to_have_accessible_name("Picture and data: Auto")
        await gets(site, sale, "full")


async def test_viewer_who_saves_data_of_a_camera_of_one_size_reads_why_the_picture_stands(
    site: Server, sale: Sale, key: str, open_page: Open
) -> None:
    async with picture(site, sale, key):
        page = await open_page(sale.path, size=SMALL)
        await page.evaluate(FRAMES, 20)
        await choose(page, "Save data")
        await gets(site, sale, "keyframes")
        await expect(page.locator("#less")).to_have_text("Saving data: sound and a still picture")
        await choose(page, "Auto")
        await expect(page.locator("#less")).to_be_hidden()
        await gets(site, sale, "full")


@pytest.mark.parametrize(
    ("kept", "name"),
    [
        ("localStorage.setItem('farmlive.delivery', '\"sound_only\"')", "Sound only"),
        ("localStorage.setItem('farmlive.delivery', '\"loud\"')", "Auto"),
        ("localStorage.setItem('farmlive.delivery', '{')", "Auto"),
        # By an earlier version of the page.
        ("localStorage.setItem('farmlive.thrift', 'true')", "Save data"),
        ("localStorage.setItem('farmlive.thrift', 'false')", "Auto"),
        (
            "Object.defineProperty(navigator, 'connection', { value: { saveData: true } })",
            "Save data",
        ),
    ],
)
async def test_choice_that_was_kept_is_the_one_to_begin_with(
    sale: Sale, open_page: Open, kept: str, name: str
) -> None:
    page = await open_page(sale.path, size=DESK, script=kept)
    await expect(page.locator("#quality")).to_have_accessible_name(f"Picture and data: {name}")


async def test_there_is_nothing_to_choose_of_where_there_is_no_picture(
    sale: Sale, open_page: Open
) -> None:
    page = await open_page(sale.path)
    await expect(page.locator("#quality")).to_be_visible()
    unable = await open_page(sale.path, script="delete window.RTCPeerConnection")
    await expect(unable.locator("#slate")).to_contain_text("This browser can't show the video")
    await expect(unable.locator("#quality")).to_be_hidden()
    await sale.api.end(sale.broadcast)
    await expect(page.locator("#slate")).to_contain_text("The broadcast has ended")
    await expect(page.locator("#quality")).to_be_hidden()
