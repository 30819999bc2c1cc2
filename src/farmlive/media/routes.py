"""The addresses of WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep-03): HTTP around the relay."""

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute

from farmlive.media.refusals import BadSdp, NobodyPublishing, WrongType
from farmlive.problems import Problem, TooLarge

if TYPE_CHECKING:
    from farmlive.media.gate import Gate
    from farmlive.media.relay import Relay

_SDP = "application/sdp"
_FRAGMENT = "application/trickle-ice-sdpfrag"
_MOST_BYTES = 128 * 1024
_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Location, ETag, Link, Accept-Patch, Retry-After",
}
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST, PATCH, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, If-Match",
    "Access-Control-Max-Age": "86400",
}


class _OpenRoute(APIRoute):
    """A route that pages of any origin may call: every answer says so, a problem too."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_openly(request: Request) -> Response:
            try:
                response = await handle(request)
            except Problem as problem:
                problem.headers = {**_CORS, **problem.headers}
                raise
            response.headers.update(_CORS)
            return response

        return handle_openly


async def _body(request: Request, media_type: str) -> str:
    """The body as text, if it is of this type and of a sane size; raises a Problem."""
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given != media_type:
        raise WrongType(
            f"Send Content-Type: {media_type}.",
            headers={"Accept-Post": _SDP} if media_type == _SDP else {"Accept-Patch": _FRAGMENT},
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


def _bearer(request: Request) -> str | None:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() or None if scheme.lower() == "bearer" else None


def routes(relay: "Relay", gate: "Gate") -> APIRouter:
    """The router of both endpoints and their sessions."""
    router = APIRouter(route_class=_OpenRoute, tags=["media"])

    @router.post("/whip/{broadcast}", status_code=201)
    async def publish(broadcast: str, request: Request) -> Response:
        """Publish: an SDP offer in, the answer out."""
        admission = await gate.publish(broadcast, _bearer(request), request)
        offer = await _body(request, _SDP)
        session, answer = relay.publish(broadcast, admission, offer)
        return _created(f"/whip/{broadcast}/{session.token}", session.etag, answer)

    @router.post("/whep/{broadcast}", status_code=201)
    async def play(broadcast: str, request: Request, source: str | None = None) -> Response:
        """Play: an SDP offer in, the answer out; 409 with Retry-After while nobody sends.

        `source`: that camera's own picture, on air or not, for the crew.
        """
        if source is None:
            await gate.play(broadcast, request)
        else:
            await gate.preview(broadcast, source, _bearer(request), request)
        offer = await _body(request, _SDP)
        try:
            if source is None:
                session, answer = relay.view(broadcast, offer)
            else:
                session, answer = relay.preview(broadcast, source, offer)
        except NobodyPublishing:
            gate.nothing_to_play(request)
            raise
        return _created(f"/whep/{broadcast}/{session.token}", session.etag, answer)

    for kind in ("whip", "whep"):
        _session_routes(router, relay, gate, kind)
    return router


def _session_routes(router: APIRouter, relay: "Relay", gate: "Gate", kind: str) -> None:
    publisher = kind == "whip"

    @router.get(f"/{kind}/{{broadcast}}", status_code=204, include_in_schema=False)
    @router.get(f"/{kind}/{{broadcast}}/{{session}}", status_code=204, include_in_schema=False)
    async def nothing() -> Response:
        return Response(status_code=204)

    @router.options(f"/{kind}/{{broadcast}}", status_code=204, include_in_schema=False)
    async def endpoint_options() -> Response:
        return Response(status_code=204, headers={**_PREFLIGHT, "Accept-Post": _SDP})

    @router.options(f"/{kind}/{{broadcast}}/{{session}}", status_code=204, include_in_schema=False)
    async def session_options() -> Response:
        return Response(status_code=204, headers={**_PREFLIGHT, "Accept-Patch": _FRAGMENT})

    @router.patch(
        f"/{kind}/{{broadcast}}/{{session}}", status_code=204, operation_id=f"{kind}_patch"
    )
    async def patch(broadcast: str, session: str, request: Request) -> Response:
        """Trickle ICE (204), or restart ICE (200 with the fragment of the answer)."""
        gate.change(request)
        found = relay.session(broadcast, session, publisher)
        body = await _body(request, _FRAGMENT)
        restarted = found.patch(body, request.headers.get("if-match"))
        if restarted is None:
            return Response(status_code=204)
        fragment, etag = restarted
        return Response(fragment, 200, {"ETag": etag}, _FRAGMENT)

    @router.delete(f"/{kind}/{{broadcast}}/{{session}}", operation_id=f"{kind}_delete")
    async def delete(broadcast: str, session: str, request: Request) -> Response:
        """End the session and free all that it holds."""
        gate.change(request)
        relay.finish(relay.session(broadcast, session, publisher))
        # Not empty: ffmpeg takes an empty body for an error.
        return Response("ended\n", 200, media_type="text/plain")


def _created(location: str, etag: str, answer: str) -> Response:
    headers = {"Location": location, "ETag": etag, "Accept-Patch": _FRAGMENT}
    return Response(answer, 201, headers, _SDP)
