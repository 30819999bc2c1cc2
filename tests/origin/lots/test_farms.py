"""Farms, plots and works: who may keep which, and what is refused with nothing kept."""

import io
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from PIL import Image
from tests.support.upload_bodies import keep_picture

from farmlive.bilingual import Bilingual
from farmlive.clock import now_ms
from farmlive.ids import ulid
from farmlive.origin.core.models import Farm, FarmChange, NewPlot, NewWork, Plot, PlotChange
from farmlive.origin.core.problems import (
    InFuture,
    OtherFarm,
    UnknownFarm,
    UnknownPicture,
    UnknownPlot,
)
from farmlive.origin.origin import Origin
from farmlive.people import Caller
from farmlive.people.core.audit import list_entries
from farmlive.settings import Settings
from farmlive.store import Store
from farmlive.store.files.files import Files

SQUARE = [[118.0, 26.0], [118.001, 26.0], [118.001, 26.001], [118.0, 26.001], [118.0, 26.0]]
BOTH = {"zh": "甲", "en": "A"}
DAY = 86_400_000


def seller(*farms: str) -> Caller:
    return Caller("1", "a seller", "seller", "a phone", "127.0.0.1", farms=frozenset(farms))


@pytest.fixture
async def plot(origin: Origin, staff: Caller, farm: Farm) -> Plot:
    crop = Bilingual(zh="金柑", en="Kumquats")
    return await origin.add_plot(staff, farm.id, NewPlot(name=Bilingual(zh="三号坡"), crop=crop))


@pytest.fixture
async def photo(settings: Settings) -> str:
    written = io.BytesIO()
    Image.new("RGB", (4, 4)).save(written, "PNG")
    return (await keep_picture(Files(settings), written.getvalue())).url


async def test_a_farm_has_photos_and_a_place(site: Any, photo: str) -> None:
    new = {
        "name": {"zh": "溪口果园"},
        "place": {"zh": "尤溪县"},
        "photo": photo,
        "person_photo": photo,
        "latitude": 26.17,
        "longitude": 118.19,
        "gs1_prefix": "6901234",
    }
    answer = await site.staff.post("/api/v1/farms", json=new)
    assert answer.status_code == 201
    farm = answer.json()
    assert {name: farm[name] for name in new if name not in ("name", "place")} == {
        name: new[name] for name in new if name not in ("name", "place")
    }
    changed = await site.staff.patch(
        f"/api/v1/farms/{farm['id']}", json={"person_photo": None, "person": {"en": "Lin"}}
    )
    assert changed.json() == {**farm, "person_photo": None, "person": {"zh": "", "en": "Lin"}}
    assert (await site.viewer.get(f"/api/v1/farms/{farm['id']}")).json() == changed.json()


@pytest.mark.any_database
@pytest.mark.parametrize(
    "wrong",
    [
        {"photo": "https://elsewhere.test/a.webp"},
        {"photo": "/files/../secret"},
        {"photo": "/files/" + "0" * 64 + ".pdf"},
        {"latitude": 26.1},
        {"latitude": 126.1, "longitude": 118.0},
        {"latitude": 26.1, "longitude": 200},
        {"gs1_prefix": "69x"},
        {"name": None},
        {"name": {"zh": ""}},
        {"owner": "me"},
    ],
)
async def test_wrong_facts_of_a_farm_are_refused(
    site: Any, farm: Farm, wrong: dict[str, object]
) -> None:
    answer = await site.staff.patch(f"/api/v1/farms/{farm.id}", json=wrong)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid")
    assert (await site.viewer.get(f"/api/v1/farms/{farm.id}")).json() == farm.model_dump()


async def test_a_picture_that_is_not_here_is_refused(
    origin: Origin, staff: Caller, farm: Farm
) -> None:
    wanted = FarmChange(photo="/files/" + "0" * 64 + ".webp")
    with pytest.raises(UnknownPicture):
        await origin.change_farm(staff, farm.id, wanted)


