"""What a button or a link is called contains the words that stand on it (WCAG 2.2, 2.5.3), so that
who speaks to the page can press it; and no two landmarks of a page have one name.
"""

import pytest
from playwright.async_api import expect
from tests.browser.conftest import DESK, PHONE, Open, Sale

pytestmark = [pytest.mark.browser, pytest.mark.shared_server]

PAGES = (
    "/studio",
    "/studio/{}",
    "/studio/{}/bag",
    "/studio/{}/orders",
    "/studio/{}/prepare",
    "/studio/farms",
    "/studio/products",
    "/studio/centres",
    "/studio/fees",
    "/studio/county",
    "/studio/people",
    "/studio/audit",
    "/studio/account",
    "/studio/handover",
    "/review",
    "/review/{}",
)
# The words that stand on what has a name of its own, where the name lacks them.
UNNAMED = """() => {
  const plain = (text) => text.toLowerCase().replace(/[^\\p{L}\\p{N}]+/gu, " ").trim();
  const words = (element) => {
    const shown = element.checkVisibility?.({ checkVisibilityCSS: true }) ?? true;
    if (!shown) return "";
    if (element.closest("[aria-hidden=true], .for-readers")) return "";
    const parts = [...element.childNodes].map((node) =>
      node.nodeType === Node.TEXT_NODE ? node.data : node instanceof Element ? words(node) : "");
    return parts.join(" ");
  };
  return [...document.querySelectorAll("a[aria-label], button[aria-label]")]
    .map((element) => [plain(words(element)), plain(element.getAttribute("aria-label"))])
    .filter(([text, name]) => /\\p{L}/u.test(text) && !name.includes(text));
}"""
TWICE = """() => {
  const named = (element) => element.getAttribute("aria-label")
    || document.getElementById(element.getAttribute("aria-labelledby"))?.textContent.trim();
  const found = [...document.querySelectorAll("section, nav, form[role], [role=region], aside")]
    .filter((element) => element.checkVisibility?.() && named(element))
    .map((element) => `${element.getAttribute("role") ?? element.localName} ${named(element)}`
      .replace("section", "region"));
  return found.filter((name, place) => found.indexOf(name) !== place);
}"""


@pytest.mark.parametrize(("size", "language"), [(PHONE, "zh"), (DESK, "en")], ids=["phone", "desk"])
async def test_names_contain_the_words_and_landmarks_differ(
    open_studio: Open, sale: Sale, size: tuple[int, int], language: str
) -> None:
    page = await open_studio("/studio", size=size, language=language)
    found = {}
    for path in PAGES:
        await page.goto(path.format(sale.broadcast))
        await expect(page.locator("[aria-busy=true]")).to_have_count(0)
        unnamed, twice = await page.evaluate(UNNAMED), await page.evaluate(TWICE)
        if unnamed or twice:
            found[path] = (unnamed, twice)
    assert found == {}
