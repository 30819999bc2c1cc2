"""The HTTP routes of WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep-03), around the relay."""

import inspect
from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from farmlive.clock import now_ms
from farmlive.edge.contracts import called_by, raises
from farmlive.media.session_service import Opened
from farmlive.media.signalling.ice_servers import ice_server_links
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
from farmlive.problems import Invalid, Problem, TooLarge, TooMany
from farmlive.settings import Settings

if TYPE_CHECKING:
    from farmlive.media.ports import AccessPolicy
    from farmlive.media.session_service import Signalling

_SDP = "application/sdp"
_FRAGMENT = "application/trickle-ice-sdpfrag"
_JSON = "application/json"
_ACCEPT = {_SDP: "Accept-Post", _FRAGMENT: "Accept-Patch", _JSON: "Accept-Post"}
_MOST_BYTES = 128 * 1024
_LAYER = "urn:ietf:params:whep:ext:core:layer"
_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": (
        "Location, ETag, Link, Accept-Post, Accept-Patch, Retry-After, WWW-Authenticate"
    ),
}
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PATCH, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, If-Match, Link",
    "Access-Control-Max-Age": "86400",
}


class _Layer(BaseModel):
    """The highest layer of a simulcast that is wanted, 0 the lowest; null: no limit."""

    model_config = ConfigDict(strict=True, extra="ignore")

    most: Annotated[int, Field(ge=0, le=3)] | None


class _SdpResponse(Response):
    media_type = _SDP


