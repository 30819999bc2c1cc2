"""The pages of origin as a browser gets them: a lot's story, and a farm."""

from dataclasses import replace
from functools import partial

import httpx
import pytest
from sqlalchemy import Connection, Update, update
from tests.pages.page_text import words
from tests.support.waiting import until

from farmlive.client import Api
from farmlive.origin.core.requirements import Requirements
from farmlive.origin.core.tables import inspections, lots
from farmlive.server import Server

FIELD = [[118.2, 26.2], [118.202, 26.2], [118.202, 26.201], [118.2, 26.201], [118.2, 26.2]]


@pytest.fixture
async def told(site: Server) -> dict[str, str]:
    """A farm with a plot, its works, and a lot that was tested, packed, shipped and shown."""
    _, key = await site.house.people.create_api_key("origin", "coordinator")
    async with Api(site.url, key=key) as api:
        farm = await api.request(
            "POST",
            "/api/v1/farms",
            json={
                "name": {"zh": "洪牌果园", "en": "Hongpai Orchard"},
                "place": {"zh": "尤溪", "en": "Youxi"},
                "person": {"zh": "林秀珍", "en": "Lin Xiuzhen"},
                "story": {"zh": "", "en": "They pick <at dawn>."},
                "latitude": 26.2,
                "longitude": 118.2,
            },
        )
        plot = await api.request(
            "POST",
            f"/api/v1/farms/{farm['id']}/plots",
            json={
                "name": {"zh": "三号坡", "en": "Slope 3"},
                "crop": {"zh": "金柑", "en": "Kumquats"},
                "area_m2": 20_000,
                "planted_year": 1962,
                "outline": {"type": "Polygon", "coordinates": [FIELD]},
            },
        )
        for work in (
            {"kind": "flowered", "at": "2026-05-23T08:00:00+08:00"},
            {
                "kind": "sprayed",
                "at": "2026-09-28T08:00:00+08:00",
                "substance": {"zh": "矿物油", "en": "Mineral oil"},
                "waiting_days": 15,
            },
        ):
            await api.request("POST", f"/api/v1/plots/{plot['id']}/works", json=work)
        lot = await api.request(
            "POST",
            "/api/v1/lots",
            json={
                "plot": plot["id"],
                "code": "1123",
                "harvested_at": "2026-11-20T08:00:00+08:00",
                "quantity_g": 412_000,
            },
        )
        path = f"/api/v1/lots/{lot['id']}"
        await api.request(
            "POST",
            f"{path}/inspections",
            json={
                "at": "2026-11-20T12:00:00+08:00",
                "result": {"zh": "合格", "en": "No residue found"},
                "laboratory": "Youxi",
                "passed": True,
            },
        )
        await api.request(
            "POST", f"{path}/packings", json={"at": "2026-11-20T18:00:00+08:00", "boxes": 40}
        )
        await api.request(
            "POST",
            f"{path}/shippings",
            json={"at": "2026-11-20T20:00:00+08:00", "to": {"zh": "福州", "en": "Fuzhou"}},
        )
    return {"farm": farm["id"], "lot": lot["id"]}


async def test_a_story_tells_every_station(
    told: dict[str, str], visitor: httpx.AsyncClient
) -> None:
    page = await visitor.get(f"/origin/lot/{told['lot']}", params={"lang": "en"})
    text = words(page)
    for said in (
        "Lot 1123",
        "Lin Xiuzhen",
        "Flowered",
        "Mineral oil · waiting period over on",
        "412 kg · Slope 3",
        "No residue found",
        "40 boxes",
        "to Fuzhou",
        "412 kg harvested, 0 kg sold",
    ):
        assert said in text, said
    assert "not recorded" not in text
    assert f'href="/origin/farm/{told["farm"]}"' in page.text


