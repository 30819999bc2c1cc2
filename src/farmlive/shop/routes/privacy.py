"""Routes of a buyer's own data: summary, export, erasure. No logic.

Phones and codes are in bodies only: proxies and browsers record URLs.
"""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse

from farmlive.downloads import attachment
from farmlive.edge.contracts import raises
from farmlive.people import Caller, Guard
from farmlive.people.accounts import reauthentication
from farmlive.people.core.problems import ReauthenticationNeeded, WrongCsrfToken
from farmlive.problems import Forbidden, TooMany, Unauthorized
from farmlive.shop.core.problems import UnknownOrder
from farmlive.shop.privacy import export
from farmlive.shop.privacy.erasing import OrderScope
from farmlive.shop.privacy.export import Draw, Zip
from farmlive.shop.privacy.models import (
    CodeAsked,
    CodeSent,
    Erased,
    ExportAsked,
    KeptOfPerson,
    PersonAsked,
)
from farmlive.shop.privacy.problems import CodesLocked, NoCodes, OrdersOpen, WrongCode
from farmlive.shop.routes.orders import PRIVATE, by_token, private
from farmlive.shop.shop import Shop

Exported = Callable[..., None]
"""Told of each export by somebody who works here, as `AccessLog.exported`."""

_ZIP: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A ZIP with data.json, read-me.html and the photos of claims.",
        "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
    }
}


def as_file(made: Zip, language: str) -> StreamingResponse:
    """Return a response that the browser saves under the file's name."""
    return StreamingResponse(
        export.parts(made.file),
        media_type="application/zip",
        headers={
            **PRIVATE,
            "Content-Length": str(made.size),
            "Content-Disposition": attachment(language, "zip", *made.names),
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; sandbox",
        },
    )


def routes(shop: Shop, guard: Guard, exported: Exported, draw: Draw) -> APIRouter:
    """Return the router; `draw` renders the page within an export."""
    router = APIRouter(prefix="/api/v1")
    uncached = [Depends(private)]
    counted = [*uncached, Depends(by_token(shop, guard))]
    anyone = Depends(guard.anyone)

    async def whose_phone(
        request: Request, caller: Caller, asked: PersonAsked
    ) -> tuple[Caller, OrderScope]:
        if asked.code is None:
            caller = await guard.coordinator(request)
        return caller, await shop.persons.of_phone(caller, asked)

    @router.post(
        "/person/codes", status_code=202, dependencies=uncached, operation_id="persons_send_code"
    )
    @raises(NoCodes, CodesLocked, TooMany)
    async def send_person_code(asked: CodeAsked, caller: Annotated[Caller, anyone]) -> CodeSent:
        """Send a code to a phone if it has orders; the answer is the same if it has none."""
        return await shop.persons.send_code(caller, asked.phone, asked.language)

    @router.post("/person/search", dependencies=uncached, operation_id="persons_search")
    @raises(Unauthorized, Forbidden, WrongCsrfToken, WrongCode, CodesLocked, TooMany)
    async def find_person(
        asked: PersonAsked, request: Request, caller: Annotated[Caller, anyone]
    ) -> KeptOfPerson:
        """Summarize the data of a phone's orders: by its code, or for a coordinator."""
        caller, whose = await whose_phone(request, caller, asked)
        if asked.code is None:
            shop.report_search(caller, asked.phone)
        return await shop.persons.summarize(whose)

    @router.post(
        "/person/exports",
        dependencies=uncached,
        response_class=StreamingResponse,
        responses=_ZIP,
        operation_id="persons_export",
    )
    @raises(
        Unauthorized,
        Forbidden,
        WrongCsrfToken,
        ReauthenticationNeeded,
        WrongCode,
        CodesLocked,
        TooMany,
    )
    async def export_person(
        asked: PersonAsked, request: Request, caller: Annotated[Caller, anyone]
    ) -> StreamingResponse:
        """Export the data of a phone's orders as a file: by its code, or for a coordinator."""
        caller, whose = await whose_phone(request, caller, asked)
        if asked.code is None:
            reauthentication.require(caller)
        made = await shop.persons.export(whose, asked.language, draw)
        if asked.code is None:
            exported(caller, "person.zip", made.orders, named=made.named)
        return as_file(made, asked.language)

    @router.post("/person/erasures", dependencies=uncached, operation_id="persons_erase")
    @raises(
        Unauthorized,
        Forbidden,
        WrongCsrfToken,
        ReauthenticationNeeded,
        WrongCode,
        CodesLocked,
        OrdersOpen,
        TooMany,
    )
    async def erase_person(
        asked: PersonAsked, request: Request, caller: Annotated[Caller, anyone]
    ) -> Erased:
        """Erase the personal data of a phone's orders: by its code, or for a coordinator.

        Nothing is erased while an order is open or has money due.
        """
        caller, whose = await whose_phone(request, caller, asked)
        if asked.code is None:
            reauthentication.require(caller)
        by = "role" if asked.code is None else "code"
        erased = await shop.persons.erase(caller, whose, by)
        if asked.code is not None:
            await shop.persons.use_up_code(asked.phone)
        return Erased(orders=erased)

    @router.post(
        "/orders/{token}/exports",
        dependencies=counted,
        response_class=StreamingResponse,
        responses=_ZIP,
        operation_id="order_links_export",
    )
    @raises(UnknownOrder, TooMany)
    async def export_order(
        token: str, caller: Annotated[Caller, anyone], asked: ExportAsked | None = None
    ) -> StreamingResponse:
        """Export the data of one order as a file, for anyone who has its token."""
        whose = await shop.persons.of_order(caller, token)
        language = (asked or ExportAsked()).language
        return as_file(await shop.persons.export(whose, language, draw), language)

    @router.post("/orders/{token}/erasures", dependencies=counted, operation_id="order_links_erase")
    @raises(UnknownOrder, OrdersOpen, TooMany)
    async def erase_order(token: str, caller: Annotated[Caller, anyone]) -> Erased:
        """Erase the personal data of one order, for anyone who has its token.

        It is refused while the order is open or has money due.
        """
        whose = await shop.persons.of_order(caller, token)
        return Erased(orders=await shop.persons.erase(caller, whose, "link"))

    return router
