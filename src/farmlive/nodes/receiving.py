"""Answers the other servers on this database: forwarded requests are handled here and never
forwarded again, so that none goes in circles.
"""

from typing import Any

from fastapi import APIRouter, Request, Response

from farmlive import compact_json
from farmlive.media import Admission
from farmlive.media.session_service import LocalSessions
from farmlive.media.viewers.delivery import read_choice
from farmlive.nodes.forwarding import MOST_BYTES, PATH, read
from farmlive.nodes.leases import Leases
from farmlive.nodes.signing import SCHEME, Signer
from farmlive.problems import Problem, TooLarge

# For an existing session the lease is not checked: the session goes on while the database is
# unavailable.
_OF_A_SESSION = ("patch", "layer", "delivery", "choose", "report_delay", "delete", "is_open")


def routes(here: LocalSessions, leases: Leases, signer: Signer) -> APIRouter:
    """Return the router of the one route for other servers."""
    router = APIRouter(include_in_schema=False)

    @router.post(PATH)
    async def answer(request: Request) -> Response:
        """Answer the other servers on this database, which sign their requests."""
        signed = signer.open(request.headers.get("authorization", ""))
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > MOST_BYTES:
                raise TooLarge(f"A request between servers has at most {MOST_BYTES} bytes.")
        said: dict[str, Any]
        if not signed.check(body):
            said = {"gone": True}
        else:
            try:
                said = await _done(*read(body))
            except Problem as problem:
                said = {
                    "problem": {
                        "slug": problem.slug,
                        "detail": problem.detail,
                        "headers": problem.headers,
                        "members": problem.members,
                    }
                }
        written = compact_json.encode(said)
        sealed = {SCHEME: signer.seal(signed.nonce, written)}
        return Response(written, headers=sealed, media_type="application/octet-stream")

    async def _done(
        operation: str, broadcast: str, text: str, facts: dict[str, Any]
    ) -> dict[str, Any]:
        if operation in _OF_A_SESSION and here.has(broadcast, facts["session"]):
            return {"result": await _do(operation, broadcast, text, facts)}
        if not leases.holds(broadcast):
            return {"elsewhere": True}
        if operation == "publish":
            async with leases.held(broadcast) as other:
                if other is None:
                    return {"result": await _do(operation, broadcast, text, facts)}
            return {"elsewhere": True}
        return {"result": await _do(operation, broadcast, text, facts)}

    async def _do(operation: str, broadcast: str, text: str, facts: dict[str, Any]) -> Any:
        match operation:
            case "publish":
                return await here.publish(broadcast, Admission(**facts["admission"]), text)
            case "view":
                # A server of an earlier version names no choice.
                choice = read_choice(facts.get("choice"))
                return await here.view(broadcast, text, facts["address"], choice)
            case "preview":
                return await here.preview(broadcast, facts["source"], text)
            case "patch":
                return await here.patch(
                    broadcast,
                    facts["session"],
                    text,
                    facts["if_match"],
                    publisher=facts["publisher"],
                )
            case "layer":
                return await here.layer(broadcast, facts["session"], facts["most"])
            case "delivery":
                return (await here.delivery(broadcast, facts["session"])).model_dump()
            case "choose":
                choice = read_choice(facts["choice"])
                return await here.choose(broadcast, facts["session"], choice)
            case "report_delay":
                return await here.report_delay(broadcast, facts["session"], facts["ms"])
            case "delete":
                return await here.delete(broadcast, facts["session"], publisher=facts["publisher"])
            case "is_open":
                return await here.is_open(broadcast, facts["session"], publisher=facts["publisher"])
            case "switch":
                return here.switch(broadcast, facts["source"])
            case "health":
                return here.health(broadcast)
        raise ValueError(f"there is no operation {operation[:20]}")

    return router
