"""Chooses the server's engine: the one in C, or the reference in Python."""

import os
from typing import Literal

import structlog

from farmlive.media.engine.interface import Engine, Timeouts
from farmlive.media.engine.python.engine import PythonEngine

# With 4 threads a frame reaches 2,000 viewers within 5 ms; more would leave fewer cores to pages
# and orders.
MOST_SEND_THREADS = 4

_log = structlog.get_logger(__name__)


class NoNativeEngine(Exception):
    """The setting requires the engine in C, which is not built; the message says what to do."""


def choose(
    name: Literal["auto", "native", "python"],
    send_threads: Literal["auto"] | int,
    timeouts: Timeouts | None = None,
    *,
    link_control: bool = True,
) -> Engine:
    """Make the engine that the settings ask for.

    `auto` takes the one in C if it is built, and as many send threads as there are cores for them.
    Raises NoNativeEngine.
    """
    if name == "python":
        return PythonEngine(timeouts, link_control=link_control)
    try:
        from farmlive.media.engine.native.engine import NativeEngine
    except ImportError as error:
        if name == "native":
            raise NoNativeEngine(
                f"FARMLIVE_ENGINE is native, but farmlive was installed without the engine in C "
                f"({error}). Install gcc and Python's headers (python3-dev), then farmlive again; "
                "or set FARMLIVE_ENGINE to auto or python."
            ) from error
        _log.warning(
            "engine.python",
            meaning="The engine in C was not built, so that media passes through Python: it waits "
            "while pages and orders are served, and a small audience costs about twice the CPU.",
            remedy="Install gcc and Python's headers (python3-dev), then farmlive again; or set "
            "FARMLIVE_ENGINE to python, which is silent.",
            missing=str(error),
        )
        return PythonEngine(timeouts, link_control=link_control)
    threads = _threads_for_cores() if send_threads == "auto" else send_threads
    return NativeEngine(threads, timeouts, link_control=link_control)


def _threads_for_cores() -> int:
    cores = len(os.sched_getaffinity(0))
    return min(cores, MOST_SEND_THREADS) if cores > 1 else 0
