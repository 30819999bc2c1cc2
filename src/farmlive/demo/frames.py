"""Frames of the demo's films for the start page, as a host's desk takes them of a broadcast."""

import asyncio
import io
from collections.abc import Mapping
from pathlib import Path

import av
from PIL import Image

from farmlive.client import Api

_AT_S = 12
_EDGE = 960


async def show_frames(api: Api, films: Mapping[str, Path]) -> None:
    """Show a frame of the film in each of these broadcasts that has none."""
    for broadcast, film in films.items():
        if (await api.broadcast(broadcast))["frame"] is None:
            kept = await api.upload_picture(await asyncio.to_thread(frame_of, film), "image/jpeg")
            await api.show_frame(broadcast, kept["picture"])


def frame_of(film: Path) -> bytes:
    """Return one picture of a film as JPEG."""
    with av.open(str(film)) as source:
        source.seek(_AT_S * 1_000_000)
        frame = next(source.decode(video=0))
        picture: Image.Image = frame.to_image()  # type: ignore[no-untyped-call]
    picture.thumbnail((_EDGE, _EDGE))
    sent = io.BytesIO()
    picture.save(sent, "JPEG", quality=88)
    return sent.getvalue()
