"""Youxi county as the demo shows it: farms, lots, offers, centres and three broadcasts.

Owns the content (county/youxi.json) and its entering through the server's own API. Who publishes
and who chats is for on_air.py and people.py.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from farmlive.client import Api
from farmlive.clock import now_ms, rfc3339

HOUR_MS = 3_600_000


@dataclass(frozen=True)
class County:
    """What was entered: `offers` are the cards of the live broadcast with their product's name
    in youxi.json under `product`.
    """

    live: str
    spare: str
    scheduled: str
    centres: list[str]
    offers: list[dict[str, Any]]


def content() -> dict[str, Any]:
    """The county's content as youxi.json has it."""
    text = files("farmlive.demo").joinpath("county/youxi.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


async def enter(api: Api, known: dict[str, Any] | None = None) -> tuple[County, dict[str, Any]]:
    """Enter what is not there yet, and start the two broadcasts that are live.

    `known` is what an earlier call returned beside the county. Broadcasts that a visitor has
    ended since are made anew, with the same lots.
    """
    youxi = content()
    entered: dict[str, Any] = known or {
        "lots": await _lots(api, youxi),
        "centres": [(await api.create_centre(**centre))["id"] for centre in youxi["centres"]],
        "broadcasts": {},
        "offers": {},
    }
    for name, facts in youxi["broadcasts"].items():
        if not await _still(api, entered["broadcasts"].get(name), name):
            entered["broadcasts"][name] = await _broadcast(api, name, facts)
            entered["offers"][name] = await _offers(
                api, entered["broadcasts"][name], facts["offers"], entered["lots"], youxi
            )
        if name != "scheduled":
            broadcast = await api.broadcast(entered["broadcasts"][name])
            if broadcast["state"] == "scheduled":
                await api.start(broadcast["id"])
    county = County(
        **entered["broadcasts"], centres=entered["centres"], offers=entered["offers"]["live"]
    )
    return county, entered


async def _still(api: Api, broadcast: str | None, name: str) -> bool:
    if broadcast is None:
        return False
    found = await api.broadcast(broadcast)
    if name == "scheduled" and found["starts_at"]:
        return bool(found["state"] == "scheduled" and found["starts_at"] > rfc3339(now_ms()))
    return bool(found["state"] != "ended")


async def _broadcast(api: Api, name: str, facts: dict[str, Any]) -> str:
    starts_at = None
    if name == "scheduled":
        tomorrow = datetime.now(ZoneInfo("Asia/Shanghai")) + timedelta(days=1)
        starts_at = tomorrow.replace(hour=20, minute=0, second=0, microsecond=0).isoformat()
    body = {"title": facts["title"], "starts_at": starts_at, "note": facts["note"]}
    made = await api.request("POST", "/api/v1/broadcasts", json=body)
    return str(made["id"])


async def _lots(api: Api, youxi: dict[str, Any]) -> dict[str, str]:
    farms = {name: (await api.create_farm(**facts))["id"] for name, facts in youxi["farms"].items()}
    hour = now_ms() // HOUR_MS * HOUR_MS
    lots = {}
    for name, facts in youxi["lots"].items():
        made = await api.create_lot(
            farms[facts["farm"]],
            facts["code"],
            facts["product_name"],
            rfc3339(hour - facts["picked_h"] * HOUR_MS),
            facts["quantity_g"],
            gtin=facts["gtin"],
            plot=facts["plot"],
            inspection={
                "at": rfc3339(hour - facts["tested_h"] * HOUR_MS),
                "result": facts["result"],
                "laboratory": "尤溪县农产品质量检测站",
            },
            packed_at=rfc3339(hour - facts["packed_h"] * HOUR_MS),
        )
        lots[name] = str(made["id"])
    return lots


async def _offers(
    api: Api, broadcast: str, products: list[str], lots: dict[str, str], youxi: dict[str, Any]
) -> list[dict[str, Any]]:
    cards = []
    for product in products:
        facts = dict(youxi["products"][product])
        card = await api.create_offer(
            broadcast,
            lots[product],
            facts.pop("price"),
            facts.pop("released"),
            gtin=youxi["lots"][product]["gtin"],
            **facts,
        )
        cards.append({**card, "product": product})
    return cards
