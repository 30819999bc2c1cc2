"""The audit list as a coordinator reads it: the page with its filter, and the same as a file.

Owns what a selection is in an address, which names identifiers only, and finding out what things
are called; the words are audit/words.py's, the file's columns audit/file.py's.
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
from farmlive.pages.audit.words import SAYS_LITTLE, Said, Teller
from farmlive.pages.entry import stopped
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
    """A form sends a field that is left empty, too."""
    return value or None


class Choice(BaseModel):
    """Which entries are meant, as the page's address says it: whole days in the county's zone."""

    group: Annotated[Group | None, BeforeValidator(_blank)] = None
    person: Annotated[Identifier | None, BeforeValidator(_blank)] = None
    first: Annotated[date | None, BeforeValidator(_blank)] = Field(None, alias="from")
    last: Annotated[date | None, BeforeValidator(_blank)] = Field(None, alias="to")
    cursor: Annotated[Identifier | None, BeforeValidator(_blank)] = None

    def chosen(self) -> dict[str, str]:
        """The selection, as the URL and the audit list's own entry have it."""
        first, last = self._days()
        said = {
            "group": self.group,
            "person": self.person,
            "from": first and first.isoformat(),
            "to": last and last.isoformat(),
        }
        return {name: value for name, value in said.items() if value}

    def url(self, path: str = "/studio/audit", **other: str | None) -> str:
        """The address of this choice with something else in it; it begins at the latest entry."""
        query = {k: v for k, v in {**self.chosen(), **other}.items() if v}
        return f"{path}?{urlencode(query)}" if query else path

    def selection(self, zone: ZoneInfo) -> Selection:
        """The entries of it."""
        first, last = self._days()
        return Selection(
            group=self.group,
            person=self.person,
            since=_begin_ms(first, zone) if first else None,
            until=_begin_ms(last + timedelta(days=1), zone) if last and last < date.max else None,
        )

    def _days(self) -> tuple[date | None, date | None]:
        """First and last day, whichever way round they were typed."""
        if self.first and self.last and self.first > self.last:
            return self.last, self.first
        return self.first, self.last


@dataclass(frozen=True)
class Entry:
    """An entry as the page shows it."""

    at: int
    said: Said


def routes(pages: Pages, rooms: Services, settings: Settings) -> APIRouter:
    """Build the router."""
    router = APIRouter(default_response_class=Response, include_in_schema=False)
    anyone = Depends(rooms.guard.anyone)
    zone = ZoneInfo(settings.time_zone)

    def teller(request: Request, known: Known) -> Teller:
        formats = Formats(language_of(request), settings.time_zone)
        return Teller(formats, settings.currency, known)

    @router.get("/studio/audit")
    async def page(
        request: Request, caller: Annotated[Caller, anyone], choice: Annotated[Choice, Query()]
    ) -> Response:
        """The studio's page of the audit log, by subject, person and days."""
        led = stopped(request, caller, ("coordinator",))
        if led is not None:
            return led
        found = await rooms.people.audit_entries(choice.cursor, PAGE + 1, choice.selection(zone))
        shown = found[:PAGE]
        known = await look_up(rooms, shown, choice.person)
        tell = teller(request, known)
        formats = Formats(language_of(request), settings.time_zone)
        entries = [Entry(deed.at, tell.said(deed)) for deed in shown]
        return pages.page(
            request,
            "admin/audit.html",
            cache="no-store",
            caller=caller,
            choice=choice,
            chosen=choice.chosen(),
            groups=[(group, Words(formats.language)(*name)) for group, name in GROUP_NAMES.items()],
            persons=await _persons(rooms, tell, choice.person),
            days=[(day, list(of)) for day, of in groupby(entries, lambda e: formats.day(e.at))],
            earlier=choice.url(cursor=shown[-1].id) if len(found) > PAGE else None,
            file=choice.url("/studio/audit.csv"),
        )

    @router.get("/studio/audit.csv")
    async def file(
        request: Request, caller: Annotated[Caller, anyone], choice: Annotated[Choice, Query()]
    ) -> Response:
        """Export the audit log, or a selection of it, as a file, latest first."""
        led = stopped(request, caller, ("coordinator",))
        if led is not None:
            return led
        chosen = choice.chosen()
        known = await look_up(rooms, [], choice.person)
        selection = choice.selection(zone)

        async def told(deeds: Sequence[AuditEntry]) -> list[Said]:
            tell = teller(request, await look_up(rooms, deeds))
            # Nobody who watches or orders waits for hundreds of sentences.
            return await asyncio.to_thread(lambda: [tell.said(deed) for deed in deeds])

        return await audit_csv(
            rooms.people,
            caller,
            selection,
            chosen,
            told,
            only=teller(request, known).selection(chosen),
            language=language_of(request),
            time_zone=settings.time_zone,
            base_url=own_url(settings, request.scope),
        )

    return router


async def look_up(rooms: Services, deeds: Sequence[AuditEntry], person: str | None = None) -> Known:
    """Find out what is called how that these entries name by identifiers, and who is chosen."""
    ids = {found for deed in deeds for found in _ids((deed.subject, deed.broadcast, deed.detail))}
    subjects = {deed.subject for deed in deeds if deed.subject and deed.action in SAYS_LITTLE}
    accounts = await rooms.people.accounts()
    keys = await rooms.people.api_keys()
    people = {account.id: account.name for account in accounts}
    people |= {key.id: key.label for key in keys}
    people |= {by: deed.name for deed in deeds if (by := deed.account or deed.key) is not None}
    if person is not None and is_ulid(person) and person not in people:
        # A key that was taken back is called as in its entries.
        for deed in await rooms.people.audit_entries(
            None, SEARCHED_ENTRIES, Selection(person=person)
        ):
            if person in (deed.account, deed.key):
                people[person] = deed.name
    return Known(
        things=await rooms.shop.named_objects(ids),
        people=people,
        firsts=await rooms.people.first_audit_entries(subjects),
    )


async def _persons(rooms: Services, tell: Teller, chosen: str | None) -> list[tuple[str, str]]:
    """List the people whose entries can be selected: accounts, disabled ones too, keys that work,
    and others.
    """
    accounts = [account.id for account in await rooms.people.accounts()]
    keys = [key.id for key in await rooms.people.api_keys()]
    known = [*accounts, *keys, NOT_SIGNED_IN, BY_COMMAND]
    # A key that was taken back is chosen by the link of one of its entries.
    if chosen is not None and chosen not in known:
        known.append(chosen)
    return [(identity, tell.person(identity)) for identity in known]


def _ids(value: Any) -> Iterator[str]:
    """All identifiers in an entry's facts."""
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
