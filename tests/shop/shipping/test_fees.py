"""What a parcel costs by region and weight, who sets it, and the divisions that it goes by."""

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import Request
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from tests.shop.conftest import HOST
from tests.support.money import cny
from tests.support.parts import people_of, with_device

from farmlive.edge import http_edge
from farmlive.openapi import Api
from farmlive.people import Guard
from farmlive.people.core.audit import list_entries
from farmlive.people.core.cookies import Cookies
from farmlive.problems import Problem
from farmlive.settings import Settings
from farmlive.shop.core import regions
from farmlive.shop.core.fields import MAX_PRICE
from farmlive.shop.routes import shipping
from farmlive.shop.shipping import fees
from farmlive.shop.shipping.fees import FeesReplaced, ParcelFees, TooHeavy
from farmlive.shop.shipping.models import Fee, FeeTable
from farmlive.store import Store

YOUXI, SANMING, FUJIAN, BEIJING = "350426", "350400", "350000", "110101"


def table(*rows: tuple[str, int, int]) -> FeeTable:
    return FeeTable.model_validate(
        {"fees": [{"region": where, "upto_g": upto, "fee": cny(fee)} for where, upto, fee in rows]}
    )


USUAL = table(
    ("", 3_000, 1_200),
    ("", 10_000, 2_500),
    ("35", 5_000, 600),
    ("35", 20_000, 900),
    ("350426", 5_000, 0),
)


@pytest.fixture
def kept(store: Store, settings: Settings) -> ParcelFees:
    return ParcelFees(store, settings)


async def fee(store: Store, region: str | None, grams: int) -> int:
    return await store.read(lambda connection: fees.fee_of(connection, region, grams))


async def test_the_longest_fitting_region_counts_and_of_it_the_least_weight_that_holds(
    store: Store, kept: ParcelFees
) -> None:
    await kept.set(HOST, USUAL)
    assert await fee(store, None, 1) == 1_200
    assert await fee(store, BEIJING, 3_000) == 1_200
    assert await fee(store, BEIJING, 3_001) == 2_500
    # The province's fee for all that lies in it, the county's own where it has one.
    assert await fee(store, FUJIAN, 3_001) == 600
    assert await fee(store, SANMING, 5_001) == 900
    assert await fee(store, "350421", 5_000) == 600
    assert await fee(store, YOUXI, 5_000) == 0


@pytest.mark.parametrize(
    ("region", "grams", "most"),
    [(None, 10_001, 10_000), (BEIJING, 50_000, 10_000), (YOUXI, 5_001, 5_000)],
)
async def test_a_parcel_heavier_than_its_region_takes_is_refused_with_what_it_takes(
    store: Store, kept: ParcelFees, region: str | None, grams: int, most: int
) -> None:
    await kept.set(HOST, USUAL)
    with pytest.raises(TooHeavy) as refused:
        await fee(store, region, grams)
    assert refused.value.members == {"weight_g": grams, "most_g": most}
    assert f"{most // 1000} kg at most" in refused.value.detail


async def test_of_two_who_change_the_same_fees_the_second_is_told(kept: ParcelFees) -> None:
    empty = (await kept.list_fees()).version
    first = await kept.set(HOST, USUAL.model_copy(update={"version": empty}))
    assert first.version == (await kept.list_fees()).version != empty
    other = table(("", 3_000, 900))
    with pytest.raises(FeesReplaced) as refused:
        await kept.set(HOST, other.model_copy(update={"version": empty}))
    assert refused.value.members == {"version": first.version}
    assert (await kept.list_fees()).fees == first.fees
    await kept.set(HOST, other.model_copy(update={"version": first.version}))
    # A program that replaces all of them sends none.
    again = await kept.set(HOST, USUAL)
    assert again.version == first.version


async def test_without_any_fees_no_parcel_costs_and_none_is_too_heavy(
    store: Store, kept: ParcelFees
) -> None:
    assert await fee(store, YOUXI, 900_000) == 0
    await kept.set(HOST, USUAL)
    await kept.set(HOST, table())
    assert await fee(store, None, 900_000) == 0


async def test_the_table_is_set_as_a_whole_and_noted(store: Store, kept: ParcelFees) -> None:
    await kept.set(HOST, USUAL)
    written = await kept.set(HOST, table(("3504", 5_000, 700), ("", 5_000, 0), ("11", 5_000, 9)))
    assert written == await kept.list_fees()
    assert [(row.region, row.upto_g, row.fee.amount) for row in written.fees] == [
        ("", 5_000, 0),
        ("11", 5_000, 9),
        ("3504", 5_000, 700),
    ]
    assert written.currency == "CNY"
    noted = (await store.read(list_entries))[0]
    assert (noted.action, noted.name) == ("fees.set", "a host")
    assert noted.detail == {"fees": 3, "regions": ["", "北京市", "福建省 三明市"]}


@pytest.mark.parametrize(
    ("rows", "word"),
    [
        ([("35", 5_000, 600)], "everywhere else"),
        ([("", 5_000, 600), ("", 5_000, 700)], "twice"),
        ([("", 5_000, 600), ("35", 3_000, 500), ("350000", 3_000, 600)], "twice"),
        ([("", 5_000, 600), ("", 3_000, 700)], "costs less than a lighter"),
        ([("99", 5_000, 600)], "GB/T 2260"),
        ([("3", 5_000, 600)], "GB/T 2260"),
        ([("3504267", 5_000, 600)], "GB/T 2260"),
        ([("", 0, 600)], "greater than or equal to 1"),
        ([("", 5_000, -1)], "greater than or equal to 0"),
        ([("", 5_000, MAX_PRICE + 1)], "at most"),
        ([("", 5_000, True)], "valid integer"),
    ],
)
def test_a_table_that_can_not_be_meant_is_refused(
    rows: list[tuple[str, int, int]], word: str
) -> None:
    with pytest.raises(ValidationError, match=word):
        table(*rows)


