"""What holds in every test, whatever it is about."""

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
import structlog
from argon2 import PasswordHasher
from pydantic import ValidationError
from tests.support.plugins.undeclared_problems import watched

import farmlive
from farmlive import clock, ids
from farmlive.commands import Command
from farmlive.ids import ulid
from farmlive.people import Caller
from farmlive.people.accounts import passwords
from farmlive.problems import Problem

_DATABASE = re.compile(r"\.sqlite3(-wal|-shm|-journal)?$")
_SERVER = str(Path(farmlive.__file__).parent)


def _watch_the_database(event: str, given: tuple[Any, ...]) -> None:
    """Let no code of the server open a file of the database, whatever test it runs in.

    A process that closes such a file drops all POSIX locks that SQLite has on it (fcntl(2)); then
    another process that closes the database last deletes its log under the server.
    """
    if event != "open" or not isinstance(given[0], str | bytes | os.PathLike):
        return
    if not _DATABASE.search(os.fsdecode(given[0])):
        return
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_filename.startswith(_SERVER):
            where = f"{frame.f_code.co_filename}:{frame.f_lineno}"
            raise AssertionError(f"{where} opens {given[0]!r}, which drops SQLite's locks")
        frame = frame.f_back


sys.addaudithook(_watch_the_database)


# A hash of farmlive's own parameters takes a tenth of a second of each core, and 64 MiB.
_CHEAP = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
_CHEAP_NOBODY = _CHEAP.hash(ulid())


@pytest.fixture(autouse=True)
def _cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash with little memory; people/accounts/test_passwords.py looks at the real parameters, and
    servers in processes of their own have them.
    """
    monkeypatch.setattr(passwords, "_hasher", _CHEAP)
    monkeypatch.setattr(passwords, "_NOBODY", _CHEAP_NOBODY)


@pytest.fixture(autouse=True)
def _commands_as_declared(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail a test in which a command of the channel answered something else than its result, or
    raised a problem that it does not declare.
    """
    execute, wrong = Command.execute, []

    async def checked(
        command: Command[Any], caller: Caller, broadcast: str, message: Any
    ) -> dict[str, Any]:
        try:
            answer = await execute(command, caller, broadcast, message)
        except Problem as problem:
            if problem.slug not in {each.slug for each in command.problems}:
                wrong.append(f"{command.name} does not declare {type(problem).__name__}")
            raise
        try:
            command.result.model_validate(answer)
        except ValidationError as error:
            wrong.append(f"{command.name} answered no {command.result.__name__}: {error}")
        if more := set(answer) - set(command.result.model_fields):
            wrong.append(f"{command.name} answered more than {command.result.__name__}: {more}")
        return answer

    monkeypatch.setattr(Command, "execute", checked)
    yield
    assert wrong == []


@pytest.fixture(autouse=True)
def _problems_are_declared(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail where a route answers a problem that the OpenAPI document does not name."""
    with watched(monkeypatch) as found:
        yield
    assert found == []


@pytest.fixture(autouse=True)
def _ids_of_now() -> None:
    """Let identifiers that a test made at a later time end with it: each of the same process would
    be greater than those.
    """
    if ids._last >> 80 > clock.now_ms():
        ids._last = 0


@pytest.fixture(autouse=True)
def _log_as_it_was() -> Iterator[None]:
    """Let what a command that runs in a test sets up of the log end with the test. It is the whole
    process's, leaves out lines that later tests wait for, and writes to a stream that is gone.
    """
    before = structlog.get_config()
    yield
    structlog.configure(**before)
