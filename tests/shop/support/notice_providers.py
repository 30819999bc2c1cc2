"""Shops that notify buyers, and providers that keep what they are given."""

from typing import Any

from tests.shop.conftest import caller
from tests.shop.support.sent_notices import PHONE, kept
from tests.support.parts import local_log

from farmlive.settings import Settings
from farmlive.shop.notices.providers import Notice, NoticeDeferred
from farmlive.shop.shop import Shop

AS_SHIPPED = {
    name: Settings.model_fields[name].default
    for name in ("notices_per_hour", "notices_per_day", "notices_per_address", "notice_prefixes")
}


def server(stall: Any, settings: Settings, **change: Any) -> Shop:
    """The shop of a server with the limits that farmlive has by itself, or these."""
    own = settings.model_copy(update={**AS_SHIPPED, **change})
    return stall.another_shop(own, log=local_log())  # type: ignore[no-any-return]


class Post:
    """Brings what it is given, and keeps of which notices that was."""

    at_once = 1
    together = 1

    def __init__(self, name: str):
        self.name = name
        self.brought: list[str] = []

    def can_reach(self, person: str) -> bool:
        return True

    def send(self, *notices: Notice) -> None:
        self.brought += [notice.id for notice in notices]

    def close(self) -> None:
        pass


class Full(Post):
    """A mailbox that is full at the first time."""

    def send(self, *notices: Notice) -> None:
        super().send(*notices)
        if len(self.brought) == 1:
            raise NoticeDeferred("the mailbox is full")


async def kinds(stall: Any) -> list[str]:
    return [row.kind for row in await kept(stall.store)]


async def order(stall: Any, shop: Shop, phone: str = PHONE, by: Any = None, **buyer: Any) -> Any:
    """Order one box at this shop."""
    request = stall.request(1, buyer={"name": "王小明", "phone": phone, **buyer})
    return await shop.till.place(by or caller(), stall.broadcast, request)


async def plenty(stall: Any) -> None:
    """Sell an offer of which nobody here runs out."""
    stall.card = await stall.offer(released=150)


async def held_by(stall: Any, provider: str = "file") -> list[str | None]:
    """Return by which limit each notice is held back, the oldest first."""
    return [row.held_by for row in await kept(stall.store) if row.provider == provider]