async def test_a_plot_is_added_and_changed(site: Any, farm: Farm) -> None:
    new = {
        "name": {"zh": "三号坡", "en": "Slope 3"},
        "crop": {"zh": "金柑", "en": "Kumquats"},
        "area_m2": 5200,
        "planted_year": 1998,
        "outline": {"type": "Polygon", "coordinates": [SQUARE]},
    }
    answer = await site.staff.post(f"/api/v1/farms/{farm.id}/plots", json=new)
    assert answer.status_code == 201
    plot = answer.json()
    assert plot == {"id": plot["id"], "farm": farm.id, **new}
    assert (await site.viewer.get(f"/api/v1/farms/{farm.id}/plots")).json()["plots"] == [plot]
    changed = await site.staff.patch(
        f"/api/v1/plots/{plot['id']}", json={"area_m2": 5300, "crop": None}
    )
    assert changed.json() == {**plot, "area_m2": 5300, "crop": None}


@pytest.mark.any_database
@pytest.mark.parametrize(
    "wrong",
    [
        {"name": {"zh": " "}},
        {"area_m2": 0},
        {"area_m2": 1.5},
        {"planted_year": 98},
        {"outline": {"type": "Point", "coordinates": [118, 26]}},
        {"outline": {"type": "Polygon", "coordinates": []}},
        {"outline": {"type": "Polygon", "coordinates": [SQUARE[:3]]}},
        {"outline": {"type": "Polygon", "coordinates": [[*SQUARE[:4], [1, 1]]]}},
        {"outline": {"type": "Polygon", "coordinates": [[[26, 118]] * 4]}},
        {"outline": {"type": "Polygon", "coordinates": [SQUARE], "crs": {}}},
        {"outline": {"type": "Polygon", "coordinates": [SQUARE * 101]}},
    ],
)
async def test_wrong_facts_of_a_plot_are_refused(
    site: Any, farm: Farm, wrong: dict[str, object]
) -> None:
    answer = await site.staff.post(
        f"/api/v1/farms/{farm.id}/plots", json={"name": {"zh": "三号坡"}, **wrong}
    )
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid")
    assert (await site.viewer.get(f"/api/v1/farms/{farm.id}/plots")).json() == {
        "plots": [],
        "next": None,
    }


async def test_works_are_told_latest_first(site: Any, plot: Plot) -> None:
    path = f"/api/v1/plots/{plot.id}/works"
    flowered = {"kind": "flowered", "at": "2026-06-20T08:00:00+08:00"}
    sprayed = {
        "kind": "sprayed",
        "at": "2026-09-20T08:00:00+08:00",
        "substance": {"zh": "吡虫啉", "en": "Imidacloprid"},
        "waiting_days": 14,
    }
    assert (await site.staff.post(path, json=flowered)).status_code == 201
    answer = await site.staff.post(path, json=sprayed)
    assert answer.json()["until"] == "2026-10-04T00:00:00.000Z"
    works = (await site.viewer.get(path)).json()["works"]
    assert [work["kind"] for work in works] == ["sprayed", "flowered"]
    assert works[0]["substance"] == sprayed["substance"]


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"kind": "sprayed"}, "how many days"),
        ({"kind": "sprayed", "waiting_days": -1}, ""),
        ({"kind": "sprayed", "waiting_days": 400}, ""),
        ({"kind": "flowered", "waiting_days": 3}, "Only a spraying"),
        ({"kind": "burned"}, ""),
    ],
)
async def test_wrong_works_are_refused(
    site: Any, plot: Plot, wrong: dict[str, object], says: str
) -> None:
    path = f"/api/v1/plots/{plot.id}/works"
    answer = await site.staff.post(path, json={"at": "2026-09-20T08:00:00+08:00", **wrong})
    assert answer.status_code == 422
    assert says in answer.json()["detail"]
    assert (await site.viewer.get(path)).json() == {"works": [], "next": None}


async def test_a_work_of_tomorrow_is_refused(origin: Origin, staff: Caller, plot: Plot) -> None:
    with pytest.raises(InFuture, match="yet to come"):
        await origin.add_work(staff, plot.id, NewWork(kind="flowered", at=now_ms() + DAY))
    assert await origin.works(plot.id) == []


