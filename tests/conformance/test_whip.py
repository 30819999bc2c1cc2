"""Our WHIP endpoint, held against each clause of RFC 9725 and of the standards under it."""

import httpx
import pytest
from tests.conformance.shared_server import examined
from tests.media.support.media_server import BROADCAST, Media, serving

from farmlive.conformance.clause import Clause
from farmlive.conformance.registry import CLAUSES, check_clause
from farmlive.settings import Settings

pytestmark = pytest.mark.asyncio(loop_scope="module")

# What asks nothing of this server, and why.
NOT_OURS = {
    "RFC 9725 §4.3.1-3": "it supports both",
    "RFC 9725 §4.6-1": "it tells of no ICE servers",
    "RFC 9725 §4.9-1": "it tells of no extensions",
    "RFC 9725 §5-1": "it is this machine's own",
}


@pytest.mark.parametrize("clause", CLAUSES["whip"], ids=lambda clause: clause.id)
async def test_clause(relayed: Media, clause: Clause) -> None:
    async with httpx.AsyncClient() as http:
        result = await check_clause(clause, examined(relayed, "whip", http))
    expected = NOT_OURS.get(clause.id)
    assert (result.verdict, result.reason) == (("n/a", expected) if expected else ("pass", ""))
    sources = relayed.relay.health(BROADCAST)["sources"]
    assert all(source["away"] for source in sources if source["id"] == "orchard")


@pytest.mark.asyncio(loop_scope="function")
@pytest.mark.engines
async def test_ice_servers_are_told_as_the_clauses_have_it(settings: Settings) -> None:
    object.__setattr__(settings, "turn_urls", ("stun:stun.example.org", "turn:turn.example.org"))
    object.__setattr__(settings, "turn_username", "farm")
    clauses = {clause.id: clause for clause in CLAUSES["whip"]}
    async with serving(settings) as media, httpx.AsyncClient() as http:
        for name in ("RFC 9725 §4.6-1", "RFC 9725 §4.6-2"):
            result = await check_clause(clauses[name], examined(media, "whip", http))
            assert (result.verdict, result.reason) == ("pass", "")
