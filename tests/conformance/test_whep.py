"""Our WHEP endpoint, held against each clause of draft-ietf-wish-whep-03 and of the standards under
it.
"""

import httpx
import pytest
from tests.conformance.shared_server import examined
from tests.media.support.media_server import BROADCAST, Media

from farmlive.conformance.clause import Clause
from farmlive.conformance.registry import CLAUSES, check_clause
from farmlive.conformance.target import Target

pytestmark = pytest.mark.asyncio(loop_scope="module")

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
async def test_clause(relayed: Media, clause: Clause) -> None:
    async with httpx.AsyncClient() as http:
        result = await check_clause(clause, examined(relayed, "whep", http))
    expected = NOT_OURS.get(clause.id)
    assert (result.verdict, result.reason) == (("n/a", expected) if expected else ("pass", ""))
    assert relayed.relay.metrics()["viewers"] == 0


@pytest.mark.asyncio(loop_scope="function")
@pytest.mark.engines
async def test_a_player_that_comes_first_is_told_when_to_come_again(media: Media) -> None:
    clause = next(each for each in CLAUSES["whep"] if each.id == "WHEP-03 §4.2.8-1")
    async with httpx.AsyncClient() as http:
        server = Target("whep", f"{media.url}/whep/{BROADCAST}", None, http)
        assert (await check_clause(clause, server)).verdict == "pass"
