"""A database of revision 0044 opens, and shows what the code that wrote it showed.

`revision_0044.jsonl` has its rows, as that code wrote them in an evening: events from before they
had models, orders in every state, kept answers, a flash batch, one of a wrong price, refunds, a
claim, a hidden message, two cameras. `revision_0044_shown.json` is what it answered then, as far as
it must stay true; `as_before` knows what has another name today.
"""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, MetaData
from tests.store.old_data import make, on_both_databases
from tests.support.waiting import LONG_S

from farmlive.client import Api, ApiProblem, Channel
from farmlive.server import Server, running
from farmlive.settings import Settings
from farmlive.store.keys import KeyFile, Keys

REVISION = "0044"
_HERE = Path(__file__).parent
_HEAD, _ROWS = (_HERE / "revision_0044.jsonl").read_text("utf-8").split("\n", 1)
HEAD = json.loads(_HEAD)


def whole(short: str) -> str:
    """The text with its identifiers, of which it has only the places in the head's list."""
    return re.sub(r"~(\d+)", lambda found: str(HEAD["ids"][int(found[1])]), short)


SHOWN = json.loads(whole((_HERE / "revision_0044_shown.json").read_text("utf-8")))
KEYS = Keys(**{name: bytes.fromhex(key) for name, key in HEAD["keys"].items()})


def fill(connection: Connection) -> None:
    """Insert the rows, each into its table as that revision has it."""
    tables = MetaData()
    tables.reflect(connection)
    table, columns = None, []
    for line in whole(_ROWS).splitlines():
        row = json.loads(line)
        if isinstance(row, dict):
            table, columns = tables.tables[row["table"]], row["columns"]
        else:
            assert table is not None
            named = zip(columns, row, strict=True)  # none is NULL, not the JSON of that name
            connection.execute(
                table.insert(), {of: value for of, value in named if value is not None}
            )


def as_before(value: Any) -> Any:
    """What is answered today, by the names of then."""
    if isinstance(value, list):
        return [as_before(each) for each in value]
    if not isinstance(value, dict):
        return value
    value = {name: as_before(each) for name, each in value.items()}
    if "undone" in value:  # a change of an order
        value["move"] = value["refund"]
    if "id" in value:  # an object's own id had the name of its kind
        for kind in ("flash", "offer", "order", "source"):
            value.setdefault(kind, value["id"])
    return value


def said(before: Any, today: Any, where: str = "") -> list[str]:
    """Where today something else is answered; more may be, and what was null, false or empty was
    left out of `before`.
    """
    if isinstance(before, dict) and isinstance(today, dict):
        return [
            wrong
            for name, value in before.items()
            for wrong in said(value, today.get(name, "nothing"), f"{where}.{name}")
        ]
    if isinstance(before, list) and isinstance(today, list) and len(before) == len(today):
        places = enumerate(zip(before, today, strict=True))
        return [wrong for place, both in places for wrong in said(*both, f"{where}[{place}]")]
    return [] if before == today else [f"{where}: {before!r} is {today!r}"]


@pytest.fixture
async def opened(engine: Engine, settings: Settings) -> AsyncIterator[Server]:
    """A server of today on that database. Nothing is too old to be kept, whenever this runs."""
    kept = {"person_days": 36_500, "sale_years": 100, "watch_days": 36_500}
    settings = settings.model_copy(update=kept)
    keys = KeyFile.of(settings)
    keys.make(KEYS)
    make(engine, REVISION, fill, keys)
    engine.dispose()
    async with running(settings) as server:
        yield server


@on_both_databases
async def test_it_shows_what_it_showed(opened: Server) -> None:
    people = opened.house.people
    _, key = await people.create_api_key("reads", "coordinator")
    wrong = []
    for whose, before in SHOWN["snapshots"].items():
        who, broadcast = whose.split()
        by = key if who == "staff" else None
        async with await Channel.connect(opened.url, broadcast, key=by) as channel:
            wrong += said(before, as_before(channel.snapshot), whose)
    async with Api(opened.url, key=key) as staff, Api(opened.url) as buyer:
        for path, before in SHOWN["gets"].items():
            wrong += said(before, as_before(await staff.request("GET", path)), path)
        for link, before in SHOWN["orders_by_link"].items():
            wrong += said(before, as_before(await buyer.order(link)), f"order {before['number']}")
    assert wrong == []


@on_both_databases
async def test_what_was_acknowledged_stays_so_and_the_sale_goes_on(opened: Server) -> None:
    """The same key has the same answer, a link leads to its page, and boxes are sold as before."""
    async with Api(opened.url) as buyer:
        for again in SHOWN["placed_again"]:
            answer = await buyer.commands(again["broadcast"]).order(again["key"], again["body"])
            assert said(again["answer"], as_before(answer)) == []
            other = {**again["body"], "buyer": {"name": "Wang", "phone": "13800000000"}}
            with pytest.raises(ApiProblem) as refused:
                await buyer.commands(again["broadcast"]).order(again["key"], other)
            assert refused.value.slug == "key-reused"
        live, body = again["broadcast"], again["body"]
        async with await Channel.connect(opened.url, live) as viewer:
            await buyer.commands(live).order("a-key-of-today-1234", body)
            stock = (await viewer.wait_for("stock.changed", LONG_S)).data
        assert stock["left"] == 8
        assert "午间" in await buyer.page(f"/live/{live}")
        assert "脆皮金桔" in await buyer.page(f"/order/{again['answer']['token']}")
