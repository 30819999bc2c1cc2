"""The county's name, contact, mark and colour: kept, shown on every page, and in what is shared."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from itertools import product

import httpx
import pytest
from PIL import Image
from tests.pages.conftest import Sale, signed_in
from tests.support.waiting import until

from farmlive.bus import LocalBus
from farmlive.county import County
from farmlive.county.models import COLOURS
from farmlive.pages.rendering.static import WEB
from farmlive.server import Server

YOUXI = {
    "name": {"zh": "尤溪县农业农村局", "en": "Youxi <County>"},
    "contact": "ask@youxi.example",
    "phone": "+86 598 630 0000",
    "colour": "lake",
    "mark": None,
}
STYLES = WEB / "static" / "lib" / "styles"


@asynccontextmanager
async def program(site: Server, role: str = "coordinator") -> AsyncIterator[httpx.AsyncClient]:
    _, key = await site.house.people.create_api_key("test", role)  # type: ignore[arg-type]
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=site.url, headers=headers) as client:
        yield client


async def test_settings_are_its_first_values(site: Server) -> None:
    async with program(site) as api:
        before = (await api.get("/api/v1/county")).json()
    assert before == {
        "name": {"zh": "Youxi", "en": ""},
        "contact": "orders@example.org",
        "phone": "",
        "colour": "kumquat",
        "mark": None,
    }


async def test_what_is_saved_stands_on_every_page(
    site: Server, visitor: httpx.AsyncClient, sale: Sale
) -> None:
    async with program(site) as api:
        saved = await api.put("/api/v1/county", json=YOUXI)
    assert saved.json() == YOUXI
    start = (await visitor.get("/", params={"lang": "en"})).text
    assert "Youxi &lt;County&gt;" in start
    assert 'data-colour="lake"' in start
    styles = re.findall(r'<link rel="stylesheet" href="([^"]+)"', start)
    texts = [(await visitor.get(each)).text for each in styles]
    assert '[data-colour="lake"]' in "".join(texts)
    assert "ask@youxi.example" in start
    assert "尤溪县农业农村局" in (await visitor.get(sale.order, params={"lang": "zh"})).text
    assert "mailto:ask@youxi.example" in (await visitor.get("/privacy")).text


async def test_a_server_that_starts_later_reads_it(site: Server) -> None:
    async with program(site) as api:
        await api.put("/api/v1/county", json=YOUXI)
    house = site.house
    later = County(house.store, house.settings, house.bus)
    assert later.profile.colour == "kumquat"
    await later.start()
    await later.stop()
    assert later.profile.model_dump(mode="json") == YOUXI


async def test_other_servers_hear_of_a_change(site: Server) -> None:
    house = site.house
    other = County(house.store, house.settings, house.bus)
    async with program(site) as api:
        await api.put("/api/v1/county", json=YOUXI)
    await until(lambda: other.profile.colour == "lake", "the other server reads it again")


async def test_a_change_of_which_the_bus_lost_word_is_found(site: Server) -> None:
    other = County(site.house.store, site.house.settings, LocalBus())
    async with program(site) as api:
        await api.put("/api/v1/county", json=YOUXI)
    await other.reread()
    assert other.profile.colour == "lake"


@pytest.mark.parametrize("role", ["host", "moderator"])
async def test_only_a_coordinator_changes_it(site: Server, role: str) -> None:
    async with program(site, role) as api:
        assert (await api.put("/api/v1/county", json=YOUXI)).status_code == 403
    async with signed_in(site, role) as browser:  # type: ignore[arg-type]
        assert (await browser.get("/studio/county")).status_code == 403


@pytest.mark.parametrize(
    "wrong",
    [
        {"colour": "red"},
        {"phone": "call us"},
        {"contact": "x" * 201},
        {"mark": "https://elsewhere.example/a.webp"},
        {"name": {"zh": "", "en": ""}},
    ],
)
async def test_a_wrong_value_changes_nothing(site: Server, wrong: dict[str, object]) -> None:
    async with program(site) as api:
        assert (await api.put("/api/v1/county", json={**YOUXI, **wrong})).status_code == 422
        assert (await api.get("/api/v1/county")).json()["colour"] == "kumquat"


async def check_icons(visitor: httpx.AsyncClient) -> None:
    """Check that the manifest's icons are as large as it says."""
    manifest = (await visitor.get("/manifest.webmanifest?lang=en")).json()
    for icon in manifest["icons"]:
        picture = await visitor.get(icon["src"])
        size = Image.open(BytesIO(picture.content)).size
        assert f"{size[0]}x{size[1]}" == icon["sizes"]
        assert picture.headers["content-type"] == icon["type"]


