"""The upgrade that takes keys, links and codes out of the database: what buyers have goes on
working, and a copy of the database opens nothing.
"""

import contextlib

import pytest
from alembic import command
from sqlalchemy import Connection, Engine, inspect, text
from tests.shop.support.sent_notices import lines
from tests.store.old_data import on_both_databases
from tests.store.orders_before_keys import (
    BEFORE,
    BROADCAST,
    BUYER,
    CENTRE,
    CLERK,
    CODES,
    HOST,
    KEY,
    PARCEL,
    PICKUP,
    RECEIVED,
    REQUEST,
    TOKENS,
    fill,
)
from tests.support.waiting import until

from farmlive.ids import token, ulid
from farmlive.server import running
from farmlive.settings import Settings
from farmlive.shop.orders import document_links
from farmlive.shop.orders.change_models import CodeSaid, HandOver
from farmlive.store import Store
from farmlive.store.keys import KeyFile, Keys, KeysRefused
from farmlive.store.migrate import configuration, known_revisions


@pytest.fixture
def filled(engine: Engine) -> None:
    with engine.begin() as connection:
        command.upgrade(configuration(connection), BEFORE)
        fill(connection)


@on_both_databases
async def test_what_buyers_have_goes_on_working(filled: None, settings: Settings) -> None:
    async with running(settings) as server:
        shop, store = server.house.shop, server.house.store
        assert store.keys.pseudonyms == KEY
        for order, of in TOKENS.items():
            found = await shop.order(of)
            assert (found.id, found.token, found.url) == (order, of, f"/order/{of}")
            assert found.code == CODES.get(order)
            on_paper = await shop.order_by_document(order, document_links.mark_of(of))
            assert on_paper.id == order
            await shop.order_link_limits.check(of, None)
        # The same request again has the same answer.
        assert await shop.place(BUYER, BROADCAST, REQUEST) == {
            "id": PICKUP,
            "number": "A0002",
            "token": TOKENS[PICKUP],
            "state": "placed",
            "payment": "due",
            "total": {"amount": 2990, "currency": "CNY"},
            "fee": {"amount": 0, "currency": "CNY"},
            "code": "042117",
            "url": f"/order/{TOKENS[PICKUP]}",
        }

        async def the_notice_says_it() -> bool:
            text = str(lines(settings))
            return "042117" in text and TOKENS[PICKUP] in text

        await until(the_notice_says_it, "the notice says the code and the link")
        assert (await shop.pickup.find(HOST, CodeSaid(code="042117"))).id == PICKUP
        assert (await shop.pickup.find(CLERK, CodeSaid(code="042117"))).id == PICKUP
        said = HandOver(code="042117", centre=CENTRE)
        assert (await shop.pickup.hand_over(CLERK, PICKUP, said)).order.state == "received"
        received = HandOver(code="999983")
        assert (await shop.pickup.hand_over(CLERK, RECEIVED, received)).id is None


@on_both_databases
async def test_a_copy_of_the_database_opens_no_order_and_links_no_pseudonym(
    engine: Engine, filled: None, settings: Settings
) -> None:
    await Store.migrate(settings)
    engine.dispose()
    store = await Store.open(settings)

    def read(connection: Connection) -> str:
        names = inspect(connection).get_table_names()
        assert "secrets" not in names
        found = [connection.execute(text(f'SELECT * FROM "{name}"')).all() for name in names]
        return str(found)

    found = await store.read(read)
    await store.close()
    assert PICKUP in found
    secrets = [*TOKENS.values(), *CODES.values(), KEY.hex(), store.keys.orders.hex()]
    assert [each for each in secrets if each in found] == []
    if not settings.database_url:  # nor what is left in free space, or in the log beside
        for path in settings.data.glob("farmlive.sqlite3*"):
            data = path.read_bytes()
            assert [each for each in secrets if each.encode() in data] == [], path.name


@on_both_databases
async def test_an_interrupted_upgrade_loses_no_link(
    engine: Engine, filled: None, settings: Settings
) -> None:
    with contextlib.suppress(InterruptedError), engine.begin() as connection:
        command.upgrade(configuration(connection, keys=KeyFile.of(settings)), "0037")
        raise InterruptedError
    made = KeyFile.of(settings).read()
    with engine.connect() as connection:
        kept = connection.execute(text("SELECT token FROM orders ORDER BY number")).scalars().all()
    assert kept == [TOKENS[order] for order in (PARCEL, PICKUP, RECEIVED)]
    await Store.migrate(settings)
    assert KeyFile.of(settings).read() == made
    async with running(settings) as server:
        for order, of in TOKENS.items():
            assert (await server.house.shop.order(of)).id == order


@on_both_databases
async def test_between_two_steps_it_goes_on_with_the_next(
    engine: Engine, filled: None, settings: Settings
) -> None:
    with engine.begin() as connection:
        command.upgrade(configuration(connection, keys=KeyFile.of(settings)), "0037")
    other = settings.model_copy(update={"key_file": settings.data / "other"})
    KeyFile.of(other).make(Keys.draw())
    with pytest.raises(KeysRefused, match="not those of this database"):
        await Store.open(other, migrates=True)
    async with running(settings) as server:
        assert (await server.house.shop.order(TOKENS[PARCEL])).id == PARCEL


@on_both_databases
async def test_keys_of_another_database_end_the_upgrade_before_it_changes_anything(
    engine: Engine, filled: None, settings: Settings
) -> None:
    KeyFile.of(settings).make(Keys.draw())
    with pytest.raises(KeysRefused, match="are of another database"):
        await Store.migrate(settings)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM secrets")).scalar() == 1
        assert set(connection.execute(text("SELECT token FROM orders")).scalars()) == set(
            TOKENS.values()
        )


@on_both_databases
async def test_many_orders_are_rewritten(
    engine: Engine, filled: None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than are read at a time."""
    added = {ulid(): token() for _ in range(12)}
    columns = "id, broadcast, number, token, device, buyer, buyer_name, buyer_phone, way, "
    columns += "payment_method, state, payment, total, currency, simulated, placed_at"
    with engine.begin() as connection:
        for number, (order, of) in enumerate(added.items(), 10):
            row = {"id": order, "number": number, "token": of, "of": PARCEL}
            connection.execute(
                text(
                    f"INSERT INTO orders ({columns}) SELECT :id, broadcast, :number, :token, "
                    f"{columns.partition('token, ')[2]} FROM orders WHERE id = :of"
                ),
                row,
            )
    (module,) = (each.module for each in known_revisions().scripts if each.revision == "0037")
    monkeypatch.setattr(module, "AT_ONCE", 5)
    async with running(settings) as server:
        for order, of in (TOKENS | added).items():
            assert (await server.house.shop.order(of)).id == order
