"""The routes of files: uploading a picture, and reading stored files.

Farms, products, lots and claims all use them, so they belong to no room. store/files/files.py
validates pictures and certificates, and store/files/uploads.py limits uploads per account.
"""

import re
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel
from sqlalchemy import Connection

from farmlive.edge.contracts import raises
from farmlive.people import Caller, Guard
from farmlive.people.core.roles import GROWERS
from farmlive.problems import NotFound
from farmlive.settings import Settings
from farmlive.store import Store
from farmlive.store.files.files import Files, NotKept, UploadLate
from farmlive.store.files.pictures import NotAPicture
from farmlive.store.files.uploads import NoRoom, check_bytes, record

PATHS = re.compile(
    r"/api/v1/(pictures|lots/[^/]+/inspections/[^/]+/certificate|orders/[^/]+/claims/photos)"
)
"""The addresses whose body is a file, with a limit of its own (`max_upload_mib`)."""

_BODY = {
    "requestBody": {
        "required": True,
        "description": "The bytes of the file.",
        "content": {"image/*": {"schema": {"type": "string", "format": "binary"}}},
    }
}


_BYTES = {"schema": {"type": "string", "format": "binary"}}
_FILES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/webp": _BYTES, "application/pdf": _BYTES}}
}


class KeptPicture(BaseModel):
    """The URL of a picture, as farms and products accept it, and its size in pixels."""

    picture: str
    width: int
    height: int


def routes(store: Store, settings: Settings, guard: Guard) -> APIRouter:
    """Return the router of files."""
    router = APIRouter()
    files = Files(settings)
    growers = guard.roles(*GROWERS)

    @router.post(
        "/api/v1/pictures",
        status_code=201,
        openapi_extra=_BODY,
        operation_id="files_upload_picture",
    )
    @raises(NoRoom, NotAPicture, NotKept, UploadLate)
    async def keep_picture(
        request: Request, caller: Annotated[Caller, Depends(growers)]
    ) -> KeptPicture:
        """Upload a picture; the server turns it upright, scales it down and strips its metadata."""
        most = settings.upload_mib_per_day

        def write(connection: Connection) -> None:
            check_bytes(connection, caller.owner, most)  # others may have finished meanwhile
            record(connection, caller.owner, kept)

        await store.read(lambda connection: check_bytes(connection, caller.owner, most))
        async with files.receive(request.stream()) as sent:
            kept = await files.keep_picture(sent, caller.owner)
        await store.write(write)
        return KeptPicture(picture=kept.url, width=kept.width, height=kept.height)

    @router.get(
        "/files/{name}", response_class=FileResponse, responses=_FILES, operation_id="files_get"
    )
    @raises(NotFound)
    async def file(name: str) -> Response:
        """Return a picture or a certificate; the bytes at one URL never change."""
        path = files.path(name)
        if path is None:
            raise NotFound("There is no such file here. Send it again, or ask who sent it.")
        pdf = path.suffix == ".pdf"
        return FileResponse(
            path,
            media_type="application/pdf" if pdf else "image/webp",
            filename=path.name,
            content_disposition_type="inline",
            headers={
                "Cache-Control": "public, max-age=31536000, immutable",
                "X-Content-Type-Options": "nosniff",
                "Content-Security-Policy": "default-src 'none'; sandbox",
            },
        )

    return router
