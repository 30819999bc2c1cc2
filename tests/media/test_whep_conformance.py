"""Our WHEP endpoint, held against each clause of draft-ietf-wish-whep-03 and of the standards under
it.
"""

import httpx
import pytest
from tests.media.conftest import BROADCAST, Media, until

from farmlive.client.clause import Clause
from farmlive.client.clauses import CLAUSES, tried
from farmlive.client.examined import Examined
from farmlive.client.light_publisher import LightPublisher

# What asks nothing of this server, and why.
NOT_OURS = {
    "WHEP-03 §4.2.8-1": "somebody publishes",
    "WHEP-03 §4.4.1-3": "it supports both",
    "WHEP-03 §4.7-1": "it tells of no ICE servers",
    "WHEP-03 §4.8-1": "it asks for no key",
    "WHEP-03 §4.8.1-1": "it asks for no key",
    "WHEP-03 §5-1": "it is this machine's own",
}


@pytest.mark.parametrize("clause", CLAUSES["whep"], ids=lambda clause: clause.id)
async def test_clause(media: Media, clause: Clause) -> None:
    publisher = LightPublisher(f"{media.url}/whip/{BROADCAST}", "orchard")
    await publisher.start()
    await until(lambda: ("switched", "orchard") in media.gate.told, "the stream is on air")
    async with httpx.AsyncClient() as http:
        server = Examined("whep", f"{media.url}/whep/{BROADCAST}", "any", http)
        result = await tried(clause, server)
    await publisher.close()
    expected = NOT_OURS.get(clause.id)
    assert (result.verdict, result.reason) == (("n/a", expected) if expected else ("pass", ""))
    assert media.relay.metrics()["viewers"] == 0
