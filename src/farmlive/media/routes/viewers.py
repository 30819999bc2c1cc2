"""The HTTP routes by which a viewer learns what it gets of the stream, and asks for less of it:
below its WHEP session's URL, which only the viewer knows.
"""

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from farmlive.edge.contracts import raises
from farmlive.media.routes.open_routes import JSON, answer_options, describe_body, read_viewer_model
from farmlive.media.viewers.delivery import Choice, ViewerDelivery
from farmlive.media.wire.errors import BadSdp, HolderAway, SessionGone, WrongType
from farmlive.problems import Invalid

if TYPE_CHECKING:
    from farmlive.media.ports import AccessPolicy
    from farmlive.media.session_service import Signalling

_LAYER_LINK = "urn:ietf:params:whep:ext:core:layer"
# RFC 8631, section 4.4: the state of what the link belongs to.
_DELIVERY_LINK = "status"


class _Layer(BaseModel):
    """The highest layer of a simulcast that is wanted, 0 the lowest; null: no limit."""

    model_config = ConfigDict(strict=True, extra="ignore")

    most: Annotated[int, Field(ge=0, le=2)] | None


class _Choice(BaseModel):
    """What the viewer wants: as much as its link carries, less data, or no picture."""

    model_config = ConfigDict(strict=True, extra="ignore")

    choice: Choice


def links(location: str) -> list[str]:
    """Return the Link headers of a new viewer's session (RFC 8288)."""
    return [
        f'<{location}/layer>; rel="{_LAYER_LINK}"',
        f'<{location}/delivery>; rel="{_DELIVERY_LINK}"',
    ]


def add_routes(router: APIRouter, signalling: "Signalling", access: "AccessPolicy") -> None:
    """Add the routes; the router's are `OpenRoute`s."""

    @router.post(
        "/whep/{broadcast}/{session}/layer",
        status_code=204,
        operation_id="whep_limit_layer",
        openapi_extra=describe_body(JSON, _Layer.model_json_schema()),
    )
    @raises(access.authorize_change, WrongType, BadSdp, Invalid, SessionGone, HolderAway)
    async def layer(broadcast: str, session: str, request: Request) -> Response:
        """Limit the simulcast layer that this viewer gets.

        `{"most": 0}` is the lowest, null lifts the limit.
        """
        access.authorize_change(request)
        wanted = await read_viewer_model(signalling, broadcast, session, request, _Layer)
        await signalling.layer(broadcast, session, wanted.most)
        return Response(status_code=204)

    @router.get(
        "/whep/{broadcast}/{session}/delivery",
        operation_id="whep_get_delivery",
        responses={200: {"model": ViewerDelivery}},
    )
    @raises(access.authorize_look, SessionGone, HolderAway)
    async def delivery(broadcast: str, session: str, request: Request) -> Response:
        """Return what this viewer gets of the stream, and why it is less than all."""
        access.authorize_look(request)
        found = await signalling.delivery(broadcast, session)
        headers = {"Cache-Control": "no-store"}
        return Response(found.model_dump_json(), headers=headers, media_type=JSON)

    @router.post(
        "/whep/{broadcast}/{session}/delivery",
        status_code=204,
        operation_id="whep_choose_delivery",
        openapi_extra=describe_body(JSON, _Choice.model_json_schema()),
    )
    @raises(access.authorize_change, WrongType, BadSdp, Invalid, SessionGone, HolderAway)
    async def choose(broadcast: str, session: str, request: Request) -> Response:
        """Choose what this viewer gets at most: `auto`, `save_data` or `sound_only`.

        It replaces an earlier choice and the limit of a layer, and holds for the session.
        """
        access.authorize_change(request)
        wanted = await read_viewer_model(signalling, broadcast, session, request, _Choice)
        await signalling.choose(broadcast, session, wanted.choice)
        return Response(status_code=204)

    @router.options("/whep/{broadcast}/{session}/layer", include_in_schema=False)
    async def layer_options() -> Response:
        return answer_options("POST, OPTIONS", JSON)

    @router.options("/whep/{broadcast}/{session}/delivery", include_in_schema=False)
    async def delivery_options() -> Response:
        return answer_options("GET, HEAD, POST, OPTIONS", JSON)
