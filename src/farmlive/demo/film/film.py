"""The demo's films, made once into the data folder: half a minute of the host in the drawn orchard,
held upright like a phone, and a shorter one of the kitchen, with sound. For measurements there is a
lying film of the orchard.

Owns their encoding, and the time that a frame's counter stands for. A film is encoded so that a
publisher only copies it: H264 baseline without B-frames, a keyframe a second, Opus in stereo at
48 kHz.

The publisher sends a film's frame k when the wall clock stands at k / RATE seconds within a minute,
so the counter of any decoded frame of the lying orchard tells when that frame was sent. What people
look at has no counter. The kitchen is small, so that it costs little beside the host.
"""

import contextlib
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import ffmpeg
import imageio_ffmpeg
from PIL import Image, ImageDraw

from farmlive.client.media.counter import counter_squares
from farmlive.demo import DemoError
from farmlive.demo.film import kitchen, scenery, upright
from farmlive.demo.film.scenery import PERIOD

RATE = 30
FRAMES = round(PERIOD * RATE)
SQUARE = 16

# Wind in the leaves, two birds that answer each other and a soft chord, all of whole seconds.
_WIND = "anoisesrc=color=brown:amplitude=0.05:sample_rate=48000:seed=952"
_BIRDS = (
    "aevalsrc='"
    "0.05*sin(2*PI*(2900*t+40*sin(2*PI*11*t)))*between(mod(t,6),1,1.55)*abs(sin(2*PI*5.5*t))|"
    "0.05*sin(2*PI*(3500*t+55*sin(2*PI*8*t)))*between(mod(t,10),4,4.75)*abs(sin(2*PI*4*t))"
    "':s=48000"
)
_CHORD = (
    "aevalsrc='"
    "0.02*(sin(2*PI*220*t)+sin(2*PI*330*t))*(0.6+0.4*sin(2*PI*t/10))|"
    "0.02*(sin(2*PI*220*t)+sin(2*PI*277.2*t))*(0.6+0.4*cos(2*PI*t/10))"
    "':s=48000"
)
# A pot that simmers, and a knife on a board now and then.
_SIMMER = "anoisesrc=color=pink:amplitude=0.02:sample_rate=48000:seed=1123"
_BUBBLES = (
    "aevalsrc='"
    "0.04*sin(2*PI*(190*t+26*sin(2*PI*7*t)))*abs(sin(2*PI*2.5*t))|"
    "0.04*sin(2*PI*(230*t+31*sin(2*PI*9*t)))*abs(cos(2*PI*2.5*t))"
    "':s=48000"
)
_KNIFE = (
    "aevalsrc='"
    "0.12*sin(2*PI*880*t)*exp(-60*mod(t,0.5))*between(mod(t,10),6,8.4)|"
    "0.10*sin(2*PI*920*t)*exp(-60*mod(t,0.5))*between(mod(t,10),6,8.4)"
    "':s=48000"
)


class Scenery(Protocol):
    """The pictures of a film, by time."""

    def at(self, seconds: float) -> Image.Image:
        """Return the picture at a time."""


@dataclass(frozen=True)
class FilmPlan:
    """A film to make: its pictures, size, frame rate and sound; `frames` in all."""

    name: str
    scenery: Callable[[], Scenery]
    width: int
    height: int
    rate: int
    frames: int
    kbps: int
    sounds: tuple[str, ...]
    counted: bool


ORCHARD = FilmPlan(
    "orchard",
    scenery.Orchard,
    scenery.WIDTH,
    scenery.HEIGHT,
    RATE,
    FRAMES,
    1500,
    (_WIND, _BIRDS, _CHORD),
    counted=True,
)
HOST = FilmPlan(
    "host",
    upright.Upright,
    upright.WIDTH,
    upright.HEIGHT,
    RATE,
    round(upright.PERIOD * RATE),
    1500,
    (_WIND, _BIRDS, _CHORD),
    counted=False,
)
KITCHEN = FilmPlan(
    "kitchen",
    kitchen.Kitchen,
    kitchen.WIDTH,
    kitchen.HEIGHT,
    15,
    round(kitchen.PERIOD * 15),
    350,
    (_SIMMER, _BUBBLES, _KNIFE),
    counted=False,
)

