"""Youxi county in the demo: its farms, the broadcasts that are live or scheduled, and past ones.

Owns the content (county/youxi.json) and the present broadcasts. farms.py adds farms and lots,
history.py simulates past evenings; people.py and publish.py chat and publish.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from farmlive.client import Api, Money
from farmlive.clock import now_ms, rfc3339

TIME_ZONE = ZoneInfo("Asia/Shanghai")
CURRENCY = "CNY"
# The simulated people write in both, since pages are read in both.
LANGUAGES = ("zh", "en")


@dataclass(frozen=True)
class County:
    """The created county: `offers` are the cards of the live broadcast with their product's name
    in youxi.json under `product`; `past` are the ended broadcasts, oldest first.
    """

    live: str
    spare: str
    scheduled: str
    past: list[str]
    farms: dict[str, str]
    centres: list[str]
    offers: list[dict[str, Any]]


def yuan(fen: int) -> Money:
    """Return an amount of the county's currency, as the API has it."""
    return {"amount": fen, "currency": CURRENCY}


def content() -> dict[str, Any]:
    """Return the county's content, youxi.json."""
    text = files("farmlive.demo").joinpath("county/youxi.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


async def open_broadcasts(api: Api, entered: dict[str, Any]) -> County:
    """Create the missing broadcasts, and start the two that are live.

    `entered` has the identifiers of farms, lots, products and centres, and keeps those of the
    broadcasts. Broadcasts that a visitor has ended since are made anew, with the same lots.
    """
    youxi = content()
    broadcasts: dict[str, str] = entered.setdefault("broadcasts", {})
    offers: dict[str, list[dict[str, Any]]] = entered.setdefault("offers", {})
    for name, facts in youxi["broadcasts"].items():
        if not await _is_open(api, broadcasts.get(name), name):
            broadcasts[name] = await _create_broadcast(api, name, facts)
            offers[name] = await _create_offers(
                api, broadcasts[name], facts["offers"], entered, youxi
            )
        if name != "scheduled":
            broadcast = await api.broadcast(broadcasts[name])
            if broadcast["state"] == "scheduled":
                await api.start(broadcast["id"])
    return County(
        **broadcasts,
        past=entered.get("past", []),
        farms=entered["farms"],
        centres=entered["centres"],
        offers=offers["live"],
    )


async def _is_open(api: Api, broadcast: str | None, name: str) -> bool:
    if broadcast is None:
        return False
    found = await api.broadcast(broadcast)
    if name == "scheduled" and found["starts_at"]:
        return bool(found["state"] == "scheduled" and found["starts_at"] > rfc3339(now_ms()))
    return bool(found["state"] != "ended")


async def _create_broadcast(api: Api, name: str, facts: dict[str, Any]) -> str:
    starts_at = None
    if name == "scheduled":
        tomorrow = datetime.now(TIME_ZONE) + timedelta(days=1)
        starts_at = tomorrow.replace(hour=20, minute=0, second=0, microsecond=0).isoformat()
    body = {"title": facts["title"], "starts_at": starts_at, "note": facts["note"]}
    made = await api.request("POST", "/api/v1/broadcasts", json=body)
    return str(made["id"])


async def _create_offers(
    api: Api,
    broadcast: str,
    products: list[str],
    entered: dict[str, Any],
    youxi: dict[str, Any],
) -> list[dict[str, Any]]:
    cards = []
    for product in products:
        facts = youxi["products"][product]
        card = await api.create_offer(
            broadcast,
            entered["lots"][product],
            yuan(facts["price"]),
            facts["released"],
            product=entered["products"][product],
            list_price=facts["list_price"] and yuan(facts["list_price"]),
        )
        cards.append({**card, "product": product})
    return cards
