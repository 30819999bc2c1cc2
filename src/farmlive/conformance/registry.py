"""The table of the clauses that a WHIP or WHEP server must or should keep, and trying them against
a server. The clauses themselves are in the files `clauses_of_…`.
"""

import asyncio
import time
from collections.abc import AsyncIterator

import httpx

from farmlive.conformance import http_checks, ice_checks, media_checks, sdp_checks
from farmlive.conformance.clause import Clause, Result, numbered
from farmlive.conformance.target import Target
from farmlive.conformance.verdict import Broken, Kind, NotApplicable, Untried, Verdict, broke

_BOOKS = [http_checks.BOOK, ice_checks.BOOK, sdp_checks.BOOK, media_checks.BOOK]
_TIMEOUT_S = 20.0

CLAUSES: dict[Kind, list[Clause]] = {
    "whip": numbered("whip", _BOOKS),
    "whep": numbered("whep", _BOOKS),
}


async def tried(clause: Clause, server: Target) -> Result:
    """Try one clause and delete what was made on the way; never raises for what the server does."""
    began = time.monotonic()
    verdict: Verdict = "fail"
    reason = ""
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            await clause.trial(server)
        verdict = "pass"
    except Broken as broken:
        reason = str(broken)
    except NotApplicable as other:
        verdict, reason = "n/a", str(other)
    except Untried as why:
        verdict, reason = "untried", str(why)
    except TimeoutError:
        reason = f"it was not done within {_TIMEOUT_S:.0f} s"
    except httpx.HTTPError as error:
        reason = f"the request broke: {broke(error)}"
    left = await server.clean_up()
    if left:
        reason = f"{reason}; " if reason else ""
        reason += f"could not be deleted: {', '.join(left)}"
    return Result(clause, verdict, reason, time.monotonic() - began)


async def examine(server: Target) -> AsyncIterator[Result]:
    """Try all clauses of the server's protocol, one after the other, the rude ones at the end."""
    for clause in sorted(CLAUSES[server.kind], key=lambda clause: clause.rude):
        yield await tried(clause, server)