TAKES = {take.name: take for take in (ORCHARD, HOST, KITCHEN)}


class FilmError(DemoError):
    """The film could not be made; the text is ffmpeg's."""


def film_in(data: Path, take: FilmPlan = ORCHARD) -> Path:
    """Return the path of a film in a data folder."""
    return data / "film" / f"{take.name}.mkv"


def make_film(
    path: Path,
    progress: Callable[[int], None],
    frames: int | None = None,
    take: FilmPlan = ORCHARD,
) -> None:
    """Draw and encode a film into `path`; calls `progress` with each finished frame's number.

    `frames`: draw only this many. The file appears only when it is whole. Raises FilmError.
    """
    frames = take.frames if frames is None else frames
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    process = _encoder(unfinished, frames, take)
    pictures, errors = process.stdin, process.stderr
    assert pictures is not None
    assert errors is not None
    drawn = take.scenery()
    try:
        for frame in range(frames):
            picture = drawn.at(frame / take.rate)
            if take.counted:
                _draw_counter(picture, frame)
            pictures.write(picture.tobytes())
            progress(frame + 1)
    except BrokenPipeError:
        pass  # ffmpeg has ended; what it said is read below
    except BaseException:
        process.kill()
        raise
    finally:
        with contextlib.suppress(BrokenPipeError):
            pictures.close()
    said = errors.read().decode(errors="replace").strip()
    errors.close()
    if process.wait() != 0:
        unfinished.unlink(missing_ok=True)
        raise FilmError(said[-500:] or f"ffmpeg ended with {process.returncode}")
    unfinished.replace(path)


def _draw_counter(picture: Image.Image, number: int) -> None:
    """Draw the squares that `farmlive.client.media.counter.read_counter` reads, in the top left
    corner.
    """
    draw = ImageDraw.Draw(picture)
    for place, lit in enumerate(counter_squares(number)):
        x = place * SQUARE
        draw.rectangle((x, 0, x + SQUARE - 1, SQUARE - 1), "white" if lit else "black")


def _encoder(path: Path, frames: int, take: FilmPlan) -> "subprocess.Popen[bytes]":
    pictures = ffmpeg.input(
        "pipe:",
        format="rawvideo",
        pix_fmt="rgb24",
        s=f"{take.width}x{take.height}",
        framerate=take.rate,
    )
    sounds = [ffmpeg.input(sound, format="lavfi") for sound in take.sounds]
    sound = ffmpeg.filter(sounds, "amix", inputs=len(sounds), normalize=0)
    film = ffmpeg.output(
        pictures,
        sound,
        str(path),
        format="matroska",
        t=frames / take.rate,
        vcodec="libx264",
        preset="ultrafast",
        tune="zerolatency",
        pix_fmt="yuv420p",
        g=take.rate,
        bf=0,
        video_bitrate=f"{take.kbps}k",
        maxrate=f"{take.kbps}k",
        bufsize=f"{take.kbps}k",
        acodec="libopus",
        audio_bitrate="64k",
        ar=48000,
        ac=2,
        **{"profile:v": "baseline", "x264-params": "scenecut=0:threads=1", "frame_duration": 20},
    )
    process: subprocess.Popen[bytes] = ffmpeg.run_async(
        film.global_args("-hide_banner", "-loglevel", "error"),
        cmd=imageio_ffmpeg.get_ffmpeg_exe(),
        pipe_stdin=True,
        pipe_stderr=True,
        overwrite_output=True,
    )
    return process


def delay_ms(counter: int, wall_ms: float, film_s: float = PERIOD) -> float:
    """Return how long before `wall_ms` (since 1970) the frame with this counter was due to be sent.

    The publisher's clock and the caller's must be the same. `film_s` is the film's length, a part
    of a minute; the answer lies within half of it.
    """
    period = film_s * 1000
    return (wall_ms - counter * 1000 / RATE + period / 2) % period - period / 2
