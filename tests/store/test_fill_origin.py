"""A database from before plots and tests had tables keeps its farms, lots, tests and packings."""

from alembic import command
from sqlalchemy import Engine, text

from farmlive.origin.origin import Origin
from farmlive.settings import Settings
from farmlive.store import Store
from farmlive.store.migrate import configuration

from .old_data import on_both_databases

LOT = "01J00000000000000000000000"
EVENTS = {
    "commissioning": '{"eventID": "urn:uuid:1", "bizStep": "commissioning", "ilmd": {}}',
    "inspecting": '{"eventID": "urn:uuid:2", "bizStep": "inspecting", "farmlive:result":'
    ' [{"@language": "zh", "@value": "未检出"}], "farmlive:laboratory": "County"}',
    "packing": '{"eventID": "urn:uuid:3", "bizStep": "packing"}',
}


@on_both_databases
async def test_lots_of_before_keep_their_story(engine: Engine, settings: Settings) -> None:
    with engine.begin() as connection:
        command.upgrade(configuration(connection), "0002")
        connection.execute(
            text("INSERT INTO farms (id, name, place, created_at) VALUES ('f', :n, :n, 1)"),
            {"n": '{"zh": "果园", "en": ""}'},
        )
        connection.execute(
            text(
                "INSERT INTO lots (id, farm, code, product_name, class_uri, harvested_at,"
                " quantity_g, tested_at, created_at) VALUES (:lot, 'f', '1123', :n,"
                " 'http://old.test/origin/class/c/lot/1123', 1000, 80000, 2000, 1)"
            ),
            {"lot": LOT, "n": '{"zh": "金柑", "en": ""}'},
        )
        for number, (step, document) in enumerate(EVENTS.items(), 1):
            connection.execute(
                text(
                    "INSERT INTO trace_events (id, lot, at, biz_step, document, recorded_at)"
                    " VALUES (:id, :lot, :at, :step, :document, 1)"
                ),
                {
                    "id": str(number),
                    "lot": LOT,
                    "at": number * 1000,
                    "step": step,
                    "document": document,
                },
            )
    store = await Store.open(settings, migrates=True)
    story = await Origin(store, settings).story(LOT)
    await store.close()
    assert [station.step for station in story.stations] == ["picked", "tested", "packed"]
    assert story.inspection is not None
    assert story.inspection.result.zh == "未检出"
    assert (story.inspection.laboratory, story.inspection.passed) == ("County", True)
    assert (story.lot.tested, story.lot.packed_at, story.plot) == (True, 3000, None)
