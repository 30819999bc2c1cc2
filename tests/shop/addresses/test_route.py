"""POST /parsed-addresses: what it answers, what it never logs, and how often it may be asked."""

import httpx
import pytest
from structlog.testing import capture_logs

from farmlive.server import Server
from farmlive.shop.routes.addresses import PARSES_PER_MINUTE

pytestmark = pytest.mark.any_database

TEXT = (
    "收货人: 张三\n手机号码: 13812345678\n所在地区: 福建省三明市尤溪县\n详细地址: 西城镇玉池村12号"
)
PATH = "/api/v1/parsed-addresses"
PERSONAL = ("张三", "13812345678", "玉池村")


async def test_it_answers_the_parts_and_logs_and_caches_nothing(server: Server) -> None:
    async with httpx.AsyncClient(base_url=server.url) as client:
        with capture_logs() as lines:
            answer = await client.post(PATH, json={"text": TEXT})
            too_long = await client.post(PATH, json={"text": TEXT * 20})
            unknown = await client.post(PATH, json={"text": TEXT, "city": "三明"})
            huge = await client.post(PATH, json={"text": TEXT * 20_000})
            as_query = await client.get(PATH, params={"text": "张三"})
    assert answer.json() == {
        "name": "张三",
        "phone": "13812345678",
        "region": "350426",
        "region_names": {
            "zh": ["福建省", "三明市", "尤溪县"],
            "en": ["Fujian Province", "Sanming City", "Youxi County"],
        },
        "street": "西城镇玉池村12号",
        "unsure": [],
    }
    assert answer.headers["cache-control"] == "no-store"
    refused = (too_long, unknown, huge, as_query)
    assert [each.status_code for each in refused] == [422, 422, 413, 405]
    for each in (str(lines), *(refusal.text for refusal in refused)):
        assert not [word for word in PERSONAL if word in each], each


async def test_a_device_is_refused_where_it_asks_too_often(server: Server) -> None:
    async with httpx.AsyncClient(base_url=server.url) as client:
        # The first answer brings the device's cookie.
        codes = [
            (await client.post(PATH, json={"text": TEXT})).status_code
            for _ in range(PARSES_PER_MINUTE + 2)
        ]
    assert (codes[0], codes[-1]) == (200, 429)
