"""What the AsyncAPI document says of events holds for the events that the rooms write."""

import httpx

from farmlive.broadcast.events import KINDS
from farmlive.server import Server


async def test_the_document_tells_of_every_kind(server: Server) -> None:
    async with httpx.AsyncClient(base_url=server.url) as client:
        document = (await client.get("/asyncapi.json")).json()
    event = document["components"]["schemas"]["Event"]
    told = {schema["title"]: schema for schema in event["anyOf"] if "title" in schema}
    assert set(told) == set(KINDS)
    reference = told["stock.changed"]["properties"]["data"]["$ref"]
    stock = document["components"]["schemas"][reference.rpartition("/")[2]]
    counted = {"released", "sold", "held", "kept", "left"}
    assert set(stock["properties"]) == {"offer", *counted, "lot", "lot_sold_g", "lot_left_g"}
    assert stock["description"].endswith("To: public.")
    assert "To: staff, the farms of its lines, its buyer." in str(
        document["components"]["schemas"]["OrderPlaced"]
    )
    for name in ("hold.place", "hold.drop", "order.place"):
        assert document["operations"][name]["x-role"] == "anyone"
