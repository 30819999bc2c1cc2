"""Every command does what is declared of it: it tells its events, and what is for staff or the crew
alone is in the audit list under the command's name. Each is done here, one after the other.

A command whose message can be made of its schema needs no line here; another has one in FIELDS.
"""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy import Connection, select
from tests.support.every_route import WORDS, example, inlined, stock
from tests.support.money import cny

from farmlive.broadcast import events
from farmlive.clock import now_ms
from farmlive.commands import Command, Message, Nothing
from farmlive.edge.contracts import raises
from farmlive.ids import token, ulid
from farmlive.people import Caller
from farmlive.people.core.audit import record_action
from farmlive.people.core.tables import audit
from farmlive.problems import Conflict, Problem
from farmlive.server import Server
from farmlive.shop.core.models import AboutOffer, NewOffer

HOST = Caller(None, "lin", "host", "devicehost0001", None)
Fields = dict[str, Any]


@dataclass
class Fair:
    """A live broadcast with an offer, where commands are done."""

    server: Server
    broadcast: str
    known: Fields
    viewer: Caller = HOST

    @property
    def commands(self) -> dict[str, Command[Any]]:
        return self.server.house.channel.commands

    async def begin(self) -> None:
        """Have another offer, and another viewer: what was done hinders nothing that comes."""
        self.viewer = Caller(None, None, None, ulid().lower(), None)
        new = {"name": WORDS, "unit": WORDS, "net_weight_g": 2500, "lot": self.known["lot"]}
        offer = NewOffer.model_validate({**new, "price": self.known["price"], "released": 20})
        card = await self.server.house.shop.bag.add(HOST, self.broadcast, offer)
        (line,) = self.known["lines"]
        self.known |= {"offer": card.id, "lines": [{**line, "offer": card.id}]}

    async def run(self, name: str, **fields: Any) -> dict[str, Any]:
        """Do a command with these fields, and what else it needs."""
        command = self.commands[name]
        return await self.send(command, {**self.example(command), **fields})

    async def hold_at(self, price: int) -> None:
        """Hold a box at this price, in minor units."""
        (line,) = self.known["lines"]
        await self.run("hold.place", lines=[{**line, "quantity": 1, "price": price}])

    async def send(
        self, command: Command[Any], fields: Fields, broadcast: str | None = None
    ) -> dict[str, Any]:
        """Do a command as someone who may."""
        message = command.model.model_validate(fields)
        caller = self.viewer if command.role == "anyone" else HOST
        return await command.execute(caller, broadcast or self.broadcast, message)

    def example(self, command: Command[Any], *, is_whole: bool = False) -> Fields:
        """A message by its schema, with what it needs, or with all that it can have."""
        shape = inlined(command.model.model_json_schema())
        names = shape["properties"] if is_whole else shape["required"]
        fields = {name: shape["properties"][name] for name in names if name != "type"}
        members = {**self.known, "key": token()}
        made: Fields = example({"type": "object", "properties": fields}, members)
        return made

    async def noted(self) -> list[str]:
        """The actions of the audit list, the oldest first."""
        query = select(audit.c.action).order_by(audit.c.id)
        return await self.server.house.store.read(lambda conn: list(conn.scalars(query)))

    async def told(self) -> list[str]:
        """The kinds of the broadcast's events, but for the one that the clock alone makes."""
        log = self.server.house.log
        found = await self.server.house.store.read(
            lambda conn: log.events(conn, self.broadcast, after=0, limit=1000)
        )
        return [event.kind for event in found if event.kind != "audience.counted"]


@pytest.fixture
async def fair(server: Server, monkeypatch: pytest.MonkeyPatch) -> Fair:
    shop = await stock(server)

    async def switch(_broadcast: str, _source: str) -> bool:
        return True

    # A camera with its media is in test_cameras.py.
    monkeypatch.setattr(server.house.media.sessions, "switch", switch)
    known = {
        **shop.members,
        "currency": "CNY",
        "lot": shop.known["lot"],
        "source": ulid(),
        "flash": ulid(),
    }
    fair = Fair(server, shop.known["broadcast"], known)
    await fair.begin()
    return fair


# What a message needs that something else makes first.


async def _a_message(fair: Fair) -> Fields:
    return {"message": (await fair.run("chat.say"))["seq"]}


async def _a_question(fair: Fair) -> Fields:
    message = await _a_message(fair)
    await fair.run("chat.queue", **message)
    return message


async def _an_answer(fair: Fair) -> Fields:
    await fair.run("chat.answer", **await _a_message(fair))
    return {}


async def _a_mute(fair: Fair) -> Fields:
    return {"mute": (await fair.run("chat.mute", **await _a_message(fair)))["id"]}


async def _a_hold(fair: Fair) -> Fields:
    return {"order": (await fair.run("hold.place"))["id"]}


async def _a_pinned_card(fair: Fair) -> Fields:
    await fair.run("card.pin")
    return {}


async def _a_flash(_fair: Fair) -> Fields:
    return {"price": cny(1990), "seconds": 86_400}


async def _a_later_flash(fair: Fair) -> Fields:
    return {**await _a_flash(fair), "starts_at": now_ms() + 3_600_000}


async def _a_running_flash(fair: Fair) -> Fields:
    return {"flash": (await fair.run("flash.plan", **await _a_flash(fair)))["id"]}


async def _another_price(_fair: Fair) -> Fields:
    return {"price": cny(2790)}


async def _a_wrong_price(fair: Fair) -> Fields:
    await fair.run("offer.change", price=cny(279))
    return {}


