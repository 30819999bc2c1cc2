"""How the live page stands on a screen: whole at twice the text, on its side, and over white."""

import re
from typing import Any

import pytest
from playwright.async_api import Page, expect
from tests.browser.conftest import DESK, PHONE, Open, Sale
from tests.browser.support.playing import FRAMES, picture
from tests.support.money import cny

from farmlive.client import Channel
from farmlive.client.media.counter import TestPicture
from farmlive.client.media.whip import Publisher
from farmlive.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.shared_server]

LANDSCAPE = (844, 390)

# Texts of the page that lie outside it, or are cut off by a part that hides what is too much.
CUT = """
() => {
  const cut = [];
  const words = document.createTreeWalker(document.getElementById("main"), NodeFilter.SHOW_TEXT);
  while (words.nextNode()) {
    const { parentElement: element } = words.currentNode;
    if (!words.currentNode.textContent.trim()) continue;
    if (element.closest("#chat, .bag, .for-readers")) continue;
    if (!element.checkVisibility({ visibilityProperty: true })) continue;
    const range = document.createRange();
    range.selectNodeContents(words.currentNode);
    for (const { left, right, top, bottom, width } of range.getClientRects()) {
      if (width <= 1) continue; // for readers of the screen
      let isCut = left < -1 || right > innerWidth + 1 || top + scrollY < -1;
      isCut = isCut || bottom + scrollY > document.documentElement.scrollHeight + 1;
      for (let each = element; each.id !== "main" && !isCut; each = each.parentElement) {
        const box = each.getBoundingClientRect();
        if (box.width <= 1) { isCut = false; break; }
        if (getComputedStyle(each).overflowX === "visible") continue;
        isCut = right > box.right + 1 || bottom > box.bottom + 1;
      }
      if (isCut) cut.push(words.currentNode.textContent.trim());
    }
  }
  return [...new Set(cut)];
}
"""
# Parts of the page that lie over each other, though each is to be read.
OVERLAPS = """
() => {
  const boxes = [".top__who", ".top__count", ".tools", ".sound", "#card .pinned", ".bar"]
    .map((name) => [name, document.querySelector(name)])
    .filter(([, part]) => part.checkVisibility({ visibilityProperty: true }))
    .map(([name, part]) => [name, part.getBoundingClientRect()]);
  const words = [".top__title", "#farm-name"].map((name) => {
    const range = document.createRange();
    range.selectNodeContents(document.querySelector(name));
    return [name, range.getBoundingClientRect()];
  });
  const parts = boxes.filter(([name]) => name !== ".top__who").concat(words);
  const found = [];
  for (const [one, a] of parts)
    for (const [other, b] of parts)
      if (one < other && a.left < b.right - 1 && b.left < a.right - 1
          && a.top < b.bottom - 1 && b.top < a.bottom - 1) found.push(`${one} ${other}`);
  return found;
}
"""
# Controls whose name lacks the words that stand on them: who says what is read, must be understood.
NAMED_OTHERWISE = """
() => [...document.querySelectorAll("button, a")]
  .filter((each) => each.checkVisibility({ visibilityProperty: true }) && each.ariaLabel)
  .filter((each) => !each.ariaLabel.includes(each.innerText.trim()))
  .map((each) => each.outerHTML)
"""
# The lowest contrast of the texts in a part, where what lies behind it is white.
OVER_WHITE = """
(selector) => {
  const numbers = (colour) => (colour.match(/[\\d.]+/g) ?? [0, 0, 0, 0]).map(Number);
  const light = (rgb) => {
    const [r, g, b] = rgb.map((value) => {
      const part = value / 255;
      return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const over = ([r, g, b, a = 1], ground) =>
    [r, g, b].map((value, index) => value * a + ground[index] * (1 - a));
  const contrasts = [...document.querySelectorAll(selector)].map((element) => {
    const chain = [];
    for (let each = element; each; each = each.parentElement) chain.unshift(each);
    let ground = [255, 255, 255];
    let opacity = 1;
    for (const each of chain.slice(chain.findIndex(({ id }) => id === "main") + 1)) {
      const style = getComputedStyle(each);
      opacity *= Number(style.opacity);
      ground = over(numbers(style.backgroundColor), ground);
    }
    if (opacity < 1) return 0; // faded: neither ink nor scrim is what it is
    const ink = over(numbers(getComputedStyle(element).color), ground);
    const [one, other] = [light(ink), light(ground)];
    return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  });
  return contrasts.length ? Math.min(...contrasts) : 0;
}
"""


async def talk(page: Page, host: Channel) -> None:
    """Three lines of the host, and the card."""
    for words in ("Fresh from the tree", "Sweet and thin of skin", "Ask me anything"):
        await host.call("chat.say", text=words)
    await expect(page.locator(".chat__line").last).to_contain_text("Ask me anything")


@pytest.mark.usefixtures("pinned")
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("size", [(320, 640), PHONE, LANDSCAPE])
async def test_text_at_twice_its_size_is_not_cut(
    sale: Sale, open_page: Open, size: tuple[int, int], language: str
) -> None:
    page = await open_page(sale.path, size=size, language=language)
    await expect(page.locator("#card .pinned")).to_be_visible()
    for percent in ("100%", "200%"):
        await page.evaluate("size => { document.documentElement.style.fontSize = size }", percent)
        assert await page.evaluate(CUT) == [], percent
        assert await page.evaluate(OVERLAPS) == [], percent
        assert await page.evaluate("document.documentElement.scrollWidth") == size[0], percent


