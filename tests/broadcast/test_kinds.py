"""What the AsyncAPI document says of events holds for the events that the rooms write."""

import httpx

from farmlive.broadcast.kinds import KINDS
from farmlive.server import Server
from farmlive.shop import life


def test_every_step_of_an_order_is_documented() -> None:
    assert {step.event for step in (*life.STATES, *life.PAYMENTS)} <= set(KINDS)


async def test_the_document_tells_of_every_kind(server: Server) -> None:
    async with httpx.AsyncClient(base_url=server.url) as client:
        document = (await client.get("/asyncapi.json")).json()
    event = document["components"]["messages"]["events"]["payload"]["properties"]["events"]["items"]
    told = {schema["title"]: schema for schema in event["anyOf"] if "title" in schema}
    assert set(told) == set(KINDS)
    stock = told["stock.changed"]["properties"]["data"]["properties"]
    counted = {"released", "sold", "held", "kept", "left"}
    assert set(stock) == {"offer", *counted, "lot", "lot_sold_g", "lot_left_g"}
    for name in ("hold.place", "hold.drop", "order.place"):
        assert document["components"]["messages"][name]["x-who"] == "anyone"
