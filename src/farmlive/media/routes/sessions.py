"""The HTTP routes of WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep-03), around the relay."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from farmlive.clock import now_ms
from farmlive.edge.contracts import called_by, raises
from farmlive.media.routes import delay, viewers
from farmlive.media.routes.open_routes import (
    FRAGMENT,
    SDP,
    OpenRoute,
    answer_options,
    describe_body,
    read_body,
    read_session_body,
)
from farmlive.media.session_service import Opened
from farmlive.media.signalling.ice_servers import ice_server_links
from farmlive.media.viewers.delivery import read_choice
from farmlive.media.wire.errors import (
    BadSdp,
    HolderAway,
    NobodyPublishing,
    NoCommonCodec,
    OtherServer,
    PreconditionFailed,
    PreconditionRequired,
    ServerFull,
    SessionGone,
    TooManySources,
    UnfitOffer,
    WrongType,
)
from farmlive.problems import Invalid, Problem, TooMany
from farmlive.settings import Settings

if TYPE_CHECKING:
    from farmlive.media.ports import AccessPolicy
    from farmlive.media.session_service import Signalling


class _SdpResponse(Response):
    media_type = SDP


def _bearer(request: Request) -> str | None:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() or None if scheme.lower() == "bearer" else None


def routes(signalling: "Signalling", access: "AccessPolicy", settings: Settings) -> APIRouter:
    """Return the router of both endpoints and their sessions."""
    router = APIRouter(route_class=OpenRoute)

    @router.post(
        "/whip/{broadcast}",
        status_code=201,
        operation_id="whip_publish",
        response_class=_SdpResponse,
        openapi_extra=describe_body(SDP),
    )
    @called_by(stream_key=True)
    @raises(
        access.authorize_publish,
        BadSdp,
        UnfitOffer,
        NoCommonCodec,
        WrongType,
        TooManySources,
        HolderAway,
        OtherServer,
    )
    async def publish(broadcast: str, request: Request) -> Response:
        """Publish: takes an SDP offer, returns the answer."""
        admission = await access.authorize_publish(broadcast, _bearer(request), request)
        asked_at = (request.scope.get("server") or ("",))[0]
        try:
            offer = await read_body(request, SDP)
        except Problem as problem:
            signalling.record_rejection(broadcast, admission, problem)
            raise
        opened = await signalling.publish(broadcast, admission, offer, asked_at)
        links = ice_server_links(settings, now_ms() / 1000)
        return _created(f"/whip/{broadcast}/{opened.token}", opened, links)

    @router.post(
        "/whep/{broadcast}",
        status_code=201,
        operation_id="whep_play",
        response_class=_SdpResponse,
        openapi_extra=describe_body(SDP),
    )
    @called_by()
    @raises(
        access.authorize_play,
        access.authorize_preview,
        BadSdp,
        UnfitOffer,
        NoCommonCodec,
        WrongType,
        Invalid,
        NobodyPublishing,
        ServerFull,
        TooMany,
        HolderAway,
        OtherServer,
    )
    async def play(
        broadcast: str, request: Request, source: str | None = None, choice: str | None = None
    ) -> Response:
        """Play: takes an SDP offer, returns the answer; 409 with Retry-After while nobody sends.

        `source`: that camera's own picture, on air or not, for the crew. `choice`: what the viewer
        wants of the stream, `auto`, `save_data` or `sound_only`; `auto` if it is missing.
        """
        wanted = read_choice(choice)
        address = None
        if source is None:
            address = await access.authorize_play(broadcast, request)
        else:
            await access.authorize_preview(broadcast, source, _bearer(request), request)
        offer = await read_body(request, SDP)
        try:
            if source is None:
                opened = await signalling.view(broadcast, offer, address, wanted)
            else:
                opened = await signalling.preview(broadcast, source, offer)
        except (NobodyPublishing, HolderAway):
            access.record_nothing_to_play(request)
            raise
        access.record_session(broadcast, opened.token, request)
        location = f"/whep/{broadcast}/{opened.token}"
        links = [
            *viewers.links(location),
            *delay.links(location, opened),
            *ice_server_links(settings, now_ms() / 1000),
        ]
        return _created(location, opened, links)

    @router.options("/whip/{broadcast}", include_in_schema=False)
    async def whip_options(broadcast: str, request: Request) -> Response:
        response = answer_options("GET, HEAD, POST, OPTIONS")
        # TURN credentials are for publishers.
        bearer = _bearer(request)
        if settings.turn_urls and bearer is not None and _wants_servers(request):
            try:
                await access.authorize_publish(broadcast, bearer, request)
            except Problem:
                return response
            _link(response, ice_server_links(settings, now_ms() / 1000))
        return response

    @router.options("/whep/{broadcast}", include_in_schema=False)
    async def whep_options(broadcast: str, request: Request) -> Response:
        response = answer_options("GET, HEAD, POST, OPTIONS")
        if settings.turn_urls and _wants_servers(request):
            try:
                await access.authorize_play(broadcast, request)
            except Problem:
                return response
            access.record_nothing_to_play(request)
            _link(response, ice_server_links(settings, now_ms() / 1000))
        return response

    for kind in ("whip", "whep"):
        _session_routes(router, signalling, access, kind)
    viewers.add_routes(router, signalling, access)
    delay.add_routes(router, signalling, access)
    return router


def _session_routes(
    router: APIRouter, signalling: "Signalling", access: "AccessPolicy", kind: str
) -> None:
    publisher = kind == "whip"

    @router.api_route(f"/{kind}/{{broadcast}}", methods=["GET", "HEAD"], include_in_schema=False)
    async def no_representation() -> Response:
        # Players learn the URL from this media type, as WHEP drafts after -03 require.
        return Response(status_code=200, media_type=SDP)

    @router.api_route(
        f"/{kind}/{{broadcast}}/{{session}}", methods=["GET", "HEAD"], include_in_schema=False
    )
    async def nothing() -> Response:
        return Response(status_code=204)

    @router.options(f"/{kind}/{{broadcast}}/{{session}}", include_in_schema=False)
    async def session_options() -> Response:
        return answer_options("GET, HEAD, PATCH, DELETE, OPTIONS")

    @router.patch(
        f"/{kind}/{{broadcast}}/{{session}}",
        status_code=204,
        operation_id=f"{kind}_patch",
        responses={
            200: {
                "description": "ICE was restarted.",
                "content": {FRAGMENT: {"schema": {"type": "string"}}},
            }
        },
        openapi_extra=describe_body(FRAGMENT),
    )
    @raises(
        access.authorize_change,
        WrongType,
        BadSdp,
        PreconditionRequired,
        PreconditionFailed,
        SessionGone,
        HolderAway,
    )
    async def patch(broadcast: str, session: str, request: Request) -> Response:
        """Trickle ICE (204), or restart ICE (200 with the fragment of the answer)."""
        access.authorize_change(request)
        body = await read_session_body(
            signalling, broadcast, session, request, FRAGMENT, publisher=publisher
        )
        if_match = request.headers.get("if-match")
        restarted = await signalling.patch(broadcast, session, body, if_match, publisher=publisher)
        if restarted is None:
            return Response(status_code=204)
        fragment, etag = restarted
        return Response(fragment, 200, {"ETag": etag}, FRAGMENT)

    @router.delete(
        f"/{kind}/{{broadcast}}/{{session}}",
        operation_id=f"{kind}_delete",
        response_class=PlainTextResponse,
    )
    @raises(access.authorize_change, SessionGone, HolderAway)
    async def delete(broadcast: str, session: str, request: Request) -> Response:
        """End a media session and free its resources."""
        access.authorize_change(request)
        await signalling.delete(broadcast, session, publisher=publisher)
        # A body for people: ffmpeg logs that it can't read it, with or without one.
        return Response("ended\n", 200, media_type="text/plain")


def _created(location: str, opened: Opened, links: Sequence[str]) -> Response:
    headers = {"Location": location, "ETag": opened.etag, "Accept-Patch": FRAGMENT}
    response = Response(opened.answer, 201, headers, SDP)
    _link(response, links)
    return response


def _link(response: Response, links: Sequence[str]) -> None:
    for link in links:
        response.headers.append("Link", link)


def _wants_servers(request: Request) -> bool:
    """Return whether this OPTIONS is a client's own request, not a browser's CORS preflight, which
    gets no ICE servers (RFC 9725, section 4.6).
    """
    asked = request.headers.get("access-control-request-headers", "").lower().split(",")
    preflight = "access-control-request-method" in request.headers
    return not preflight or "link" in (name.strip() for name in asked)
