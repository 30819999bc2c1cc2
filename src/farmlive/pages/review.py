"""The review's pages: the broadcasts to review, the report of one, and its sheets.

Owns redirects; the review room owns the numbers and who may read which sheet.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import RedirectResponse, Response

from farmlive.bilingual import Bilingual
from farmlive.broadcast.log import UnknownBroadcast
from farmlive.broadcast.models import Broadcast
from farmlive.clock import now_ms, parse_rfc3339
from farmlive.downloads import attachment
from farmlive.edge.contracts import called_by, raises
from farmlive.origin.core.problems import UnknownFarm
from farmlive.pages.rendering.languages import language_of
from farmlive.pages.rendering.render import FILE_HEADERS, Pages
from farmlive.pages.routes import to_sign_in
from farmlive.pages.services import Services
from farmlive.people import Caller
from farmlive.people.accounts import reauthentication
from farmlive.people.core.problems import ReauthenticationNeeded
from farmlive.people.core.roles import STAFF
from farmlive.problems import Forbidden
from farmlive.review.files import as_csv, as_xlsx
from farmlive.review.models import Cut, Moment, Report
from farmlive.review.readers import LISTS, OF_ORDERS, SHEETS, UnknownSheet, farms_of, sheets_of
from farmlive.review.sheets import Sheet
from farmlive.review.texts import SHEET_WORDS
from farmlive.settings import Settings

# How many deeds of the host the page names as those that sold most.
STRONGEST = 6
_FILE = {"type": "string"}
FILE_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def routes(pages: Pages, services: Services, settings: Settings) -> APIRouter:
    """Build the router of the review's pages."""
    router = APIRouter(default_response_class=Response, include_in_schema=False)
    files = APIRouter()
    anyone = Depends(services.guard.anyone)

    @router.get("/review")
    async def reviews(request: Request, caller: Annotated[Caller, anyone]) -> Response:
        """The page of the broadcasts to review."""
        if caller.role is None:
            return to_sign_in(request)
        readable = sheets_of(caller)
        if not readable:
            raise Forbidden("Nothing is shown: reviews are for coordinators, hosts and sellers.")
        own = caller.farms if caller.role == "seller" else None
        sold = await services.review.totals(own)
        found: list[Broadcast] = [
            broadcast
            for broadcast in await services.broadcasts.all()
            if broadcast.state != "scheduled" and (own is None or broadcast.id in sold)
        ]
        return pages.page(
            request,
            "review/broadcasts.html",
            cache="no-store",
            caller=caller,
            broadcasts=found,
            sold=sold,
            lists_only="sales" not in readable,
        )

    @router.get("/review/{broadcast}")
    async def review(
        broadcast: str,
        request: Request,
        caller: Annotated[Caller, anyone],
        farm: str | None = None,
    ) -> Response:
        """The page of a broadcast's review."""
        if caller.role is None:
            return to_sign_in(request)
        if caller.role == "clerk":
            return RedirectResponse(f"/review/{broadcast}/lists/hand-over", status_code=303)
        every_farm = await services.review.farms(broadcast, farms_of(caller))
        own = farms_of(caller, farm)
        _check_farm(farm, every_farm)
        report = await services.review.report(broadcast, own)
        return pages.page(
            request,
            "review/review.html",
            cache="no-store",
            caller=caller,
            broadcast=await services.broadcasts.get(broadcast),
            report=report,
            farm=farm,
            every_farm=every_farm,
            offers={offer.id: offer for offer in report.offers},
            lots={lot.id: lot for lot in report.lots},
            farms={each.id: each for each in report.farms},
            most_gross=max((offer.gross.amount for offer in report.offers), default=0) or 1,
            strongest=_strongest(report),
            batches=[moment for moment in report.timeline.moments if moment.kind == "flash"],
            steps=list(_steps(report)),
            chart=_chart(report, language_of(request)),
            sheets=sheets_of(caller),
            sheet_titles=_titles(request),
            lists=LISTS,
            of_orders=OF_ORDERS,
        )

    @router.get("/review/{broadcast}/lists/{name}")
    async def working_list(
        broadcast: str,
        name: str,
        request: Request,
        caller: Annotated[Caller, anyone],
        farm: str | None = None,
    ) -> Response:
        """A sheet to print, with a page for each farm or pick-up point."""
        if caller.role is None:
            return to_sign_in(request)
        if name not in LISTS:
            raise UnknownSheet(name)
        language = language_of(request)
        document = await services.review.sheet(caller, broadcast, name, language, farm)
        if farm is not None:
            _check_farm(farm, await services.review.farms(broadcast))
        services.people.access.record_export(
            caller, name, _rows(document), broadcast=broadcast, farm=farm
        )
        return pages.page(
            request,
            "review/list.html",
            cache="no-store",
            headers={"X-Robots-Tag": "noindex"},
            caller=caller,
            broadcast=await services.broadcasts.get(broadcast),
            document=document,
            about=SHEET_WORDS[name][1].in_language(language),
            farm=farm,
            tick=name not in ("cash", "settlement"),
            sheets=sheets_of(caller),
            sheet_titles=_titles(request),
            lists=LISTS,
            of_orders=OF_ORDERS,
        )

    @files.get(
        "/review/{broadcast}/sheets/{name}.{form}",
        operation_id="reviews_get_sheet",
        response_class=Response,
        responses={200: {"content": {kind: {"schema": _FILE} for kind in FILE_TYPES.values()}}},
    )
    @called_by(*STAFF, "seller", "clerk")
    @raises(UnknownBroadcast, UnknownSheet, UnknownFarm, Forbidden, ReauthenticationNeeded)
    async def sheet(
        broadcast: str,
        name: Annotated[str, Path(json_schema_extra={"enum": list(SHEETS)})],
        form: Annotated[str, Path(json_schema_extra={"enum": list(FILE_TYPES)})],
        request: Request,
        caller: Annotated[Caller, anyone],
        farm: str | None = None,
    ) -> Response:
        """Return a sheet as a file, in Chinese or by `Accept-Language` in English.

        It names orders by their numbers, such as A0001.
        """
        if caller.role is None:
            return to_sign_in(request)
        language = language_of(request)
        if form not in FILE_TYPES:
            raise UnknownSheet(f"{name}.{form}")
        document = await services.review.sheet(caller, broadcast, name, language, farm)
        if farm is not None:
            _check_farm(farm, await services.review.farms(broadcast))
        if name in OF_ORDERS:
            reauthentication.require(caller)
        what = f"{name}.{form}"
        services.people.access.record_export(
            caller, what, _rows(document), broadcast=broadcast, farm=farm
        )
        write = as_csv if form == "csv" else as_xlsx
        content = await asyncio.to_thread(write, document, settings.time_zone)
        of = await services.broadcasts.get(broadcast)
        farms = await services.review.farms(broadcast) if farm else {}
        return Response(
            content,
            media_type=FILE_TYPES[form],
            headers={
                **FILE_HEADERS,
                "Cache-Control": "no-store",
                "Content-Disposition": attachment(
                    language,
                    form,
                    Bilingual(zh=SHEET_WORDS[name][0].zh, en=name),
                    day_of(of, settings.time_zone),
                    of.title,
                    Bilingual.model_validate(farms[farm]) if farm else "",
                ),
            },
        )

    both = APIRouter()
    both.include_router(router)
    both.include_router(files)
    return both


