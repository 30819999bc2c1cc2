"""What others read holds no telephone number and no e-mail address: every text that is sent says
whether others read it, and those that they read are refused with what to do.
"""

from collections.abc import Iterator
from typing import Annotated, Any, get_args, get_origin

import httpx
import pytest
from pydantic import BaseModel
from sqlalchemy import update
from tests.support.money import cny

from farmlive.bilingual import Bilingual
from farmlive.client import Api, ApiProblem
from farmlive.ids import token
from farmlive.origin.core.tables import farms
from farmlive.public_text import REFUSED, Public
from farmlive.server import Server

# Texts that are read by whom they are for alone, blanked elsewhere, or kept in a form of their own.
PRIVATE = {
    # What a buyer and staff write to each other.
    "Cancel.reason",
    "ClaimAnswer.answer",
    "CodeForm.phone",
    "Delivery.address",
    "NewBuyer.email",
    "NewBuyer.name",
    "NewBuyer.phone",
    "NewClaim.photos",
    "NewClaim.text",
    # What is taken apart and given back to who pasted it.
    "PastedAddress.text",
    # What is sought or typed to sign in; who is blocked.
    "Accepted.name",
    "Accepted.password",
    "NewAccount.name",
    "NewAccount.password",
    "NewBlock.value",
    "NewPasskey.credential",
    "Reauthentication.code",
    "Reauthentication.passkey",
    "Reauthentication.password",
    # By which a buyer, or a coordinator, asks what is kept.
    "CodeAsked.phone",
    "PersonAsked.code",
    "PersonAsked.phone",
    "OrderSearch.find",
    "OwnPassword.new",
    "OwnPassword.old",
    "SignIn.code",
    "SignIn.name",
    "SignIn.new_password",
    "SignIn.passkey",
    "SignIn.password",
    "TotpCode.code",
    "TotpCode.token",
    "WaitingSearch.find",
    # The chat blanks mobile numbers itself.
    "ChatAnswer.reply",
    "ChatSay.nickname",
    "ChatSay.text",
    "NewAnswer.reply",
    "NewMessage.nickname",
    "NewMessage.text",
    # A pick-up point's own number.
    "CentreChange.phone",
    "NewCentre.phone",
    # Whom buyers ask.
    "CountyProfile.contact",
    # Written by a rule, as times and codes are.
    "ChangedBroadcast.starts_at",
    "NewApiKey.expires_at",
    "Fee.region",
    "FeeTable.version",
    "Delivery.region",
    "FarmChange.gs1_prefix",
    "NewBroadcast.starts_at",
    "NewFarm.gs1_prefix",
    "NewLot.code",
    "NewStreamKey.source",
}
# Ids, keys, trade items' numbers and the like, whatever they are of.
PLAIN = {"centre", "cursor", "farm", "findings", "gtin", "id", "key", "lot", "mute", "offer"}
PLAIN |= {"offers", "order", "orders", "picture", "plot", "product", "proof", "refund"}


