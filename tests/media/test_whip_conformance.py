"""Our WHIP endpoint, held against each clause of RFC 9725 and of the standards under it."""

import httpx
import pytest
from tests.media.conftest import BROADCAST, Media

from farmlive.client.clause import Clause
from farmlive.client.clauses import CLAUSES, tried
from farmlive.client.examined import Examined

# What asks nothing of this server, and why.
NOT_OURS = {
    "RFC 9725 §4.3.1-3": "it supports both",
    "RFC 9725 §4.6-1": "it tells of no ICE servers",
    "RFC 9725 §4.9-1": "it tells of no extensions",
    "RFC 9725 §5-1": "it is this machine's own",
}


@pytest.mark.parametrize("clause", CLAUSES["whip"], ids=lambda clause: clause.id)
async def test_clause(media: Media, clause: Clause) -> None:
    async with httpx.AsyncClient() as http:
        server = Examined("whip", f"{media.url}/whip/{BROADCAST}", "orchard", http)
        result = await tried(clause, server)
    expected = NOT_OURS.get(clause.id)
    assert (result.verdict, result.reason) == (("n/a", expected) if expected else ("pass", ""))
    assert media.relay.metrics()["sources"] == 0 or media.relay.health(BROADCAST)["sources"]
