"""The HTTP route by which viewers report how late they see the picture.

An answer of WHEP has its URL only for the viewers who are asked; viewer_delay.py draws them.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from farmlive.edge.contracts import raises
from farmlive.media.routes.open_routes import JSON, answer_options, describe_body, read_viewer_model
from farmlive.media.session_service import Opened
from farmlive.media.viewer_delay import MOST_MS
from farmlive.media.wire.errors import BadSdp, HolderAway, SessionGone, WrongType
from farmlive.problems import Invalid

if TYPE_CHECKING:
    from farmlive.media.ports import AccessPolicy
    from farmlive.media.session_service import Signalling

_DELAY = "urn:x-farmlive:whep:delay"


class _Delay(BaseModel):
    """How long after its time by our sender reports a frame is shown, in milliseconds."""

    model_config = ConfigDict(strict=True, extra="ignore")

    ms: Annotated[int, Field(ge=0, le=MOST_MS)]


def links(location: str, opened: Opened) -> Sequence[str]:
    """Return the Link of a viewer's answer: one for a viewer who is asked, else none."""
    return [f'<{location}/delay>; rel="{_DELAY}"'] if opened.asks_delay else []


def add_routes(router: APIRouter, signalling: "Signalling", access: "AccessPolicy") -> None:
    """Add the route to the router of WHEP."""

    @router.post(
        "/whep/{broadcast}/{session}/delay",
        status_code=204,
        operation_id="whep_report_delay",
        openapi_extra=describe_body(JSON, _Delay.model_json_schema()),
    )
    @raises(access.authorize_report, WrongType, BadSdp, Invalid, SessionGone, HolderAway)
    async def delay(broadcast: str, session: str, request: Request) -> Response:
        """Report how late this viewer sees the picture, if the answer linked here.

        `{"ms": 412}` is the time from a frame's, by sender reports, to its display. One report in
        30 seconds counts; reports that nobody asked for are ignored.
        """
        access.authorize_report(request)
        reported = await read_viewer_model(signalling, broadcast, session, request, _Delay)
        await signalling.report_delay(broadcast, session, reported.ms)
        return Response(status_code=204)

    @router.options("/whep/{broadcast}/{session}/delay", include_in_schema=False)
    async def delay_options() -> Response:
        return answer_options("POST, OPTIONS", JSON)
