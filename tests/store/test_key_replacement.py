"""Keys that were lost or leaked are replaced: what they opened ends, and nothing else is lost."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Connection, Engine, insert, select, text
from tests.store.old_data import on_both_databases, put
from tests.store.orders_before_keys import (
    BEFORE,
    BROADCAST,
    BUYER,
    CODES,
    HOST,
    PARCEL,
    PICKUP,
    REQUEST,
    TOKENS,
    fill,
)
from typer.testing import CliRunner

from farmlive.broadcast.tables import log_checkpoints, mutes
from farmlive.cli import rekeying as new_keys
from farmlive.cli.accounts import OPERATOR
from farmlive.cli.main import cli
from farmlive.people.accounts import accounts
from farmlive.people.core import tables as people
from farmlive.people.core.devices import BUYER as BUYERS
from farmlive.people.core.devices import pseudonym
from farmlive.people.core.sealing import Sealer
from farmlive.people.factors import recovery_codes, totp
from farmlive.people.factors.setups import TOTP_KEY
from farmlive.server import running
from farmlive.settings import Settings
from farmlive.shop.core import order_links
from farmlive.shop.core.order_links import OrderLinks
from farmlive.shop.core.order_tables import orders
from farmlive.shop.core.problems import UnknownOrder
from farmlive.shop.orders import document_links
from farmlive.shop.orders import rekeying as order_rekeying
from farmlive.shop.orders.change_models import CodeSaid
from farmlive.shop.orders.pickup import UnknownCode
from farmlive.store import CommitFailed, Store
from farmlive.store.alone import FolderTaken, ServersRun
from farmlive.store.keys import KeyFile, Keys, KeysRefused
from farmlive.store.migrate import configuration

BLOCKS = {"phone": "x", "another phone": "y", "device": "b"}


@pytest.fixture
async def old(engine: Engine, settings: Settings) -> Keys:
    """Three orders of before, told of in the log, with blocks and a mute; brought up to date: the
    keys that were made then.
    """
    with engine.begin() as connection:
        command.upgrade(configuration(connection), BEFORE)
        fill(connection)
        put(
            connection,
            "events",
            broadcast=BROADCAST,
            seq=1,
            at=1,
            kind="order.placed",
            audience='["staff"]',
            data=f'{{"order":"{PICKUP}","buyer":"x","total":2990}}',
        )
        for name, mark in BLOCKS.items():
            kind = name.rpartition(" ")[2]
            put(connection, "blocks", id=name, kind=kind, mark=mark, reason="spam", at=1, by="lin")
        put(
            connection,
            "mutes",
            id="m",
            broadcast=BROADCAST,
            everywhere=False,
            device="d",
            nickname="Wu",
            message=1,
            at=1,
        )
    await Store.migrate(settings)
    engine.dispose()
    keys = KeyFile.of(settings).read()
    assert keys is not None
    return keys


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[tuple[Store, KeyFile]]:
    store = await Store.open(settings, alone=True)
    try:
        yield store, KeyFile.of(settings)
    finally:
        await store.close()


async def replace(settings: Settings, *, pseudonyms: bool = False) -> Path | None:
    async with opened(settings) as (store, file):
        assert not await new_keys.finish(store, file)
        return await new_keys.replace(store, file, pseudonyms=pseudonyms, caller=OPERATOR)


async def read(settings: Settings, *queries: Any) -> list[list[Any]]:
    store = await Store.open(settings)

    def ask(connection: Connection) -> list[list[Any]]:
        return [list(connection.execute(query).scalars()) for query in queries]

    try:
        return await store.read(ask)
    finally:
        await store.close()


@on_both_databases
async def test_what_leaked_keys_opened_ends_and_new_ones_open_it(
    old: Keys, settings: Settings
) -> None:
    kept = await replace(settings)
    new = KeyFile.of(settings).read()
    assert new is not None
    assert new.orders != old.orders
    assert new.pseudonyms == old.pseudonyms
    assert kept is not None
    assert KeyFile(kept).read() == old
    for path in (kept, settings.data / "keys"):
        assert path.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in settings.data.glob("*keys*")) == ["keys", kept.name]
    links = OrderLinks(new.orders)
    async with running(settings) as server:
        shop = server.house.shop
        for order, before in TOKENS.items():
            with pytest.raises(UnknownOrder):
                await shop.order(before)
            with pytest.raises(UnknownOrder):
                await shop.order_by_document(order, document_links.mark_of(before))
            token = links.token(order)
            found = await shop.order(token)
            assert (found.id, found.token) == (order, token)
            assert (found.code is None) is (order == PARCEL)
            assert (await shop.order_by_document(order, document_links.mark_of(token))).id == order
        with pytest.raises(UnknownCode):
            await shop.pickup.find(HOST, CodeSaid(code=CODES[PICKUP]))
        code = (await shop.order(links.token(PICKUP))).code
        assert (await shop.pickup.find(HOST, CodeSaid(code=code))).id == PICKUP
        # The same request again is answered with what opens it now.
        again = await shop.place(BUYER, BROADCAST, REQUEST)
        assert (again["token"], again["code"]) == (links.token(PICKUP), code)
        (deed,) = await server.house.people.audit_entries(None, 10)
        assert (deed.action, deed.name) == ("keys.replace", "farmlive command")
        assert deed.detail == {"lost": False, "pseudonyms": False, "orders": 3}
    marks, held, buyers = await read(
        settings,
        select(people.blocks.c.mark).order_by(people.blocks.c.mark),
        select(mutes.c.id),
        select(orders.c.buyer).distinct(),
    )
    assert (marks, held, buyers) == (["b", "x", "y"], ["m"], ["x"])
    # With the old file no server starts.
    shutil.copy(kept, settings.data / "keys")
    with pytest.raises(KeysRefused, match="not those of this database"):
        async with running(settings):
            pass


@on_both_databases
@pytest.mark.parametrize("lost", [True, False])
async def test_authenticator_apps_go_on_unless_the_keys_are_lost_and_recovery_codes_end(
    old: Keys, settings: Settings, lost: bool
) -> None:
    account = "01JD00000000000000000000A1"
    before = Sealer(old.derive(TOTP_KEY))

    def fill_in(connection: Connection) -> None:
        facts = {"role": "host", "created_at": 1, "farms": [], "password_hash": "x"}
        connection.execute(insert(people.accounts), {"id": account, "name": "mei", **facts})
        totp.add(connection, before, account, "SECRET", 1)
        recovery_codes.replace(connection, b"key", account)
        accounts.record_second_factor(connection, account, has=True)

    file = KeyFile.of(settings)
    if lost:
        file.path.unlink()
    async with opened(settings) as (store, _):
        await store.write(fill_in)
        factors = (await new_keys.outlook(store, file, pseudonyms=False)).factors
        assert (factors.apps, factors.recovery_codes) == (1, 10)
        await new_keys.replace(store, file, pseudonyms=False, caller=OPERATOR)
    new = file.read()
    assert new is not None
    store = await Store.open(settings)
    now = Sealer(new.derive(TOTP_KEY))
    app = await store.read(lambda conn: totp.find(conn, now, account))
    found = await store.read(lambda conn: accounts.get_by_name(conn, "mei"))
    left = await store.read(lambda conn: recovery_codes.count_unused(conn, account))
    await store.close()
    assert (app is None, found.second_factor, left) == (lost, not lost, 0)
    assert app is None or app.secret == "SECRET"


@on_both_databases
@pytest.mark.parametrize("lost", [True, False])
async def test_buyers_whose_number_is_there_are_known_by_new_pseudonyms(
    old: Keys, settings: Settings, lost: bool
) -> None:
    file = KeyFile.of(settings)
    if lost:
        file.path.unlink()
    state = {"broadcast": BROADCAST, "seq": 1, "version": "any", "data": b"with a buyer"}
    async with opened(settings) as (store, _):
        await store.write(lambda conn: conn.execute(insert(log_checkpoints), state) and None)
        outlook = await new_keys.outlook(store, file, pseudonyms=not lost)
    assert (outlook.lost, outlook.pseudonyms) == (lost, True)
    assert (outlook.opened.orders, outlook.opened.under_way, outlook.opened.codes) == (3, 2, 1)
    assert (outlook.blocked, outlook.muted) == (1, 1)
    assert (await replace(settings, pseudonyms=not lost) is None) is lost
    new = file.read()
    assert new is not None
    assert new.pseudonyms != old.pseudonyms
    known_as = pseudonym(new.pseudonyms, BUYERS, "13800000000")
    buyers, told, marks, held, states = await read(
        settings,
        select(orders.c.buyer).distinct(),
        text("SELECT data FROM events WHERE kind = 'order.placed'"),
        select(people.blocks.c.mark),
        select(mutes.c.id),
        select(log_checkpoints.c.seq),
    )
    assert (buyers, marks, held, states) == ([known_as], [known_as], [], [])
    assert known_as in str(told)
    assert PICKUP in str(told)
    async with running(settings) as server:
        assert (await server.house.shop.order(OrderLinks(new.orders).token(PARCEL))).id == PARCEL
        assert await server.house.people.pseudonyms.of(BUYERS, "13800000000") == known_as


@on_both_databases
async def test_an_interrupted_replacement_is_finished_by_the_same_command(
    old: Keys, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = KeyFile.of(settings)
    with monkeypatch.context() as patch:
        patch.setattr(KeyFile, "promote", lambda _file: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            await replace(settings)
    assert file.read() == old
    staged = file.staged.read()
    with pytest.raises(KeysRefused, match="`farmlive keys replace` once more"):
        async with running(settings):
            pass
    ran = await invoke(settings)
    assert ran.exit_code == 0
    assert "An interrupted replacement was finished." in ran.stdout
    assert file.read() == staged
    async with running(settings) as server:
        assert staged is not None
        assert (await server.house.shop.order(OrderLinks(staged.orders).token(PARCEL))).id == PARCEL


@on_both_databases
async def test_one_that_fails_leaves_everything_as_it_was(
    old: Keys, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    rekey = order_rekeying.rekey

    def fail(*given: Any) -> Any:
        rekey(*given)
        raise CommitFailed("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(order_rekeying, "rekey", fail)
        with pytest.raises(CommitFailed):
            await replace(settings)
    assert KeyFile.of(settings).read() == old
    async with running(settings) as server:
        assert (await server.house.shop.order(TOKENS[PICKUP])).code == CODES[PICKUP]
    # What it left on the disk is not taken for the new keys.
    await replace(settings)
    assert not KeyFile.of(settings).staged.path.exists()


@on_both_databases
async def test_no_server_may_run_meanwhile(old: Keys, settings: Settings) -> None:
    async with running(settings) as server:
        with pytest.raises((FolderTaken, ServersRun), match="top "):
            await replace(settings)
        ran = await invoke(settings, "--yes")
        assert isinstance(ran.exception, FolderTaken | ServersRun)
        assert (await server.house.shop.order(TOKENS[PARCEL])).id == PARCEL
    assert KeyFile.of(settings).read() == old


@on_both_databases
async def test_a_file_of_another_database_is_replaced_by_nothing(
    old: Keys, settings: Settings
) -> None:
    file = KeyFile.of(settings)
    file.path.unlink()
    other = file.make(Keys.draw())
    with pytest.raises(KeysRefused, match="move this file away"):
        await replace(settings)
    assert file.read() == other


@on_both_databases
async def test_it_says_what_ends_and_asks(old: Keys, settings: Settings) -> None:
    asked = await invoke(settings, answer="n\n")
    assert asked.exit_code == 1
    assert "the links of 3 orders, 2 of which are not over" in asked.stdout
    assert "the codes of 1 orders that wait" in asked.stdout
    assert "  - blocks, mutes, and who is the same buyer" in asked.stdout
    assert KeyFile.of(settings).read() == old
    done = await invoke(settings, answer="y\n")
    assert done.exit_code == 0, done.exception
    assert "backups from before need them" in done.stdout
    assert KeyFile.of(settings).read() != old


@on_both_databases
async def test_open_orders_of_a_pick_up_point_get_codes_of_their_own(
    engine: Engine, old: Keys, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than are read at a time, and where most codes that are derived are another's."""
    columns = [
        column.name for column in orders.c if column.name not in ("id", "number", "token_hash")
    ]
    listed = ", ".join(f'"{name}"' for name in columns)
    with engine.begin() as connection:
        for number in range(10, 19):
            row = {"id": f"{PICKUP[:-2]}{number}", "number": number, "token": str(number)}
            connection.execute(
                text(
                    f"INSERT INTO orders (id, number, token_hash, {listed}) "
                    f"SELECT :id, :number, :token, {listed} FROM orders WHERE id = :of"
                ),
                {**row, "of": PICKUP},
            )
    engine.dispose()
    monkeypatch.setattr(order_links, "CODES", 10)
    monkeypatch.setattr(order_rekeying, "ROWS_PER_BATCH", 3)
    await replace(settings)
    (hashes,) = await read(
        settings,
        select(orders.c.code_hash).where(orders.c.state == "at_centre", orders.c.way == "pickup"),
    )
    assert len(hashes) == len(set(hashes)) == 10


async def invoke(settings: Settings, *options: str, answer: str = "") -> Any:
    """Run the command beside this test's event loop."""
    environment = {
        "FARMLIVE_DATA": str(settings.data),
        "FARMLIVE_DATABASE_URL": settings.database_url,
        "COLUMNS": "200",
    }
    words = ["keys", "replace", *options]
    return await asyncio.to_thread(CliRunner().invoke, cli, words, input=answer, env=environment)
