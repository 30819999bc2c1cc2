"""What the routes of WHIP and WHEP share: pages of any origin may call them, and each takes a body
of one media type and size.
"""

import inspect
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from farmlive.media.wire.errors import BadSdp, SessionGone, WrongType
from farmlive.problems import Invalid, Problem, TooLarge

if TYPE_CHECKING:
    from farmlive.media.session_service import Signalling

SDP = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"
JSON = "application/json"
_ACCEPT = {SDP: "Accept-Post", FRAGMENT: "Accept-Patch", JSON: "Accept-Post"}
_MOST_BYTES = 128 * 1024
Model = TypeVar("Model", bound=BaseModel)
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


def describe_body(media_type: str, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the OpenAPI description of a request body that FastAPI does not read."""
    content = {media_type: {"schema": schema or {"type": "string"}}}
    return {"requestBody": {"required": True, "content": content}}


class OpenRoute(APIRoute):
    """A route that pages of any origin may call: every response has the CORS headers, a problem
    too.

    Its function takes the request, and parameters of the path and query by name. FastAPI's own
    handler, which also builds models and dependencies, is too slow for that little.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return a handler that passes the request and parameters, and adds the CORS headers."""
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


async def read_body(request: Request, media_type: str) -> str:
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
                if media_type != JSON
                else f"This takes at most {_MOST_BYTES // 1024} KiB of JSON; send its one field."
            )
    try:
        return data.decode()
    except UnicodeDecodeError:
        what = "JSON" if media_type == JSON else "the SDP"
        raise BadSdp(f"The body is not UTF-8 text; send {what} as it is.") from None


async def read_session_body(
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
        return await read_body(request, media_type)
    except Problem:
        if not await signalling.is_open(broadcast, session, publisher=publisher):
            raise SessionGone("Begin a new one with a POST.") from None
        raise


async def read_viewer_model(
    signalling: "Signalling", broadcast: str, session: str, request: Request, model: type[Model]
) -> Model:
    """Return the JSON of a request to a viewer's session. Raises Invalid if it does not fit."""
    body = await read_session_body(signalling, broadcast, session, request, JSON, publisher=False)
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise Invalid.of(error.errors(include_url=False)) from None


def answer_options(allow: str, takes: str = SDP) -> Response:
    """Return the answer to OPTIONS, a browser's preflight too."""
    return Response(
        status_code=200,
        headers={
            **_PREFLIGHT,
            "Allow": allow,
            "Accept-Post": takes,
            **({"Accept-Patch": FRAGMENT} if "PATCH" in allow else {}),
        },
    )
