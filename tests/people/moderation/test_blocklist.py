"""Blocks: who is not served, however often the cookie and the name are changed."""

from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, select
from tests.people.conftest import LIVE, PASSWORD, browser, sign_in
from tests.support.parts import replace_lookups

from farmlive.openapi import Api
from farmlive.people import Blocklist, People
from farmlive.people.core.devices import BUYER
from farmlive.people.core.problems import Blocked
from farmlive.people.moderation import blocklist
from farmlive.store import Store, metadata

PATH = "/api/v1/blocks"
ORDER = "01JD00000000000000000000R1"
DEVICE, ANOTHER = "d" * 32, "e" * 32
PHONE = "13800001111"
HOME, ELSEWHERE = "192.0.2.1", "198.51.100.9"


@pytest.fixture
async def phone(people: People) -> str:
    """The pseudonym of the phone that ordered."""
    mark = await people.pseudonyms.of(BUYER, PHONE)

    def order(_connection: Connection, order: str) -> tuple[str, str] | None:
        return (DEVICE, mark) if order == ORDER else None

    def sender(_connection: Connection, broadcast: str, message: int) -> str | None:
        return DEVICE if (broadcast, message) == (LIVE, 7) else None

    replace_lookups(people, buyer_of_order=order, sender_of_message=sender)
    return mark