async def test_its_mark_is_a_picture_of_this_server(
    site: Server, visitor: httpx.AsyncClient, sale: Sale
) -> None:
    drawn = BytesIO()
    Image.new("RGB", (96, 64), "green").save(drawn, "PNG")
    async with program(site) as api:
        absent = {**YOUXI, "mark": f"/files/{'0' * 64}.webp"}
        assert (await api.put("/api/v1/county", json=absent)).status_code == 422
        sent = await api.post("/api/v1/pictures", content=drawn.getvalue())
        mark = sent.json()["picture"]
        assert (await api.put("/api/v1/county", json={**YOUXI, "mark": mark})).status_code == 200
    for path in ("/", f"/live/{sale.broadcast}"):
        assert f'src="{mark}"' in (await visitor.get(path)).text
    await check_icons(visitor)


async def test_the_site_can_be_installed(site: Server, visitor: httpx.AsyncClient) -> None:
    answer = await visitor.get("/manifest.webmanifest?lang=zh")
    assert answer.headers["content-type"] == "application/manifest+json"
    manifest = answer.json()
    assert (manifest["name"], manifest["lang"]) == ("Youxi", "zh-CN")
    await check_icons(visitor)
    page = (await visitor.get("/?lang=zh")).text
    assert '<link rel="manifest" href="/manifest.webmanifest?lang=zh">' in page


async def test_search_engines_leave_private_pages_alone(visitor: httpx.AsyncClient) -> None:
    answer = await visitor.get("/robots.txt")
    assert answer.headers["content-type"].startswith("text/plain")
    assert {"Disallow: /order/", "Disallow: /studio", "Disallow: /api/"} <= set(
        answer.text.splitlines()
    )


async def test_a_shared_link_shows_product_price_and_farm(
    visitor: httpx.AsyncClient, sale: Sale
) -> None:
    page = (await visitor.get(f"/live/{sale.broadcast}", params={"lang": "en"})).text
    tags = dict(re.findall(r'<meta property="(og:\w+)" content="([^"]*)">', page))
    assert tags["og:title"] == "Kumquats live"
    assert tags["og:description"] == "Kumquats · ¥29.90 · Orchard"
    assert tags["og:url"].endswith(f"/live/{sale.broadcast}")
    picture = await visitor.get(tags["og:image"])
    assert picture.headers["content-type"].startswith("image/")
    empty = (await visitor.get(f"/live/{sale.scheduled}", params={"lang": "en"})).text
    assert 'og:description" content="Live from the farm: watch, ask, order."' in empty


def luminance(colour: str) -> float:
    """The relative luminance of `#rrggbb` (WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def shades(css: str, selector: str) -> dict[str, str]:
    block = css.split(selector + " {", 1)[1].split("}", 1)[0]
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))


@pytest.mark.parametrize(
    ("colour", "theme"), list(product(COLOURS, ("light", "dark"))), ids="-".join
)
def test_words_on_each_colour_can_be_read(colour: str, theme: str) -> None:
    tokens, colours = ((STYLES / name).read_text() for name in ("tokens.css", "colours.css"))
    root = ":root" if theme == "light" else ':root[data-theme="dark"]'
    found = shades(tokens, root)
    if colour != "kumquat":
        mark = '[data-theme="dark"]' if theme == "dark" else ""
        found |= shades(colours, f'[data-colour="{colour}"]{mark}')
    for ink, ground in (
        ("on-kumquat", "kumquat"),
        ("on-kumquat", "kumquat-press"),
        ("kumquat-ink", "surface"),
        ("kumquat-ink", "paper"),
        ("ink", "kumquat-wash"),
    ):
        assert contrast(found[ink], found[ground]) >= 4.5, (ink, ground)
