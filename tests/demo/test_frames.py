"""The demo's broadcasts are shown by a frame of their films, until somebody shows another."""

import io
import subprocess
from pathlib import Path

import imageio_ffmpeg
from PIL import Image

from farmlive.client import Api
from farmlive.demo.frames import frame_of, show_frames
from farmlive.server import Server

SIZE = (180, 320)


def film(folder: Path) -> Path:
    """A film of 14 seconds."""
    path = folder / "film.mkv"
    source = f"testsrc=size={SIZE[0]}x{SIZE[1]}:rate=2:duration=14"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "lavfi", "-i", source, path]
    subprocess.run(command, check=True)
    return path


async def test_a_film_gives_its_broadcast_a_frame_once(
    server: Server, coordinator: str, tmp_path: Path
) -> None:
    made = film(tmp_path)
    assert Image.open(io.BytesIO(frame_of(made))).size == SIZE
    async with Api(server.url, key=coordinator) as api:
        broadcast = (await api.create_broadcast({"zh": "金桔", "en": "Kumquats"}))["id"]
        await show_frames(api, {broadcast: made})
        shown = (await api.broadcast(broadcast))["frame"]
        assert shown
        other = io.BytesIO()
        Image.new("RGB", SIZE, "green").save(other, "JPEG")
        own = (await api.upload_picture(other.getvalue()))["picture"]
        await api.show_frame(broadcast, own)
        await show_frames(api, {broadcast: made})
        assert (await api.broadcast(broadcast))["frame"] == own != shown
