import pytest
from pydantic import ValidationError
from sqlalchemy import Connection, insert, select

from farmlive.bilingual import Bilingual
from farmlive.broadcast.events import CardPinned
from farmlive.broadcast.log import Event, Log
from farmlive.broadcast.tables import broadcasts
from farmlive.clock import now_ms
from farmlive.ids import ulid
from farmlive.origin.core.models import Farm, NewFarm, NewLot, NewPlot, PlotName
from farmlive.origin.core.problems import InFuture, LotTaken, UnknownFarm, UnknownLot
from farmlive.origin.core.tables import lots, trace_events
from farmlive.origin.origin import Origin
from farmlive.people import Caller
from farmlive.settings import Settings
from farmlive.store import Store

DAY = 86_400_000
GTIN = "09524000059109"


def harvest(farm: str, code: str = "1123", **other: object) -> NewLot:
    facts: dict[str, object] = {
        "farm": farm,
        "code": code,
        "product_name": {"zh": "金桔", "en": "Kumquats"},
        "harvested_at": now_ms() - DAY,
        "quantity_g": 412_000,
        **other,
    }
    return NewLot.model_validate(facts)


async def test_a_lot_tells_its_story_from_its_trace_events(
    staff: Caller, origin: Origin, farm: Farm
) -> None:
    now = now_ms()
    plot = await origin.add_plot(staff, farm.id, NewPlot(name=Bilingual(zh="三号坡", en="Slope 3")))
    lot = await origin.add_lot(
        staff,
        harvest(
            farm.id,
            harvested_at=now - 3 * DAY,
            plot=plot.id,
            inspection={
                "at": now - 2 * DAY,
                "result": {"zh": "未检出农药残留", "en": "No residues found"},
                "laboratory": "Youxi County Laboratory",
                "passed": True,
            },
            packed_at=now - DAY,
        ),
    )
    story = await origin.story(lot.id)
    assert story.farm == farm
    assert story.lot == lot
    assert story.plot == plot
    assert lot.plot == PlotName(id=plot.id, name=plot.name)
    assert [(station.step, station.at) for station in story.stations] == [
        ("picked", now - 3 * DAY),
        ("tested", now - 2 * DAY),
        ("packed", now - DAY),
    ]
    assert story.inspection is not None
    assert story.inspection.at == now - 2 * DAY
    assert story.inspection.result == Bilingual(zh="未检出农药残留", en="No residues found")
    assert story.inspection.laboratory == "Youxi County Laboratory"
    assert (story.inspection.passed, story.inspection.certificate) == (True, None)
    assert lot.tested
    assert (lot.packed_at, lot.shipped_at) == (now - DAY, None)


async def test_a_lot_with_a_gtin_is_named_by_digital_link(
    staff: Caller, origin: Origin, farm: Farm, settings: Settings
) -> None:
    lot = await origin.add_lot(staff, harvest(farm.id, "A/1", gtin="9524000059109"))
    assert lot.class_uri == f"{settings.url}/01/{GTIN}/10/A%2F1"
    assert lot.gtin == GTIN


async def test_a_farm_without_a_gtin_gets_one_class_for_one_kind_of_produce(
    staff: Caller, origin: Origin, farm: Farm, settings: Settings
) -> None:
    first = await origin.add_lot(staff, harvest(farm.id, "1"))
    second = await origin.add_lot(staff, harvest(farm.id, "2"))
    other = await origin.add_lot(staff, harvest(farm.id, "3", product_name={"zh": "芦柑"}))
    assert first.class_uri.startswith(f"{settings.url}/origin/class/")
    assert first.class_uri.removesuffix("/lot/1") == second.class_uri.removesuffix("/lot/2")
    assert first.class_uri.removesuffix("/lot/1") != other.class_uri.removesuffix("/lot/3")


async def test_a_harvest_of_tomorrow_is_refused_and_leaves_nothing(
    staff: Caller, origin: Origin, farm: Farm, store: Store
) -> None:
    tomorrow = now_ms() + DAY
    with pytest.raises(InFuture, match="yet to come"):
        await origin.add_lot(staff, harvest(farm.id, harvested_at=tomorrow))
    test = {"at": tomorrow, "result": {"en": "Good"}, "passed": True}
    with pytest.raises(InFuture, match="inspected"):
        await origin.add_lot(staff, harvest(farm.id, inspection=test))
    with pytest.raises(InFuture, match="packed"):
        await origin.add_lot(staff, harvest(farm.id, packed_at=tomorrow))
    rows = await store.read(lambda conn: conn.execute(select(lots)).all())
    assert rows == []