def test_a_region_may_be_written_in_full() -> None:
    written = [
        Fee(region=code, upto_g=1, fee=cny(0)).region for code in (FUJIAN, SANMING, YOUXI, "")
    ]
    assert written == ["35", "3504", "350426", ""]


@pytest.fixture
async def clients(
    store: Store, settings: Settings, kept: ParcelFees
) -> AsyncIterator[tuple[httpx.AsyncClient, httpx.AsyncClient]]:
    people = people_of(store, settings)
    app = Api(Cookies(secure=False))
    app.include_router(shipping.routes(kept, Guard(people)))

    async def page(_request: Request, problem: Problem) -> JSONResponse:
        return JSONResponse(problem.body())

    http_edge.answer_problems(app, page, lambda *_: None)
    transport = httpx.ASGITransport(with_device(app, people))
    _, key = await people.create_api_key("test", "host")
    made: dict[str, Any] = {"transport": transport, "base_url": "http://farm.test"}
    async with (
        httpx.AsyncClient(**made) as viewer,
        httpx.AsyncClient(**made, headers={"Authorization": f"Bearer {key}"}) as staff,
    ):
        yield viewer, staff


async def test_anyone_reads_the_fees_and_staff_set_them(
    clients: tuple[httpx.AsyncClient, httpx.AsyncClient],
) -> None:
    viewer, staff = clients
    empty = (await viewer.get("/api/v1/parcel-fees")).json()
    assert (empty["fees"], empty["currency"]) == ([], "CNY")
    body = USUAL.model_dump()
    assert (await viewer.put("/api/v1/parcel-fees", json=body)).status_code == 401
    answer = await staff.put("/api/v1/parcel-fees", json=body)
    assert answer.status_code == 200
    assert answer.json() == (await viewer.get("/api/v1/parcel-fees")).json()
    assert answer.json()["fees"] == body["fees"]
    wrong = await staff.put("/api/v1/parcel-fees", json={"fees": body["fees"][2:]})
    assert wrong.status_code == 422
    assert (await viewer.get("/api/v1/parcel-fees")).json()["fees"] == body["fees"]


def test_the_divisions_reach_down_to_every_county() -> None:
    every = regions.all_names()
    assert len(every) > 3_500
    assert sum(code.endswith("0000") for code in every) == 34
    assert all(len(code) == 6 and code.isdigit() for code in every)
    for code in every:
        assert all(regions.is_known(parent) for parent in regions.parents(code)), code
        assert regions.names(code), code


@pytest.mark.parametrize(
    ("code", "names"),
    [
        (YOUXI, ["福建省", "三明市", "尤溪县"]),
        (SANMING, ["福建省", "三明市"]),
        (FUJIAN, ["福建省"]),
        (BEIJING, ["北京市", "东城区"]),
        ("500229", ["重庆市", "城口县"]),
        ("419001", ["河南省", "济源市"]),
        ("999999", []),
        ("3504", []),
        ("", []),
    ],
)
def test_a_division_is_called_by_all_it_lies_in(code: str, names: list[str]) -> None:
    assert regions.names(code) == names
    assert regions.is_known(code) == bool(names)


def test_a_code_that_is_gone_is_shown_as_it_is() -> None:
    assert regions.full_name("350427") == "350427"
    assert regions.full_name(YOUXI) == "福建省 三明市 尤溪县"
    assert regions.full_name(None) == ""
    assert regions.full_name("350427", "en") == "350427"
    assert regions.full_name(YOUXI, "en") == "Youxi County, Sanming City, Fujian Province"


def test_every_region_has_a_name_in_english() -> None:
    english = regions.all_names("en")
    assert list(english) == list(regions.all_names())
    assert all(re.fullmatch(r"[A-ZÜ][-A-Za-zÀ-ž' ,()]*[a-zéê)]", name) for name in english.values())


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("110101", "Dongcheng District, Beijing"),
        ("610113", "Yanta District, Xi'an City, Shaanxi Province"),
        ("150102", "Xincheng District, Hohhot City, Inner Mongolia"),
        ("540102", "Chengguan District, Lhasa City, Tibet (Xizang)"),
        ("650100", "Ürümqi City, Xinjiang"),
        ("341500", "Lu'an City, Anhui Province"),
        ("310112", "Minhang District, Shanghai"),
        ("371524", "Dong'e County, Liaocheng City, Shandong Province"),
        ("140428", "Zhangzi County, Changzhi City, Shanxi Province"),
        ("141100", "Lüliang City, Shanxi Province"),
        ("220622", "Jingyu County, Baishan City, Jilin Province"),
        ("420528", "Changyang Tujia Autonomous County, Yichang City, Hubei Province"),
        ("422800", "Enshi Tujia and Miao Autonomous Prefecture, Hubei Province"),
        ("150723", "Oroqen Autonomous Banner, Hulunbuir City, Inner Mongolia"),
        ("152921", "Alxa Left Banner, Alxa League, Inner Mongolia"),
        ("429021", "Shennongjia Forestry District, Hubei Province"),
        ("500151", "Tongliang District, Chongqing"),
        ("810103", "Eastern District, Hong Kong Island, Hong Kong"),
        ("710100", "Taipei City, Taiwan"),
        ("320571", "Suzhou Industrial Park, Suzhou City, Jiangsu Province"),
    ],
)
def test_a_region_is_called_in_english_as_usual(code: str, name: str) -> None:
    assert regions.full_name(code, "en") == name
