"""The inline script of every page is the one whose hash the policy has."""

import re

import httpx
from tests.pages.conftest import Sale

from farmlive.pages.rendering.watch import source_of

INLINE = re.compile(r"<script(?![^>]*\bsrc=)([^>]*)>(.*?)</script>", re.DOTALL)


async def test_the_policy_allows_the_one_script_that_stands_inline(
    sale: Sale, visitor: httpx.AsyncClient
) -> None:
    for path in ("/", f"/live/{sale.broadcast}", f"/order/{sale.order}", "/nowhere"):
        page = await visitor.get(path)
        policy = page.headers["content-security-policy"]
        scripts = [text for how, text in INLINE.findall(page.text) if "json" not in how]
        assert [source_of(text) for text in scripts] == re.findall(r"'sha256-[^']+'", policy)


async def test_the_bag_stands_on_the_live_page_in_words(
    sale: Sale, visitor: httpx.AsyncClient
) -> None:
    page = (await visitor.get(f"/live/{sale.broadcast}", params={"lang": "zh"})).text
    notice = page[page.index('id="too-old"') :]
    assert "¥29.90" in notice[:4000]
    assert "还剩 2 件" in notice[:4000]
