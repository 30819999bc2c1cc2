"""Routes that resolve identifiers: GS1 Digital Link, private classes, EPCIS queries, and the
resolver's description. linkset.py has a lot's links.
"""

import re
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import BaseModel, Field

from farmlive.edge import paging
from farmlive.edge.contracts import raises
from farmlive.origin import linkset
from farmlive.origin.core import epcis, gs1
from farmlive.origin.core.fields import Time
from farmlive.origin.core.problems import NoSuchLink, UnknownLot, WrongIdentifier
from farmlive.origin.origin import Origin
from farmlive.problems import Invalid

# CORS for every origin: the answers are public and ignore cookies.
CROSS_ORIGIN = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Link, Location",
}
PREFLIGHT = {
    **CROSS_ORIGIN,
    "Allow": "GET, HEAD, OPTIONS",
    "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
    "Access-Control-Allow-Headers": "Accept, Accept-Language",
}
VERSIONS = {"GS1-EPCIS-Version": "2.0.0", "GS1-CBV-Version": "2.0.0"}
# Query parameters that a resolver passes on with a Digital Link and that are no EPCIS query: GS1
# application identifiers, and the resolver's own two parameters.
_PASSED_ON = re.compile(r"\d{2,4}|linkType|context")
_STEP = re.compile(r"https://(?:ref\.)?gs1\.org/(?:cbv|voc)/(?:Bizstep|BizStep)-|urn:.*:bizstep:")


class _Query(BaseModel):
    """The supported parameters of an event query (EPCIS 2.0, section 8.2.7.1): one value each."""

    step: str | None = Field(
        None, alias="EQ_bizStep", max_length=120, description="A business step"
    )
    since: Time | None = Field(None, alias="GE_eventTime")
    until: Time | None = Field(None, alias="LT_eventTime")
    per_page: int = Field(100, alias="perPage", ge=1, le=1000)
    token: str = Field("", alias="nextPageToken", max_length=48)


class _EventQuery(_Query):
    lot: str | None = Field(None, max_length=26, description="A lot's id")
    epc: str | None = Field(
        None, max_length=512, description="A lot's class URI, in any GTIN length, of any host"
    )
    any_class: str | None = Field(
        None, alias="MATCH_anyEPCClass", max_length=512, description="The same as epc"
    )
    one_class: str | None = Field(
        None, alias="MATCH_epcClass", max_length=512, description="The same as epc"
    )


class _Events(JSONResponse):
    media_type = epcis.MEDIA_TYPE


_OBJECT = {"schema": {"type": "object"}}
_EVENTS: dict[int | str, dict[str, Any]] = {200: {"content": {epcis.MEDIA_TYPE: _OBJECT}}}
_LINK_SET: dict[int | str, dict[str, Any]] = {
    200: {"description": "The set of all links.", "content": {linkset.MEDIA_TYPE: _OBJECT}}
}
_RESOLVER: dict[int | str, dict[str, Any]] = {200: {"content": {"application/json": _OBJECT}}}

LinkType = Annotated[
    str | None,
    Query(
        alias="linkType",
        max_length=120,
        description="gs1:pip, gs1:traceability, gs1:certificationInfo, …; linkset for all",
    ),
]


def routes(origin: Origin) -> APIRouter:
    """Return the router of identifiers.

    Identifiers are read from the raw path, in which an encoded slash of a lot code is still
    distinct; the route parameters are for the documentation only.
    """
    router = APIRouter()
    router.include_router(_links(origin))
    router.include_router(_events(origin))
    return router


