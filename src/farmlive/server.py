"""Serves the application: the TCP socket, uvicorn, and process limits for many clients.

`serve` is for the command line, `running` for callers that do other work while it serves.
"""

import asyncio
import contextlib
import errno
import functools
import gc
import logging
import resource
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TextIO, cast

import structlog
import uvicorn
from starlette.types import ASGIApp
from structlog.typing import EventDict, Processor

from farmlive.app import Application, PortTaken, build
from farmlive.broadcast.wire.ws_protocol import channel_protocol
from farmlive.clock import now_ms, rfc3339
from farmlive.edge import cleartext, request_limits
from farmlive.periodic import rest_s
from farmlive.settings import Settings

SHUTDOWN_S = 10
# With forward secrecy and AEAD (RFC 9325, section 4.2); all TLS 1.3 suites have both. Uvicorn's
# default has CBC suites if Python uses OpenSSL's defaults, as Debian's does.
TLS_1_2_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"


class CertificateRefused(Exception):
    """The certificate or its key can't be used; the message names the settings."""


_log = structlog.get_logger(__name__)


class _Uvicorn(uvicorn.Server):
    """uvicorn with shorter TLS timeouts; asyncio's are 60 s for a handshake, 30 s for its end.

    It wakes once a second to update the Date header; uvicorn wakes ten times a second to check
    whether it should exit.
    """

    def __init__(self, config: uvicorn.Config):
        self._ending = asyncio.Event()
        super().__init__(config)

    @property
    def should_exit(self) -> bool:
        """Whether the server should exit; set it in the event loop."""
        return self._ending.is_set()

    @should_exit.setter
    def should_exit(self, ends: bool) -> None:
        if ends:
            self._ending.set()

    async def main_loop(self) -> None:
        """Serve until `should_exit`."""
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(rest_s(1.0)):
                    await self._ending.wait()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen."""
        if self.config.ssl is None:
            await super().startup(sockets)
            return
        loop = asyncio.get_running_loop()
        limits = {
            "ssl_handshake_timeout": request_limits.HEAD_S,
            "ssl_shutdown_timeout": request_limits.HEAD_S,
        }
        loop.create_server = functools.partial(loop.create_server, **limits)  # type: ignore[method-assign]
        try:
            await super().startup(sockets)
        finally:
            del loop.create_server


@dataclass
class Server:
    """A running server: its parts, and the IP and port that it listens on."""

    house: Application
    url: str
    port: int


@contextlib.asynccontextmanager
async def serving(
    app: ASGIApp,
    listener: socket.socket,
    kind: type[uvicorn.Server] = uvicorn.Server,
    **options: Any,
) -> AsyncIterator[tuple[uvicorn.Server, asyncio.Task[None]]]:
    """Serve while the block runs, which gets uvicorn's server and its task.

    `options` override uvicorn's. Connections made before the server has started wait in the
    listener's backlog.
    """
    server = kind(
        uvicorn.Config(
            app,
            http=request_limits.HttpProtocol,
            lifespan="off",
            access_log=False,
            log_config=None,
            proxy_headers=False,
            server_header=False,
            **options,
        )
    )
    server.capture_signals = contextlib.nullcontext  # type: ignore[assignment,method-assign]
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield server, task
    finally:
        server.should_exit = True
        await task


@contextlib.asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Server]:
    """Serve while the block runs. Port 0 takes a free one. Raises PortTaken, DatabaseRefused,
    CertificateRefused and NoNativeEngine.
    """
    _check_certificate(settings)
    listener = listen(settings.host, settings.port)
    port = listener.getsockname()[1]
    settings = settings.model_copy(update={"port": port})
    try:
        house = await build(settings)
    except BaseException:
        listener.close()
        raise
    try:
        async with serving(
            house.asgi,
            listener,
            _Uvicorn,
            ws=channel_protocol(settings, house.guard, house.people.limits),
            ws_max_size=64 * 1024,
            ws_per_message_deflate=False,
            ssl_certfile=settings.tls_cert,
            ssl_keyfile=settings.tls_key,
            ssl_ciphers=TLS_1_2_CIPHERS,
            timeout_graceful_shutdown=SHUTDOWN_S,
            backlog=4096,
        ) as (server, task):
            while not server.started:
                if task.done():
                    task.result()
                    raise RuntimeError("the server ended while it started")
                await asyncio.sleep(0.005)
            yield Server(house, settings.url, port)
    finally:
        await house.close()


def _check_certificate(settings: Settings) -> None:
    if settings.tls_cert is None or settings.tls_key is None:
        return
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(settings.tls_cert, settings.tls_key)
    except OSError as error:  # an unreadable file, or an ssl.SSLError
        raise CertificateRefused(
            f"FARMLIVE_TLS_CERT and FARMLIVE_TLS_KEY can't be used ({error.strerror or error}): "
            "they are PEM files, the certificate's chain and its key, that this user may read."
        ) from error


def listen(host: str, port: int) -> socket.socket:
    """Take the TCP port. Raises PortTaken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sets TCP_NODELAY only if the protocol number is given; otherwise Nagle's algorithm
    # delays a response by 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(4096)
    except OSError as error:
        listener.close()
        option = "--host" if _is_foreign(error) else "--port"
        raise PortTaken(
            f"Port {port} on {host} can't be used ({error.strerror}). Choose another with {option}."
        ) from error
    listener.setblocking(False)
    return listener


def _is_foreign(error: OSError) -> bool:
    """Return whether the IP is at fault, not the port: not this machine's, or malformed."""
    return isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL


def raise_file_limit() -> None:
    """Raise RLIMIT_NOFILE to its hard limit: each viewer uses a file descriptor."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def settle_memory() -> None:
    """Freeze the objects of a started server, and let the garbage collector run less often.

    A collection stops the process: 120 ms for a full one of a running server, which viewers notice,
    10 ms for the young generation.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)


def _stamp(_logger: Any, _method: str, line: EventDict) -> EventDict:
    """Write the server's time, so that the lines of several servers, and events, are in order even
    if a machine's clock is wrong.
    """
    line["timestamp"] = rfc3339(now_ms())
    return line


class _Lossy:
    """A stream that ignores write errors: a full disk for the log, or a log reader that has ended,
    must not stop the server.
    """

    def __init__(self, stream: TextIO):
        self._stream = stream

    def write(self, text: str) -> int:
        """Write the text, if possible."""
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush, if possible."""
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()


def set_up_log(level: str) -> None:
    """Log JSON lines to standard error, without a person's data."""
    filled: list[Processor] = [
        structlog.stdlib.add_log_level,
        _stamp,
        structlog.processors.format_exc_info,
    ]
    line = structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(
        processors=[*filled, line],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, _Lossy(sys.stderr))),
    )
    # uvicorn and the libraries log only warnings: their other lines would contain IPs.
    foreign = logging.StreamHandler(sys.stderr)
    foreign.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *filled],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, line],
        )
    )
    logging.basicConfig(level=logging.ERROR, handlers=[foreign])


async def serve(
    settings: Settings, ready: Callable[[Server], Awaitable[None]], stop: asyncio.Event
) -> None:
    """Serve until `stop` is set; `ready` is called once the server answers requests."""
    raise_file_limit()
    async with running(settings) as server:
        settle_memory()
        await ready(server)
        cleartext.warn(settings)
        if server.house.county.profile.lacks_contact:
            _log.warning(
                "the privacy page does not say whom buyers can ask about what is kept of them: "
                "name the county at /studio/county, or by FARMLIVE_COUNTY_NAME and "
                "FARMLIVE_COUNTY_CONTACT"
            )
        await stop.wait()
