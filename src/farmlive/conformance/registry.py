"""All clauses that a WHIP or WHEP server must or should keep, and the run of their checks against a
server. The files `…_checks.py` define the clauses.
"""

import asyncio
import time
from collections.abc import AsyncIterator

import httpx

from farmlive.conformance import http_checks, ice_checks, media_checks, sdp_checks
from farmlive.conformance.clause import Clause, Result, number_clauses
from farmlive.conformance.target import Target
from farmlive.conformance.verdict import (
    Broken,
    Kind,
    NotApplicable,
    Untried,
    Verdict,
    failure_words,
)

_REGISTRIES = [
    http_checks.CHECKS,
    ice_checks.CHECKS,
    sdp_checks.CHECKS,
    media_checks.CHECKS,
]
_TIMEOUT_S = 20.0

CLAUSES: dict[Kind, list[Clause]] = {
    "whip": number_clauses("whip", _REGISTRIES),
    "whep": number_clauses("whep", _REGISTRIES),
}


async def check_clause(clause: Clause, server: Target) -> Result:
    """Check one clause and delete what the check created; never raises for the server's
    behaviour.
    """
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
        reason = f"the request broke: {failure_words(error)}"
    left = await server.delete_all()
    if left:
        reason = f"{reason}; " if reason else ""
        reason += f"could not be deleted: {', '.join(left)}"
    return Result(clause, verdict, reason, time.monotonic() - began)


async def check_all(server: Target) -> AsyncIterator[Result]:
    """Check all clauses of the server's protocol, one after the other, the rude ones last."""
    for clause in sorted(CLAUSES[server.kind], key=lambda clause: clause.rude):
        yield await check_clause(clause, server)
