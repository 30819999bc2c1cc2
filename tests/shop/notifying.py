"""Shops that notify buyers, and providers that keep what they are given."""

from typing import Any

from farmlive.broadcast.log import Log
from farmlive.bus import LocalBus
from farmlive.settings import Settings
from farmlive.shop.notices_providers import Notice, NotThere
from farmlive.shop.shop import Shop

from .told import kept

AS_SHIPPED = {
    name: Settings.model_fields[name].default
    for name in ("notices_per_hour", "notices_per_day", "notices_per_address", "notice_prefixes")
}


def server(stall: Any, settings: Settings, **change: Any) -> Shop:
    """The shop of a server with the limits that farmlive has by itself, or these."""
    own = settings.model_copy(update={**AS_SHIPPED, **change})
    return stall.another_shop(own, log=Log(LocalBus()))  # type: ignore[no-any-return]


class Post:
    """Brings what it is given, and keeps of which notices that was."""

    at_once = 1

    def __init__(self, name: str):
        self.name = name
        self.brought: list[str] = []

    def reach(self, person: str) -> bool:
        return True

    def send(self, notice: Notice) -> None:
        self.brought.append(notice.id)

    def close(self) -> None:
        pass


class Full(Post):
    """A mailbox that is full at the first time."""

    def send(self, notice: Notice) -> None:
        super().send(notice)
        if len(self.brought) == 1:
            raise NotThere("the mailbox is full")


async def kinds(stall: Any) -> list[str]:
    return [row.kind for row in await kept(stall.store)]
