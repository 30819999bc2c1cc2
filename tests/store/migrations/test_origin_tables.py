"""A database from before plots and tests had tables keeps its farms, lots, tests and packings."""

from sqlalchemy import Connection, Engine
from tests.store.old_data import migrated, on_both_databases, put
from tests.support.parts import origin_of

from farmlive.settings import Settings

LOT = "01J00000000000000000000000"
EVENTS = {
    "commissioning": '{"eventID": "urn:uuid:1", "bizStep": "commissioning", "ilmd": {}}',
    "inspecting": '{"eventID": "urn:uuid:2", "bizStep": "inspecting", "farmlive:result":'
    ' [{"@language": "zh", "@value": "未检出"}], "farmlive:laboratory": "County"}',
    "packing": '{"eventID": "urn:uuid:3", "bizStep": "packing"}',
}


def fill(connection: Connection) -> None:
    name = '{"zh": "果园", "en": ""}'
    put(connection, "farms", id="f", name=name, place=name, created_at=1)
    put(
        connection,
        "lots",
        id=LOT,
        farm="f",
        code="1123",
        product_name='{"zh": "金柑", "en": ""}',
        class_uri="http://old.test/origin/class/c/lot/1123",
        harvested_at=1000,
        quantity_g=80_000,
        tested_at=2000,
        created_at=1,
    )
    for number, (step, document) in enumerate(EVENTS.items(), 1):
        put(
            connection,
            "trace_events",
            id=str(number),
            lot=LOT,
            at=number * 1000,
            biz_step=step,
            document=document,
            recorded_at=1,
        )


@on_both_databases
async def test_lots_of_before_keep_their_story(engine: Engine, settings: Settings) -> None:
    async with migrated(engine, settings, "0002", fill) as store:
        story = await origin_of(store, settings).story(LOT)
    assert [station.step for station in story.stations] == ["picked", "tested", "packed"]
    assert story.inspection is not None
    assert story.inspection.result.zh == "未检出"
    assert (story.inspection.laboratory, story.inspection.passed) == ("County", True)
    assert (story.lot.tested, story.lot.packed_at, story.plot) == (True, 3000, None)