def texts(annotation: Any, said: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """What is said of each text in an annotation."""
    if get_origin(annotation) is Annotated:
        inner, *more = get_args(annotation)
        yield from texts(inner, (*said, *more))
    elif annotation is str or (isinstance(annotation, type) and issubclass(annotation, Bilingual)):
        yield said
    else:
        for part in get_args(annotation):
            if not isinstance(part, str):  # of a Literal
                yield from texts(part, said)


def shapes(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from shapes(part)


def sent(server: Server) -> set[type[BaseModel]]:
    """Every shape that is sent to an address or on the channel, with those in it."""
    open_: list[type[BaseModel]] = [each.model for each in server.house.channel.commands.values()]
    for route in routes_of(server.house.api.routes):
        for parameter in getattr(getattr(route, "dependant", None), "body_params", ()):
            open_ += shapes(parameter.field_info.annotation)
    found: set[type[BaseModel]] = set()
    while open_:
        shape = open_.pop()
        if shape in found or issubclass(shape, Bilingual):
            continue
        found.add(shape)
        for field in shape.model_fields.values():
            open_ += shapes(field.annotation)
    return found


def routes_of(routes: Any) -> Iterator[Any]:
    for route in routes:
        inner = getattr(route, "original_router", None)
        yield from routes_of(inner.routes) if inner is not None else (route,)


async def test_every_text_says_whether_others_read_it(server: Server) -> None:
    public, private = set(), set()
    for shape in sent(server):
        for name, field in shape.model_fields.items():
            for said in texts(field.annotation, tuple(field.metadata)):
                if Public in said:
                    public.add(f"{shape.__name__}.{name}")
                elif name not in PLAIN and not any(getattr(each, "pattern", None) for each in said):
                    private.add(f"{shape.__name__}.{name}")
    assert private == PRIVATE, "let it be Public, or say here why others do not read it"
    assert {"NewShipping.to", "NewFarm.story", "Undo.reason", "NewGuest.label"} <= public
    assert len(public) > 35


@pytest.fixture
async def farm(server: Server, coordinator: str) -> dict[str, Any]:
    """A farm with a lot, a product, a broadcast and an order."""
    words = {"zh": "金桔", "en": "Kumquats"}
    async with Api(server.url, key=coordinator) as api:
        made = await api.create_farm(words, words)
        plot = await api.request("POST", f"/api/v1/farms/{made['id']}/plots", json={"name": words})
        lot = await api.create_lot(made["id"], "1123", words, "2026-11-20T08:00:00+08:00", 100_000)
        broadcast = (await api.create_broadcast(words))["id"]
        offer = await api.create_offer(
            broadcast, lot["id"], cny(2990), 9, name=words, unit=words, net_weight_g=2500
        )
        await api.start(broadcast)
        order = {
            "lines": [{"offer": offer["id"], "quantity": 1, "price": 2990}],
            "buyer": {"name": "王小明", "phone": "13800001111"},
            "delivery": {"way": "parcel", "address": "溪口村"},
            "payment": "cash_on_delivery",
        }
        placed = await api.commands(broadcast).order(token(), order)
    return {
        "farm": made["id"],
        "plot": plot["id"],
        "lot": lot["id"],
        "broadcast": broadcast,
        "order": placed["id"],
    }


NOW = "2026-11-21T08:00:00+08:00"
# Where, what, and in which field the text is; `{text}` stands for it.
PLACES: list[tuple[str, str, dict[str, Any], str]] = [
    ("PATCH", "farms/{farm}", {"story": {"zh": "{text}"}}, "story"),
    ("PATCH", "farms/{farm}", {"person": {"en": "{text}"}}, "person"),
    ("PATCH", "plots/{plot}", {"name": {"zh": "{text}"}}, "name"),
    (
        "POST",
        "plots/{plot}/works",
        {"kind": "sprayed", "at": NOW, "waiting_days": 0, "substance": {"zh": "{text}"}},
        "substance",
    ),
    ("POST", "lots/{lot}/shippings", {"at": NOW, "to": {"zh": "{text}"}}, "to"),
    (
        "POST",
        "lots/{lot}/inspections",
        {"at": NOW, "result": {"zh": "{text}"}, "passed": True},
        "result",
    ),
    (
        "POST",
        "lots/{lot}/inspections",
        {"at": NOW, "result": {"zh": "合格"}, "laboratory": "{text}", "passed": True},
        "laboratory",
    ),
    ("POST", "lots/{lot}/waste", {"weight_g": 1000, "reason": "{text}"}, "reason"),
    ("PATCH", "lots/{lot}", {"quantity_g": 90_000, "reason": "{text}"}, "reason"),
    ("PATCH", "broadcasts/{broadcast}", {"title": {"zh": "{text}"}}, "title"),
    ("PATCH", "broadcasts/{broadcast}", {"note": {"zh": "{text}"}}, "note"),
    ("POST", "centres", {"name": {"zh": "{text}"}, "address": {"zh": "街上"}}, "name"),
    ("POST", "broadcasts/{broadcast}/guests", {"label": "{text}"}, "label"),
    (
        "POST",
        "broadcasts/{broadcast}/orders/{order}/transitions",
        {"state": "cancelled", "reason": "{text}"},
        "reason",
    ),
]


def filled(body: Any, text: str) -> Any:
    if isinstance(body, dict):
        return {name: filled(value, text) for name, value in body.items()}
    return text if body == "{text}" else body


async def test_a_number_or_an_address_that_others_would_read_is_refused_with_what_to_do(
    server: Server, coordinator: str, farm: dict[str, Any]
) -> None:
    headers = {"Authorization": f"Bearer {coordinator}"}
    async with httpx.AsyncClient(base_url=f"{server.url}/api/v1/", headers=headers) as staff:
        for method, path, body, field in PLACES:
            at = path.format(**farm)
            for text, why in (
                ("送到王小明 １３８-0000-1111", "phone"),
                ("Uncle Wu, 0598-632 2345", "phone"),
                ("wu@orchard.example", "email"),
            ):
                answer = await staff.request(method, at, json=filled(body, text))
                assert answer.status_code == 422, (at, text)
                problem = answer.json()
                assert problem["type"] == "/problems/invalid"
                (error,) = problem["errors"]
                assert (error["field"], error["message"]) == (field, REFUSED[why]), at
                assert text not in answer.text
            kept = await staff.request(method, at, json=filled(body, "送到三明站 1123"))
            assert kept.status_code in (200, 201), (at, kept.text)


async def test_a_story_from_before_stays_readable_and_its_farm_is_changed(
    server: Server, coordinator: str, farm: dict[str, Any]
) -> None:
    story = {"zh": "到店电话 0598-6322345", "en": ""}
    before = update(farms).where(farms.c.id == farm["farm"]).values(story=story)
    await server.house.store.write(lambda conn: conn.execute(before))
    async with Api(server.url, key=coordinator) as api:
        at = f"/api/v1/farms/{farm['farm']}"
        assert (await api.request("GET", at))["story"]["zh"] == story["zh"]
        async with httpx.AsyncClient(base_url=server.url) as viewer:
            page = await viewer.get(f"/origin/farm/{farm['farm']}")
        assert "0598-6322345" in page.text
        changed = await api.request("PATCH", at, json={"place": {"zh": "尤溪"}})
        assert changed["story"]["zh"] == story["zh"]
        with pytest.raises(ApiProblem) as refused:
            await api.request("PATCH", at, json={"story": story})
        assert refused.value.status == 422