async def block(host: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    answer = await host.post(PATH, json={"reason": "ordered a hundred boxes for a joke", **body})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def is_blocked(held: Blocklist, device: str, phone: str | None, address: str | None) -> bool:
    try:
        await held.check(device=device, phone=phone, address=address)
    except Blocked:
        return True
    return False


async def test_nobody_is_blocked_at_first(people: People, phone: str) -> None:
    assert not await is_blocked(people.blocks, DEVICE, phone, HOME)


async def test_device_of_an_order_is_blocked(
    host: httpx.AsyncClient, people: People, phone: str
) -> None:
    assert not await is_blocked(people.blocks, DEVICE, phone, HOME)
    made = await block(host, kind="device", order=ORDER)
    assert (made["who"], made["order"], made["by"]) == (DEVICE[:8], ORDER, "chen")
    assert await is_blocked(people.blocks, DEVICE, None, ELSEWHERE)
    assert not await is_blocked(people.blocks, ANOTHER, None, HOME)


async def test_blocked_phone_stays_out_with_a_new_cookie_at_another_address(
    host: httpx.AsyncClient, people: People, phone: str
) -> None:
    await block(host, kind="phone", order=ORDER)
    assert await is_blocked(people.blocks, ANOTHER, phone, ELSEWHERE)
    other = await people.pseudonyms.of(BUYER, "13900002222")
    assert not await is_blocked(people.blocks, ANOTHER, other, ELSEWHERE)


@pytest.mark.parametrize("typed", ["138 0000 1111", "+86 138-0000-1111", "１３８００００１１１１"])
async def test_phone_is_blocked_however_it_is_typed(
    host: httpx.AsyncClient, people: People, phone: str, typed: str
) -> None:
    await block(host, kind="phone", value=typed)
    assert await is_blocked(people.blocks, ANOTHER, phone, ELSEWHERE)


async def test_address_of_an_order_is_blocked_while_it_is_remembered(
    host: httpx.AsyncClient, people: People, phone: str
) -> None:
    unknown = await host.post(PATH, json={"kind": "address", "order": ORDER, "reason": "flood"})
    assert unknown.status_code == 404
    assert unknown.json()["type"] == "/problems/nothing-to-block"
    assert not await is_blocked(people.blocks, DEVICE, phone, HOME)
    await block(host, kind="address", order=ORDER)
    assert await is_blocked(people.blocks, ANOTHER, None, HOME)
    assert not await is_blocked(people.blocks, DEVICE, phone, ELSEWHERE)


async def test_address_that_a_proxy_hides_is_nobodys(
    host: httpx.AsyncClient, people: People, phone: str
) -> None:
    assert not await is_blocked(people.blocks, DEVICE, phone, None)
    refused = await host.post(PATH, json={"kind": "address", "order": ORDER, "reason": "flood"})
    assert refused.json()["type"] == "/problems/everyones-address"
    assert "FARMLIVE_TRUSTED_PROXIES" in refused.json()["detail"]
    assert not await is_blocked(people.blocks, ANOTHER, None, None)


async def test_typed_address_is_blocked_as_a_household(
    host: httpx.AsyncClient, people: People
) -> None:
    await block(host, kind="address", value="2001:db8:1:2:3::4")
    assert await is_blocked(people.blocks, ANOTHER, None, "2001:db8:1:2::/64")


async def test_device_of_a_message_is_blocked(
    host: httpx.AsyncClient, people: People, phone: str
) -> None:
    made = await block(host, kind="device", message={"broadcast": LIVE, "seq": 7})
    assert (made["broadcast"], made["message"]) == (LIVE, 7)
    assert await is_blocked(people.blocks, DEVICE, None, HOME)


async def test_pseudonym_of_a_refusal_can_be_blocked(
    host: httpx.AsyncClient, people: People
) -> None:
    await people.pseudonyms.of("any", "thing")
    people.refusals.limited("orders of an address", HOME, 60)
    (refusal,) = (await host.get("/api/v1/refusals")).json()["refusals"]
    assert refusal["kind"] == "address"
    await block(host, kind="address", value=refusal["mark"])
    assert await is_blocked(people.blocks, ANOTHER, None, HOME)


async def test_network_of_a_refusal_can_be_blocked_but_for_this_machines_own(
    host: httpx.AsyncClient, people: People
) -> None:
    for network in ("192.0.2.0/24", "127.0.0.0/24"):
        people.refusals.limited("chat of a block", network, 3_000)
    own, stranger = (await host.get("/api/v1/refusals")).json()["refusals"]
    await block(host, kind="address", value=stranger["mark"])
    assert await is_blocked(people.blocks, ANOTHER, None, "192.0.2.200")
    assert not await is_blocked(people.blocks, ANOTHER, None, ELSEWHERE)
    body = {"kind": "address", "value": own["mark"], "reason": "flood"}
    assert (await host.post(PATH, json=body)).status_code == 409


async def test_lifted_block_holds_no_more(
    host: httpx.AsyncClient, people: People, phone: str
) -> None:
    made = await block(host, kind="phone", order=ORDER)
    assert await is_blocked(people.blocks, ANOTHER, phone, HOME)
    assert (await host.delete(f"{PATH}/{made['id']}")).status_code == 204
    assert not await is_blocked(people.blocks, ANOTHER, phone, HOME)
    assert (await host.delete(f"{PATH}/{made['id']}")).status_code == 404
    assert (await host.get(PATH)).json() == {"blocks": [], "next": None}


async def test_same_block_again_changes_its_reason(host: httpx.AsyncClient, phone: str) -> None:
    first = await block(host, kind="phone", order=ORDER)
    again = await block(host, kind="phone", value=PHONE, reason="called and threatened")
    assert again == {**first, "reason": "called and threatened"}
    assert (await host.get(PATH)).json() == {"blocks": [again], "next": None}


async def test_another_servers_block_holds_here_soon(
    host: httpx.AsyncClient,
    people: People,
    phone: str,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = Blocklist(store, people.pseudonyms, people.refusals, people.lookups, "CN")
    assert not await is_blocked(here, ANOTHER, phone, HOME)
    await block(host, kind="phone", order=ORDER)
    assert not await is_blocked(here, ANOTHER, phone, HOME)
    monkeypatch.setattr(blocklist, "REREAD_S", 0.0)
    assert await is_blocked(here, ANOTHER, phone, HOME)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"kind": "phone", "value": "12"}, 422),
        ({"kind": "address", "value": "the village"}, 422),
        ({"kind": "address", "value": "10.0.0.0/8"}, 422),
        ({"kind": "device", "value": "my phone"}, 422),
        ({"kind": "phone", "message": {"broadcast": LIVE, "seq": 7}}, 422),
        ({"kind": "device", "order": ORDER, "value": DEVICE}, 422),
        ({"kind": "device"}, 422),
        ({"kind": "person", "value": "x"}, 422),
        ({"kind": "device", "order": ORDER, "reason": ""}, 422),
        ({"kind": "device", "order": "\0"}, 422),
        ({"kind": "device", "message": {"broadcast": "\0", "seq": 7}}, 422),
        ({"kind": "address", "value": "127.0.0.1"}, 409),
        ({"kind": "address", "value": "::1"}, 409),
        ({"kind": "device", "order": "another"}, 404),
        ({"kind": "device", "message": {"broadcast": LIVE, "seq": 8}}, 404),
    ],
)
async def test_nobody_is_blocked_by_what_names_nobody(
    host: httpx.AsyncClient, phone: str, body: dict[str, Any], status: int
) -> None:
    answer = await host.post(PATH, json={"reason": "spam", **body})
    assert answer.status_code == status
    assert (await host.get(PATH)).json() == {"blocks": [], "next": None}


async def test_no_table_and_no_answer_holds_the_phone_or_the_address(
    host: httpx.AsyncClient, store: Store
) -> None:
    answers = [
        await block(host, kind="phone", value=PHONE),
        await block(host, kind="address", value=HOME),
        (await host.get(PATH)).json(),
    ]

    def everything(conn: Connection) -> str:
        return "".join(str(conn.execute(select(table)).all()) for table in metadata.sorted_tables)

    text = str(answers) + await store.read(everything)
    assert "ordered a hundred" in text
    assert PHONE not in text
    assert HOME not in text


async def test_blocks_and_refusals_are_for_hosts(
    app: Api, people: People, client: httpx.AsyncClient, phone: str
) -> None:
    await people.create_account("wang", "moderator", PASSWORD)
    body = {"kind": "device", "order": ORDER, "reason": "spam"}
    async with browser(app) as moderator:
        await sign_in(moderator, "wang")
        for browser_, status in ((client, 401), (moderator, 403)):
            assert (await browser_.get(PATH)).status_code == status
            assert (await browser_.post(PATH, json=body)).status_code == status
            assert (await browser_.delete(f"{PATH}/{ORDER}")).status_code == status
            assert (await browser_.get("/api/v1/refusals")).status_code == status
