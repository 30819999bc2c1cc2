"""The audit log as a coordinator reads it: the page with its filter, and the same as a file.

Owns the selection in a URL, which has only identifiers, and looks names up; audit/words.py has the
words, audit/file.py the file's columns.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Annotated, Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, BeforeValidator, Field

from farmlive.edge.hosts import own_url
from farmlive.ids import is_ulid
from farmlive.pages.audit.facts import GROUP_NAMES, Known
from farmlive.pages.audit.file import audit_csv
from farmlive.pages.audit.words import SAYS_LITTLE, EntryText, EntryWriter
from farmlive.pages.entry import redirect_of
from farmlive.pages.rendering.formats import Formats
from farmlive.pages.rendering.languages import language_of
from farmlive.pages.rendering.render import Pages
from farmlive.pages.services import Services
from farmlive.people import Caller
from farmlive.people.core.audit import BY_COMMAND, NOT_SIGNED_IN, AuditEntry, Group, Selection
from farmlive.people.core.models import Identifier
from farmlive.review.sheets import Words
from farmlive.settings import Settings

PAGE = 100
# Search this many of the latest entries about somebody for one of their own.
SEARCHED_ENTRIES = 20


def _blank(value: object) -> object:
    """Return None for a field that was left empty, which a form sends too."""
    return value or None


class Filter(BaseModel):
    """The selected entries, as in the page's URL: whole days in the county's zone."""

    group: Annotated[Group | None, BeforeValidator(_blank)] = None
    person: Annotated[Identifier | None, BeforeValidator(_blank)] = None
    first: Annotated[date | None, BeforeValidator(_blank)] = Field(None, alias="from")
    last: Annotated[date | None, BeforeValidator(_blank)] = Field(None, alias="to")
    cursor: Annotated[Identifier | None, BeforeValidator(_blank)] = None

    def selected(self) -> dict[str, str]:
        """Return the selection, as in the URL and in the audit log's own entry."""
        first, last = self._days()
        values = {
            "group": self.group,
            "person": self.person,
            "from": first and first.isoformat(),
            "to": last and last.isoformat(),
        }
        return {name: value for name, value in values.items() if value}

    def url(self, path: str = "/studio/audit", **other: str | None) -> str:
        """Return the URL of this selection with other values in it; it begins at the latest
        entry.
        """
        query = {k: v for k, v in {**self.selected(), **other}.items() if v}
        return f"{path}?{urlencode(query)}" if query else path

    def selection(self, zone: ZoneInfo) -> Selection:
        """Return the selection for the query."""
        first, last = self._days()
        return Selection(
            group=self.group,
            person=self.person,
            since=_begin_ms(first, zone) if first else None,
            until=_begin_ms(last + timedelta(days=1), zone) if last and last < date.max else None,
        )

    def _days(self) -> tuple[date | None, date | None]:
        """Return the first and the last day, in whichever order they were typed."""
        if self.first and self.last and self.first > self.last:
            return self.last, self.first
        return self.first, self.last


@dataclass(frozen=True)
class Entry:
    """An entry as the page shows it."""

    at: int
    text: EntryText


