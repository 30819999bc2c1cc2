"""Publishes a film by WHIP: ffmpeg, a stock client, sends the packets by the wall clock.

Owns the timing: frame k of a film leaves when the wall clock stands at k / its rate in seconds
within a minute. Nothing is encoded. on_air.py restarts it when it ends.
"""

import contextlib
import io
import subprocess
import threading
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import imageio_ffmpeg
from av.packet import Packet
from av.stream import Stream

from farmlive.demo.film.film import RATE

SOUNDS_A_SECOND = 50
# ffmpeg holds a packet back until the other stream has a later one, so sound goes ahead.
_SOUND_AHEAD_S = 0.05
_LATE_S = 0.25
_STEP_S = 0.5
# How long the child may take nothing: on its way to the server, and once it is to end.
_STUCK_S, _GOODBYE_S = 20.0, 2.0
_LOOK_S = 0.2


class Film:
    """The film's packets, ready to be sent in a loop."""

    def __init__(self, path: Path):
        self._source = av.open(str(path))
        video, audio = self._source.streams.video[0], self._source.streams.audio[0]
        self.streams = (audio, video)
        kept: dict[int, list[Packet[Stream]]] = {audio.index: [], video.index: []}
        for packet in self._source.demux(video, audio):
            if packet.size:
                kept[packet.stream.index].append(packet)
        self.rate = round(float(video.average_rate or RATE))
        self.pictures = kept[video.index]
        self.sounds = kept[audio.index][: self.seconds * SOUNDS_A_SECOND]

    @property
    def seconds(self) -> int:
        """Return the length of the film."""
        return len(self.pictures) // self.rate

    def close(self) -> None:
        """Close the file."""
        self._source.close()


class _PipeWriter(io.RawIOBase):
    """A writer that passes the container's bytes on to the child at once; a pipe can't seek.

    `since` is when the write began that the child has not taken yet.
    """

    def __init__(self, pipe: Any):
        self._pipe = pipe
        self.since: float | None = None

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        done = 0
        self.since = time.monotonic()
        while done < len(view):
            done += self._pipe.write(view[done:])
        self.since = None
        return done


def schedule(rate: int = RATE) -> Iterator[tuple[float, bool, int]]:
    """Yield the send schedule, endlessly, at a frame rate.

    Each is (seconds after the start, whether it is a picture, its number since the start).
    """
    picture = sound = 0
    while True:
        picture_at, sound_at = picture / rate, sound / SOUNDS_A_SECOND - _SOUND_AHEAD_S
        if sound_at <= picture_at:
            yield max(0.0, sound_at), False, sound
            sound += 1
        else:
            yield picture_at, True, picture
            picture += 1


class Lateness:
    """Drops late packets, from one keyframe to the next, so that a slow start does not last."""

    def __init__(self) -> None:
        self._dropping = False

    def keeps(self, late_s: float, is_picture: bool, is_keyframe: bool) -> bool:
        """Return whether to send a packet that is `late_s` behind its time."""
        if not is_picture:
            return late_s < _LATE_S
        if is_keyframe:
            self._dropping = late_s >= _LATE_S
        elif late_s >= _LATE_S:
            self._dropping = True
        return not self._dropping


class Publication:
    """One run of ffmpeg that publishes the film. `run` blocks; other threads may call the rest
    meanwhile.
    """

    def __init__(self, film: Path, whip_url: str, key: str):
        self._film = film
        self._stopped, self._ended = threading.Event(), threading.Event()
        self._child = subprocess.Popen(  # noqa: S603
            [
                imageio_ffmpeg.get_ffmpeg_exe(),
                *("-hide_banner", "-loglevel", "error", "-nostats"),
                *("-fflags", "nobuffer", "-analyzeduration", "100000"),
                *("-f", "nut", "-i", "pipe:0", "-c", "copy"),
                *("-authorization", key, "-f", "whip", whip_url),
            ],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            # A Ctrl-C in the terminal reaches the parent alone, which ends the child in order.
            start_new_session=True,
        )
        self._wire = _PipeWriter(self._child.stdin)

    def run(self) -> str:
        """Publish until the child ends, `stop` is called or the clock is set; return ffmpeg's
        output.
        """
        assert self._child.stderr is not None
        said: list[bytes] = []
        reader = threading.Thread(target=lambda: said.extend(cast(Any, self._child.stderr)))
        watch = threading.Thread(target=self._watch)
        reader.start()
        watch.start()
        film = Film(self._film)
        try:
            with contextlib.suppress(BrokenPipeError, av.FFmpegError):
                self._feed(film)
        finally:
            film.close()
            self._ended.set()
            self._end()
            reader.join()
            watch.join()
            self._child.stderr.close()
        return b"".join(said).decode(errors="replace").strip()[-300:]

    def stop(self) -> None:
        """End the publication regularly."""
        self._stopped.set()

    def vanish(self) -> None:
        """Kill the child without a message to the server."""
        self._child.kill()

    def _watch(self) -> None:
        """Kill a child that no longer reads, for which the writer would wait for ever."""
        while not self._ended.wait(_LOOK_S):
            since = self._wire.since
            patience_s = _GOODBYE_S if self._stopped.is_set() else _STUCK_S
            if since is not None and time.monotonic() - since > patience_s:
                self._child.kill()
                return

    def _feed(self, film: Film) -> None:
        out = av.open(self._wire, "w", format="nut")
        streams = [out.add_stream_from_template(stream) for stream in film.streams]
        lateness = Lateness()
        wall, steady = time.time(), time.monotonic()
        start = int(wall) + 1
        for after, is_picture, number in schedule(film.rate):
            due = steady + (start - wall) + after
            if self._stopped.wait(max(0.0, due - time.monotonic())):
                break
            if abs(time.time() - wall - (time.monotonic() - steady)) > _STEP_S:
                break  # the clock was set: the counter would tell the wrong time
            rate = film.rate if is_picture else SOUNDS_A_SECOND
            kept = film.pictures if is_picture else film.sounds
            packet = kept[(start % film.seconds * rate + number) % len(kept)]
            if not lateness.keeps(time.monotonic() - due, is_picture, packet.is_keyframe):
                continue
            packet.stream = streams[is_picture]
            packet.time_base = Fraction(1, rate)
            packet.pts = packet.dts = number
            packet.duration = 1
            out.mux_one(packet)

    def _end(self) -> None:
        """Close ffmpeg's input and wait two seconds, while it deletes the session."""
        assert self._child.stdin is not None
        with contextlib.suppress(OSError):
            self._child.stdin.close()
        try:
            self._child.wait(_GOODBYE_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
