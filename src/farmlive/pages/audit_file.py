"""The audit list as a CSV file: read and sent a part at a time, however long it is.

Its columns are those of `GET /api/v1/audit`, whose names stay as they are.
"""

import csv
from collections.abc import AsyncIterator
from io import StringIO

from fastapi.responses import Response, StreamingResponse

from farmlive import compact
from farmlive.clock import rfc3339
from farmlive.pages.render import FILE_HEADERS
from farmlive.people import Caller, People
from farmlive.people.audit import Deed
from farmlive.review.files import guarded

COLUMNS = ("at", "name", "account", "action", "subject", "broadcast", "detail")
AT_ONCE = 1_000


async def audit_csv(people: People, caller: Caller) -> Response:
    """Answer with the file, of what is there now."""
    first = await people.deeds(None, AT_ONCE)
    people.access.exported(caller, "audit.csv", await people.count_deeds())
    return StreamingResponse(
        _parts(people, first),
        media_type="text/csv; charset=utf-8",
        headers={
            **FILE_HEADERS,
            "Cache-Control": "no-store",
            "Content-Disposition": 'attachment; filename="audit.csv"',
        },
    )


async def _parts(people: People, deeds: list[Deed]) -> AsyncIterator[bytes]:
    # Excel reads UTF-8 by the byte order mark alone.
    yield b"\xef\xbb\xbf" + _csv([COLUMNS])
    while deeds:
        yield _csv([_row(deed) for deed in deeds])
        deeds = await people.deeds(deeds[-1].id, AT_ONCE)


def _row(deed: Deed) -> tuple[str, ...]:
    facts = (deed.name, deed.account, deed.action, deed.subject, deed.broadcast)
    detail = compact.encode(deed.detail).decode()
    return (rfc3339(deed.at), *(guarded(fact or "") for fact in facts), detail)


def _csv(rows: list[tuple[str, ...]]) -> bytes:
    written = StringIO()
    csv.writer(written, lineterminator="\r\n").writerows(rows)
    return written.getvalue().encode()
