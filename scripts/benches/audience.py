"""A crowd of viewers for the bench of the relay: they join in Python, and a thread in C plays for
them.

A join is complete: WHEP over a connection of its own, ICE, DTLS. Then the socket and the SRTP
sessions go to `native/audience.c`, which authenticates and counts every packet and sends reports as
a browser does. Compiles that, too.
"""

import asyncio
import ctypes
import random
import resource
import socket
import struct
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pylibsrtp._binding
from pylibsrtp import Session

from farmlive.client.media import stun
from farmlive.client.media.rtp_peer import RtpPeer
from farmlive.client.media.sdp import offer, read_answer
from farmlive.client.media.signalling import SDP

_NATIVE = Path(__file__).parent / "native"
_COMPILE = ("cc", "-O2", "-shared", "-fPIC", "-std=c11", "-D_GNU_SOURCE")
_SO_ATTACH_FILTER, _SO_DETACH_FILTER = 26, 27  # asm-generic/socket.h
_SOL_UDP, _UDP_GRO = 17, 104  # linux/udp.h
_JOINING_AT_ONCE, _JOIN_S = 16, 15.0


class Counts(ctypes.Structure):
    """The counts of native/member.h, which describes each."""

    packets: int
    bytes: int
    runs: int
    lost: int
    repeated: int
    disordered: int
    undecipherable: int
    unstamped: int
    checks_sent: int
    checks_answered: int
    _fields_ = tuple(
        (name, ctypes.c_int64)
        for name in (
            *("packets", "bytes", "runs"),
            *("lost", "repeated", "disordered", "undecipherable", "unstamped"),
            *("repairs", "sender_reports", "reports_sent", "checks_sent", "checks_answered"),
            *("goodbyes", "unsent"),
        )
    )

    @property
    def wrong(self) -> int:
        """Return the number of packets that were wrong, apart from lost ones."""
        return self.repeated + self.disordered + self.undecipherable + self.unstamped


@contextmanager
def compiled_library() -> Iterator[ctypes.CDLL]:
    """Compile the part in C for the length of the block. Raises SystemExit without a compiler."""
    with tempfile.TemporaryDirectory(prefix="farmlive-bench-") as folder:
        library = f"{folder}/audience.so"
        sources = [str(_NATIVE / name) for name in ("audience.c", "member.c")]
        try:
            subprocess.run([*_COMPILE, "-o", library, *sources, "-lpthread"], check=True)
        except FileNotFoundError:
            raise SystemExit("The load of this bench is compiled: apt-get install gcc.") from None
        loaded = ctypes.CDLL(library)
        loaded.audience_new.restype = ctypes.c_void_p
        loaded.audience_join.restype = ctypes.c_bool
        yield loaded


@dataclass
class Joined:
    """A viewer that has joined: its connected socket, the SRTP sessions of both directions, the
    STUN check that keeps its path open, and when its POST was sent.
    """

    socket: socket.socket
    receive: Session
    transmit: Session
    check: bytes
    posted_ns: int
    early: bytearray


class _JoiningPeer(RtpPeer):
    """A peer that keeps the encrypted media that it receives while it joins."""

    def __init__(self) -> None:
        super().__init__(lambda *_: None, lambda *_: None)
        self.early = bytearray()

    def _media(self, datagram: bytes, arrived_ns: int) -> None:
        self.early += struct.pack("=qI", arrived_ns, len(datagram)) + datagram

    async def join(self, url: str) -> Joined:
        posted_ns = time.monotonic_ns()
        await self.connect(read_answer(await _post(url, offer(self.ice, None))), _JOIN_S)
        asyncio.get_running_loop().remove_reader(self.socket)
        far, receive, transmit = self._remote, self._dtls._rx_srtp, self._dtls._tx_srtp
        assert far is not None
        assert receive is not None
        assert transmit is not None
        check = stun.check(far.ufrag, self.ice.ufrag, far.password, self._tie_breaker)
        return Joined(self.socket, receive, transmit, check, posted_ns, self.early)

    def end(self) -> None:
        """Stop without a close_notify; the owner of the socket closes it."""
        self._path.datagrams.put_nowait(None)


