"""What the live page says, before anyone orders, of the messages that follow."""

import httpx
import pytest
from tests.pages.conftest import Sale

from farmlive.settings import Settings

FEW = {"notices_per_hour": 3, "notices_per_day": 10}


@pytest.fixture
def settings(settings: Settings, request: pytest.FixtureRequest) -> Settings:
    """A test says by its parameter what it needs other than the default."""
    return settings.model_copy(update=getattr(request, "param", {}))


async def page(visitor: httpx.AsyncClient, sale: Sale, language: str) -> str:
    return (await visitor.get(f"/live/{sale.broadcast}", params={"lang": language})).text


@pytest.mark.parametrize("settings", [FEW], indirect=True)
@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("zh", "同一号码或邮箱每小时最多 3 条、每天 10 条，只发给 +86 开头的号码"),
        (
            "en",
            "at most 3 times an hour and 10 a day to one number or address, and only to numbers",
        ),
    ],
)
async def test_limits_of_messages_are_said_before_ordering(
    visitor: httpx.AsyncClient, sale: Sale, language: str, said: str
) -> None:
    assert said in await page(visitor, sale, language)


@pytest.mark.parametrize("settings", [{**FEW, "notice_prefixes": ("",)}], indirect=True)
async def test_no_prefix_is_said_where_every_number_is_told(
    visitor: httpx.AsyncClient, sale: Sale
) -> None:
    said = await page(visitor, sale, "en")
    assert "3 times an hour and 10 a day to one number or address. " in said


@pytest.mark.parametrize("settings", [{"notices": ()}], indirect=True)
async def test_nothing_is_said_of_messages_where_none_are_sent(
    visitor: httpx.AsyncClient, sale: Sale
) -> None:
    assert "times an hour and" not in await page(visitor, sale, "en")