async def test_a_story_tells_what_was_sorted_out_and_put_right(
    site: Server, told: dict[str, str], visitor: httpx.AsyncClient
) -> None:
    _, key = await site.house.people.create_api_key("keeper", "coordinator")
    path = f"/api/v1/lots/{told['lot']}"
    async with Api(site.url, key=key) as api:
        waste = {"weight_g": 12_000, "reason": "split <by rain>", "at": "2026-11-21T08:00:00+08:00"}
        await api.request("POST", f"{path}/waste", json=waste)
        await api.request("PATCH", path, json={"quantity_g": 421_000, "reason": "misread"})
    text = words(await visitor.get(f"/origin/lot/{told['lot']}", params={"lang": "en"}))
    for said in (
        "421 kg · Slope 3",
        "421 kg harvested, 0 kg sold",
        "12 kg wasted · 409 kg left of the harvest",
        "12 kg wasted: split <by rain>",
        "the harvest was corrected to 421 kg, from 412 kg: misread",
    ):
        assert said in text, said
    chinese = words(await visitor.get(f"/origin/lot/{told['lot']}", params={"lang": "zh"}))
    assert "损耗" in chinese
    assert "采收量更正为" in chinese


async def test_a_farm_shows_its_map_plots_and_lots(
    told: dict[str, str], visitor: httpx.AsyncClient
) -> None:
    path = f"/origin/farm/{told['farm']}"
    page = await visitor.get(path, params={"lang": "en"})
    text = words(page)
    for said in ("Hongpai Orchard", "Lin Xiuzhen", "They pick <at dawn>.", "Slope 3", "2 ha"):
        assert said in text, said
    assert "Map of Fujian" in page.text
    assert page.text.count("map__plot") == 1
    assert f'href="/origin/lot/{told["lot"]}"' in page.text
    chinese = words(await visitor.get(path, params={"lang": "zh"}))
    assert "30 亩" in chinese
    assert "洪牌果园" in chinese


async def test_a_farm_without_coordinates_or_lots_is_told_so(
    site: Server, visitor: httpx.AsyncClient
) -> None:
    _, key = await site.house.people.create_api_key("origin", "coordinator")
    async with Api(site.url, key=key) as api:
        farm = await api.create_farm({"zh": "", "en": "New farm"}, {"zh": "", "en": "Youxi"})
    page = await visitor.get(f"/origin/farm/{farm['id']}", params={"lang": "en"})
    assert "No harvest is recorded yet" in words(page)
    assert "Nobody has written about this farm yet." in words(page)
    assert '<svg class="map__drawing' not in page.text


async def test_a_farm_that_is_not_there_is_told_in_the_readers_language(
    visitor: httpx.AsyncClient,
) -> None:
    page = await visitor.get("/origin/farm/nowhere", params={"lang": "zh"})
    assert page.status_code == 404
    assert "没有这个农场" in words(page)


def changed(statement: Update, connection: Connection) -> int:
    return connection.execute(statement).rowcount


async def test_a_lot_that_lacks_what_the_county_asks_for_says_that_it_is_not_sold_yet(
    site: Server, told: dict[str, str], visitor: httpx.AsyncClient
) -> None:
    path, origin = f"/origin/lot/{told['lot']}", site.house.origin

    async def page(said: str, language: str = "en") -> str:
        """The page, which is drawn once a second, as soon as it says so."""

        async def look() -> str:
            answer = await visitor.get(path, params={"lang": language})
            return answer.text if said in words(answer) else ""

        return await until(look, said)

    async def demand(**wanted: bool) -> None:
        origin._policy = replace(origin._policy, requirements=Requirements(**wanted))
        await origin.start()

    assert "not sold yet" not in await page("Lot 1123")
    await demand(certificate=True)
    lacks = (
        "This lot is not sold yet. It has no certificate yet, and nothing is sold here without one."
    )
    assert "notice--leaf" in await page(lacks)
    await page("这个批次还没有开卖。", "zh")
    early = 1_577_836_800_000
    for row in (update(inspections).values(at=early), update(lots).values(tested_at=early)):
        await site.house.store.write(partial(changed, row))
    await demand(test=True)
    source = await page("This lot is not sold yet. No passed test is recorded for it yet")
    assert "The test is from more than 30 days before the harvest" in source
    assert "notice--leaf" not in source
