"""The order desk's pages: the list of orders, slips and labels to print, the hand-over, files.

Owns who may open them and what is printed; orders move through the API, called by the scripts in
web/static/pages/orders and web/static/pages/pickup.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

import segno
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from markupsafe import Markup

from farmlive.bilingual import Bilingual
from farmlive.downloads import attachment
from farmlive.edge.hosts import own_url
from farmlive.money import Money
from farmlive.pages.entry import redirect_of
from farmlive.pages.rendering.languages import language_of
from farmlive.pages.rendering.render import FILE_HEADERS, Pages
from farmlive.pages.review import FILE_TYPES, day_of
from farmlive.pages.services import Services
from farmlive.people import Caller
from farmlive.people.accounts import reauthentication
from farmlive.people.core.roles import STAFF
from farmlive.review.files import as_csv, as_xlsx
from farmlive.review.order_file import boxes, order_sheet
from farmlive.settings import Settings
from farmlive.shop.core.order_models import Order, OrderedLine
from farmlive.shop.orders import document_links
from farmlive.shop.orders.order_documents import OrderSelection

# On paper at once, and in a file.
MAX_PAPERS = 500
MAX_ROWS = 50_000
# Characters of the orders' numbers, in the audit list.
MAX_NUMBERS = 200
READERS = (*STAFF, "clerk", "seller")
KEEPERS = (*STAFF, "clerk")


@dataclass(frozen=True)
class LotCode:
    """A lot whose boxes are in an order, and the code that leads to its origin."""

    id: str
    code: str
    drawn: Markup


@dataclass(frozen=True)
class Paper:
    """An order on paper: the code that opens it, its contents, its lots, and the amount to pay."""

    order: Order
    drawn: Markup | None
    lines: Sequence[OrderedLine]
    lots: Sequence[LotCode]
    boxes: int
    to_collect: Money


def routes(pages: Pages, services: Services, settings: Settings) -> APIRouter:
    """Build the router of the desk's pages."""
    router = APIRouter(default_response_class=Response, include_in_schema=False)
    anyone = Depends(services.guard.anyone)

    @router.get("/studio/handover")
    async def handover(request: Request, caller: Annotated[Caller, anyone]) -> Response:
        """The studio's page to hand orders over by their codes; it is a clerk's first page too."""
        redirect = redirect_of(request, caller, KEEPERS)
        if redirect is not None:
            return redirect
        return pages.page(request, "pickup/pickup.html", cache="no-store", caller=caller)

    @router.get("/studio/{broadcast}/orders/{paper}")
    async def papers(
        broadcast: str,
        paper: Literal["slips", "labels"],
        request: Request,
        caller: Annotated[Caller, anyone],
        choice: Annotated[OrderSelection, Query()],
    ) -> Response:
        """Packing slips on A4, or box labels, of the chosen orders."""
        redirect = redirect_of(request, caller, KEEPERS)
        if redirect is not None:
            return redirect
        found = await services.shop.order_documents.read_selected(
            caller, broadcast, choice, limit=MAX_PAPERS + 1
        )
        services.people.access.record_export(
            caller, paper, min(len(found), MAX_PAPERS), **_audited_selection(broadcast, choice)
        )
        alive = [order for order in found[:MAX_PAPERS] if order.state != "cancelled"]
        # Nothing is packed by a paper that must not leave.
        standing = [order for order in alive if not order.stopped]
        address = own_url(settings, request.scope)
        of = await services.broadcasts.get(broadcast)
        # Hundreds of codes are drawn: nobody who watches waits for that.
        return await asyncio.to_thread(
            lambda: pages.page(
                request,
                "documents/labels.html" if paper == "labels" else "documents/packing_slips.html",
                cache="no-store",
                headers={"X-Robots-Tag": "noindex"},
                caller=caller,
                broadcast=of,
                papers=_papers(standing, address),
                query=urlencode(choice.model_dump(exclude_defaults=True)),
                most=MAX_PAPERS,
                left_out=min(len(found), MAX_PAPERS) - len(alive),
                stopped_out=len(alive) - len(standing),
                too_many=len(found) > MAX_PAPERS,
            )
        )

    @router.get("/studio/{broadcast}/orders.{form}")
    async def file(
        broadcast: str,
        form: Literal["csv", "xlsx"],
        request: Request,
        caller: Annotated[Caller, anyone],
        choice: Annotated[OrderSelection, Query()],
    ) -> Response:
        """Export the chosen or matching orders as a file; a seller's has no buyer's data."""
        redirect = redirect_of(request, caller, READERS)
        if redirect is not None:
            return redirect
        reauthentication.require(caller)
        found = await services.shop.order_documents.read_selected(
            caller, broadcast, choice, limit=MAX_ROWS
        )
        services.people.access.record_export(
            caller, f"orders.{form}", len(found), **_audited_selection(broadcast, choice)
        )
        of = await services.broadcasts.get(broadcast)
        language = language_of(request)

        def written() -> bytes:
            sheet = order_sheet(
                found,
                seller=caller.role == "seller",
                broadcast=of.title.in_language(language),
                broadcast_id=broadcast,
                language=language,
                currency=settings.currency,
            )
            return (as_csv if form == "csv" else as_xlsx)(sheet, settings.time_zone)

        return Response(
            await asyncio.to_thread(written),
            media_type=FILE_TYPES[form],
            headers={
                **FILE_HEADERS,
                "Cache-Control": "no-store",
                "Content-Disposition": attachment(
                    language,
                    form,
                    Bilingual(zh="订单", en="orders"),
                    day_of(of, settings.time_zone),
                    of.title,
                ),
            },
        )

    return router


def _audited_selection(broadcast: str, choice: OrderSelection) -> dict[str, Any]:
    """Return what the audit log stores of a selection of orders: of many numbers the first ones."""
    chosen = choice.model_dump(exclude_defaults=True)
    if "orders" in chosen:
        chosen["orders"] = chosen["orders"][:MAX_NUMBERS]
    return {"broadcast": broadcast, **chosen}


def _papers(orders: Sequence[Order], address: str) -> list[Paper]:
    lots: dict[str, LotCode] = {}

    def of_lot(line: OrderedLine) -> LotCode:
        if line.lot not in lots:
            lots[line.lot] = LotCode(line.lot, line.lot_code, _code(address, line.lot_url))
        return lots[line.lot]

    def of(order: Order) -> Paper:
        packed = [line for line in order.lines if boxes(line)]
        return Paper(
            order=order,
            drawn=_code(address, opened) if (opened := document_links.path(order)) else None,
            lines=packed,
            lots=[*{line.lot: of_lot(line) for line in packed}.values()],
            boxes=sum(boxes(line) for line in packed),
            to_collect=order.to_collect,
        )

    return [of(order) for order in orders]


def _code(address: str, path: str) -> Markup:
    """Return the URL as a QR code that scales to its container."""
    whole = path if path.startswith("http") else address + path
    drawn = segno.make(whole, error="m", micro=False)
    # segno draws it; nothing of it is text that someone typed.
    return Markup(drawn.svg_inline(omitsize=True, border=2, svgclass="code", lineclass=None))  # noqa: S704