def routes(pages: Pages, services: Services, settings: Settings) -> APIRouter:
    """Build the router."""
    router = APIRouter(default_response_class=Response, include_in_schema=False)
    anyone = Depends(services.guard.anyone)
    zone = ZoneInfo(settings.time_zone)

    def writer_for(request: Request, known: Known) -> EntryWriter:
        formats = Formats(language_of(request), settings.time_zone)
        return EntryWriter(formats, settings.currency, known)

    @router.get("/studio/audit")
    async def page(
        request: Request, caller: Annotated[Caller, anyone], choice: Annotated[Filter, Query()]
    ) -> Response:
        """The studio's page of the audit log, by subject, person and days."""
        redirect = redirect_of(request, caller, ("coordinator",))
        if redirect is not None:
            return redirect
        found = await services.people.audit_entries(choice.cursor, PAGE + 1, choice.selection(zone))
        shown = found[:PAGE]
        known = await look_up(services, shown, choice.person)
        writer = writer_for(request, known)
        formats = Formats(language_of(request), settings.time_zone)
        entries = [Entry(each.at, writer.describe(each)) for each in shown]
        return pages.page(
            request,
            "admin/audit.html",
            cache="no-store",
            caller=caller,
            choice=choice,
            selected=choice.selected(),
            groups=[(group, Words(formats.language)(*name)) for group, name in GROUP_NAMES.items()],
            persons=await _persons(services, writer, choice.person),
            days=[(day, list(of)) for day, of in groupby(entries, lambda e: formats.day(e.at))],
            earlier=choice.url(cursor=shown[-1].id) if len(found) > PAGE else None,
            file=choice.url("/studio/audit.csv"),
        )

    @router.get("/studio/audit.csv")
    async def file(
        request: Request, caller: Annotated[Caller, anyone], choice: Annotated[Filter, Query()]
    ) -> Response:
        """Export the audit log, or a selection of it, as a file, latest first."""
        redirect = redirect_of(request, caller, ("coordinator",))
        if redirect is not None:
            return redirect
        selected = choice.selected()
        known = await look_up(services, [], choice.person)
        selection = choice.selection(zone)

        async def describe(entries: Sequence[AuditEntry]) -> list[EntryText]:
            writer = writer_for(request, await look_up(services, entries))
            # Nobody who watches or orders waits for hundreds of sentences.
            return await asyncio.to_thread(lambda: [writer.describe(each) for each in entries])

        return await audit_csv(
            services.people,
            caller,
            selection,
            selected,
            describe,
            only=writer_for(request, known).selection(selected),
            language=language_of(request),
            time_zone=settings.time_zone,
            base_url=own_url(settings, request.scope),
        )

    return router


async def look_up(
    services: Services, entries: Sequence[AuditEntry], person: str | None = None
) -> Known:
    """Look up the names of the identifiers in these entries, and of the selected person."""
    ids = {
        found for entry in entries for found in _ids((entry.subject, entry.broadcast, entry.detail))
    }
    subjects = {entry.subject for entry in entries if entry.subject and entry.action in SAYS_LITTLE}
    accounts = await services.people.accounts()
    keys = await services.people.api_keys()
    people = {account.id: account.name for account in accounts}
    people |= {key.id: key.label for key in keys}
    people |= {
        by: entry.name for entry in entries if (by := entry.account or entry.key) is not None
    }
    if person is not None and is_ulid(person) and person not in people:
        # A key that was taken back is called as in its entries.
        for entry in await services.people.audit_entries(
            None, SEARCHED_ENTRIES, Selection(person=person)
        ):
            if person in (entry.account, entry.key):
                people[person] = entry.name
    return Known(
        things=await services.shop.named_objects(ids),
        people=people,
        firsts=await services.people.first_audit_entries(subjects),
    )


async def _persons(
    services: Services, writer: EntryWriter, selected: str | None
) -> list[tuple[str, str]]:
    """List the people whose entries can be selected: accounts, disabled ones too, keys that work,
    and others.
    """
    accounts = [account.id for account in await services.people.accounts()]
    keys = [key.id for key in await services.people.api_keys()]
    known = [*accounts, *keys, NOT_SIGNED_IN, BY_COMMAND]
    # A key that was taken back is chosen by the link of one of its entries.
    if selected is not None and selected not in known:
        known.append(selected)
    return [(identity, writer.person(identity)) for identity in known]


def _ids(value: Any) -> Iterator[str]:
    """Yield all identifiers in an entry's facts."""
    if isinstance(value, str):
        if is_ulid(value):
            yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _ids(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _ids(each)


def _begin_ms(day: date, zone: ZoneInfo) -> int:
    return int(datetime.combine(day, time(), zone).timestamp() * 1000)