def _body_of(media_type: str, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the OpenAPI description of a request body that FastAPI does not read."""
    content = {media_type: {"schema": schema or {"type": "string"}}}
    return {"requestBody": {"required": True, "content": content}}


class _OpenRoute(APIRoute):
    """A route that pages of any origin may call: every response has the CORS headers, a problem
    too.

    Its function takes the request, and parameters of the path and query by name. FastAPI's own
    handler, which also builds models and dependencies, is too slow for that little.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        names = set(inspect.signature(self.endpoint).parameters)
        words = names & set(self.param_convertors)
        asked = names - words - {"request"}

        async def handle_openly(request: Request) -> Response:
            given: dict[str, Any] = {name: request.path_params[name] for name in words}
            given |= {name: request.query_params.get(name) for name in asked}
            if "request" in names:
                given["request"] = request
            try:
                response: Response = await self.endpoint(**given)
            except Problem as problem:
                problem.headers = {**_CORS, **problem.headers}
                if problem.status == 401:
                    problem.headers.setdefault("WWW-Authenticate", "Bearer")
                raise
            response.headers.update(_CORS)
            return response

        return handle_openly

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add the CORS headers to a refusal of the request's method."""
        try:
            await super().handle(scope, receive, send)
        except HTTPException as error:
            error.headers = {**_CORS, **(error.headers or {})}
            raise


async def _body(request: Request, media_type: str) -> str:
    """Return the body as text if its type and size are allowed. Raises a Problem."""
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given != media_type:
        raise WrongType(
            f"Send Content-Type: {media_type}.", headers={_ACCEPT[media_type]: media_type}
        )
    data = b""
    async for chunk in request.stream():
        data += chunk
        if len(data) > _MOST_BYTES:
            raise TooLarge(
                f"A session description has at most {_MOST_BYTES // 1024} KiB; send only the SDP."
            )
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise BadSdp("The body is not UTF-8 text; send the SDP as it is.") from None


async def _body_for(
    signalling: "Signalling",
    broadcast: str,
    session: str,
    request: Request,
    media_type: str,
    *,
    publisher: bool,
) -> str:
    """Return the body of a change of a session; raise SessionGone first if the session is gone."""
    try:
        return await _body(request, media_type)
    except Problem:
        if not await signalling.is_open(broadcast, session, publisher=publisher):
            raise SessionGone("Begin a new one with a POST.") from None
        raise


def _bearer(request: Request) -> str | None:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() or None if scheme.lower() == "bearer" else None


def routes(signalling: "Signalling", access: "AccessPolicy", settings: Settings) -> APIRouter:
    """Return the router of both endpoints and their sessions."""
    router = APIRouter(route_class=_OpenRoute)

    @router.post(
        "/whip/{broadcast}",
        status_code=201,
        operation_id="whip_publish",
        response_class=_SdpResponse,
        openapi_extra=_body_of(_SDP),
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
            offer = await _body(request, _SDP)
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
        openapi_extra=_body_of(_SDP),
    )
    @called_by()
    @raises(
        access.authorize_play,
        access.authorize_preview,
        BadSdp,
        UnfitOffer,
        NoCommonCodec,
        WrongType,
        NobodyPublishing,
        ServerFull,
        TooMany,
        HolderAway,
        OtherServer,
    )
    async def play(broadcast: str, request: Request, source: str | None = None) -> Response:
        """Play: takes an SDP offer, returns the answer; 409 with Retry-After while nobody sends.

        `source`: that camera's own picture, on air or not, for the crew.
        """
        address = None
        if source is None:
            address = await access.authorize_play(broadcast, request)
        else:
            await access.authorize_preview(broadcast, source, _bearer(request), request)
        offer = await _body(request, _SDP)
        try:
            if source is None:
                opened = await signalling.view(broadcast, offer, address)
            else:
                opened = await signalling.preview(broadcast, source, offer)
        except (NobodyPublishing, HolderAway):
            access.record_nothing_to_play(request)
            raise
        access.record_session(broadcast, opened.token, request)
        location = f"/whep/{broadcast}/{opened.token}"
        links = [
            f'<{location}/layer>; rel="{_LAYER}"',
            *ice_server_links(settings, now_ms() / 1000),
        ]
        return _created(location, opened, links)

    @router.options("/whip/{broadcast}", include_in_schema=False)
    async def whip_options(broadcast: str, request: Request) -> Response:
        response = _options("GET, HEAD, POST, OPTIONS")
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
        response = _options("GET, HEAD, POST, OPTIONS")
        if settings.turn_urls and _wants_servers(request):
            try:
                await access.authorize_play(broadcast, request)
            except Problem:
                return response
            access.record_nothing_to_play(request)
            _link(response, ice_server_links(settings, now_ms() / 1000))
        return response

    @router.post(
        "/whep/{broadcast}/{session}/layer",
        status_code=204,
        operation_id="whep_limit_layer",
        openapi_extra=_body_of(_JSON, _Layer.model_json_schema()),
    )
    @raises(access.authorize_change, WrongType, BadSdp, SessionGone, HolderAway)
    async def layer(broadcast: str, session: str, request: Request) -> Response:
        """Limit the simulcast layer that this viewer gets.

        `{"most": 0}` is the lowest, null lifts the limit.
        """
        access.authorize_change(request)
        body = await _body_for(signalling, broadcast, session, request, _JSON, publisher=False)
        try:
            wanted = _Layer.model_validate_json(body)
        except ValidationError as error:
            raise Invalid.of(error.errors(include_url=False)) from None
        await signalling.layer(broadcast, session, wanted.most)
        return Response(status_code=204)

    @router.options("/whep/{broadcast}/{session}/layer", include_in_schema=False)
    async def layer_options() -> Response:
        return _options("POST, OPTIONS", _JSON)

    for kind in ("whip", "whep"):
        _session_routes(router, signalling, access, kind)
    return router


def _session_routes(
    router: APIRouter, signalling: "Signalling", access: "AccessPolicy", kind: str
) -> None:
    publisher = kind == "whip"

    @router.api_route(f"/{kind}/{{broadcast}}", methods=["GET", "HEAD"], include_in_schema=False)
    async def no_representation() -> Response:
        # Players learn the URL from this media type, as WHEP drafts after -03 require.
        return Response(status_code=200, media_type=_SDP)

    @router.api_route(
        f"/{kind}/{{broadcast}}/{{session}}", methods=["GET", "HEAD"], include_in_schema=False
    )
    async def nothing() -> Response:
        return Response(status_code=204)

    @router.options(f"/{kind}/{{broadcast}}/{{session}}", include_in_schema=False)
    async def session_options() -> Response:
        return _options("GET, HEAD, PATCH, DELETE, OPTIONS")

    @router.patch(
        f"/{kind}/{{broadcast}}/{{session}}",
        status_code=204,
        operation_id=f"{kind}_patch",
        responses={
            200: {
                "description": "ICE was restarted.",
                "content": {_FRAGMENT: {"schema": {"type": "string"}}},
            }
        },
        openapi_extra=_body_of(_FRAGMENT),
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
        body = await _body_for(
            signalling, broadcast, session, request, _FRAGMENT, publisher=publisher
        )
        if_match = request.headers.get("if-match")
        restarted = await signalling.patch(broadcast, session, body, if_match, publisher=publisher)
        if restarted is None:
            return Response(status_code=204)
        fragment, etag = restarted
        return Response(fragment, 200, {"ETag": etag}, _FRAGMENT)

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
    headers = {"Location": location, "ETag": opened.etag, "Accept-Patch": _FRAGMENT}
    response = Response(opened.answer, 201, headers, _SDP)
    _link(response, links)
    return response


def _link(response: Response, links: Sequence[str]) -> None:
    for link in links:
        response.headers.append("Link", link)


def _options(allow: str, takes: str = _SDP) -> Response:
    return Response(
        status_code=200,
        headers={
            **_PREFLIGHT,
            "Allow": allow,
            "Accept-Post": takes,
            **({"Accept-Patch": _FRAGMENT} if "PATCH" in allow else {}),
        },
    )


def _wants_servers(request: Request) -> bool:
    """Return whether this OPTIONS is a client's own request, not a browser's CORS preflight, which
    gets no ICE servers (RFC 9725, section 4.6).
    """
    asked = request.headers.get("access-control-request-headers", "").lower().split(",")
    preflight = "access-control-request-method" in request.headers
    return not preflight or "link" in (name.strip() for name in asked)