def _links(origin: Origin) -> APIRouter:
    router = APIRouter()

    async def resolve(request: Request, link_type: str | None) -> Response:
        """Redirect to the requested link, or return the set of all."""
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=PREFLIGHT)
        lot = await origin.find_uri(_path(request).rstrip("/"))
        links = linkset.links_of(await origin.story(lot))
        accept = request.headers.get("accept", "")
        anchor = _path(request).rstrip("/")
        headers = {**CROSS_ORIGIN, "Vary": "Accept"}
        if linkset.is_linkset(link_type, accept):
            context = f'<{linkset.CONTEXT}>; rel="http://www.w3.org/ns/json-ld#context"'
            headers["Link"] = f'{context}; type="application/ld+json"'
            return JSONResponse(
                linkset.document(origin.url, anchor, links),
                media_type=linkset.MEDIA_TYPE,
                headers=headers,
            )
        headers["Link"] = linkset.header(origin.url, anchor, links)
        to = linkset.chosen(links, link_type, accept).path
        # Section 2.12: pass the whole query string on to the link's target.
        asked = request.url.query
        return RedirectResponse(f"{to}?{asked}" if asked else to, 307, headers=headers)

    @router.get(
        "/01/{gtin}/10/{lot:path}",
        status_code=307,
        response_class=RedirectResponse,
        responses=_LINK_SET,
        operation_id="trace_resolve_lot",
    )
    @router.options("/01/{gtin}/10/{lot:path}", include_in_schema=False)
    @raises(NoSuchLink, UnknownLot, WrongIdentifier)
    async def digital_link(
        request: Request, gtin: str, lot: str, link_type: LinkType = None
    ) -> Response:
        """Resolve a lot's GS1 Digital Link: its story, a link by its type, or the link set."""
        return await resolve(request, link_type)

    @router.get(
        "/01/{gtin}",
        status_code=307,
        response_class=RedirectResponse,
        responses=_LINK_SET,
        operation_id="trace_resolve_product",
    )
    @router.options("/01/{gtin}", include_in_schema=False)
    @raises(NoSuchLink, UnknownLot, WrongIdentifier)
    async def product(request: Request, gtin: str, link_type: LinkType = None) -> Response:
        """Resolve a product's GS1 Digital Link: the links of the lot that was harvested last."""
        return await resolve(request, link_type)

    @router.get(
        "/origin/class/{identifier}/lot/{lot:path}",
        status_code=307,
        response_class=RedirectResponse,
        responses=_LINK_SET,
        operation_id="trace_resolve_class",
    )
    @router.options("/origin/class/{identifier}/lot/{lot:path}", include_in_schema=False)
    @raises(NoSuchLink, UnknownLot, WrongIdentifier)
    async def private_class(
        request: Request, identifier: str, lot: str, link_type: LinkType = None
    ) -> Response:
        """Resolve the identifier of a lot of a farm without a GS1 prefix, as a Digital Link."""
        return await resolve(request, link_type)

    @router.get(
        "/.well-known/gs1resolver",
        response_class=JSONResponse,
        responses=_RESOLVER,
        operation_id="trace_describe_resolver",
    )
    async def description() -> Response:
        """Describe this resolver (GS1-Conformant Resolver Standard, section 3)."""
        return JSONResponse(linkset.description(origin.url), headers=CROSS_ORIGIN)

    return router


def _events(origin: Origin) -> APIRouter:
    router = APIRouter(prefix="/epcis/v2")

    async def answer(request: Request, asked: _Query, uri: str | None, lot: str | None) -> Response:
        """Return the events as an EPCISQueryDocument, with a Link header to the next page."""
        known = {field.alias or name for name, field in type(asked).model_fields.items()}
        for name in request.query_params:
            if name not in known and not _PASSED_ON.fullmatch(name):
                raise Invalid(f"The query has {name[:40]}, which is not known here. Leave it out.")
        step = _STEP.sub("", asked.step) if asked.step is not None else None
        found, mark = await origin.events(
            lot,
            uri,
            step,
            asked.since,
            asked.until,
            paging.decode_cursor(asked.token),
            asked.per_page,
        )
        headers = {**CROSS_ORIGIN, **VERSIONS}
        if mark is not None:
            following = request.url.include_query_params(
                nextPageToken=paging.encode_cursor(mark)
            ).query
            headers["Link"] = f'<{_path(request)}?{following}>; rel="next"'
        return _Events(epcis.query_document(found), headers=headers)

    @router.get(
        "/events", response_class=_Events, responses=_EVENTS, operation_id="trace_list_events"
    )
    @raises(WrongIdentifier)
    async def events(request: Request, asked: Annotated[_EventQuery, Query()]) -> Response:
        """Return trace events as an EPCIS 2.0 query document in JSON-LD."""
        uri = asked.epc or asked.any_class or asked.one_class
        return await answer(request, asked, uri, asked.lot)

    @router.get(
        "/epcs/{epc:path}/events",
        response_class=_Events,
        responses=_EVENTS,
        operation_id="trace_list_events_of_lot",
    )
    @raises(UnknownLot, WrongIdentifier)
    async def events_of(request: Request, epc: str, asked: Annotated[_Query, Query()]) -> Response:
        """Return the trace events of one lot, by its percent-encoded class URI."""
        match gs1.segments(_path(request)):
            case ["epcis", "v2", "epcs", uri, "events"]:
                return await answer(request, asked, uri, await origin.find_uri(uri))
        raise UnknownLot("Percent-encode the whole identifier, its slashes too.")

    return router


def _path(request: Request) -> str:
    raw: bytes = request.scope["raw_path"]
    return raw.decode("latin-1")