@pytest.mark.usefixtures("pinned")
async def test_chat_and_head_are_read_over_white(
    sale: Sale, host: Channel, open_page: Open
) -> None:
    page = await open_page(sale.path, size=PHONE)
    await talk(page, host)
    for part in (".chat__name", ".chat__text", ".top__title", "#farm-name", "#viewers", "#sound"):
        assert await page.evaluate(OVER_WHITE, part) >= 4.5, part


@pytest.mark.usefixtures("pinned")
async def test_a_phone_on_its_side_shows_the_whole_picture_with_the_card_beside_it(
    site: Server, sale: Sale, key: str, open_page: Open
) -> None:
    async with picture(site, sale, key):
        page = await open_page(sale.path, size=LANDSCAPE)
        await page.evaluate(FRAMES, 5)
        video, card = await box(page, "#video"), await box(page, "#card .pinned")
        assert (video["y"], video["height"]) == (0, LANDSCAPE[1])
        assert await page.evaluate("getComputedStyle(video).objectFit") == "contain"
        assert card["x"] >= video["x"] + video["width"]
        assert card["y"] + card["height"] <= LANDSCAPE[1]
        await page.get_by_role("button", name="Full screen").click()
        await expect(page.locator(".top")).to_be_hidden()
        assert (await box(page, "#video"))["width"] == LANDSCAPE[0]
        await expect(page.locator(".pinned__buy")).to_be_visible()
        await page.get_by_role("button", name="Full screen").click()
        await expect(page.locator(".top")).to_be_visible()


async def test_an_upright_picture_fills_a_phone_and_one_that_lies_stands_at_the_top(
    site: Server, sale: Sale, key: str, open_page: Open
) -> None:
    whip = f"{site.url}/whip/{sale.broadcast}"
    page = await open_page(sale.path, size=PHONE)
    async with Publisher(whip, key, video=TestPicture(180, 320, fps=15)):
        await page.evaluate(FRAMES, 5)
        await expect(page.locator("body")).to_have_attribute("data-picture", "standing")
        video = await box(page, "#video")
        assert (video["width"], video["height"]) == PHONE
        assert await page.evaluate("getComputedStyle(video).objectFit") == "cover"
    await expect(page.locator("#slate")).to_be_visible()
    async with picture(site, sale, key):
        await expect(page.locator("body")).to_have_attribute("data-picture", "lying")
        await expect(page.locator("#slate")).to_be_hidden()
        video, chat = await box(page, "#video"), await box(page, ".talk")
        assert round(video["height"]) == round(PHONE[0] * 9 / 16)
        assert chat["y"] >= video["y"] + video["height"]


@pytest.mark.usefixtures("pinned")
async def test_each_control_is_called_by_the_words_on_it(
    sale: Sale, host: Channel, open_page: Open
) -> None:
    page = await open_page(sale.path, size=PHONE, language="en")
    await expect(page.locator("#card .pinned")).to_be_visible()
    await page.get_by_role("button", name="Like").click()
    await expect(page.get_by_role("button", name=re.compile("^Like ?1$"))).to_be_visible()
    await expect(page.get_by_role("button", name=re.compile("^Open the bag ?2$"))).to_be_visible()
    await expect(page.get_by_role("link", name="中文", exact=True)).to_be_visible()
    assert await page.evaluate(NAMED_OTHERWISE) == []


@pytest.mark.usefixtures("pinned")
async def test_nothing_moves_by_itself(sale: Sale, open_page: Open) -> None:
    page = await open_page(sale.path, size=PHONE)
    await expect(page.locator("#card .pinned")).to_be_visible()
    endless = """() => document.getAnimations()
      .filter(({ effect }) => effect.getComputedTiming().iterations === Infinity)
      .map(({ effect }) => effect.target)
      .filter((moved) => !moved.closest("#slate, [aria-busy]") && moved.checkVisibility())
      .map((moved) => moved.outerHTML)"""
    assert await page.evaluate(endless) == []


async def test_who_waits_for_the_start_looks_at_the_bag_meanwhile(
    sale: Sale, open_page: Open
) -> None:
    made = await sale.api.create_broadcast({"zh": "晚场", "en": "Evening"})
    name = {"zh": "金桔", "en": "Kumquats"}
    await sale.api.create_offer(
        made["id"], sale.lot, cny(2990), 5, name=name, unit=name, net_weight_g=2500
    )
    page = await open_page(f"/live/{made['id']}", size=PHONE, language="en")
    await expect(page.locator("#slate")).to_contain_text("Starts soon")
    await page.get_by_role("button", name="See what is in the bag").click()
    await expect(page.get_by_role("dialog", name="Bag")).to_contain_text("Kumquats")


async def box(page: Page, name: str) -> Any:
    found = await page.locator(name).bounding_box()
    assert found is not None
    return found


@pytest.mark.usefixtures("pinned")
async def test_a_desk_has_bag_picture_and_chat_side_by_side(
    sale: Sale, host: Channel, open_page: Open
) -> None:
    page = await open_page(sale.path, size=DESK)
    await talk(page, host)
    bag, video, chat = [await box(page, name) for name in (".bag", "#video", ".talk")]
    assert bag["x"] + bag["width"] <= video["x"]
    assert video["x"] + video["width"] <= chat["x"]
    assert all(each["y"] + each["height"] <= DESK[1] for each in (bag, video, chat))
