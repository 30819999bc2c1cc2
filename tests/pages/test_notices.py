"""What the live page says, before anyone orders, of the messages that follow."""

import httpx
import pytest

from farmlive.app import running
from farmlive.settings import Settings

from .conftest import Sale


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("zh", "同一手机号或邮箱每小时最多 10000 条，每天最多 10000 条"),
        ("en", "at most 10000 an hour and 10000 a day"),
    ],
)
async def test_limits_of_messages_are_said_before_ordering(
    visitor: httpx.AsyncClient, sale: Sale, language: str, said: str
) -> None:
    path = f"/live/{sale.broadcast}"
    page = (await visitor.get(path, headers={"Accept-Language": language})).text
    assert said in page
    assert "+86" in page


async def test_nothing_is_said_of_messages_where_none_are_sent(
    settings: Settings, tables: None, sale: Sale
) -> None:
    silent = settings.model_copy(update={"notices": (), "udp_port": 0})
    async with running(silent) as server, httpx.AsyncClient(base_url=server.url) as client:
        page = (await client.get(f"/live/{sale.broadcast}", headers={"Accept-Language": "en"})).text
    assert "an hour and" not in page