def test_a_lot_packed_before_it_was_picked_is_refused() -> None:
    with pytest.raises(ValidationError, match="packed before it is harvested"):
        harvest(ulid(), harvested_at=now_ms() - DAY, packed_at=now_ms() - 2 * DAY)


@pytest.mark.parametrize("quantity", [0, -1, 1.5, "400", True, None])
def test_a_harvest_of_no_whole_grams_is_refused(quantity: object) -> None:
    with pytest.raises(ValidationError):
        harvest(ulid(), quantity_g=quantity)


async def test_a_lot_of_no_farm_is_refused(staff: Caller, origin: Origin) -> None:
    with pytest.raises(UnknownFarm):
        await origin.add_lot(staff, harvest(ulid()))


async def test_one_code_names_one_lot_of_a_farm(
    staff: Caller, origin: Origin, farm: Farm, store: Store
) -> None:
    await origin.add_lot(staff, harvest(farm.id, "1123"))
    with pytest.raises(LotTaken):
        await origin.add_lot(staff, harvest(farm.id, "1123", gtin=GTIN))
    neighbour = await origin.add_farm(staff, NewFarm(name=farm.name, place=farm.place))
    await origin.add_lot(staff, harvest(neighbour.id, "1123"))
    assert len(await origin.lots()) == 2
    assert len(await origin.lots(farm.id)) == 1


async def test_one_gtin_and_code_name_one_lot_and_a_refusal_leaves_nothing(
    staff: Caller, origin: Origin, farm: Farm, store: Store
) -> None:
    await origin.add_lot(staff, harvest(farm.id, "1123", gtin=GTIN))
    neighbour = await origin.add_farm(staff, NewFarm(name=farm.name, place=farm.place))
    with pytest.raises(LotTaken):
        await origin.add_lot(staff, harvest(neighbour.id, "1123", gtin=GTIN))
    assert await origin.lots(neighbour.id) == []
    events = await store.read(lambda conn: conn.execute(select(trace_events)).all())
    assert len(events) == 1


async def test_a_lot_is_found_under_every_gtin_it_is_packed_in(
    staff: Caller, origin: Origin, farm: Farm, store: Store
) -> None:
    lot = await origin.add_lot(staff, harvest(farm.id, "1123", gtin=GTIN))
    small = "09524000059116"
    await store.write(lambda conn: origin.name(conn, lot, small))
    await store.write(lambda conn: origin.name(conn, lot, small))
    assert await origin.find(small, "1123") == await origin.find(GTIN, "1123") == lot.id


async def test_an_unknown_lot_has_no_story(staff: Caller, origin: Origin) -> None:
    with pytest.raises(UnknownLot):
        await origin.story(ulid())


async def test_a_pinned_card_is_a_moment_of_its_lot(
    staff: Caller, origin: Origin, farm: Farm, store: Store, log: Log
) -> None:
    lot = await origin.add_lot(staff, harvest(farm.id))
    broadcast = ulid()

    def begin(connection: Connection) -> None:
        connection.execute(
            insert(broadcasts),
            {"id": broadcast, "title": {"zh": "直播"}, "state": "live", "created_at": now_ms()},
        )

    await store.write(begin)

    def lot_shown(_connection: Connection, event: Event) -> str | None:
        return lot.id if CardPinned.parse(event.data).offer == "ours" else None

    log.add_handler("card.pinned", origin.moment(lot_shown))
    for offer in ("ours", "another", "ours"):
        await store.write(
            lambda conn, offer=offer: log.append(  # type: ignore[misc]
                conn, broadcast, CardPinned(offer=offer)
            )
        )
    story = await origin.story(lot.id)
    assert [(moment.broadcast, moment.seq) for moment in story.moments] == [
        (broadcast, 1),
        (broadcast, 3),
    ]


async def test_a_pin_that_fails_leaves_no_moment(
    staff: Caller, origin: Origin, farm: Farm, store: Store, log: Log
) -> None:
    lot = await origin.add_lot(staff, harvest(farm.id))
    broadcast = ulid()
    await store.write(
        lambda conn: (
            conn.execute(
                insert(broadcasts),
                {"id": broadcast, "title": {"zh": "直播"}, "state": "live", "created_at": now_ms()},
            ).rowcount
        )
    )
    log.add_handler("card.pinned", origin.moment(lambda _connection, _event: lot.id))

    def pin_and_fail(connection: Connection) -> None:
        log.append(connection, broadcast, CardPinned(offer="ours"))
        raise RuntimeError("after the event")

    with pytest.raises(RuntimeError):
        await store.write(pin_and_fail)
    assert (await origin.story(lot.id)).moments == []