async def test_a_seller_keeps_own_farms_only(
    origin: Origin, staff: Caller, farm: Farm, plot: Plot
) -> None:
    own, other = seller(farm.id), seller(ulid())
    name = Bilingual(zh="新名")
    happened = NewWork(kind="flowered", at=now_ms())
    refused: list[Callable[[Caller], Awaitable[object]]] = [
        lambda who: origin.change_farm(who, farm.id, FarmChange(name=name)),
        lambda who: origin.add_plot(who, farm.id, NewPlot(name=name)),
        lambda who: origin.change_plot(who, plot.id, PlotChange(name=name)),
        lambda who: origin.add_work(who, plot.id, happened),
    ]
    for deed in refused:
        with pytest.raises(OtherFarm):
            await deed(other)
    assert await origin.farm(farm.id) == farm
    assert await origin.plots(farm.id) == [plot]
    assert await origin.works(plot.id) == []
    for deed in refused:
        await deed(own)
    assert (await origin.farm(farm.id)).name == name


async def test_roles_decide_who_writes(site: Any, farm: Farm, plot: Plot) -> None:
    own = await site.bearer("seller", farm.id)
    other = (await site.staff.post("/api/v1/farms", json={"name": BOTH, "place": BOTH})).json()
    strange = await site.bearer("seller", other["id"])
    works = f"/api/v1/plots/{plot.id}/works"
    flowered = {"kind": "flowered", "at": "2026-06-20T08:00:00+08:00"}

    async def asked(headers: dict[str, str]) -> tuple[int, str]:
        answer = await site.viewer.post(works, json=flowered, headers=headers)
        return answer.status_code, answer.json().get("type", "")

    assert await asked(own) == (201, "")
    assert await asked(strange) == (403, "/problems/other-farm")
    for role in ("moderator", "clerk"):
        assert await asked(await site.bearer(role)) == (403, "/problems/forbidden")
    new = {"name": BOTH, "place": BOTH}
    refused = await site.viewer.post("/api/v1/farms", json=new, headers=own)
    assert refused.status_code == 403
    assert len((await site.viewer.get(works)).json()["works"]) == 1


async def test_what_is_not_there_is_told(origin: Origin, staff: Caller) -> None:
    with pytest.raises(UnknownFarm):
        await origin.add_plot(staff, ulid(), NewPlot(name=Bilingual(zh="坡")))
    with pytest.raises(UnknownFarm):
        await origin.farm_page(ulid())
    with pytest.raises(UnknownPlot):
        await origin.works(ulid())


async def test_what_staff_do_is_in_the_audit_list(
    origin: Origin, staff: Caller, farm: Farm, plot: Plot, store: Store
) -> None:
    await origin.change_farm(staff, farm.id, FarmChange(latitude=26.1, longitude=118.1))
    listed = await store.read(list_entries)
    assert [(deed.action, deed.subject) for deed in listed] == [
        ("farm.change", farm.id),
        ("plot.add", plot.id),
        ("farm.add", farm.id),
    ]
    assert listed[0].detail == {"fields": ["latitude", "longitude"]}


async def test_a_farms_page_has_its_plots_lots_and_maps(
    site: Any, origin: Origin, staff: Caller, farm: Farm
) -> None:
    bare = await origin.farm_page(farm.id)
    assert (bare.farm, bare.plots, bare.lots, bare.map, bare.near) == (farm, [], [], None, None)
    await origin.change_farm(staff, farm.id, FarmChange(latitude=26.17, longitude=118.19))
    outline = {"type": "Polygon", "coordinates": [SQUARE]}
    plot = await origin.add_plot(
        staff, farm.id, NewPlot.model_validate({"name": {"zh": "坡"}, "outline": outline})
    )
    yesterday = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    harvest = {
        "plot": plot.id,
        "harvested_at": yesterday,
        "quantity_g": 80_000,
        "product_name": {"zh": "金柑"},
    }
    lot = (await site.staff.post("/api/v1/lots", json=harvest)).json()
    page = await origin.farm_page(farm.id)
    assert page.plots == [plot]
    assert [found.id for found in page.lots] == [lot["id"]]
    assert page.map is not None
    assert page.map.name.en == "Fujian"
    assert page.near is not None
    assert page.near.plots[0].id == plot.id