async def _a_held_wrong_price(fair: Fair) -> Fields:
    await _a_wrong_price(fair)
    await fair.hold_at(279)
    return {}


async def _a_wrong_flash(fair: Fair) -> Fields:
    flash = await fair.run("flash.plan", **await _a_flash(fair), boxes=10)
    await fair.hold_at(1990)
    return {"flash": flash["id"], "wrong": True}


async def _some_boxes(_fair: Fair) -> Fields:
    return {"quantity": 5}


async def _nothing_left(fair: Fair) -> Fields:
    await fair.run("offer.release", quantity=-20)
    return {}


async def _a_place_in_line(fair: Fair) -> Fields:
    await _nothing_left(fair)
    await fair.run("wait.join")
    return {}


async def _a_camera(fair: Fair) -> Fields:
    key, _ = await fair.server.house.people.stream_keys.mint(fair.broadcast, "encoder")
    return {"source": key.source}


async def _nothing(_fair: Fair) -> Fields:
    return {}


# Each of a command's ways: together they make all kinds of events that it may.
FIELDS: dict[str, tuple[Callable[[Fair], Awaitable[Fields]], ...]] = {
    "card.unpin": (_a_pinned_card,),
    "chat.answer": (_a_question,),
    "chat.clear": (_an_answer,),
    "chat.drop": (_a_question,),
    "chat.hide": (_a_message,),
    "chat.mute": (_a_message,),
    "chat.queue": (_a_message,),
    "chat.unmute": (_a_mute,),
    "flash.end": (_a_running_flash, _a_wrong_flash),
    "flash.plan": (_a_flash, _a_later_flash),
    "hold.drop": (_a_hold,),
    "offer.change": (_another_price,),
    "offer.correct": (_a_wrong_price, _a_held_wrong_price),
    "offer.release": (_some_boxes,),
    "source.switch": (_a_camera,),
    "wait.join": (_nothing_left,),
    "wait.leave": (_a_place_in_line,),
}


async def undone(fair: Fair, command: Command[Any]) -> AsyncIterator[str]:
    """Do it, and yield what is declared of it and was not done."""
    new: set[str] = set()
    for prepare in FIELDS.get(command.name, (_nothing,)):
        await fair.begin()
        fields = {**fair.example(command), **await prepare(fair)}
        noted, told = await fair.noted(), await fair.told()
        try:
            await fair.send(command, fields)
        except (Problem, ValidationError) as refusal:
            here = "tests/api/test_command_effects.py"
            yield f"say in {here} how it is done, it is refused: {refusal}"
            return
        new |= set((await fair.told())[len(told) :])
        if command.role != "anyone" and command.name not in (await fair.noted())[len(noted) :]:
            yield "no entry of the audit list has its name"
    for kind in set(command.tells) - new:
        yield f"it tells {kind}, and no such event is appended"
    for kind in new - set(command.tells):
        yield f"{kind} is appended, and it does not say that it tells it"


async def test_every_command_does_what_it_declares(fair: Fair) -> None:
    wrong = [
        f"{command.name}: {each}"
        for command in fair.commands.values()
        async for each in undone(fair, command)
    ]
    assert not wrong, "\n".join(wrong)


async def test_refusals_without_a_broadcast_and_after_it_are_declared(fair: Fair) -> None:
    """A fixture of every test (conftest.py) fails it where a problem is not declared."""
    for command in fair.commands.values():
        with pytest.raises(Problem):
            await fair.send(command, fair.example(command, is_whole=True), ulid())
    await fair.server.house.broadcasts.end(fair.broadcast)
    for command in fair.commands.values():
        with contextlib.suppress(Problem):
            await fair.send(command, fair.example(command, is_whole=True))


class Praise(BaseModel):
    """How much an offer is praised."""

    model_config = ConfigDict(extra="forbid")

    stars: Literal[5] = 5


class OfferPraise(Praise, AboutOffer, Message):
    """Praise an offer."""

    type: Literal["offer.praise"] = "offer.praise"


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("tells", "does", "left_out"),
    [
        (("card.pinned",), ("append", "note"), []),
        ((), ("append", "note"), ["card.pinned is appended, and it does not say that it tells it"]),
        (("card.pinned",), ("append",), ["no entry of the audit list has its name"]),
        (("card.pinned",), ("note",), ["it tells card.pinned, and no such event is appended"]),
        (
            ("card.pinned",),
            ("refuse",),
            ["say in tests/api/test_command_effects.py how it is done, it is refused: Not now."],
        ),
    ],
)
async def test_what_a_command_leaves_out_is_named(
    fair: Fair, tells: tuple[str, ...], does: tuple[str, ...], left_out: list[str]
) -> None:
    @raises(Conflict)
    async def praise(caller: Caller, broadcast: str, message: OfferPraise) -> dict[str, Any]:
        def write(connection: Connection) -> None:
            if "append" in does:
                event = events.CardPinned(offer=message.offer)
                fair.server.house.log.append(connection, broadcast, event)
            if "note" in does:
                record_action(
                    connection, caller, "offer.praise", message.offer, broadcast=broadcast
                )

        if "refuse" in does:
            raise Conflict("Not now.")
        await fair.server.house.store.write(write)
        return {}

    http = "POST /api/v1/broadcasts/{broadcast}/offers/{offer}/praise"
    command = Command(
        OfferPraise, praise, Nothing, http, "offers_praise", "staff", tells=tells, body=Praise
    )
    assert [each async for each in undone(fair, command)] == left_out