class Audience:
    """Viewers of one WHEP endpoint, at most `most`. `close` leaves the server without a message."""

    def __init__(self, library: ctypes.CDLL, url: str, most: int) -> None:
        self.url = url
        self._c = library
        functions = ctypes.CDLL(pylibsrtp._binding.__file__)
        names = ("srtp_unprotect", "srtp_protect_rtcp", "srtp_unprotect_rtcp")
        srtp = (ctypes.c_void_p * 3)(
            *(ctypes.cast(getattr(functions, name), ctypes.c_void_p).value for name in names)
        )
        self._at = ctypes.c_void_p(library.audience_new(most, srtp))
        self._entrants: list[_JoiningPeer] = []
        self._joined: list[Joined] = []
        self._turns = asyncio.Semaphore(_JOINING_AT_ONCE)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        # This also keeps the sessions for as long as it runs.
        self._c.audience_run(self._at)

    def __len__(self) -> int:
        return len(self._joined)

    async def grow(self, to: int, over_s: float = 0.0) -> None:
        """Let viewers join up to this number: evenly over a time, or as fast as possible."""
        began, more = time.monotonic(), to - len(self)
        async with asyncio.TaskGroup() as joins:
            for number in range(more):
                await asyncio.sleep(began + over_s * number / more - time.monotonic())
                await self._turns.acquire()
                joins.create_task(self._one())

    async def _one(self) -> None:
        try:
            entrant = _JoiningPeer()
            self._entrants.append(entrant)
            self.take(await entrant.join(self.url))
        finally:
            self._turns.release()

    def take(self, joined: Joined) -> None:
        """Play for this viewer, and close its socket at the end."""
        self._joined.append(joined)
        early = joined.early
        taken = self._c.audience_join(
            self._at,
            joined.socket.fileno(),
            ctypes.c_void_p(_address(joined.receive)),
            ctypes.c_void_p(_address(joined.transmit)),
            ctypes.c_int64(joined.posted_ns),
            random.getrandbits(31),
            joined.check,
            ctypes.c_size_t(len(joined.check)),
            (ctypes.c_char * len(early)).from_buffer(early) if early else None,
            ctypes.c_size_t(len(early)),
        )
        assert taken, "more viewers than there was room for"

    def drop(self, drops: bool) -> None:
        """Let the kernel drop all packets to these viewers, by a socket filter."""
        nothing = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))
        program = struct.pack("HxxxxxxP", 1, ctypes.addressof(nothing))
        for joined in self._joined:
            if drops:
                joined.socket.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)
            else:
                joined.socket.setsockopt(socket.SOL_SOCKET, _SO_DETACH_FILTER, 0)

    def take_runs(self, whole: bool) -> None:
        """Switch GRO of these viewers' sockets on or off: with it a socket receives a run of
        datagrams whole; without it, as in browsers, the sender splits the run over loopback.
        """
        for joined in self._joined:
            joined.socket.setsockopt(_SOL_UDP, _UDP_GRO, int(whole))

    def stall(self, every_s: float, for_s: float) -> None:
        """Stand still for less than a second now and then, as busy phones do: the reports that are
        sent then are late by their own account.
        """
        self._c.audience_stall(
            self._at, ctypes.c_int64(round(every_s * 1e9)), ctypes.c_int64(round(for_s * 1e9))
        )

    def measure(self, *, after_a_gap: bool = False) -> None:
        """Reset all counts for the present viewers. `after_a_gap`: packets that are missing until
        now are not lost.
        """
        self._c.audience_measure(self._at, ctypes.c_bool(after_a_gap))

    def read(self, shares: Sequence[float] = (0.5, 0.99)) -> tuple[Counts, list[int], float]:
        """Return the counts, the delays from stamp to receipt by these shares (ns), and the longest
        time that a socket waited for its turn (s), since the last `measure`.
        """
        counts, slowest = Counts(), ctypes.c_int64()
        delays = (ctypes.c_int64 * len(shares))()
        self._c.audience_read(
            self._at,
            ctypes.byref(counts),
            (ctypes.c_double * len(shares))(*shares),
            delays,
            len(shares),
            ctypes.byref(slowest),
        )
        return counts, list(delays), slowest.value / 1e9

    async def first_frames_ms(self, since: int, limit_s: float = 10.0) -> list[float]:
        """Return the time from the POST to the first complete keyframe of each viewer, from this
        index on in the order of joining. Raises TimeoutError.
        """
        until = time.monotonic() + limit_s
        found = (ctypes.c_int64 * len(self))()
        while time.monotonic() < until:
            self._c.audience_first_frames(self._at, found, len(self))
            if all(found[since:]):
                return [each / 1e6 for each in found[since:]]
            await asyncio.sleep(0.05)
        raise TimeoutError("a viewer got no key frame")

    def close(self) -> None:
        """Stop the thread and close the sockets."""
        self._c.audience_end(self._at)
        self._thread.join()
        self._c.audience_free(self._at)
        for entrant in self._entrants:
            entrant.socket.close()
            entrant.end()
        for joined in self._joined:
            joined.socket.close()


def _address(session: Session) -> int:
    return int(pylibsrtp._binding.ffi.cast("uintptr_t", session._srtp[0]))


async def _post(url: str, text: str) -> str:
    """POST an offer over a connection of its own and return the answer. Raises ConnectionError for
    any status but 201.
    """
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        writer.write(
            f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: {SDP}\r\n"
            f"Content-Length: {len(text)}\r\n\r\n{text}".encode()
        )
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
        fields = dict(line.split(": ", 1) for line in head[1:] if ": " in line)
        body = await reader.readexactly(int(fields["content-length"]))
        if " 201 " not in head[0]:
            raise ConnectionError(f"{head[0]}: {body.decode()[:500]}")
        return body.decode()
    finally:
        writer.close()


def raise_file_limit(viewers: int) -> None:
    """Raise the limit of open files for this number of viewers. Raises SystemExit if the system
    refuses.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    need = 2 * viewers + 512
    if hard != resource.RLIM_INFINITY and hard < need:
        raise SystemExit(f"This bench opens {need} files: raise `ulimit -Hn` ({hard}).")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, need), hard))