def day_of(broadcast: Broadcast, time_zone: str) -> str:
    """Return the day of its start, or of today where it has none, such as 2026-11-28."""
    start = broadcast.started_at or broadcast.starts_at
    moment = parse_rfc3339(start) if start else now_ms()
    return f"{datetime.fromtimestamp(moment / 1000, ZoneInfo(time_zone)):%Y-%m-%d}"


def _rows(sheet: Sheet) -> int:
    return sum(len(table.rows) for table in sheet.tables)


def _check_farm(farm: str | None, every_farm: dict[str, dict[str, str]]) -> None:
    """Raise UnknownFarm where the URL names a farm that sold nothing here."""
    if farm is not None and farm not in every_farm:
        raise UnknownFarm("Nothing of such a farm was on sale in this broadcast.")


def _titles(request: Request) -> dict[str, tuple[str, str]]:
    """Return the name and purpose of each sheet, in the visitor's language."""
    language = language_of(request)
    return {
        name: (title.in_language(language), about.in_language(language))
        for name, (title, about) in SHEET_WORDS.items()
    }


def _strongest(report: Report) -> list[Moment]:
    """Return the host's actions with the most sales afterwards, one per product and minute, in
    order.

    Flash batches have their own sales, and are listed separately.
    """
    found: dict[tuple[str, int], Moment] = {}
    for moment in report.timeline.moments:
        if moment.kind in ("flash", "flash_end"):
            continue
        place = (moment.offer, moment.at // 60_000)
        if place not in found or moment.gross.amount > found[place].gross.amount:
            found[place] = moment
    sold = sorted(found.values(), key=lambda moment: -moment.gross.amount)[:STRONGEST]
    return sorted((m for m in sold if m.gross.amount), key=lambda moment: moment.at)


def _steps(report: Report) -> Iterator[dict[str, Any]]:
    """Yield the steps of the axis, each with the host's actions in it."""
    line = report.timeline
    did: defaultdict[int, list[Moment]] = defaultdict(list)
    for moment in line.moments:
        did[(moment.at - line.start) // line.step_ms].append(moment)
    shown: defaultdict[int, list[Cut]] = defaultdict(list)
    for cut in _cuts(report):
        shown[(cut.at - line.start) // line.step_ms].append(cut)
    for place, viewers in enumerate(line.viewers):
        yield {
            "at": line.start + place * line.step_ms,
            "viewers": viewers,
            "peak": line.peak[place],
            "orders": line.orders[place],
            "items": line.items[place],
            "gross": line.gross[place],
            "moments": did[place],
            "cuts": shown[place],
        }


def _cuts(report: Report) -> list[Cut]:
    """Return when which camera was on air; none where it was the same one throughout."""
    cuts = report.timeline.cuts
    return cuts if len({cut.source for cut in cuts}) > 1 else []


def _chart(report: Report, language: str) -> dict[str, Any]:
    """Return the axis for the page's script, which requests it again while the broadcast is
    live.
    """
    line = report.timeline
    places = {offer.id: place for place, offer in enumerate(report.offers)}
    return {
        "state": report.state,
        "start": line.start,
        "until": report.until,
        "step": line.step_ms,
        "viewers": line.viewers,
        "peak": line.peak,
        "orders": line.orders,
        "gross": line.gross,
        "money": report.gross.currency,
        "offers": [offer.name.in_language(language) for offer in report.offers],
        "moments": [
            {
                "kind": moment.kind,
                "at": moment.at,
                "until": moment.until,
                "offer": places[moment.offer],
                "quantity": moment.quantity,
                "was": moment.was and moment.was.amount,
                "price": moment.price and moment.price.amount,
                "orders": moment.orders,
                "gross": moment.gross.amount,
            }
            for moment in line.moments
        ],
        "cuts": [{"at": cut.at, "label": cut.label} for cut in _cuts(report)],
    }
