"""The channel's AsyncAPI document: its validator takes it, and frames are as it says."""

import asyncio
import json
from typing import Any

import pytest
from jsonschema import Draft7Validator
from referencing import Registry
from referencing.jsonschema import DRAFT7
from tests.broadcast.live_channel import OFFER, channel, get
from tests.support import asyncapi_tools
from tests.support.clerks import role_key
from tests.support.money import cny

from farmlive.broadcast.asyncapi import document
from farmlive.server import Server

pytestmark = pytest.mark.any_database

# What the team alone gets.
OF_STAFF = {"questions", "rushes"}


async def test_the_validator_of_asyncapi_takes_it(server: Server) -> None:
    described = json.dumps(document(server.house.channel))
    found = await asyncio.to_thread(asyncapi_tools.found_wrong, described.encode())
    assert found == []
    # And it finds what is wrong, such as a reference into nothing.
    broken = described.replace('schemas/OfferChange"', 'schemas/NotThere"')
    (wrong,) = await asyncio.to_thread(asyncapi_tools.found_wrong, broken.encode())
    assert wrong["path"].startswith("components.messages.offer.change.payload")


def validator(described: dict[str, Any], name: str) -> Draft7Validator:
    """What checks frames against a message of the document."""
    registry = Registry().with_resource("urn:document", DRAFT7.create_resource(described))
    payload = {"$ref": f"urn:document#/components/messages/{name}/payload"}
    return Draft7Validator(payload, registry=registry)


async def test_every_schema_is_one_and_names_what_is_there(server: Server) -> None:
    described = document(server.house.channel)
    messages = described["components"]["messages"].values()
    payloads = [message["payload"] for message in messages]
    for shape in (*described["components"]["schemas"].values(), *payloads):
        Draft7Validator.check_schema(shape)
    named = {word.partition('"')[0] for word in json.dumps(described).split('"$ref": "#/')[1:]}
    for name in named:
        place: Any = described
        for part in name.split("/"):
            assert part in place, name
            place = place[part]
    # Whoever reads a message as it is here reads no reference into another document.
    assert "$defs" not in json.dumps(described)


async def test_it_says_where_the_server_is_and_who_is_let_in(server: Server) -> None:
    described = document(server.house.channel)
    (told,) = described["servers"].values()
    assert f"{told['protocol']}://{told['host']}".replace("ws", "http", 1) == (
        server.house.settings.url
    )
    schemes = described["components"]["securitySchemes"]
    assert [each["$ref"].rpartition("/")[2] for each in told["security"]] == list(schemes)
    assert (schemes["api_key"]["scheme"], schemes["session"]["in"]) == ("bearer", "cookie")


async def test_every_member_of_the_snapshot_is_described(server: Server, live: str) -> None:
    welcome = document(server.house.channel)["components"]["messages"]["welcome"]["payload"]
    snapshot, you = (welcome["properties"][name] for name in ("snapshot", "you"))
    for key in (await role_key(server.house, "host"), ""):
        async with channel(server, live, key=key) as socket:
            sent = await get(socket)
        of_all = set(snapshot["required"])
        assert set(sent["snapshot"]) == (of_all | OF_STAFF if key else of_all)
        assert set(sent["you"]) == set(you["properties"])
    assert of_all | OF_STAFF == set(snapshot["properties"])


async def test_frames_are_as_the_document_says(server: Server, live: str) -> None:
    described = document(server.house.channel)

    def check(name: str, frame: dict[str, Any]) -> None:
        validator(described, name).validate(frame)

    error = described["components"]["schemas"]["Problem"]["properties"]["errors"]["items"]
    key = await role_key(server.house, "host")
    asked: list[tuple[dict[str, Any], bool]] = [
        ({"type": "card.pin", "offer": OFFER["offer"]}, True),
        ({"type": "card.pin", "offer": "01NOTHERE"}, False),
        ({"type": "card.unpin"}, True),
        ({"type": "card.unpin"}, True),
        ({"type": "card.open", "offer": OFFER["offer"]}, True),
        ({"type": "react", "count": 3}, True),
        ({"type": "react", "count": 300}, False),
        ({"type": "react", "count": "many"}, False),
        ({"type": "chat.say", "text": "hello"}, True),
        ({"type": "chat.hide", "message": 1}, False),
        ({"type": "offer.change", "offer": OFFER["offer"], "price": cny(1)}, False),
        ({"type": "source.switch", "source": "01NOTHERE"}, False),
    ]
    async with channel(server, live, key=key) as socket:
        check("welcome", await get(socket))

        async def answer(message: dict[str, Any]) -> dict[str, Any]:
            await socket.send(json.dumps(message))
            while (frame := await get(socket))["type"] == "events":
                check("events", frame)
            return frame

        for number, (message, ok) in enumerate(asked):
            name = message["type"]
            reply = await answer({**message, "id": number})
            assert (reply["id"], reply["ok"]) == (number, ok), reply
            check(f"{name}.done" if ok else f"{name}.refused", reply)
            if not ok:
                errors = reply["problem"].get("errors", [])
                invalid = reply["problem"]["type"] == "/problems/invalid"
                assert bool(errors) == invalid
                assert all(set(each) == set(error["required"]) for each in errors)
            if ok:
                check(name, message)
        for text in ("no JSON", '{"type": "no.command"}'):
            await socket.send(text)
            while (frame := await get(socket))["type"] == "events":
                pass
            check("refused", frame)
    # A frame that the document does not know is found.
    wrong = {"type": "reply", "id": 1, "ok": True, "result": {"seq": "one"}}
    assert not validator(described, "chat.say.done").is_valid(wrong)
